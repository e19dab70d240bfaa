using System.Globalization;
using System.Text;
using Forno.Files;
using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.TestKit;
using Forno.Vision.Onnx;
using Forno.Vision.TextDetection;
using Xunit.Abstractions;

namespace Forno.Tests.Vision;

/// <summary>A test that needs PP-OCRv4's detector; counted as skipped where it is not fetched.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TextModelFactAttribute : FactAttribute
{
    public TextModelFactAttribute() =>
        Skip =
            Assets.Folder() is { } folder
            && File.Exists(Path.Join(folder, TextDetector.Package, TextDetector.ModelFile))
                ? null
                : $"the text detector is not fetched (assets/fetch.sh {TextDetector.Package})";
}

public class TextDetectorTests(ITestOutputHelper log)
{
    private static readonly string[] Words =
    [
        "Summer Festival",
        "HELLO WORLD",
        "ARTIST-NAME.COM",
        "Do not repost",
        "What are you doing?!",
        "Kapitel 7",
        "Привет, мир",
        "Ελληνικά 2024",
        "@sketch_daily",
        "To be continued...",
    ];

    [Theory]
    [InlineData(1280, 640, 1280, 640)]
    [InlineData(4000, 3000, 1280, 960)]
    [InlineData(100, 50, 640, 320)]
    [InlineData(700, 10, 704, 32)]
    [InlineData(1000, 1000, 992, 992)]
    public void ShownSizesAreMultiplesOf32WithinTheLimits(int width, int height, int shownWidth, int shownHeight) =>
        Assert.Equal((shownWidth, shownHeight), TextDetector.InputSize(width, height, new TextDetectorSettings()));

    [Fact]
    public void TheNetworkSeesBlueGreenRedNormalisedAndItsMapComesBackInThePicturesPixels()
    {
        using TempTree tree = new();
        // Undoes the normalisation of each channel as documented and answers 1 where blue is above 0.6, red below 0.4.
        string file = new OnnxFile()
            .Input("x", OnnxType.Float32, -1, 3, -1, -1)
            .Weight("deviation", [0.229f, 0.224f, 0.225f], 1, 3, 1, 1)
            .Weight("mean", [0.485f, 0.456f, 0.406f], 1, 3, 1, 1)
            .Weight("kernel", [1f, 0f, -1f], 1, 3, 1, 1)
            .Weight("offset", [-0.5f], 1)
            .Weight("steep", [100f], 1)
            .Node("Mul", "x deviation", "spread")
            .Node("Add", "spread mean", "plain")
            .Node("Conv", "plain kernel", "difference")
            .Node("Add", "difference offset", "above")
            .Node("Mul", "above steep", "sharp")
            .Node("Sigmoid", "sharp", "y")
            .Output("y", OnnxType.Float32, -1, 1, -1, -1)
            .Save(tree["blue.onnx"]);
        using var detector = TextDetector.Load(file, new TextDetectorSettings { LargestGlyph = 0 });
        using Picture picture = With(
            640,
            320,
            Rgb.White,
            (Left: 200, Top: 100, Width: 160, Height: 40, new Rgb(20, 40, 240)),
            (400, 200, 160, 40, new Rgb(240, 40, 20))
        );
        TextArea found = Assert.Single(detector.Find(picture));
        Box box = found.Quad.Bounds(640, 320);
        double grow = 159 * 39 * 1.5 / (2 * (159 + 39));
        Assert.Equal(200 - grow, box.Left, 2.0);
        Assert.Equal(140 + grow, box.Top + box.Height, 2.0);
        using Picture small = picture.Resize(320, 160); // seen at 640 × 320
        Box half = Assert.Single(detector.Find(small)).Quad.Bounds(320, 160);
        Assert.Equal(box.Left / 2.0, half.Left, 2.0);
        Assert.Equal(box.Width / 2.0, half.Width, 3.0);
        Assert.NotEqual(
            TextDetector.Identity(file),
            TextDetector.Identity(file, new TextDetectorSettings { LongestSide = 960 })
        );

        string wrong = new OnnxFile()
            .Input("x", OnnxType.Float32, 1, 8)
            .Node("Sigmoid", "x", "y")
            .Output("y", OnnxType.Float32, 1, 8)
            .Save(tree["wrong.onnx"]);
        Assert.Contains("no text detector", Assert.Throws<FornoException>(() => TextDetector.Load(wrong)).Message);
    }

