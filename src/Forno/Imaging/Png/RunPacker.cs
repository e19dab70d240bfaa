using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Forno.Imaging.Png;

/// <summary>
/// Packs bytes as a zlib stream (RFC 1950, 1951) by Huffman codes and runs of zeros alone: what filtered rows of
/// pictures consist of. It does not look for repetitions, and goes over the bytes about as fast as they can be read.
/// Bytes that are known to repeat themselves may go through zlib (<see cref="AddRepeating"/>) into the same stream.
/// </summary>
internal sealed partial class RunPacker
{
    private const int BlockBytes = 1 << 19,
        PieceBytes = 1 << 22;
    private const int Sample = 1 << 10,
        Samples = 32; // of a long block some pieces are counted
    private const int EndOfBlock = 256,
        LongestRun = 258,
        HeaderBytes = 1 << 10;

    private readonly PairCodes codes = new();
    private readonly int[] counts = new int[HuffmanLengths.Symbols];
    private readonly int[] literals = new int[4 * 256]; // counted in turns: one counter cannot be raised as fast
    private readonly List<ArraySegment<byte>> pieces = [];
    private readonly byte[] block;
    private readonly int blockBytes;
    private readonly bool useVectors;
    private readonly Adler32 sum = new();
    private byte[] packed = [];
    private int filled,
        summed,
        written,
        bitCount;
    private ulong bits;

    /// <summary>Begins a stream.</summary>
    /// <param name="longest">Most bytes that are added at a time.</param>
    /// <param name="count">How often as many are added, about.</param>
    /// <param name="useVectors">Off: the same bytes without AVX2.</param>
    public RunPacker(int longest, int count, bool useVectors = true)
    {
        this.useVectors = useVectors && Avx2.IsSupported;
        blockBytes = (int)Math.Max(longest, Math.Min((long)longest * count, BlockBytes));
        block = ArrayPool<byte>.Shared.Rent(blockBytes);
        TakeRoom();
        (packed[0], packed[1], written) = (0x78, 0x01, 2);
    }

    /// <summary>The place of the next bytes, to be filled before anything else is called.</summary>
    /// <param name="count">How many.</param>
    public Span<byte> Next(int count)
    {
        EndRepeats();
        if (filled + count > blockBytes)
        {
            Flush(last: false);
        }

        // What came before is still near.
        sum.Append(block.AsSpan(summed, filled - summed));
        (summed, filled) = (filled, filled + count);
        return block.AsSpan(summed, count);
    }

    /// <summary>Ends the stream.</summary>
    /// <returns>Its bytes, in pieces whose arrays belong to the shared pool.</returns>
    public IReadOnlyList<ArraySegment<byte>> Finish()
    {
        EndRepeats();
        Flush(last: true);
        if (bitCount > 0)
        {
            packed[written++] = (byte)bits;
        }

        BinaryPrimitives.WriteUInt32BigEndian(packed.AsSpan(written), sum.GetCurrentHashAsUInt32());
        pieces.Add(new ArraySegment<byte>(packed, 0, written + 4));
        ArrayPool<byte>.Shared.Return(block);
        codes.Return();
        return pieces;
    }

    // Room for a block as large as it can become.
    private void TakeRoom()
    {
        int needed = (int)((long)blockBytes * PairCodes.MaxBits / 8) + HeaderBytes;
        if (packed.Length - written >= needed)
        {
            return;
        }

        if (written > 0)
        {
            pieces.Add(new ArraySegment<byte>(packed, 0, written));
        }

        (packed, written) = (
            ArrayPool<byte>.Shared.Rent(blockBytes < BlockBytes ? needed : Math.Max(needed, PieceBytes)),
            0
        );
    }

    private void Flush(bool last)
    {
        if (filled == 0)
        {
            TakeRoom();
            Put(last ? 0b011u : 0b010, 3 + 7); // fixed codes, their end at once
            return;
        }

        ReadOnlySpan<byte> bytes = block.AsSpan(0, filled);
        sum.Append(bytes[summed..]);
        Array.Clear(counts);
        Array.Clear(literals);
        for (int at = 0; at < filled; at += Sample * Math.Max(1, filled / (Samples * Sample)))
        {
            Count(bytes.Slice(at, Math.Min(Sample, filled - at)));
        }

        for (int i = 0; i < 256; i++)
        {
            counts[i] += literals[i] + literals[256 + i] + literals[512 + i] + literals[768 + i];
        }

        TakeRoom();
        Header(last);
        Write(bytes);
        Put(codes[EndOfBlock]);
        (filled, summed) = (0, 0);
    }

