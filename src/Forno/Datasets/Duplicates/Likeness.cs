using Forno.Imaging.Measures;
using Forno.Imaging.Resampling;

namespace Forno.Datasets.Duplicates;

/// <summary>
/// How alike two small pictures are once one is laid on the other: a slight crop is undone by a search over the four
/// edges, other light by a straight line through each channel. What counts is the least alike part, since a changed
/// mouth or shirt is small: the mean difference over the worst <see cref="WorstShare"/> of the picture, where a pixel
/// only differs by what lies outside the range of the other's 3×3 neighbours. Where one is a crop of the
/// other they are compared at half their side, since what falls between the pixels would look blurred.
/// </summary>
public sealed class Likeness
{
    /// <summary>The share of the picture that decides.</summary>
    public const double WorstShare = 1 / 2048.0;

    private const int Grid = 32,
        AlignSide = 64;
    private const double MostInset = 0.2,
        Hopeless = 28,
        Same = 1.2;

    private readonly int side,
        half;
    private readonly float[] part,
        rest,
        gaps,
        low,
        high,
        scratch;
    private readonly float[] first = new float[AlignSide * AlignSide],
        second = new float[AlignSide * AlignSide],
        rough = new float[AlignSide * AlignSide];

    /// <summary>A comparer with buffers of its own, for one thread.</summary>
    /// <param name="side">Side of the small pictures to compare, at least 64.</param>
    public Likeness(int side = SmallPicture.ScanSide)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, AlignSide);
        (this.side, half) = (side, side / 2);
        int pixels = side * side;
        (part, rest, gaps, low, high) = (
            new float[pixels],
            new float[pixels],
            new float[pixels],
            new float[pixels],
            new float[pixels]
        );
        scratch = new float[(side + 1) * side];
    }

    /// <summary>Compares two pictures.</summary>
    /// <param name="a">One of them.</param>
    /// <param name="b">The other; mirrored already where that is the question.</param>
    /// <returns>Percent: 100 for equal pictures, above 90 for copies of different quality, less for different
    /// ones.</returns>
    public double Percent(SmallPicture a, SmallPicture b)
    {
        (Edges edges, bool ofFirst, double error) = Align(a, b);
        if (error > Hopeless)
        {
            return Math.Max(0, 60 * (1 - (error / 255)));
        }

        (SmallPicture cut, SmallPicture kept) = ofFirst ? (a, b) : (b, a);
        int size = edges == new Edges(0, 0, 1, 1) ? side : half;
        double worst = Worst(cut.Luma, kept.Luma, side, size, edges, LightChange.Luma);
        worst = Math.Max(worst, Worst(cut.Cb, kept.Cb, half, size / 2, edges, LightChange.Chroma));
        worst = Math.Max(worst, Worst(cut.Cr, kept.Cr, half, size / 2, edges, LightChange.Chroma));
        return 100 * (1 - (worst / 255));
    }

    private readonly record struct Edges(double Left, double Top, double Right, double Bottom)
    {
        public Edges Moved(int edge, double by) =>
            edge switch
            {
                0 => this with { Left = Math.Clamp(Left + by, 0, MostInset) },
                1 => this with { Top = Math.Clamp(Top + by, 0, MostInset) },
                2 => this with { Right = Math.Clamp(Right - by, 1 - MostInset, 1) },
                _ => this with { Bottom = Math.Clamp(Bottom - by, 1 - MostInset, 1) },
            };
    }

    // Which part of which picture the other one shows, and the mean luma difference that is left.
    private (Edges Edges, bool OfFirst, double Error) Align(SmallPicture a, SmallPicture b)
    {
        Soften(a.Luma, first);
        Soften(b.Luma, second);
        var all = new Edges(0, 0, 1, 1);
        (Edges Edges, bool OfFirst, double Error) best = (all, true, Error(first, second, all));
        if (best.Error < Same)
        {
            return best;
        }

        for (int i = 1; i < PictureHash.Windows.Count; i++)
        {
            (double left, double top, double right, double bottom) = PictureHash.Windows[i];
            var edges = new Edges(left, top, right, bottom);
            double ofFirst = Error(first, second, edges),
                ofSecond = Error(second, first, edges);
            best = ofFirst < best.Error ? (edges, true, ofFirst) : best;
            best = ofSecond < best.Error ? (edges, false, ofSecond) : best;
        }

        if (best.Error > 2 * Hopeless)
        {
            return best;
        }

        (float[] cut, float[] kept) = best.OfFirst ? (first, second) : (second, first);
        for (double step = 1 / 32.0; step > 1 / 600.0; step /= 2)
        {
            for (bool better = true; better; )
            {
                better = false;
                for (int move = 0; move < 8; move++)
                {
                    Edges moved = best.Edges.Moved(move / 2, move % 2 == 0 ? step : -step);
                    if (moved != best.Edges && Error(cut, kept, moved) is var error && error < best.Error - 0.01)
                    {
                        best = best with { Edges = moved, Error = error };
                        better = true;
                    }
                }
            }
        }

        return best;
    }

    // 64×64, each value the mean of its 3×3 neighbours, so that it can be read between pixels.
    private void Soften(byte[] luma, float[] soft)
    {
        AreaAverage.Reduce(luma, side, 1, (0, 0, side, side), rough, AlignSide, scratch);
        for (int y = 0; y < AlignSide; y++)
        {
            for (int x = 0; x < AlignSide; x++)
            {
                float sum = 0;
                for (int dy = -1; dy <= 1; dy++)
                {
                    int row = Math.Clamp(y + dy, 0, AlignSide - 1) * AlignSide;
                    sum +=
                        rough[row + Math.Max(0, x - 1)] + rough[row + x] + rough[row + Math.Min(AlignSide - 1, x + 1)];
                }

                soft[(y * AlignSide) + x] = sum / 9;
            }
        }
    }

    private static double Error(float[] cut, float[] kept, Edges edges)
    {
        Span<float> a = stackalloc float[Grid * Grid],
            b = stackalloc float[Grid * Grid];
        Sample(cut, edges, a);
        Sample(kept, new Edges(0, 0, 1, 1), b);
        LightChange.Luma.LayOn(a, b, rounds: 1);
        float sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += MathF.Abs(a[i] - b[i]);
        }

        return sum / a.Length;
    }

    private static void Sample(float[] soft, Edges edges, Span<float> result)
    {
        Span<int> from = stackalloc int[Grid];
        Span<float> share = stackalloc float[Grid];
        for (int x = 0; x < Grid; x++)
        {
            (from[x], share[x]) = Place(edges.Left, edges.Right, x);
        }

        for (int y = 0; y < Grid; y++)
        {
            (int top, float down) = Place(edges.Top, edges.Bottom, y);
            ReadOnlySpan<float> above = soft.AsSpan(top * AlignSide, AlignSide),
                below = soft.AsSpan((top + 1) * AlignSide, AlignSide);
            for (int x = 0; x < Grid; x++)
            {
                int at = from[x];
                float upper = above[at] + (share[x] * (above[at + 1] - above[at])),
                    lower = below[at] + (share[x] * (below[at + 1] - below[at]));
                result[(y * Grid) + x] = upper + (down * (lower - upper));
            }
        }

        static (int, float) Place(double begin, double end, int i)
        {
            double at = Math.Clamp(
                ((begin + ((end - begin) * (i + 0.5) / Grid)) * AlignSide) - 0.5,
                0,
                AlignSide - 1.001
            );
            return ((int)at, (float)(at - (int)at));
        }
    }

    private double Worst(byte[] cut, byte[] kept, int full, int size, Edges edges, LightChange light)
    {
        int pixels = size * size;
        Span<float> a = part.AsSpan(0, pixels),
            b = rest.AsSpan(0, pixels),
            gap = gaps.AsSpan(0, pixels);
        AreaAverage.Reduce(
            cut,
            full,
            1,
            (edges.Left * full, edges.Top * full, edges.Right * full, edges.Bottom * full),
            a,
            size,
            scratch
        );
        AreaAverage.Reduce(kept, full, 1, (0, 0, full, full), b, size, scratch);
        light.LayOn(a, b, rounds: 3);
        gap.Clear();
        Outside(a, b, size, gap);
        Outside(b, a, size, gap);
        gap.Sort();
        int worst = Math.Max(1, (int)(pixels * WorstShare));
        float sum = 0;
        foreach (float value in gap[^worst..])
        {
            sum += value;
        }

        return sum / worst;
    }

    // How far each pixel lies outside the range of the other picture's neighbours.
    private void Outside(ReadOnlySpan<float> pixels, ReadOnlySpan<float> other, int size, Span<float> gap)
    {
        for (int y = 0; y < size; y++)
        {
            ReadOnlySpan<float> above = other.Slice(Math.Max(0, y - 1) * size, size),
                here = other.Slice(y * size, size);
            ReadOnlySpan<float> below = other.Slice(Math.Min(size - 1, y + 1) * size, size);
            for (int x = 0; x < size; x++)
            {
                low[x] = Math.Min(Math.Min(above[x], here[x]), below[x]);
                high[x] = Math.Max(Math.Max(above[x], here[x]), below[x]);
            }

            for (int x = 0, at = y * size; x < size; x++, at++)
            {
                (int left, int right) = (Math.Max(0, x - 1), Math.Min(size - 1, x + 1));
                float least = Math.Min(Math.Min(low[left], low[x]), low[right]),
                    most = Math.Max(Math.Max(high[left], high[x]), high[right]);
                gap[at] = Math.Max(gap[at], Math.Max(pixels[at] - most, least - pixels[at]));
            }
        }
    }
}
