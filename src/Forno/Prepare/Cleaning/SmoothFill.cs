namespace Forno.Prepare.Cleaning;

/// <summary>
/// Covers parts of a picture with its blurred surroundings: the known pixels are averaged down a pyramid (the "pull"), and
/// each hole takes what the next coarser level knows, spread linearly (the "push"; Gortler and others, "The Lumigraph",
/// 1996). No letter is left, no texture is made up. Pure.
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

        var levels = new List<Level> { Known(pixels, width, height, bands, map) };
        while (levels[^1] is { Width: > 1 } or { Height: > 1 })
        {
            levels.Add(Pull(levels[^1]));
        }

        for (int i = levels.Count - 2; i >= 0; i--)
        {
            Push(levels[i], levels[i + 1]);
        }

        Level full = levels[0];
        for (int i = 0; i < map.Length; i++)
        {
            for (int c = 0; map[i] != 0 && c < 3; c++)
            {
                pixels[(i * bands) + c] = (byte)Math.Clamp(MathF.Round(full.Sums[(i * 3) + c]), 0, 255);
            }
        }
    }

    private static Level Known(ReadOnlySpan<byte> pixels, int width, int height, int bands, ReadOnlySpan<byte> map)
    {
        var level = new Level(width, height, new float[width * height * 3], new float[width * height]);
        for (int i = 0; i < map.Length; i++)
        {
            // What is transparent has no colour to give.
            if (map[i] == 0 && (bands == 3 || pixels[(i * bands) + 3] != 0))
            {
                level.Weights[i] = 1;
                for (int c = 0; c < 3; c++)
                {
                    level.Sums[(i * 3) + c] = pixels[(i * bands) + c];
                }
            }
        }

        return level;
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
                int from = (y * fine.Width) + x, to = ((y / 2) * w) + (x / 2);
                float weight = fine.Weights[from];
                coarse.Weights[to] += weight;
                for (int c = 0; c < 3; c++)
                {
                    coarse.Sums[(to * 3) + c] += weight * fine.Sums[(from * 3) + c];
                }
            }
        }

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
            float v = Math.Clamp((y - 0.5f) / 2, 0, coarse.Height - 1);
            int top = (int)v, bottom = Math.Min(top + 1, coarse.Height - 1);
            for (int x = 0; x < fine.Width; x++)
            {
                int at = (y * fine.Width) + x;
                float known = fine.Weights[at];
                if (known >= 1)
                {
                    continue;
                }

                float u = Math.Clamp((x - 0.5f) / 2, 0, coarse.Width - 1);
                int left = (int)u, right = Math.Min(left + 1, coarse.Width - 1);
                for (int c = 0; c < 3; c++)
                {
                    float above = Mix(coarse.Sums[(((top * coarse.Width) + left) * 3) + c], coarse.Sums[(((top * coarse.Width) + right) * 3) + c], u - left);
                    float below = Mix(coarse.Sums[(((bottom * coarse.Width) + left) * 3) + c], coarse.Sums[(((bottom * coarse.Width) + right) * 3) + c], u - left);
                    fine.Sums[(at * 3) + c] = Mix(Mix(above, below, v - top), fine.Sums[(at * 3) + c], known);
                }

                fine.Weights[at] = 1;
            }
        }
    }

    private static float Mix(float a, float b, float share) => a + ((b - a) * share);
}
