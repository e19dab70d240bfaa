using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Forno.Imaging.Measures;

/// <summary>
/// Damage by JPEG-like compression: small steps that stand alone (the grey values on both sides are flatter than the
/// step) are summed for each of the eight places within a block of 8×8; compression piles them up at one place in both
/// directions. Steps above <see cref="LargestStep"/> are drawing, not damage. Fed row by row.
/// </summary>
public sealed class Blockiness
{
    /// <summary>The largest difference of neighbours that can be a block's edge, in grey levels.</summary>
    public const int LargestStep = 32;

    private const int LeastSide = 128; // sixteen blocks: in fewer, chance alone can put steps at one place

    private readonly long[] across = new long[8],
        down = new long[8];
    private readonly long[] acrossCount = new long[8],
        downCount = new long[8];
    private byte[][] rows =
    [
        [],
        [],
        [],
        [],
    ];
    private int width,
        count;

    /// <summary>Begins a picture; buffers are kept from the one before.</summary>
    /// <param name="pixels">Pixels in a row.</param>
    public void Begin(int pixels)
    {
        (width, count) = (pixels, 0);
        foreach (long[] sums in (ReadOnlySpan<long[]>)[across, down, acrossCount, downCount])
        {
            Array.Clear(sums);
        }

        if (rows[0].Length < pixels)
        {
            rows = [new byte[pixels], new byte[pixels], new byte[pixels], new byte[pixels]];
        }
    }

    /// <summary>Takes the next row.</summary>
    /// <param name="grey">[width] grey values.</param>
    public void Add(ReadOnlySpan<byte> grey)
    {
        grey.CopyTo(rows[count % 4]);
        Across(grey);
        count++;
        if (count >= 4)
        {
            Down(rows[count % 4], rows[(count + 1) % 4], rows[(count + 2) % 4], rows[(count + 3) % 4]);
        }
    }

    /// <summary>Ends the picture.</summary>
    /// <returns>
    /// Grey levels: the mean lone step at the worst place less that at the second worst, the smaller of both
    /// directions; 0 for pictures too small to tell. About 0.05 and less is undamaged, 0.5 visible, 2 bad.
    /// </returns>
    public double End() =>
        width < LeastSide || count < LeastSide ? 0 : Math.Min(Excess(across, acrossCount), Excess(down, downCount));

    private static double Excess(long[] sums, long[] counts)
    {
        double first = 0,
            second = 0;
        for (int i = 0; i < 8; i++)
        {
            double mean = counts[i] == 0 ? 0 : (double)sums[i] / counts[i];
            if (mean > first)
            {
                (first, second) = (mean, first);
            }
            else
            {
                second = Math.Max(second, mean);
            }
        }

        return first - second;
    }

    // Lanes keep their place within a block, since 16 is a multiple of 8.
    private void Across(ReadOnlySpan<byte> grey)
    {
        ref byte row = ref MemoryMarshal.GetReference(grey);
        Vector128<ushort> low = Vector128<ushort>.Zero,
            high = low;
        int vectors = 0;
        for (int x = 16; x + 17 <= width; x += 16, vectors++)
        {
            nuint at = (nuint)x;
            (Vector128<ushort> a, Vector128<ushort> b) = Vector128.Widen(
                Lone(
                    Vector128.LoadUnsafe(ref row, at - 2),
                    Vector128.LoadUnsafe(ref row, at - 1),
                    Vector128.LoadUnsafe(ref row, at),
                    Vector128.LoadUnsafe(ref row, at + 1)
                )
            );
            low += a;
            high += b;
            if ((vectors & 511) == 511)
            {
                Drain();
            }
        }

        Drain();
        for (int i = 0; i < 8; i++)
        {
            acrossCount[i] += 2 * vectors;
        }

        void Drain()
        {
            Vector128<ushort> both = low + high;
            for (int i = 0; i < 8; i++)
            {
                across[i] += both[i];
            }

            low = high = Vector128<ushort>.Zero;
        }
    }

    private void Down(byte[] a, byte[] b, byte[] c, byte[] d)
    {
        long sum = 0;
        int x = 0;
        while (x + 16 <= width)
        {
            Vector128<ushort> sums = Vector128<ushort>.Zero;
            for (int i = 0; i < 1000 && x + 16 <= width; i++, x += 16)
            {
                nuint at = (nuint)x;
                (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(
                    Lone(Load(a, at), Load(b, at), Load(c, at), Load(d, at))
                );
                sums += low + high;
            }

            (Vector128<uint> first, Vector128<uint> second) = Vector128.Widen(sums);
            sum += Vector128.Sum(first + second);
        }

        int place = (count - 2) % 8; // the step lies between the second and the third of the four rows
        down[place] += sum;
        downCount[place] += width / 16 * 16;
    }

    private static Vector128<byte> Load(byte[] row, nuint at) =>
        Vector128.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(row), at);

    private static Vector128<byte> Lone(Vector128<byte> a, Vector128<byte> b, Vector128<byte> c, Vector128<byte> d)
    {
        Vector128<byte> step = Gap(b, c),
            beside = Vector128.Max(Gap(a, b), Gap(c, d));
        Vector128<byte> rest = step - Vector128.Min(step, beside);
        return rest & Vector128.LessThanOrEqual(step, Vector128.Create((byte)LargestStep));
    }

    private static Vector128<byte> Gap(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Max(a, b) - Vector128.Min(a, b);
}
