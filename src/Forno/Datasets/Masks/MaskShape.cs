using Forno.Imaging.Masks;

namespace Forno.Datasets.Masks;

/// <summary>What a mask looks like, measured on a copy of at most 192 pixels a side; shares are of 1.</summary>
public sealed record MaskShape
{
    /// <summary>Longer side of the copy that is measured.</summary>
    public const int Side = 192;

    // Parts below this share of the picture are dust, which a trained latent hardly sees.
    private const double Dust = 0.0004;

    /// <summary>Share of the picture that is white.</summary>
    public required double White { get; init; }

    /// <summary>
    /// Share of what is not black that is neither black nor white, with only such pixels around it: soft edges do not
    /// count.
    /// </summary>
    public required double Grey { get; init; }

    /// <summary>White parts that hang together, without dust.</summary>
    public required int Islands { get; init; }

    /// <summary>Share of the white that the two largest of them have; 0 if there are none.</summary>
    public required double Largest { get; init; }

    /// <summary>Black parts closed in by white, without dust.</summary>
    public required int Holes { get; init; }

    /// <summary>Share of the middle (half of each side) that is white.</summary>
    public required double Centre { get; init; }

    /// <summary>Share of the picture's edge that is white.</summary>
    public required double Frame { get; init; }

    /// <summary>Length of the white's outline in times that of a disc of its area.</summary>
    public required double Outline { get; init; }

    /// <summary>Measures a mask.</summary>
    public static MaskShape Of(MaskPlane mask)
    {
        double scale = Math.Min(1, (double)Side / Math.Max(mask.Width, mask.Height));
        MaskPlane small = mask.Resize(
            Math.Max(1, (int)Math.Round(mask.Width * scale)),
            Math.Max(1, (int)Math.Round(mask.Height * scale))
        );
        (int w, int h, byte[] s) = (small.Width, small.Height, small.Samples);
        long white = 0,
            lit = 0,
            centre = 0,
            frame = 0,
            outline = 0;
        for (int y = 0; y < h; y++)
        {
            for (int x = 0; x < w; x++)
            {
                byte v = s[(y * w) + x];
                bool on = v >= MaskPlane.Half;
                lit += v > 25 ? 1 : 0;
                white += on ? 1 : 0;
                centre += on && Within(x, w) && Within(y, h) ? 1 : 0;
                frame += on && (x == 0 || y == 0 || x == w - 1 || y == h - 1) ? 1 : 0;
                outline += x + 1 < w && on != (s[(y * w) + x + 1] >= MaskPlane.Half) ? 1 : 0;
                outline += y + 1 < h && on != (s[((y + 1) * w) + x] >= MaskPlane.Half) ? 1 : 0;
            }
        }

        (int islands, long largest) = Parts(small, white: true);
        (int holes, _) = Parts(small, white: false);
        double middle =
            Enumerable.Range(0, w).Count(x => Within(x, w)) * (double)Enumerable.Range(0, h).Count(y => Within(y, h));
        // Outlines of pixels are 4/π longer than smooth ones, in the mean over directions.
        return new MaskShape
        {
            White = (double)white / s.Length,
            Grey = lit == 0 ? 0 : (double)DeepGrey(small) / lit,
            Islands = islands,
            Largest = white == 0 ? 0 : (double)largest / white,
            Holes = holes,
            Centre = centre / Math.Max(1, middle),
            Frame = (double)frame / Math.Max(1, (2 * (w + h)) - 4),
            Outline = white == 0 ? 0 : outline * Math.PI / 4 / (2 * Math.Sqrt(Math.PI * white)),
        };
    }

    // Grey pixels with nothing but grey within three pixels, counted by a table of sums.
    private static long DeepGrey(MaskPlane mask)
    {
        const int reach = 3;
        (int w, int h) = (mask.Width, mask.Height);
        int[] sums = new int[(w + 1) * (h + 1)];
        for (int y = 0; y < h; y++)
        {
            for (int x = 0; x < w; x++)
            {
                int grey = mask.Samples[(y * w) + x] is > 25 and < 230 ? 1 : 0;
                sums[((y + 1) * (w + 1)) + x + 1] =
                    grey + sums[(y * (w + 1)) + x + 1] + sums[((y + 1) * (w + 1)) + x] - sums[(y * (w + 1)) + x];
            }
        }

        long deep = 0;
        for (int y = 0; y < h; y++)
        {
            for (int x = 0; x < w; x++)
            {
                int left = Math.Max(0, x - reach),
                    top = Math.Max(0, y - reach),
                    right = Math.Min(w, x + reach + 1),
                    bottom = Math.Min(h, y + reach + 1);
                int sum =
                    sums[(bottom * (w + 1)) + right]
                    - sums[(top * (w + 1)) + right]
                    - sums[(bottom * (w + 1)) + left]
                    + sums[(top * (w + 1)) + left];
                deep += sum == (right - left) * (bottom - top) ? 1 : 0;
            }
        }

        return deep;
    }

    private static bool Within(int at, int length) => at >= length / 4 && at < length - (length / 4);

    // White parts touch at corners too, black ones only at sides; black that reaches the edge is no hole.
    private static (int Count, long Largest) Parts(MaskPlane mask, bool white)
    {
        (int w, int h) = (mask.Width, mask.Height);
        byte[] map = Array.ConvertAll(mask.Samples, v => (byte)(v >= MaskPlane.Half == white ? 1 : 0));
        IReadOnlyList<Component> parts = Components.Find(map, w, h, diagonal: white);
        double least = Math.Max(2, Dust * map.Length);
        int count = parts.Count(p =>
            p.Area >= least
            && (
                white
                || (p.Box.Left > 0 && p.Box.Top > 0 && p.Box.Left + p.Box.Width < w && p.Box.Top + p.Box.Height < h)
            )
        );
        return (count, parts.Take(2).Sum(p => p.Area));
    }
}
