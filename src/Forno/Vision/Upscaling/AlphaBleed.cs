namespace Forno.Vision.Upscaling;

/// <summary>
/// Fills the colour under transparent pixels from the opaque ones around them, so that what a network draws across an
/// edge is the object's own colour and no halo of whatever lay hidden there. Push and pull: averages weighed by alpha
/// over ever larger squares, each transparent pixel taking the smallest square that has any colour.
/// </summary>
internal static class AlphaBleed
{
    /// <summary>Below this alpha the stored colour is too coarse to trust.</summary>
    private const int Trusted = 16;

    /// <summary>The colours of an RGBA picture, filled everywhere.</summary>
    /// <returns>RGB of the same size; colours of pixels of alpha 16 and more are unchanged.</returns>
    public static Pixels Fill(Pixels rgba)
    {
        Pixels rgb = rgba.Colour();
        byte[] source = rgba.Samples;
        Level finest = Half(
            rgba.Width,
            rgba.Height,
            (x, y, sum) =>
            {
                int at = ((y * rgba.Width) + x) * 4;
                if (source[at + 3] >= Trusted)
                {
                    float w = source[at + 3] / 255f;
                    sum.Add(source[at] * w, source[at + 1] * w, source[at + 2] * w, w);
                }
            }
        );
        List<Level> levels = [finest];
        while (levels[^1] is { Width: > 1 } or { Height: > 1 })
        {
            Level below = levels[^1];
            levels.Add(
                Half(
                    below.Width,
                    below.Height,
                    (x, y, sum) =>
                    {
                        ReadOnlySpan<float> v = below.At(x, y);
                        sum.Add(v[0], v[1], v[2], v[3]);
                    }
                )
            );
        }
        for (int i = levels.Count - 2; i >= 0; i--)
        {
            levels[i].TakeFrom(levels[i + 1]);
        }
        for (int y = 0, i = 0; y < rgba.Height; y++)
        {
            for (int x = 0; x < rgba.Width; x++, i++)
            {
                if (source[(i * 4) + 3] < Trusted)
                {
                    ReadOnlySpan<float> v = finest.At(x / 2, y / 2);
                    for (int c = 0; c < 3; c++)
                    {
                        rgb.Samples[(i * 3) + c] = v[3] > 0 ? (byte)((v[c] / v[3]) + 0.5f) : (byte)0;
                    }
                }
            }
        }
        return rgb;
    }

    private static Level Half(int width, int height, Action<int, int, Sum> add)
    {
        var level = new Level((width + 1) / 2, (height + 1) / 2);
        var sum = new Sum();
        for (int y = 0; y < level.Height; y++)
        {
            for (int x = 0; x < level.Width; x++)
            {
                sum.Clear();
                for (int k = 0; k < 4; k++)
                {
                    (int px, int py) = ((2 * x) + (k & 1), (2 * y) + (k >> 1));
                    if (px < width && py < height)
                    {
                        add(px, py, sum);
                    }
                }
                sum.Values.CopyTo(level.At(x, y));
            }
        }
        return level;
    }

    private sealed class Sum
    {
        private readonly float[] values = new float[4];

        public ReadOnlySpan<float> Values => values;

        public void Clear() => Array.Clear(values);

        public void Add(float r, float g, float b, float w)
        {
            values[0] += r;
            values[1] += g;
            values[2] += b;
            values[3] += w;
        }
    }

    /// <summary>Sums of weighed colours and of weights, four numbers a square.</summary>
    private sealed class Level(int width, int height)
    {
        private readonly float[] values = new float[4L * width * height];

        public int Width => width;

        public int Height => height;

        public Span<float> At(int x, int y) => values.AsSpan(((y * width) + x) * 4, 4);

        public void TakeFrom(Level coarser)
        {
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    Span<float> own = At(x, y);
                    if (own[3] == 0)
                    {
                        coarser.At(x / 2, y / 2).CopyTo(own);
                    }
                }
            }
        }
    }
}
