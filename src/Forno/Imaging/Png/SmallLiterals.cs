using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Forno.Imaging.Png;

/// <summary>
/// The codes of the bytes −16 to 15, which most differences of neighbours are: looked up 32 at a time, and joined two
/// by two until eight are one word. Wants AVX2.
/// </summary>
internal readonly struct SmallLiterals
{
    private const int Reach = 16;

    // Of negative bytes, then of the others: the lower and upper halves of their codes, and the codes' lengths.
    private readonly Vector256<byte> low0,
        high0,
        length0,
        low1,
        high1,
        length1;

    /// <summary>Takes the codes.</summary>
    /// <param name="codes">By byte: the bits above bit 8, their number below.</param>
    public SmallLiterals(ReadOnlySpan<uint> codes)
    {
        (low0, high0, length0) = Tables(codes.Slice(256 - Reach, Reach));
        (low1, high1, length1) = Tables(codes[..Reach]);
    }

    /// <summary>
    /// Writes 32 bytes, unless one of them is beyond reach, eight are zeros, or eight codes are too long for a word.
    /// </summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="sink">Takes their codes.</param>
    /// <returns>Whether they were written; if not, nothing was.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Write(Vector256<byte> bytes, ref BitSink sink)
    {
        Vector256<byte> index = bytes + Vector256.Create((byte)Reach);
        if (
            !Avx.TestZ(index, Vector256.Create((byte)(256 - (2 * Reach))))
            || Vector256.Equals(bytes.AsUInt64(), default) != default
        )
        {
            return false;
        }

        // Bit 4 of the index, brought to bit 7, chooses the table.
        Vector256<byte> second = Vector256.ShiftLeft(index.AsUInt16(), 3).AsByte();
        Vector256<byte> low = Avx2.BlendVariable(Avx2.Shuffle(low0, index), Avx2.Shuffle(low1, index), second);
        Vector256<byte> high = Avx2.BlendVariable(Avx2.Shuffle(high0, index), Avx2.Shuffle(high1, index), second);
        Vector256<byte> length = Avx2.BlendVariable(Avx2.Shuffle(length0, index), Avx2.Shuffle(length1, index), second);
        Join(
            Avx2.UnpackLow(low, high),
            Avx2.UnpackLow(length, default),
            out Vector256<ulong> codesA,
            out Vector256<ulong> lengthsA
        ); // bytes 0–7, 16–23
        Join(
            Avx2.UnpackHigh(low, high),
            Avx2.UnpackHigh(length, default),
            out Vector256<ulong> codesB,
            out Vector256<ulong> lengthsB
        ); // 8–15, 24–31

        // 57 and more, plus 7, reaches bit 6.
        var seven = Vector256.Create(63UL - BitSink.Most);
        if (!Avx.TestZ((lengthsA + seven) | (lengthsB + seven), Vector256.Create(~63UL, 0, ~63UL, 0)))
        {
            return false;
        }

        sink.Put(codesA.ToScalar(), (uint)lengthsA.ToScalar());
        sink.Put(codesB.ToScalar(), (uint)lengthsB.ToScalar());
        sink.Put(codesA.GetElement(2), (uint)lengthsA.GetElement(2));
        sink.Put(codesB.GetElement(2), (uint)lengthsB.GetElement(2));
        return true;
    }

    // Of each half of 16 bytes eight codes of 16 bits, joined to one in its lower 8 bytes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Join(
        Vector256<byte> codes,
        Vector256<byte> lengths,
        out Vector256<ulong> joined,
        out Vector256<ulong> sums
    )
    {
        Vector256<uint> firsts = lengths.AsUInt32() & Vector256.Create(0xFFFFu);
        Vector256<uint> two =
            (codes.AsUInt32() & Vector256.Create(0xFFFFu))
            | Avx2.ShiftLeftLogicalVariable(codes.AsUInt32() >> 16, firsts);
        Vector256<ulong> lengthOfTwo = Avx2.MultiplyAddAdjacent(lengths.AsInt16(), Vector256<short>.One).AsUInt64();
        Vector256<ulong> firstTwo = lengthOfTwo & Vector256.Create(0xFFFFFFFFUL);
        Vector256<ulong> four =
            (two.AsUInt64() & Vector256.Create(0xFFFFFFFFUL))
            | Avx2.ShiftLeftLogicalVariable(two.AsUInt64() >> 32, firstTwo);
        Vector256<ulong> lengthOfFour = firstTwo + (lengthOfTwo >> 32);
        joined = four | Avx2.ShiftLeftLogicalVariable(Avx2.ShiftRightLogical128BitLane(four, 8), lengthOfFour);
        sums = lengthOfFour + Avx2.ShiftRightLogical128BitLane(lengthOfFour, 8);
    }

    private static (Vector256<byte> Low, Vector256<byte> High, Vector256<byte> Length) Tables(ReadOnlySpan<uint> codes)
    {
        Span<byte> table = stackalloc byte[3 * Reach];
        for (int i = 0; i < Reach; i++)
        {
            (table[i], table[Reach + i], table[(2 * Reach) + i]) = (
                (byte)(codes[i] >> 8),
                (byte)(codes[i] >> 16),
                (byte)codes[i]
            );
        }

        return (Twice(table), Twice(table[Reach..]), Twice(table[(2 * Reach)..]));

        static Vector256<byte> Twice(ReadOnlySpan<byte> half) =>
            Vector256.Create(Vector128.Create(half[..Reach]), Vector128.Create(half[..Reach]));
    }
}