    [Fact]
    public void SmallTextOfLargePicturesIsFoundAtTheEdgesAndEverywhereIfAsked()
    {
        using TempTree tree = new();
        string file = DarkDetector().Save(tree["dark.onnx"]);
        (int Left, int Top, int Width, int Height, Rgb Colour) mark = (3700, 2930, 90, 13, Rgb.Black),
            inner = (2000, 1500, 90, 13, Rgb.Black),
            large = (300, 100, 800, 90, Rgb.Black);
        using Picture picture = With(4000, 3000, Rgb.White, mark, inner, large);
        TextDetectorSettings usual = new() { LargestGlyph = 0 };
        Assert.Equal([large.Left], Found(usual with { FineShare = 0 }));
        Assert.Equal([large.Left, mark.Left], Found(usual));
        Assert.Equal([large.Left, inner.Left, mark.Left], Found(usual with { FineShare = 1 }));

        // Which box belongs to which mark; each is there once.
        int[] Found(TextDetectorSettings settings)
        {
            using var detector = TextDetector.Load(file, settings);
            Box[] boxes = [.. detector.Find(picture).Select(t => t.Quad.Bounds(4000, 3000))];
            return
            [
                .. boxes.Select(b =>
                    ((int, int, int, int, Rgb)[])[large, inner, mark] is var all
                        ? all.Single(m =>
                            b.Left < m.Item1
                            && b.Left + b.Width > m.Item1 + m.Item3
                            && b.Top < m.Item2
                            && b.Top + b.Height > m.Item2 + m.Item4
                        ).Item1
                        : 0
                ),
            ];
        }
    }

    [Theory]
    [InlineData(1800, 1200, 0.14, 0)]
    [InlineData(4000, 3000, 0.14, 4)] // two strips of two tiles
    [InlineData(1900, 5000, 0.14, 2)]
    [InlineData(4000, 3000, 1, 4)]
    [InlineData(12000, 90, 0.14, 2)]
    public void TilesOfTheSecondLookLieInThePictureAndCoverTheirStrips(int width, int height, double share, int count)
    {
        var parts = TextDetector.FineParts(width, height, new TextDetectorSettings { FineShare = share });
        Assert.Equal(count, parts.Count);
        Assert.All(
            parts,
            p =>
                Assert.True(
                    p.Part.Left >= 0
                        && p.Part.Top >= 0
                        && p.Part.Left + p.Part.Width <= width
                        && p.Part.Top + p.Part.Height <= height
                        && p.Scale <= 1
                        && p.Part.Width * p.Scale < 1420
                )
        );
        foreach (int y in count == 0 ? [] : (int[])[0, height - 1, share < 0.5 ? 0 : height / 2])
        {
            for (int x = 0; x < width; x += 7)
            {
                Assert.Contains(
                    parts,
                    p =>
                        x >= p.Part.Left
                        && x < p.Part.Left + p.Part.Width
                        && y >= p.Part.Top
                        && y < p.Part.Top + p.Part.Height
                );
            }
        }
    }

    [TextModelFact]
    [Trait("Category", "Long")]
    public void DrawnTextIsFoundAndLittleElse()
    {
        using var detector = TextDetector.Load(threads: 1);
        (int known, int reached, int found, int right, int clean) = (0, 0, 0, 0, 0);
        for (int seed = 0; seed < 28; seed++)
        {
            (Picture picture, List<Box> boxes) = Drawn(seed, texts: seed % 7 == 6 ? 0 : 1 + (seed % 4));
            using (picture)
            {
                IReadOnlyList<TextArea> texts = detector.Find(picture);
                byte[] covered = new byte[picture.Width * picture.Height],
                    truth = new byte[covered.Length];
                foreach (PixelRun run in texts.SelectMany(t => t.Quad.Runs(picture.Width, picture.Height)))
                {
                    covered.AsSpan((run.Row * picture.Width) + run.Left, run.Right - run.Left).Fill(1);
                }

                foreach (Box b in boxes)
                {
                    double share = Count(covered, picture.Width, Runs(b)) / (double)b.Area;
                    known++;
                    reached += share >= 0.8 ? 1 : 0;
                    Runs(
                            b with
                            {
                                Left = b.Left - (b.Height / 2),
                                Top = b.Top - (b.Height / 2),
                                Width = b.Width + b.Height,
                                Height = 2 * b.Height,
                            }
                        )
                        .ToList()
                        .ForEach(r => Set(truth, picture.Width, picture.Height, r));
                }

                found += texts.Count;
                right += texts.Count(t =>
                    Count(truth, picture.Width, t.Quad.Runs(picture.Width, picture.Height))
                    >= 0.7 * t.Quad.Runs(picture.Width, picture.Height).Sum(r => r.Right - r.Left)
                );
                clean += boxes.Count == 0 && texts.Count == 0 ? 1 : 0;
                log.WriteLine(
                    $"{seed}: {picture.Width}×{picture.Height}, {boxes.Count} texts, found "
                        + $"{string.Join(' ', texts.Select(t => t.Score))}"
                );
            }
        }

        Assert.Equal(4, clean);
        log.WriteLine(
            $"recall {reached}/{known}, precision {right}/{found}, pictures without text and finds {clean}/4"
        );
        Assert.True(reached >= 0.95 * known, $"recall {reached}/{known}");
        Assert.True(right >= 0.95 * found, $"precision {right}/{found}");
    }

