namespace Forno.Datasets.Cleaning;

/// <summary>
/// Covers parts of a picture with its blurred surroundings: the known pixels are averaged down a pyramid (the "pull"),
/// and each hole takes what the next coarser level knows, spread linearly (the "push"; Gortler and others, "The
/// Lumigraph", 1996). No letter is left, no texture is made up. Pure.
/// </summary>
public static class SmoothFill
{
    private sealed record Level(int Width, int Height, float[] Sums, float[] Weights);

    /// <summary>Fills holes.</summary>
    /// <param name="pixels">[height, width, bands]; changed where the map is set, nowhere else.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="bands">3, or 4 with alpha, which stays as it is.</param>
    /// <param name="map">[height, width]; what is not 0 is a hole.</param>
    public static void Fill(Span<byte> pixels, int width, int height, int bands, ReadOnlySpan<byte> map)
    {
        if (map.IndexOfAnyExcept((byte)0) < 0)
        {
            return;
        }

        // The finest level is the picture itself; half its size and less is held in numbers.
        var levels = new List<Level> { Known(pixels, width, height, bands, map) };
        while (levels[^1] is { Width: > 1 } or { Height: > 1 })
        {
            levels.Add(Pull(levels[^1]));
        }

        for (int i = levels.Count - 2; i >= 0; i--)
        {
            Push(levels[i], levels[i + 1]);
        }

        Level half = levels[0];
        for (int i = 0; i < map.Length; i++)
        {
            if (map[i] != 0)
            {
                var at = new Between(half, i % width, i / width);
                for (int c = 0; c < 3; c++)
                {
                    pixels[(i * bands) + c] = (byte)Math.Clamp(MathF.Round(at.Of(half, c)), 0, 255);
                }
            }
        }
    }

    // The picture at half its size, of what is known of it.
    private static Level Known(ReadOnlySpan<byte> pixels, int width, int height, int bands, ReadOnlySpan<byte> map)
    {
        (int w, int h) = ((width + 1) / 2, (height + 1) / 2);
        var coarse = new Level(w, h, new float[w * h * 3], new float[w * h]);
        for (int i = 0; i < map.Length; i++)
        {
            // What is transparent has no colour to give.
            if (map[i] == 0 && (bands == 3 || pixels[(i * bands) + 3] != 0))
            {
                int to = (i / width / 2 * w) + (i % width / 2);
                coarse.Weights[to] += 1;
                for (int c = 0; c < 3; c++)
                {
                    coarse.Sums[(to * 3) + c] += pixels[(i * bands) + c];
                }
            }
        }

        return Averaged(coarse);
    }

    // Half the size: the mean of the known ones of each 2 × 2, counted once whether one or four are known.
    private static Level Pull(Level fine)
    {
        (int w, int h) = ((fine.Width + 1) / 2, (fine.Height + 1) / 2);
        var coarse = new Level(w, h, new float[w * h * 3], new float[w * h]);
        for (int y = 0; y < fine.Height; y++)
        {
            for (int x = 0; x < fine.Width; x++)
            {
                int from = (y * fine.Width) + x,
                    to = ((y / 2) * w) + (x / 2);
                float weight = fine.Weights[from];
                coarse.Weights[to] += weight;
                for (int c = 0; c < 3; c++)
                {
                    coarse.Sums[(to * 3) + c] += weight * fine.Sums[(from * 3) + c];
                }
            }
        }

        return Averaged(coarse);
    }

    private static Level Averaged(Level coarse)
    {
        for (int i = 0; i < coarse.Weights.Length; i++)
        {
            for (int c = 0; coarse.Weights[i] > 0 && c < 3; c++)
            {
                coarse.Sums[(i * 3) + c] /= coarse.Weights[i];
            }

            coarse.Weights[i] = Math.Min(1, coarse.Weights[i]);
        }

        return coarse;
    }

    private static void Push(Level fine, Level coarse)
    {
        for (int y = 0; y < fine.Height; y++)
        {
            for (int x = 0; x < fine.Width; x++)
            {
                int at = (y * fine.Width) + x;
                float known = fine.Weights[at];
                if (known >= 1)
                {
                    continue;
                }

                var between = new Between(coarse, x, y);
                for (int c = 0; c < 3; c++)
                {
                    fine.Sums[(at * 3) + c] = Mix(between.Of(coarse, c), fine.Sums[(at * 3) + c], known);
                }

                fine.Weights[at] = 1;
            }
        }
    }

    // Where a pixel lies between those of the level of half the size.
    private readonly struct Between
    {
        private readonly int aboveLeft,
            aboveRight,
            belowLeft,
            belowRight;
        private readonly float across,
            down;

        public Between(Level coarse, int x, int y)
        {
            float u = Math.Clamp((x - 0.5f) / 2, 0, coarse.Width - 1),
                v = Math.Clamp((y - 0.5f) / 2, 0, coarse.Height - 1);
            int left = (int)u,
                right = Math.Min(left + 1, coarse.Width - 1),
                top = (int)v,
                bottom = Math.Min(top + 1, coarse.Height - 1);
            (aboveLeft, aboveRight) = (((top * coarse.Width) + left) * 3, ((top * coarse.Width) + right) * 3);
            (belowLeft, belowRight) = (((bottom * coarse.Width) + left) * 3, ((bottom * coarse.Width) + right) * 3);
            (across, down) = (u - left, v - top);
        }

        public float Of(Level coarse, int channel) =>
            Mix(
                Mix(coarse.Sums[aboveLeft + channel], coarse.Sums[aboveRight + channel], across),
                Mix(coarse.Sums[belowLeft + channel], coarse.Sums[belowRight + channel], across),
                down
            );
    }

    private static float Mix(float a, float b, float share) => a + ((b - a) * share);
}