    // A block with codes of its own: their lengths in four bits each, the code of lengths being 0 to 15 as they are.
    private void Header(bool last)
    {
        byte[] lengths = HuffmanLengths.Of(counts, PairCodes.MaxBits);
        codes.Set(lengths);
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
            Put(PairCodes.Reversed(length, 4), 4);
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while ((at += WriteLiterals(bytes[at..])) <= bytes.Length - 8)
        {
            at += WriteRun(RunOf(bytes[at..]));
        }

        for (; at < bytes.Length; at++)
        {
            Put(codes[bytes[at]]);
        }
    }

    // Until eight zeros come or fewer are left; gives back how many were written.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int WriteLiterals(ReadOnlySpan<byte> bytes)
    {
        ref byte from = ref MemoryMarshal.GetReference(bytes);
        ref uint pairs = ref codes.Pairs;
        var sink = new BitSink(ref packed[written], bits, (uint)bitCount);
        SmallLiterals small = codes.Small;
        int at = 0;
        while (at <= bytes.Length - 8)
        {
            if (
                useVectors
                && at <= bytes.Length - 32
                && small.Write(Vector256.LoadUnsafe(ref from, (nuint)at), ref sink)
            )
            {
                at += 32;
                continue;
            }

            int end = Math.Min(at + 24, bytes.Length - 8);
            for (; at <= end; at += 8)
            {
                ulong eight = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref from, at));
                if (eight == 0)
                {
                    (bits, bitCount, written) = (sink.Held, (int)sink.Count, written + sink.Written);
                    return at;
                }

                // Shifts go by the lowest six bits alone, which tell a code's length; lengths add up in the lowest
                // eight.
                uint a = Unsafe.Add(ref pairs, (nint)(ushort)eight),
                    b = Unsafe.Add(ref pairs, (nint)(ushort)(eight >> 16));
                uint c = Unsafe.Add(ref pairs, (nint)(ushort)(eight >> 32)),
                    d = Unsafe.Add(ref pairs, (nint)(eight >> 48));
                ulong ab = ((ulong)(b >> 8) << (int)a) | (a >> 8),
                    cd = ((ulong)(d >> 8) << (int)c) | (c >> 8);
                uint lengthAb = (byte)(a + b),
                    lengthCd = (byte)(c + d);
                if (lengthAb + lengthCd > BitSink.Most)
                {
                    sink.Put(ab, lengthAb);
                    sink.Put(cd, lengthCd);
                }
                else
                {
                    sink.Put(ab | (cd << (int)lengthAb), lengthAb + lengthCd);
                }
            }
        }

        (bits, bitCount, written) = (sink.Held, (int)sink.Count, written + sink.Written);
        return at;
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
        ref int literal = ref MemoryMarshal.GetArrayDataReference(literals);
        int i = 0;
        while (i <= bytes.Length - 8)
        {
            ulong eight = MemoryMarshal.Read<ulong>(bytes[i..]);
            if (eight == 0)
            {
                int run = RunOf(bytes[i..]),
                    left = run - 1;
                i += run;
                for (; left >= 3; left -= Math.Min(left, LongestRun))
                {
                    counts[HuffmanLengths.RunSymbol(Math.Min(left, LongestRun)).Symbol]++;
                }

                counts[0] += 1 + left;
                continue;
            }

            for (int turn = 0; turn < 8; turn++, eight >>= 8)
            {
                Unsafe.Add(ref literal, ((turn & 3) << 8) + (int)(byte)eight)++;
            }

            i += 8;
        }

        for (; i < bytes.Length; i++)
        {
            counts[bytes[i]]++;
        }
    }

    private static int RunOf(ReadOnlySpan<byte> bytes) =>
        bytes.IndexOfAnyExcept((byte)0) is >= 0 and var end ? end : bytes.Length;

    private void Put(uint code) => Put(code >> 8, (int)(code & 0xFF));

    private void Put(uint value, int count)
    {
        bits |= (ulong)value << bitCount;
        bitCount += count;
        Unsafe.WriteUnaligned(ref packed[written], bits);
        written += bitCount >> 3;
        bits >>= bitCount & ~7;
        bitCount &= 7;
    }
}