    [TextModelFact]
    [Trait("Category", "Long")]
    public void FiguresOnEmptyGroundAreNoLetters()
    {
        using TextDetector detector = TextDetector.Load(threads: 1),
            plain = TextDetector.Load(settings: new TextDetectorSettings { LargestGlyph = 0 }, threads: 1);
        (int found, int without) = (0, 0);
        for (int i = 0; i < 10; i++)
        {
            // A face with ears; every second one a body of stripes.
            string body = i % 2 == 0 ? "" : "<path d='M-40 70 H40 M-40 82 H40 M-30 94 H30'/>",
                place = Invariant.Text($"translate(320 320) scale({1.2 + (i * 0.25)}) rotate({i * 9})");
            (int ground, int fill, int chin) = (i * 36, 180 + (i * 36), 30 + i);
            string svg = Invariant.Text(
                $"""
                <svg xmlns="http://www.w3.org/2000/svg" width="640" height="640">
                <rect width="640" height="640" fill="hsl({ground},40%,88%)"/>
                <g transform="{place}" stroke="#222" stroke-width="5" fill="hsl({fill},70%,60%)">
                <path d="M-50 -30 L-60 -80 L-20 -55 Z M50 -30 L60 -80 L20 -55 Z"/><circle r="62"/>
                <circle cx="-22" cy="-12" r="8" fill="#222"/><circle cx="22" cy="-12" r="8" fill="#222"/>
                <path d="M-24 22 Q0 {chin} 24 22" fill="none"/>{body}</g></svg>
                """
            );
            using var drawn = Picture.LoadSvg(Encoding.UTF8.GetBytes(svg), 640, "svg");
            (int with, int all) = (detector.Find(drawn).Count, plain.Find(drawn).Count);
            log.WriteLine($"{i}: {all} found, {with} of the shape of text");
            (found, without) = (found + with, without + all);
        }

        Assert.True(without > 0, "the rule has nothing to do: choose other figures");
        Assert.Equal(0, found);
    }

    [Fact]
    public void ABoxIsTextOnlyIfItIsSmallOrLong()
    {
        Quad Box(double width, double height) => new(new(0, 0), new(width, 0), new(width, height), new(0, height));
        Assert.True(TextDetector.IsTextShaped(Box(40, 40), 1000, 0.05)); // one letter
        Assert.False(TextDetector.IsTextShaped(Box(60, 60), 1000, 0.05));
        Assert.True(TextDetector.IsTextShaped(Box(600, 150), 1000, 0.05)); // a title
        Assert.False(TextDetector.IsTextShaped(Box(300, 150), 1000, 0.05));
        Assert.True(TextDetector.IsTextShaped(Box(60, 400), 1000, 0.05)); // a column
        Assert.True(TextDetector.IsTextShaped(Box(300, 150), 1000, 0));
    }

