using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Forno.Imaging;

/// <summary>
/// Packs bytes as a zlib stream (RFC 1950, 1951) by Huffman codes and runs of zeros alone: what filtered rows of pictures
/// consist of. It does not look for repetitions, and goes over the bytes about as fast as they can be read.
/// </summary>
internal sealed class RunPacker
{
    private const int BlockBytes = 1 << 18, Piece = 1 << 12, Sampled = 4; // of a full block every fourth piece is counted
    private const int EndOfBlock = 256, LongestRun = 258, MaxBits = 12;   // four codes of 12 bits and 7 bits over fit a word
    private const uint AdlerBase = 65521;

    private readonly byte[] block = new byte[BlockBytes];
    private readonly uint[] codes = new uint[HuffmanLengths.Symbols]; // bits, and their number above bit 16
    private readonly int[] counts = new int[HuffmanLengths.Symbols];
    private byte[] packed;
    private int filled, written, bitCount;
    private ulong bits;
    private uint adlerA = 1, adlerB;

    /// <summary>Begins a stream.</summary>
    /// <param name="capacity">Bytes that it may need.</param>
    public RunPacker(int capacity)
    {
        packed = GC.AllocateUninitializedArray<byte>(Math.Max(capacity, 1 << 12));
        (packed[0], packed[1], written) = (0x78, 0x01, 2);
    }

