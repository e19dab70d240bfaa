using System.Numerics;
using Forno.Imaging.Resampling;

namespace Forno.Imaging.Measures;

/// <summary>
/// Hashes that stay nearly the same when a picture is rescaled, recompressed or re-lit. The frequency hash is that
/// of the common <c>phash</c>: 32×32 grey, DCT-II, its 8×8 lowest coefficients, each above their median or not.
/// The gradient hash is <c>dhash</c>: 9×8 grey, the right neighbour brighter or not. The signature is the chroma
/// of 4×4 fields.
/// </summary>
/// <param name="Frequency">The frequency hash of the whole picture, then of <see cref="Windows"/> after the
/// first.</param>
/// <param name="MirroredFrequency">The same of the picture mirrored left to right.</param>
/// <param name="Gradient">The gradient hash.</param>
/// <param name="MirroredGradient">The same of the picture mirrored left to right.</param>
/// <param name="Colour">16 Cb, then 16 Cr, row by row.</param>
public sealed record PictureHash(
    ulong[] Frequency,
    ulong[] MirroredFrequency,
    ulong Gradient,
    ulong MirroredGradient,
    byte[] Colour
)
{
    private const int Grid = 32,
        Low = 8;
    private const double Cut = 0.06;

    private static readonly float[] Cosines =
    [
        .. Enumerable
            .Range(0, Low * Grid)
            .Select(i => (float)Math.Cos(Math.PI * (i / Grid) * (((i % Grid) * 2) + 1) / (2 * Grid))),
    ];

    /// <summary>
    /// The parts of a picture that are hashed, as shares of its sides (left, top, right, bottom): the whole, a
    /// little less on all sides, more of it, and a little less on one side each. One of them is near whatever a
    /// slight crop left.
    /// </summary>
    public static IReadOnlyList<(double Left, double Top, double Right, double Bottom)> Windows { get; } =
    [
        (0, 0, 1, 1),
        (Cut / 2, Cut / 2, 1 - (Cut / 2), 1 - (Cut / 2)),
        (Cut, Cut, 1 - Cut, 1 - Cut),
        (Cut, 0, 1, 1),
        (0, Cut, 1, 1),
        (0, 0, 1 - Cut, 1),
        (0, 0, 1, 1 - Cut),
    ];

    /// <summary>Hashes a small picture.</summary>
    public static PictureHash Of(SmallPicture small)
    {
        (ulong[] plain, ulong gradient) = OfLuma(small.Luma, small.Side);
        SmallPicture mirrored = small.Mirrored();
        (ulong[] turned, ulong turnedGradient) = OfLuma(mirrored.Luma, small.Side);
        return new PictureHash(plain, turned, gradient, turnedGradient, [.. Fields(small.Cb), .. Fields(small.Cr)]);
    }

    /// <summary>Bits that differ.</summary>
    public static int Distance(ulong a, ulong b) => BitOperations.PopCount(a ^ b);

    /// <summary>The largest difference between two signatures' fields, 0–255.</summary>
    /// <param name="other">The other picture's hash.</param>
    /// <param name="mirrored">Whether one of the two is to be mirrored first.</param>
    public int ColourDistance(PictureHash other, bool mirrored)
    {
        int most = 0;
        for (int i = 0; i < Colour.Length; i++)
        {
            int j = mirrored ? (i & ~3) | (3 - (i & 3)) : i;
            most = Math.Max(most, Math.Abs(Colour[i] - other.Colour[j]));
        }

        return most;
    }

    private static (ulong[] Frequency, ulong Gradient) OfLuma(byte[] luma, int side)
    {
        Span<float> scratch = stackalloc float[(side + 1) * Grid];
        Span<float> grid = stackalloc float[Grid * Grid];
        ulong[] hashes = new ulong[Windows.Count];
        for (int i = 0; i < hashes.Length; i++)
        {
            (double left, double top, double right, double bottom) = Windows[i];
            AreaAverage.Reduce(
                luma,
                side,
                1,
                (left * side, top * side, right * side, bottom * side),
                grid,
                Grid,
                scratch
            );
            hashes[i] = Dct(grid);
        }

        AreaAverage.Reduce(luma, side, 1, (0, 0, side, side), grid, Grid, scratch);
        return (hashes, Rising(grid));
    }

    private static ulong Dct(ReadOnlySpan<float> grid)
    {
        Span<float> rows = stackalloc float[Grid * Low];
        Span<float> coefficients = stackalloc float[Low * Low];
        for (int y = 0; y < Grid; y++)
        {
            for (int u = 0; u < Low; u++)
            {
                rows[(y * Low) + u] = Vector(grid.Slice(y * Grid, Grid), u);
            }
        }

        Span<float> column = stackalloc float[Grid];
        for (int u = 0; u < Low; u++)
        {
            for (int y = 0; y < Grid; y++)
            {
                column[y] = rows[(y * Low) + u];
            }

            for (int v = 0; v < Low; v++)
            {
                float c = Vector(column, v);
                // a plain picture has no shape, only noise
                coefficients[(v * Low) + u] = MathF.Abs(c) < Grid * Grid / 20f ? 0 : c;
            }
        }

        Span<float> sorted = stackalloc float[Low * Low];
        coefficients.CopyTo(sorted);
        sorted.Sort();
        float median = (sorted[31] + sorted[32]) / 2;
        ulong hash = 0;
        for (int i = 0; i < coefficients.Length; i++)
        {
            hash |= coefficients[i] > median ? 1UL << Place(i) : 0;
        }

        return hash;
    }

    // Neighbouring coefficients go to different quarters of the hash: an index takes it apart by quarters, and those
    // should be alike in how much they tell.
    private static int Place(int i) => ((i & 3) << 4) | (i >> 2);

    private static float Vector(ReadOnlySpan<float> line, int frequency)
    {
        ReadOnlySpan<float> cosines = Cosines.AsSpan(frequency * Grid, Grid);
        float sum = 0;
        for (int i = 0; i < Grid; i++)
        {
            sum += line[i] * cosines[i];
        }

        return sum;
    }

    private static ulong Rising(ReadOnlySpan<float> grid)
    {
        Span<float> row = stackalloc float[Grid];
        Span<float> nine = stackalloc float[9];
        ulong hash = 0;
        for (int y = 0; y < 8; y++)
        {
            for (int x = 0; x < Grid; x++)
            {
                row[x] =
                    (
                        grid[(y * 4 * Grid) + x]
                        + grid[(((y * 4) + 1) * Grid) + x]
                        + grid[(((y * 4) + 2) * Grid) + x]
                        + grid[(((y * 4) + 3) * Grid) + x]
                    ) / 4;
            }

            for (int i = 0; i < 9; i++)
            {
                double from = i * Grid / 9.0,
                    end = from + (Grid / 9.0);
                double sum = 0;
                for (int x = (int)from; from < end - 1e-9; x++)
                {
                    double next = Math.Min(end, x + 1);
                    sum += (next - from) * row[x];
                    from = next;
                }

                nine[i] = (float)sum;
            }

            for (int i = 0; i < 8; i++)
            {
                hash |= nine[i + 1] > nine[i] + 1 ? 1UL << ((y * 8) + i) : 0;
            }
        }

        return hash;
    }

    private static IEnumerable<byte> Fields(byte[] plane)
    {
        int side = (int)Math.Sqrt(plane.Length),
            field = side / 4;
        for (int i = 0; i < 16; i++)
        {
            int sum = 0;
            for (int y = 0; y < field; y++)
            {
                for (int x = 0; x < field; x++)
                {
                    sum += plane[((((i / 4) * field) + y) * side) + ((i % 4) * field) + x];
                }
            }

            yield return (byte)((sum + (field * field / 2)) / (field * field));
        }
    }
}