    /// <summary>A scene of soft shapes with lines of text on it; boxes are those of the ink.</summary>
    internal static (Picture Picture, List<Box> Boxes) Drawn(int seed, int texts)
    {
        var random = new Random(seed);
        (int width, int height) = (random.Next(480, 1400), random.Next(480, 1400));
        (int hue, int light) = (random.Next(360), random.Next(20, 85));
        (int otherHue, int otherLight) = (random.Next(360), random.Next(20, 85));
        var svg = new StringBuilder(
            Invariant.Text(
                $"""
                <svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">
                <defs><linearGradient id="g" x2="1" y2="1">
                <stop stop-color="hsl({hue},60%,{light}%)"/>
                <stop offset="1" stop-color="hsl({otherHue},50%,{otherLight}%)"/></linearGradient></defs>
                <rect width="100%" height="100%" fill="url(#g)"/>
                """
            )
        );
        for (int i = 0; i < 9; i++)
        {
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<ellipse cx=\"{random.Next(width)}\" cy=\"{random.Next(height)}\" rx=\""
                    + $"{random.Next(20, 200)}\" ry=\"{random.Next(20, 200)}\" fill=\"hsl({random.Next(360)}"
                    + $",55%,50%)\" fill-opacity=\"0.5\" stroke=\"#222\" stroke-width=\"{random.Next(4)}\"/>"
            );
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<path d=\"M{random.Next(width)} {random.Next(height)} L{random.Next(width)} "
                    + $"{random.Next(height)} L{random.Next(width)} {random.Next(height)} Z\" fill=\"hsl("
                    + $"{random.Next(360)},45%,60%)\" fill-opacity=\"0.35\"/>"
            );
        }

        using var drawn = Picture.LoadSvg(
            Encoding.UTF8.GetBytes(svg.Append("</svg>").ToString()),
            Math.Max(width, height),
            "svg"
        );
        using Picture ground = drawn.Flatten(Rgb.White);
        var canvas = new Canvas(ground.Width, ground.Height, Rgb.White);
        canvas.Draw(ground, 0, 0);
        byte[] behind = ground.ToArray();
        var boxes = new List<Box>();
        for (int i = 0; i < texts; i++)
        {
            int size = random.Next(18, 54),
                band = height / texts;
            using var probe = Picture.Text(
                Words[(seed + (i * 3)) % Words.Length],
                size,
                Rgb.Black,
                random.Next(2) == 0 ? "DejaVu Sans" : "DejaVu Sans Bold"
            );
            if (probe.Width > width - 20)
            {
                continue;
            }

            (int left, int top) = (
                random.Next(10, width - probe.Width - 9),
                (band * i) + random.Next(5, Math.Max(6, band - probe.Height - 5))
            );
            int middle = ((((top + (probe.Height / 2)) * ground.Width) + left + (probe.Width / 2)) * 3) + 1;
            // Ink that can be read on what is behind it.
            Rgb ink = behind[middle] > 128 ? new Rgb(20, 20, 30) : new Rgb(250, 250, 240);
            canvas.Draw(Picture.FromPixels(Inked(probe.ToArray(), ink), probe.Width, probe.Height, 4), left, top);
            boxes.Add(new Box(left, top, probe.Width, probe.Height));
        }

        return (canvas.ToPicture(), boxes);
    }

    /// <summary>A "text detector" that finds what is black.</summary>
    internal static OnnxFile DarkDetector() =>
        new OnnxFile()
            .Input("x", OnnxType.Float32, -1, 3, -1, -1)
            .Weight("deviation", [0.229f, 0.224f, 0.225f], 1, 3, 1, 1)
            .Weight("mean", [0.485f, 0.456f, 0.406f], 1, 3, 1, 1)
            .Weight("kernel", [-1f, -1f, -1f], 1, 3, 1, 1)
            .Weight("offset", [0.3f], 1)
            .Weight("steep", [50f], 1)
            .Node("Mul", "x deviation", "spread")
            .Node("Add", "spread mean", "plain")
            .Node("Conv", "plain kernel", "dark")
            .Node("Add", "dark offset", "above")
            .Node("Mul", "above steep", "sharp")
            .Node("Sigmoid", "sharp", "y")
            .Output("y", OnnxType.Float32, -1, 1, -1, -1);

    internal static Picture With(
        int width,
        int height,
        Rgb ground,
        params (int Left, int Top, int Width, int Height, Rgb Colour)[] boxes
    )
    {
        var canvas = new Canvas(width, height, ground);
        foreach ((int l, int t, int w, int h, Rgb colour) in boxes)
        {
            using var box = Picture.Solid(w, h, colour);
            canvas.Draw(box, l, t);
        }

        return canvas.ToPicture();
    }

    private static byte[] Inked(byte[] rgba, Rgb ink)
    {
        for (int i = 0; i < rgba.Length; i += 4)
        {
            (rgba[i], rgba[i + 1], rgba[i + 2]) = (ink.R, ink.G, ink.B);
        }

        return rgba;
    }

    private static IEnumerable<PixelRun> Runs(Box b) =>
        Enumerable.Range(b.Top, b.Height).Select(y => new PixelRun(y, b.Left, b.Left + b.Width));

    private static int Count(byte[] map, int width, IEnumerable<PixelRun> runs) =>
        runs.Where(r => r.Row >= 0 && (r.Row + 1) * width <= map.Length)
            .Sum(r => map.AsSpan((r.Row * width) + r.Left, r.Right - r.Left).Count((byte)1));

    private static void Set(byte[] map, int width, int height, PixelRun r)
    {
        if (r.Row >= 0 && r.Row < height)
        {
            (int left, int right) = (Math.Max(0, r.Left), Math.Min(width, r.Right));
            map.AsSpan((r.Row * width) + left, Math.Max(0, right - left)).Fill(1);
        }
    }
}
