using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Forno.Imaging.Png;

/// <summary>
/// PNG's filters (PNG specification, section 9): of each row of 8-bit samples the differences to what its neighbours
/// tell. Sub, Up and Paeth are tried; the one of the least sum of absolute differences is taken.
/// </summary>
internal static class RowFilter
{
    private const int Places = 32; // a row is looked at to choose its filter

    private interface IPredictor
    {
        static abstract Vector<byte> Of(Vector<byte> left, Vector<byte> above, Vector<byte> corner);

        static abstract int Of(int left, int above, int corner);
    }

    /// <summary>Filters a row.</summary>
    /// <param name="row">Its samples.</param>
    /// <param name="above">Those of the row above; zeros for the first.</param>
    /// <param name="bands">Samples of a pixel.</param>
    /// <param name="to">The filter's number, then the differences.</param>
    public static void Apply(ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int bands, Span<byte> to)
    {
        (int sub, int up, int paeth) = Sizes(row, above, bands);
        if (paeth < up && paeth < sub)
        {
            to[0] = 4;
            Differences<Paeth>(row, above, bands, to[1..]);
        }
        else if (up <= sub)
        {
            to[0] = 2;
            Differences<Up>(row, above, bands, to[1..]);
        }
        else
        {
            to[0] = 1;
            Differences<Sub>(row, above, bands, to[1..]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a whole picture may go through its first call
    private static void Differences<T>(ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int bands, Span<byte> to)
        where T : struct, IPredictor
    {
        int i = 0;
        for (; i < bands; i++)
        {
            to[i] = (byte)(row[i] - T.Of(0, above[i], 0));
        }

        ref byte here = ref MemoryMarshal.GetReference(row),
            up = ref MemoryMarshal.GetReference(above),
            end = ref MemoryMarshal.GetReference(to);
        for (; i <= row.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Difference<T>(ref here, ref up, i, bands).StoreUnsafe(ref end, (nuint)i);
        }

        for (; i < row.Length; i++)
        {
            to[i] = (byte)(row[i] - T.Of(row[i - bands], above[i], above[i - bands]));
        }
    }

    // The sums of the absolute values of the differences, taken as signed, at some places all over the row.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (int Sub, int Up, int Paeth) Sizes(ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int bands)
    {
        ref byte here = ref MemoryMarshal.GetReference(row),
            over = ref MemoryMarshal.GetReference(above);
        (Vector<ushort> subs, Vector<ushort> ups, Vector<ushort> paeths) = (default, default, default);
        int step = Math.Max(Vector<byte>.Count, row.Length / Places),
            at = bands;
        for (; at <= row.Length - Vector<byte>.Count; at += step)
        {
            subs += Size(Difference<Sub>(ref here, ref over, at, bands));
            ups += Size(Difference<Up>(ref here, ref over, at, bands));
            paeths += Size(Difference<Paeth>(ref here, ref over, at, bands));
        }

        (int sub, int up, int paeth) = (Total(subs), Total(ups), Total(paeths));
        for (; at < row.Length; at++)
        {
            (int left, int high, int corner) = (row[at - bands], above[at], above[at - bands]);
            sub += Math.Abs((int)(sbyte)(byte)(row[at] - left));
            up += Math.Abs((int)(sbyte)(byte)(row[at] - high));
            paeth += Math.Abs((int)(sbyte)(byte)(row[at] - Paeth.Of(left, high, corner)));
        }

        return (sub, up, paeth);
    }

    private static int Total(Vector<ushort> sums)
    {
        Vector.Widen(sums, out Vector<uint> low, out Vector<uint> high);
        return (int)Vector.Sum(low + high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<ushort> Size(Vector<byte> differences)
    {
        Vector.Widen(
            Vector.Min(differences, Vector<byte>.Zero - differences),
            out Vector<ushort> low,
            out Vector<ushort> high
        );
        return low + high;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<byte> Difference<T>(ref byte here, ref byte up, int at, int bands)
        where T : struct, IPredictor =>
        Vector.LoadUnsafe(ref here, (nuint)at)
        - T.Of(
            Vector.LoadUnsafe(ref here, (nuint)(at - bands)),
            Vector.LoadUnsafe(ref up, (nuint)at),
            Vector.LoadUnsafe(ref up, (nuint)(at - bands))
        );

    private readonly struct Sub : IPredictor
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<byte> Of(Vector<byte> left, Vector<byte> above, Vector<byte> corner) => left;

        public static int Of(int left, int above, int corner) => left;
    }

    private readonly struct Up : IPredictor
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<byte> Of(Vector<byte> left, Vector<byte> above, Vector<byte> corner) => above;

        public static int Of(int left, int above, int corner) => above;
    }

    // Of left, above and corner the one that is nearest to left + above − corner.
    private readonly struct Paeth : IPredictor
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<byte> Of(Vector<byte> left, Vector<byte> above, Vector<byte> corner)
        {
            // How far left, above and corner are off; the last is |(above − corner) + (left − corner)|: where both have
            // the same sign, corner is the farthest, and else it fits a byte.
            Vector<byte> fromLeft = Distance(above, corner),
                fromAbove = Distance(left, corner);
            Vector<byte> sameSign = ~(
                Vector.Equals(Vector.Max(above, corner), above) ^ Vector.Equals(Vector.Max(left, corner), left)
            );
            Vector<byte> fromCorner = Distance(fromLeft, fromAbove) | sameSign;
            var nearest = Vector.Min(Vector.Min(fromLeft, fromAbove), fromCorner);
            return Vector.ConditionalSelect(
                Vector.Equals(nearest, fromLeft),
                left,
                Vector.ConditionalSelect(Vector.Equals(nearest, fromAbove), above, corner)
            );
        }

        public static int Of(int left, int above, int corner)
        {
            int fromLeft = Math.Abs(above - corner),
                fromAbove = Math.Abs(left - corner),
                fromCorner = Math.Abs(left + above - corner - corner);
            return fromLeft <= fromAbove && fromLeft <= fromCorner ? left
                : fromAbove <= fromCorner ? above
                : corner;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector<byte> Distance(Vector<byte> a, Vector<byte> b) => Vector.Max(a, b) - Vector.Min(a, b);
    }
}
