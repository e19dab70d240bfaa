using Forno.Vision.Onnx;

namespace Forno.TestKit;

/// <summary>
/// A tagger of the WD14 form that answers from pixels alone: means of the four quarters of a picture, and tags that are
/// linear in them. <see cref="Expected"/> reckons the same from a picture's bytes, without a network.
/// </summary>
internal static class ColourTagger
{
    /// <summary>The side of its pictures; pictures of this size come to it as they are.</summary>
    public const int Side = 128;

    // Each: what a quarter's mean red, green and blue (0 to 1) count, by upper left, upper right, lower left, lower
    // right; then a constant.
    private static readonly (
        string Tag,
        int Category,
        double[] Red,
        double[] Green,
        double[] Blue,
        double Constant
    )[] Rows =
    [
        ("general", 9, All(0), All(0), All(0), 0.9),
        ("sensitive", 9, All(0), All(0), All(0), 0.1),
        ("red_theme", 0, All(1), All(-0.5), All(-0.5), 0.1),
        ("green_theme", 0, All(-0.5), All(1), All(-0.5), 0.2),
        ("blue_theme", 0, All(-0.5), All(-0.5), All(1), 0.2),
        ("yellow_theme", 0, All(0.5), All(0.5), All(-1), 0.1),
        ("dark_above", 0, [-0.5, -0.5, 0.5, 0.5], [-0.5, -0.5, 0.5, 0.5], [-0.5, -0.5, 0.5, 0.5], 0.3),
        ("dark_below", 0, [0.5, 0.5, -0.5, -0.5], [0.5, 0.5, -0.5, -0.5], [0.5, 0.5, -0.5, -0.5], 0.3),
        ("flat_color", 0, All(0.25), All(0.25), All(0.25), -2.05),
        ("highres", 0, All(0), All(0), All(0), 0.8),
        ("hatsune_miku", 4, All(0), All(0), All(0), 0.5),
    ];

    /// <summary>The names of the tags that depend on pixels.</summary>
    public static IEnumerable<string> Seeing => Rows.Where(r => r.Red.Any(w => w != 0)).Select(r => r.Tag);

    /// <summary>Writes model.onnx and selected_tags.csv.</summary>
    /// <param name="folder">Where.</param>
    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(
            Path.Join(folder, "selected_tags.csv"),
            "tag_id,name,category,count\n"
                + string.Concat(Rows.Select((r, i) => $"{i + 1},{r.Tag},{r.Category},{900 - i}\n"))
        );
        // [12, tags]: blue, green, red, each by quarter, as channels and quarters come out of the pool.
        float[] weights =
        [
            .. ((Func<int, double[]>[])[r => Rows[r].Blue, r => Rows[r].Green, r => Rows[r].Red]).SelectMany(channel =>
                Enumerable
                    .Range(0, 4)
                    .SelectMany(quarter => Enumerable.Range(0, Rows.Length).Select(row => (float)channel(row)[quarter]))
            ),
        ];
        new OnnxFile()
            .Input("image", OnnxType.Float32, -1, Side, Side, 3)
            .Weight("scale", [1 / 255f])
            .Weight("w", weights, 12, Rows.Length)
            .Weight("rest", [.. Rows.Select(r => (float)r.Constant)], Rows.Length)
            .Weight("low", [0f])
            .Weight("high", [1f])
            .Node("Mul", "image scale", "shares")
            .Node("Transpose", "shares", "planes", ("perm", new long[] { 0, 3, 1, 2 }))
            .Node(
                "AveragePool",
                "planes",
                "quarters",
                ("kernel_shape", new long[] { Side / 2, Side / 2 }),
                ("strides", new long[] { Side / 2, Side / 2 })
            )
            .Node("Flatten", "quarters", "numbers", ("axis", 1))
            .Node("MatMul", "numbers w", "weighed")
            .Node("Add", "weighed rest", "sums")
            .Node("Clip", "sums low high", "tags")
            .Output("tags", OnnxType.Float32, -1, Rows.Length)
            .Save(Path.Join(folder, "model.onnx"));
    }

    /// <summary>The confidences that it must give, by tag.</summary>
    /// <param name="rgb">A picture's samples, red first, row by row, <see cref="Side"/> × <see cref="Side"/>.</param>
    public static IReadOnlyDictionary<string, double> Expected(byte[] rgb)
    {
        double[,] sums = new double[4, 3];
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
            {
                for (int c = 0; c < 3; c++)
                {
                    sums[(y < Side / 2 ? 0 : 2) + (x < Side / 2 ? 0 : 1), c] += rgb[(((y * Side) + x) * 3) + c];
                }
            }
        }

        double Mean(int quarter, int channel) => sums[quarter, channel] / (255.0 * Side * Side / 4);
        return Rows.ToDictionary(
            r => r.Tag,
            r =>
                Math.Clamp(
                    r.Constant
                        + Enumerable
                            .Range(0, 4)
                            .Sum(q => (r.Red[q] * Mean(q, 0)) + (r.Green[q] * Mean(q, 1)) + (r.Blue[q] * Mean(q, 2))),
                    0,
                    1
                )
        );
    }

    private static double[] All(double weight) => [weight, weight, weight, weight];
}
