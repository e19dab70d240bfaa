namespace Forno.Imaging.Masks;

/// <summary>
/// Parts of a picture with even or slowly changing colour, by P. Felzenszwalb and D. Huttenlocher, "Efficient
/// Graph-Based Image Segmentation" (2004): neighbours are joined, the most alike first, as long as the step between
/// two parts is no larger than the largest within either of them plus a share of <c>scale</c> that falls with its
/// size. Pure.
/// </summary>
public static class Regions
{
    private const int Steps = 4; // distances are counted in quarters of a grey level

    /// <summary>Finds the parts.</summary>
    /// <param name="rgb">[height, width, 3].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="scale">The larger, the larger the parts; in grey levels × pixels.</param>
    /// <param name="least">Smaller parts join their most alike neighbour.</param>
    /// <returns>[height, width]: each pixel's part, from 0 on; and how many there are.</returns>
    public static (int[] Labels, int Count) Find(
        ReadOnlySpan<byte> rgb,
        int width,
        int height,
        double scale = 200,
        int least = 20
    )
    {
        if (width < 1 || height < 1 || rgb.Length != (long)width * height * 3)
        {
            throw new ArgumentException($"{rgb.Length} samples do not make {width}×{height} RGB pixels", nameof(rgb));
        }

        (int[] first, int[] second, int[] weights) = Edges(rgb, width, height);
        int[] parents = new int[width * height],
            sizes = new int[parents.Length];
        float[] limits = new float[parents.Length];
        for (int i = 0; i < parents.Length; i++)
        {
            (parents[i], sizes[i], limits[i]) = (i, 1, (float)scale);
        }

        for (int e = 0; e < first.Length; e++)
        {
            int a = Root(parents, first[e]),
                b = Root(parents, second[e]);
            float step = weights[e] / (float)Steps;
            if (a != b && step <= limits[a] && step <= limits[b])
            {
                int root = Join(parents, sizes, a, b);
                // edges come in order: this one is the largest within
                limits[root] = step + (float)(scale / sizes[root]);
            }
        }

        for (int e = 0; e < first.Length; e++)
        {
            int a = Root(parents, first[e]),
                b = Root(parents, second[e]);
            if (a != b && (sizes[a] < least || sizes[b] < least))
            {
                Join(parents, sizes, a, b);
            }
        }

        return Numbered(parents);
    }

    private static (int[] First, int[] Second, int[] Weights) Edges(ReadOnlySpan<byte> rgb, int w, int h)
    {
        int most = (int)(Steps * 255 * Math.Sqrt(3)) + 1,
            count = ((w - 1) * h) + (w * (h - 1)) + (2 * (w - 1) * (h - 1));
        int[] first = new int[count],
            second = new int[count],
            weights = new int[count],
            starts = new int[most + 2];
        int at = 0;
        for (int y = 0; y < h; y++)
        {
            for (int x = 0; x < w; x++)
            {
                int i = (y * w) + x;
                if (x + 1 < w)
                {
                    Add(rgb, i, i + 1);
                }

                if (y + 1 < h)
                {
                    Add(rgb, i, i + w);
                    if (x + 1 < w)
                    {
                        Add(rgb, i, i + w + 1);
                    }

                    if (x > 0)
                    {
                        Add(rgb, i, i + w - 1);
                    }
                }
            }
        }

        // Sorted by counting; equal ones keep their order, so that the result is always the same.
        for (int i = 1; i < starts.Length; i++)
        {
            starts[i] += starts[i - 1];
        }

        int[] a = new int[count],
            b = new int[count],
            sorted = new int[count];
        for (int e = 0; e < count; e++)
        {
            int to = starts[weights[e]]++;
            (a[to], b[to], sorted[to]) = (first[e], second[e], weights[e]);
        }

        return (a, b, sorted);

        void Add(ReadOnlySpan<byte> pixels, int i, int j)
        {
            int r = pixels[3 * i] - pixels[3 * j],
                g = pixels[(3 * i) + 1] - pixels[(3 * j) + 1],
                u = pixels[(3 * i) + 2] - pixels[(3 * j) + 2];
            int weight = (int)(Steps * Math.Sqrt((r * r) + (g * g) + (u * u)));
            (first[at], second[at], weights[at]) = (i, j, weight);
            starts[weight + 1]++;
            at++;
        }
    }

    private static (int[] Labels, int Count) Numbered(int[] parents)
    {
        int[] labels = new int[parents.Length],
            numbers = new int[parents.Length];
        int count = 0;
        for (int i = 0; i < parents.Length; i++)
        {
            int root = Root(parents, i);
            if (numbers[root] == 0)
            {
                numbers[root] = ++count;
            }

            labels[i] = numbers[root] - 1;
        }

        return (labels, count);
    }

    private static int Join(int[] parents, int[] sizes, int a, int b)
    {
        (int large, int small) = sizes[a] >= sizes[b] ? (a, b) : (b, a);
        parents[small] = large;
        sizes[large] += sizes[small];
        return large;
    }

    private static int Root(int[] parents, int at)
    {
        while (parents[at] != at)
        {
            at = parents[at] = parents[parents[at]];
        }

        return at;
    }
}