    /// <summary>Adds bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int part = Math.Min(bytes.Length, BlockBytes - filled);
            bytes[..part].CopyTo(block.AsSpan(filled));
            filled += part;
            bytes = bytes[part..];
            if (filled == BlockBytes)
            {
                Flush(last: false);
            }
        }
    }

    /// <summary>Ends the stream.</summary>
    /// <returns>Its bytes.</returns>
    public ReadOnlyMemory<byte> Finish()
    {
        Flush(last: true);
        if (bitCount > 0)
        {
            packed[written++] = (byte)bits;
        }

        BinaryPrimitives.WriteUInt32BigEndian(packed.AsSpan(written), (adlerB << 16) | adlerA);
        return packed.AsMemory(0, written + 4);
    }

    private void Flush(bool last)
    {
        ReadOnlySpan<byte> bytes = block.AsSpan(0, filled);
        Sum(bytes);
        Array.Clear(counts);
        for (int at = 0; at < filled; at += Piece * (filled == BlockBytes ? Sampled : 1))
        {
            Count(bytes.Slice(at, Math.Min(Piece, filled - at)));
        }

        int needed = written + (filled * MaxBits / 8) + 1024;
        if (packed.Length < needed)
        {
            Array.Resize(ref packed, Math.Max(needed, (int)Math.Min(packed.Length * 2L, Array.MaxLength)));
        }

        Header(last);
        Write(bytes);
        Put(codes[EndOfBlock]);
        filled = 0;
    }

    // A block with codes of its own: their lengths in four bits each, the code of lengths being 0 to 15 as they are.
    private void Header(bool last)
    {
        byte[] lengths = HuffmanLengths.Of(counts, MaxBits);
        Put(last ? 1u : 0, 1);
        Put(2, 2);
        Put(HuffmanLengths.Symbols - 257, 5);
        Put(0, 5); // one distance: 1
        Put(19 - 4, 4);
        for (int i = 0; i < 19; i++)
        {
            Put(i < 3 ? 0u : 4, 3); // 16, 17, 18 repeat: not in use
        }

        foreach (byte length in (ReadOnlySpan<byte>)[.. lengths, 1])
        {
            Put(Reversed(length, 4), 4);
        }

        // Where the codes of each length begin (RFC 1951, section 3.2.2).
        Span<uint> next = stackalloc uint[MaxBits + 2];
        foreach (byte length in lengths)
        {
            next[length + 1]++;
        }

        for (int length = 1; length <= MaxBits; length++)
        {
            next[length + 1] = (next[length] + next[length + 1]) << 1;
        }

        for (int symbol = 0; symbol < lengths.Length; symbol++)
        {
            int length = lengths[symbol];
            codes[symbol] = Reversed(next[length]++, length) | ((uint)length << 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Write(ReadOnlySpan<byte> bytes)
    {
        ref byte from = ref MemoryMarshal.GetReference(bytes);
        ref uint table = ref MemoryMarshal.GetArrayDataReference(codes);
        int i = 0;
        while (i + 8 <= bytes.Length)
        {
            ulong eight = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref from, i));
            if (eight == 0)
            {
                i += WriteRun(RunOf(bytes[i..]));
                continue;
            }

            Four((uint)eight, ref table);
            Four((uint)(eight >> 32), ref table);
            i += 8;
        }

        for (; i < bytes.Length; i++)
        {
            Put(codes[bytes[i]]);
        }
    }

    // The codes are joined two by two, so that the processor can do much of it at a time.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Four(uint four, ref uint table)
    {
        uint a = Unsafe.Add(ref table, (int)(byte)four), b = Unsafe.Add(ref table, (int)(byte)(four >> 8));
        uint c = Unsafe.Add(ref table, (int)(byte)(four >> 16)), d = Unsafe.Add(ref table, (int)(four >> 24));
        ulong ab = (a & 0xFFFF) | ((ulong)(b & 0xFFFF) << (int)(a >> 16)), cd = (c & 0xFFFF) | ((ulong)(d & 0xFFFF) << (int)(c >> 16));
        int lengthAb = (int)((a >> 16) + (b >> 16)), length = lengthAb + (int)((c >> 16) + (d >> 16));
        ulong all = bits | ((ab | (cd << lengthAb)) << bitCount);
        int total = bitCount + length;
        Unsafe.WriteUnaligned(ref packed[written], all);
        written += total >> 3;
        bits = all >> (total & ~7);
        bitCount = total & 7;
    }

    private int WriteRun(int run)
    {
        Put(codes[0]);
        int left = run - 1;
        while (left >= 3)
        {
            int length = Math.Min(left, LongestRun);
            (int symbol, int extraBits, int extra) = HuffmanLengths.RunSymbol(length);
            Put(codes[symbol]);
            Put((uint)extra, extraBits);
            Put(0, 1); // the distance
            left -= length;
        }

        for (; left > 0; left--)
        {
            Put(codes[0]);
        }

        return run;
    }

    // The same steps as Write and WriteRun, counted.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Count(ReadOnlySpan<byte> bytes)
    {
        int i = 0;
        while (i + 8 <= bytes.Length)
        {
            ulong eight = MemoryMarshal.Read<ulong>(bytes[i..]);
            if (eight == 0)
            {
                int run = RunOf(bytes[i..]), left = run - 1;
                i += run;
                for (; left >= 3; left -= Math.Min(left, LongestRun))
                {
                    counts[HuffmanLengths.RunSymbol(Math.Min(left, LongestRun)).Symbol]++;
                }

                counts[0] += 1 + left;
                continue;
            }

            for (int b = 0; b < 8; b++, eight >>= 8)
            {
                counts[(byte)eight]++;
            }

            i += 8;
        }

        for (; i < bytes.Length; i++)
        {
            counts[bytes[i]]++;
        }
    }

    private static int RunOf(ReadOnlySpan<byte> bytes) => bytes.IndexOfAnyExcept((byte)0) is >= 0 and var end ? end : bytes.Length;

    private void Put(uint code) => Put(code & 0xFFFF, (int)(code >> 16));

    private void Put(uint value, int count)
    {
        bits |= (ulong)value << bitCount;
        bitCount += count;
        Unsafe.WriteUnaligned(ref packed[written], bits);
        written += bitCount >> 3;
        bits >>= bitCount & ~7;
        bitCount &= 7;
    }

    private static uint Reversed(uint value, int count)
    {
        uint reversed = 0;
        for (; count > 0; count--, value >>= 1)
        {
            reversed = (reversed << 1) | (value & 1);
        }

        return reversed;
    }

    // Adler-32 (RFC 1950): a is the sum of the bytes, b the sum of all values of a.
    private void Sum(ReadOnlySpan<byte> bytes)
    {
        const int Most = 4096; // sums fit 32 bits until here
        while (bytes.Length > 0)
        {
            ReadOnlySpan<byte> part = bytes[..Math.Min(Most, bytes.Length)];
            int i = Avx2.IsSupported ? SumVectors(part) : 0;
            for (; i < part.Length; i++)
            {
                adlerA += part[i];
                adlerB += adlerA;
            }

            adlerA %= AdlerBase;
            adlerB %= AdlerBase;
            bytes = bytes[part.Length..];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int SumVectors(ReadOnlySpan<byte> part)
    {
        // Of 32 bytes the first counts 32 times in b, the last once; and a as it was before counts 32 times.
        Vector256<sbyte> weights = Vector256.Create(32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, (sbyte)1);
        Vector256<int> sums = default, befores = default, weighted = default;
        int i = 0;
        for (; i + 32 <= part.Length; i += 32)
        {
            Vector256<byte> bytes = Vector256.Create(part.Slice(i, 32));
            befores += sums;
            sums += Avx2.SumAbsoluteDifferences(bytes, default).AsInt32();
            weighted += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(bytes, weights), Vector256.Create((short)1));
        }

        adlerB += (adlerA * (uint)i) + (32 * (uint)Vector256.Sum(befores)) + (uint)Vector256.Sum(weighted);
        adlerA += (uint)Vector256.Sum(sums);
        return i;
    }
}
