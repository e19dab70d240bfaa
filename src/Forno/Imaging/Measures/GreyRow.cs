using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Forno.Imaging.Measures;

/// <summary>Rows of RGB bytes taken apart, 16 pixels at a time.</summary>
internal static class GreyRow
{
    /// <summary>Pixels whose channels lie further apart than this have colour.</summary>
    public const int Spread = 24;

    private const int WeightR = 9797,
        WeightG = 19234,
        WeightB = 3737,
        Bits = 15; // 0.299, 0.587, 0.114 of 2^15
    private const byte No = 255;

    /// <summary>
    /// Grey values, cut off rather than rounded as libpng makes them (and so OpenCV when it reads grey), and how many
    /// pixels have colour.
    /// </summary>
    /// <param name="rgb">[width, 3].</param>
    /// <param name="grey">[width].</param>
    /// <returns>Pixels with max(R, G, B) − min(R, G, B) above <see cref="Spread"/>.</returns>
    public static int Split(ReadOnlySpan<byte> rgb, Span<byte> grey)
    {
        int x = 0,
            coloured = 0;
        ref byte from = ref MemoryMarshal.GetReference(rgb);
        ref byte to = ref MemoryMarshal.GetReference(grey);
        for (; Vector128.IsHardwareAccelerated && x + 16 <= grey.Length; x += 16)
        {
            var a = Vector128.LoadUnsafe(ref from, (nuint)(3 * x));
            var b = Vector128.LoadUnsafe(ref from, (nuint)((3 * x) + 16));
            var c = Vector128.LoadUnsafe(ref from, (nuint)((3 * x) + 32));
            Vector128<byte> red =
                Vector128.Shuffle(a, Vector128.Create(0, 3, 6, 9, 12, 15, No, No, No, No, No, No, No, No, No, No))
                | Vector128.Shuffle(b, Vector128.Create(No, No, No, No, No, No, 2, 5, 8, 11, 14, No, No, No, No, No))
                | Vector128.Shuffle(c, Vector128.Create(No, No, No, No, No, No, No, No, No, No, No, 1, 4, 7, 10, 13));
            Vector128<byte> green =
                Vector128.Shuffle(a, Vector128.Create(1, 4, 7, 10, 13, No, No, No, No, No, No, No, No, No, No, No))
                | Vector128.Shuffle(b, Vector128.Create(No, No, No, No, No, 0, 3, 6, 9, 12, 15, No, No, No, No, No))
                | Vector128.Shuffle(c, Vector128.Create(No, No, No, No, No, No, No, No, No, No, No, 2, 5, 8, 11, 14));
            Vector128<byte> blue =
                Vector128.Shuffle(a, Vector128.Create(2, 5, 8, 11, 14, No, No, No, No, No, No, No, No, No, No, No))
                | Vector128.Shuffle(b, Vector128.Create(No, No, No, No, No, 1, 4, 7, 10, 13, No, No, No, No, No, No))
                | Vector128.Shuffle(c, Vector128.Create(No, No, No, No, No, No, No, No, No, No, 0, 3, 6, 9, 12, 15));
            Vector128<byte> spread =
                Vector128.Max(Vector128.Max(red, green), blue) - Vector128.Min(Vector128.Min(red, green), blue);
            coloured += BitOperations.PopCount(
                Vector128.GreaterThan(spread, Vector128.Create((byte)Spread)).ExtractMostSignificantBits()
            );
            Grey(red, green, blue).StoreUnsafe(ref to, (nuint)x);
        }

        for (; x < grey.Length; x++)
        {
            (int r, int g, int b) = (rgb[3 * x], rgb[(3 * x) + 1], rgb[(3 * x) + 2]);
            grey[x] = (byte)(((WeightR * r) + (WeightG * g) + (WeightB * b)) >> Bits);
            coloured += Math.Max(Math.Max(r, g), b) - Math.Min(Math.Min(r, g), b) > Spread ? 1 : 0;
        }

        return coloured;
    }

    private static Vector128<byte> Grey(Vector128<byte> red, Vector128<byte> green, Vector128<byte> blue)
    {
        (Vector256<uint> r0, Vector256<uint> r1) = Wide(red);
        (Vector256<uint> g0, Vector256<uint> g1) = Wide(green);
        (Vector256<uint> b0, Vector256<uint> b1) = Wide(blue);
        Vector256<uint> low = ((r0 * WeightR) + (g0 * WeightG) + (b0 * WeightB)) >> Bits;
        Vector256<uint> high = ((r1 * WeightR) + (g1 * WeightG) + (b1 * WeightB)) >> Bits;
        var both = Vector256.Narrow(low, high);
        return Vector128.Narrow(both.GetLower(), both.GetUpper());
    }

    private static (Vector256<uint> Low, Vector256<uint> High) Wide(Vector128<byte> bytes)
    {
        (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(bytes);
        return Vector256.Widen(Vector256.Create(low, high));
    }
}
