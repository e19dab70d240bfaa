using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Forno.Imaging.Png;

/// <summary>
/// The Huffman codes of a block. Those of literals are joined in pairs beforehand, so that packing looks up two bytes
/// at a time. A code is held with its bits above bit 8 and their number below.
/// </summary>
internal sealed class PairCodes
{
    /// <summary>Bits of the longest code: those of two codes and their number fit 32 bits.</summary>
    public const int MaxBits = 12;

    private const int Bytes = 256;
    private readonly uint[] single = new uint[HuffmanLengths.Symbols];
    private readonly uint[] scales = new uint[Bytes];
    private readonly uint[] pairs = ArrayPool<uint>.Shared.Rent(Bytes * Bytes);

    /// <summary>The codes of two bytes, by both as a number whose lower half comes first.</summary>
    public ref uint Pairs => ref MemoryMarshal.GetArrayDataReference(pairs);

    /// <summary>The codes of small bytes, where the processor has AVX2.</summary>
    public SmallLiterals Small { get; private set; }

    /// <summary>The code of one symbol.</summary>
    public uint this[int symbol] => single[symbol];

    /// <summary>Lets go of the table.</summary>
    public void Return() => ArrayPool<uint>.Shared.Return(pairs);

    /// <summary>Makes the codes.</summary>
    /// <param name="lengths">The number of bits of each symbol's code.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a picture has few blocks
    public void Set(ReadOnlySpan<byte> lengths)
    {
        // Where the codes of each length begin (RFC 1951, section 3.2.2).
        Span<uint> next = stackalloc uint[MaxBits + 2];
        next.Clear();
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
            single[symbol] = (Reversed(next[length]++, length) << 8) | (uint)length;
        }

        Small = Avx2.IsSupported ? new SmallLiterals(single) : default;

        // The second code stands above the first: a multiplication shifts it by as many bits as that has.
        for (int first = 0; first < Bytes; first++)
        {
            scales[first] = 1u << (8 + lengths[first]);
        }

        for (int second = 0; second < Bytes; second++)
        {
            uint code = single[second];
            Span<uint> row = pairs.AsSpan(second * Bytes, Bytes);
            for (int first = 0; first < Bytes; first += Vector<uint>.Count)
            {
                (
                    new Vector<uint>(single, first)
                    + (new Vector<uint>(scales, first) * (code >> 8))
                    + new Vector<uint>(code & 0xFF)
                ).CopyTo(row[first..]);
            }
        }
    }

    /// <summary>The lowest bits in opposite order.</summary>
    public static uint Reversed(uint value, int count)
    {
        uint reversed = 0;
        for (; count > 0; count--, value >>= 1)
        {
            reversed = (reversed << 1) | (value & 1);
        }

        return reversed;
    }
}
