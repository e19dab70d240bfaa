using Forno.Imaging.Masks;

namespace Forno.Datasets.Masks;

/// <summary>
/// Which colours a picture has inside of its mask, outside of it, and along its own edge: histograms of 12³ boxes, each
/// spread over its neighbours.
/// </summary>
internal sealed class MaskColours
{
    private const int Side = 12;

    // What is frequent by so little is not counted as seen; logarithms of shares lie at most so far apart.
    private const double Least = 1e-5,
        MostLog = 4;

    // Levels that two colours differ by across two pixels where something ends; the ground's own colours run into each
    // other.
    private const int Edge = 30;

    private readonly byte[] on,
        sharp;
    private readonly int w,
        h;
    private readonly int[] boxes;
    private readonly float[] inside,
        outside,
        edge;

    /// <summary>Counts colours.</summary>
    /// <param name="rgb">[height, width, 3].</param>
    /// <param name="on">[height, width]: 1 inside of the mask, else 0.</param>
    /// <param name="w">Pixels in a row.</param>
    /// <param name="h">Rows.</param>
    public MaskColours(byte[] rgb, byte[] on, int w, int h)
    {
        (this.on, this.w, this.h, sharp) = (on, w, h, MapGrowth.Grow(Edges(rgb, w, h), w, h, 1));
        boxes = new int[on.Length];
        float[] within = new float[Side * Side * Side],
            without = new float[within.Length],
            margin = new float[within.Length];
        int wide = Math.Max(2, Math.Min(w, h) / 16);
        for (int i = 0; i < on.Length; i++)
        {
            int box = boxes[i] =
                (((rgb[3 * i] * Side / 256 * Side) + (rgb[(3 * i) + 1] * Side / 256)) * Side)
                + (rgb[(3 * i) + 2] * Side / 256);
            (int x, int y) = (i % w, i / w);
            if (on[i] != 0)
            {
                within[box]++;
                continue;
            }

            without[box]++;
            margin[box] += x < wide || y < wide || x >= w - wide || y >= h - wide ? 1 : 0;
        }

        (inside, outside, edge) = (Shares(within), Shares(without), Shares(margin));
    }

    /// <summary>Compares.</summary>
    /// <param name="rare">Colours with a smaller share of the picture's edge are strange to it.</param>
    /// <returns>Pixels of the largest strange part outside; of all outside that looks like the inside.</returns>
    public (double Strange, double Alike) Compare(double rare)
    {
        float[] likely = new float[on.Length];
        byte[] strange = new byte[on.Length];
        for (int i = 0; i < on.Length; i++)
        {
            likely[i] = (float)
                Math.Clamp(Math.Log((inside[boxes[i]] + Least) / (outside[boxes[i]] + Least)), -MostLog, MostLog);
            strange[i] = (byte)(on[i] == 0 && edge[boxes[i]] < rare ? 1 : 0);
        }

        // Single pixels tell little: the mean of their surroundings counts.
        likely = Averaged(Averaged(likely));
        byte[] again = new byte[on.Length];
        for (int i = 0; i < on.Length; i++)
        {
            again[i] = (byte)(likely[i] > 0 && on[i] == 0 ? 1 : 0);
        }

        return (
            Components.Find(strange, w, h).Select(p => Bounded(p, strange)).DefaultIfEmpty().Max(),
            Components.Find(again, w, h).Sum(p => Bounded(p, again))
        );
    }

    // A part's area, by the share of its outline that is an edge of the picture.
    private double Bounded(Component part, byte[] map)
    {
        int outline = 0,
            edges = 0;
        foreach (PixelRun run in part.Runs)
        {
            for (int x = run.Left; x < run.Right; x++)
            {
                int i = (run.Row * w) + x;
                bool rim =
                    (x > 0 && map[i - 1] == 0)
                    || (x < w - 1 && map[i + 1] == 0)
                    || (run.Row > 0 && map[i - w] == 0)
                    || (run.Row < h - 1 && map[i + w] == 0);
                outline += rim ? 1 : 0;
                edges += rim ? sharp[i] : 0;
            }
        }

        return outline == 0 ? part.Area : part.Area * edges / (double)outline;
    }

    private static byte[] Edges(byte[] rgb, int w, int h)
    {
        byte[] edges = new byte[w * h];
        for (int i = 0; i < edges.Length; i++)
        {
            (int x, int y) = (i % w, i / w);
            edges[i] = (byte)(
                Step(y * w + Math.Max(0, x - 1), y * w + Math.Min(w - 1, x + 1)) >= Edge * Edge
                || Step(Math.Max(0, y - 1) * w + x, Math.Min(h - 1, y + 1) * w + x) >= Edge * Edge
                    ? 1
                    : 0
            );
        }

        return edges;

        int Step(int a, int b)
        {
            int r = rgb[3 * a] - rgb[3 * b],
                g = rgb[(3 * a) + 1] - rgb[(3 * b) + 1],
                u = rgb[(3 * a) + 2] - rgb[(3 * b) + 2];
            return (r * r) + (g * g) + (u * u);
        }
    }

    // Shares of the whole; a neighbouring box gets half for each of the three directions in which it is one.
    private static float[] Shares(float[] counts)
    {
        float all = Math.Max(1, counts.Sum());
        float[] spread = new float[counts.Length];
        for (int box = 0; box < counts.Length; box++)
        {
            (int r, int g, int b) = (box / (Side * Side), box / Side % Side, box % Side);
            for (int n = 0; counts[box] > 0 && n < 27; n++)
            {
                (int x, int y, int z) = ((n / 9) - 1, (n / 3 % 3) - 1, (n % 3) - 1);
                if (r + x is >= 0 and < Side && g + y is >= 0 and < Side && b + z is >= 0 and < Side)
                {
                    spread[((((r + x) * Side) + g + y) * Side) + b + z] +=
                        counts[box] / all / (8 << (Math.Abs(x) + Math.Abs(y) + Math.Abs(z)));
                }
            }
        }

        return spread;
    }

    // The mean of 5×5 pixels.
    private float[] Averaged(float[] plane)
    {
        const int Reach = 2;
        float[] across = new float[plane.Length],
            both = new float[plane.Length];
        for (int i = 0; i < plane.Length; i++)
        {
            (int x, int row) = (i % w, i / w * w);
            for (int d = -Reach; d <= Reach; d++)
            {
                across[i] += plane[row + Math.Clamp(x + d, 0, w - 1)] / ((2 * Reach) + 1);
            }
        }

        for (int i = 0; i < plane.Length; i++)
        {
            (int x, int y) = (i % w, i / w);
            for (int d = -Reach; d <= Reach; d++)
            {
                both[i] += across[(Math.Clamp(y + d, 0, h - 1) * w) + x] / ((2 * Reach) + 1);
            }
        }

        return both;
    }
}
