using Forno.Imaging.Masks;

namespace Forno.Vision.TextDetection;

/// <summary>A piece of text in a picture: a word or a line.</summary>
/// <param name="Quad">Where it is.</param>
/// <param name="Score">How sure the detector is, 0 to 1.</param>
public sealed record TextArea(Quad Quad, float Score);

/// <summary>How a probability map becomes boxes; the defaults are PaddleOCR's for PP-OCRv4.</summary>
public sealed record TextMapSettings
{
    /// <summary>Pixels above this probability belong to a text's kernel (<c>thresh</c>).</summary>
    public float Threshold { get; init; } = 0.3f;

    /// <summary>Boxes below this mean probability are dropped (<c>box_thresh</c>).</summary>
    public float BoxThreshold { get; init; } = 0.6f;

    /// <summary>How much boxes grow back (<c>unclip_ratio</c>).</summary>
    public double Unclip { get; init; } = 1.5;

    /// <summary>Most boxes that are looked at, the largest first (<c>max_candidates</c>).</summary>
    public int Most { get; init; } = 1000;
}

/// <summary>
/// What follows the network of DB ("Real-time Scene Text Detection with Differentiable Binarization", Liao and others,
/// 2020): the map of text kernels is cut at a threshold; each connected region gets the smallest turned rectangle
/// around it and, as its score, the map's mean inside; since kernels are texts shrunk, the rectangle of area A and
/// perimeter L grows by A · unclip / L on every side. Pure.
/// </summary>
public static class TextMap
{
    private const double LeastKernel = 3,
        LeastBox = 5;

    /// <summary>Finds the boxes of a map.</summary>
    /// <param name="map">[height, width]: each pixel's probability, 0 to 1.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="settings">Thresholds.</param>
    /// <returns>Boxes in the map's pixels, from top to bottom, then from left to right.</returns>
    public static IReadOnlyList<TextArea> Find(ReadOnlySpan<float> map, int width, int height, TextMapSettings settings)
    {
        if (map.Length != (long)width * height)
        {
            throw new ArgumentException($"{map.Length} samples do not make {width}×{height} pixels", nameof(map));
        }

        byte[] kernels = new byte[map.Length];
        for (int i = 0; i < map.Length; i++)
        {
            kernels[i] = map[i] > settings.Threshold ? (byte)1 : (byte)0;
        }

        var found = new List<TextArea>();
        foreach (Component kernel in Components.Find(kernels, width, height).Take(settings.Most))
        {
            // The reference measures between the middles of pixels: its sides are one less.
            var quad = Quad.Around(kernel.Runs);
            if (Math.Min(quad.Width, quad.Height) - 1 < LeastKernel)
            {
                continue;
            }

            float score = Mean(map, width, height, quad);
            Quad middles = quad.Grow(-0.5);
            double grow = middles.Area * settings.Unclip / (2 * (middles.Width + middles.Height));
            Quad grown = quad.Grow(grow);
            if (score >= settings.BoxThreshold && Math.Min(grown.Width, grown.Height) - 1 >= LeastBox)
            {
                found.Add(new TextArea(grown, score));
            }
        }

        return [.. found.OrderBy(t => t.Quad.A.Y).ThenBy(t => t.Quad.A.X)];
    }

    /// <summary>The share of a picture that lies in any of some boxes, 0 to 1.</summary>
    /// <param name="texts">The boxes, in the picture's pixels.</param>
    /// <param name="width">The picture's width.</param>
    /// <param name="height">The picture's height.</param>
    public static double Coverage(IReadOnlyList<TextArea> texts, int width, int height)
    {
        if (texts.Count == 0)
        {
            return 0;
        }

        // Boxes overlap: they are counted on a map, a small one where the picture is large.
        double scale = Math.Min(1, 1024.0 / Math.Max(width, height));
        (int columns, int rows) = (
            Math.Max(1, (int)Math.Round(width * scale)),
            Math.Max(1, (int)Math.Round(height * scale))
        );
        byte[] map = new byte[columns * rows];
        foreach (
            PixelRun run in texts.SelectMany(t =>
                t.Quad.Scale((double)columns / width, (double)rows / height).Runs(columns, rows)
            )
        )
        {
            map.AsSpan((run.Row * columns) + run.Left, run.Right - run.Left).Fill(1);
        }

        return map.Count(b => b != 0) / (double)map.Length;
    }

    private static float Mean(ReadOnlySpan<float> map, int width, int height, Quad quad)
    {
        double sum = 0;
        long count = 0;
        foreach (PixelRun run in quad.Runs(width, height))
        {
            for (int x = run.Left; x < run.Right; x++)
            {
                sum += map[(run.Row * width) + x];
            }

            count += run.Right - run.Left;
        }

        return count == 0 ? 0 : (float)(sum / count);
    }
}
