namespace Forno.Pocket.Data;

/// <summary>Measures which colours a drawing has, in a child's words.</summary>
internal static class ColourWords
{
    private static readonly string[] Names =
    [
        "red",
        "orange",
        "yellow",
        "green",
        "teal",
        "blue",
        "purple",
        "pink",
        "brown",
        "black",
        "gray",
        "white",
    ];

    /// <summary>The colours that cover much of the drawing, the largest first; at most three.</summary>
    /// <param name="pixels">RGB and alpha, a byte each, pixel after pixel; pixels under half alpha do not
    /// count.</param>
    public static string[] Measure(ReadOnlySpan<byte> pixels)
    {
        Span<int> counts = stackalloc int[Names.Length];
        int total = 0;
        for (int i = 0; i < pixels.Length; i += 4)
        {
            if (pixels[i + 3] >= 128)
            {
                counts[Name(pixels[i], pixels[i + 1], pixels[i + 2])]++;
                total++;
            }
        }

        var found = new List<(int Count, int Index)>();
        for (int i = 0; i < counts.Length; i++)
        {
            // Grey is mostly edges and shadows; it has to be a larger part to be worth a word.
            if (counts[i] > total * (Names[i] == "gray" ? 0.25 : 0.12))
            {
                found.Add((counts[i], i));
            }
        }

        return [.. found.OrderByDescending(f => f.Count).ThenBy(f => f.Index).Take(3).Select(f => Names[f.Index])];
    }

    private static int Name(byte red, byte green, byte blue)
    {
        int high = Math.Max(red, Math.Max(green, blue));
        int low = Math.Min(red, Math.Min(green, blue));
        int chroma = high - low;
        if (high < 50)
        {
            return 9;
        }

        double saturation = (double)chroma / high;
        if (saturation < 0.16 || chroma < 24)
        {
            return high > 225 ? 11
                : high < 70 ? 9
                : 10;
        }

        double hue =
            high == red ? 60.0 * (green - blue) / chroma
            : high == green ? 120 + (60.0 * (blue - red) / chroma)
            : 240 + (60.0 * (red - green) / chroma);
        hue = hue < 0 ? hue + 360 : hue;
        return hue switch
        {
            < 14 or >= 346 => saturation < 0.5 && high > 190 ? 7
            : high < 110 ? 8
            : 0,
            < 46 => high < 190 ? 8
            : hue < 41 ? 1
            : 2,
            < 68 => high < 120 ? 8 : 2,
            < 160 => 3,
            < 190 => 4,
            < 255 => 5,
            < 292 => 6,
            _ => high < 130 ? 6 : 7,
        };
    }
}
