using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Forno.Imaging.Measures;

/// <summary>
/// Variance of the Laplacian [0 1 0; 1 −4 1; 0 1 0] of a grey picture, its border mirrored without repeating the edge
/// (OpenCV's <c>BORDER_REFLECT_101</c>): large for sharp pictures, near 0 for blurred ones. Fed row by row.
/// </summary>
public sealed class Sharpness
{
    private const int Flush = 500; // products of up to 1020² that an int lane takes, two at a time, with room to spare

    private byte[][] rows =
    [
        [],
        [],
        [],
    ];
    private int width,
        count;
    private long sum,
        squares;

    /// <summary>Begins a picture; buffers are kept from the one before.</summary>
    /// <param name="pixels">Pixels in a row.</param>
    public void Begin(int pixels)
    {
        (width, count, sum, squares) = (pixels, 0, 0, 0);
        if (rows[0].Length < pixels + 2)
        {
            rows = [new byte[pixels + 2], new byte[pixels + 2], new byte[pixels + 2]];
        }
    }

    /// <summary>Takes the next row.</summary>
    /// <param name="grey">[width] grey values.</param>
    public void Add(ReadOnlySpan<byte> grey)
    {
        byte[] row = rows[count % 3];
        grey.CopyTo(row.AsSpan(1));
        row[0] = grey[Math.Min(1, width - 1)];
        row[width + 1] = grey[Math.Max(0, width - 2)];
        count++;
        if (count == 2)
        {
            Laplace(Row(1), Row(0), Row(1));
        }
        else if (count > 2)
        {
            Laplace(Row(count - 3), Row(count - 2), Row(count - 1));
        }
    }

    /// <summary>Ends the picture.</summary>
    /// <returns>The population variance over all pixels; 0 without pixels.</returns>
    public double End()
    {
        if (count == 0)
        {
            return 0;
        }

        Laplace(Row(Math.Max(0, count - 2)), Row(count - 1), Row(Math.Max(0, count - 2)));
        double pixels = (double)width * count,
            mean = sum / pixels;
        return (squares / pixels) - (mean * mean);
    }

    /// <summary>The measure of a whole grey picture.</summary>
    /// <param name="grey">[height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    public static double Of(ReadOnlySpan<byte> grey, int width)
    {
        var sharpness = new Sharpness();
        sharpness.Begin(width);
        for (int at = 0; at < grey.Length; at += width)
        {
            sharpness.Add(grey.Slice(at, width));
        }

        return sharpness.End();
    }

    private byte[] Row(int y) => rows[y % 3];

    private void Laplace(byte[] above, byte[] here, byte[] below)
    {
        int x = 1;
        while (Vector256.IsHardwareAccelerated && x + 16 <= width + 1)
        {
            Vector256<int> sums = Vector256<int>.Zero,
                products = Vector256<int>.Zero;
            for (int i = 0; i < Flush && x + 16 <= width + 1; i++, x += 16)
            {
                Vector256<short> l =
                    Load(above, x) + Load(below, x) + Load(here, x - 1) + Load(here, x + 1) - (Load(here, x) << 2);
                if (Avx2.IsSupported)
                {
                    sums += Avx2.MultiplyAddAdjacent(l, Vector256<short>.One);
                    products += Avx2.MultiplyAddAdjacent(l, l);
                }
                else
                {
                    (Vector256<int> low, Vector256<int> high) = Vector256.Widen(l);
                    sums += low + high;
                    products += (low * low) + (high * high);
                }
            }

            sum += Vector256.Sum(sums);
            (Vector256<long> first, Vector256<long> second) = Vector256.Widen(products);
            squares += Vector256.Sum(first + second);
        }

        for (; x <= width; x++)
        {
            int l = above[x] + below[x] + here[x - 1] + here[x + 1] - (4 * here[x]);
            sum += l;
            squares += l * l;
        }
    }

    private static Vector256<short> Load(byte[] row, int at)
    {
        (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(
            Vector128.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(row), (nuint)at)
        );
        return Vector256.Create(low, high).AsInt16();
    }
}
