using System.Globalization;
using System.Text;
using Forno.Datasets.Cleaning;
using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.TestKit;
using Forno.Tests.Vision;
using Forno.Vision.Inpainting;
using Forno.Vision.TextDetection;
using Forno.Workspace;

namespace Forno.Tests.Datasets;

public class CleaningTests
{
    private static readonly BlemishSettings Everything = new();

    [Fact]
    public void ABrightEvenAreaAroundTextIsABubbleAndOpenGroundIsNot()
    {
        // A bubble with an outline on a busy ground, one cut by the edge, a dark caption box, text on the ground, text
        // on a white page.
        (byte[] rgb, int w, int h) = Draw(
            900,
            700,
            "#7a5",
            """
            <g stroke="#111" stroke-width="8">
              <ellipse cx="250" cy="180" rx="150" ry="80"/><path d="M300 240 L350 320 L330 235 Z"/>
            </g>
            <g fill="#fff"><ellipse cx="250" cy="180" rx="150" ry="80"/><path d="M300 240 L350 320 L330 235 Z"/></g>
            <rect x="700" y="-20" width="180" height="120" fill="#fefefe" stroke="#111" stroke-width="3"/>
            <rect x="80" y="500" width="300" height="90" fill="#222"/>
            """
        );
        TextArea bubble = Text(190, 160, 120, 40),
            cut = Text(740, 30, 100, 24),
            dark = Text(120, 530, 200, 30),
            ground = Text(520, 560, 220, 40);
        IReadOnlyList<Blemish> found = BlemishFinder.Find(rgb, w, h, [bubble, cut, dark, ground], Everything);
        Assert.Equal(2, found.Count(f => f.Kind == BlemishKind.Bubble));
        Assert.Equal(2, found.Count(f => f.Kind == BlemishKind.Text));
        Blemish round = found.Single(f => f.Kind == BlemishKind.Bubble && f.Area.Box.Left < 400);
        // The ellipse and its line, and the tail.
        Assert.InRange(round.Area.Box.Left, 88, 100);
        Assert.InRange(round.Area.Box.Top, 88, 100);
        Assert.InRange(round.Area.Box.Top + round.Area.Box.Height, 300, 335);
        Assert.InRange(round.Area.Area, Math.PI * 150 * 80, 1.3 * Math.PI * 150 * 80);
        byte[] map = BlemishFinder.Map([round], w, h);
        Assert.Equal(255, map[(180 * w) + 250]); // where the letters are
        Assert.Equal(0, map[(100 * w) + 120]); // a corner of the box

        // The same text on a page of white is text, no bubble of the page's size.
        (byte[] page, _, _) = Draw(900, 700, "#fff", "");
        Blemish only = Assert.Single(BlemishFinder.Find(page, w, h, [bubble], Everything));
        Assert.Equal(BlemishKind.Text, only.Kind);

        // Bubbles not asked for: the text in it is.
        Assert.Equal(
            4,
            BlemishFinder
                .Find(rgb, w, h, [bubble, cut, dark, ground], Everything with { Kinds = [BlemishKind.Text] })
                .Count
        );
    }

    [Fact]
    public void ALargePictureGivesTheSameBubbleAtItsOwnSize()
    {
        const string Bubble =
            "<ellipse cx='50%' cy='40%' rx='20%' ry='12%' fill='#fff' stroke='#111' stroke-width='0.5%'/>";
        (byte[] small, int w, int h) = Draw(800, 800, "#48c", Bubble);
        (byte[] large, int w4, int h4) = Draw(3200, 3200, "#48c", Bubble);
        Component one = BlemishFinder
            .Find(small, w, h, [Text(320, 300, 160, 40)], Everything)
            .Single(f => f.Kind == BlemishKind.Bubble)
            .Area;
        Component four = BlemishFinder
            .Find(large, w4, h4, [Text(1280, 1200, 640, 160)], Everything)
            .Single(f => f.Kind == BlemishKind.Bubble)
            .Area;
        Assert.Equal(16.0, four.Area / (double)one.Area, 0.8);
        Assert.Equal(one.Box.Left * 4, four.Box.Left, 12.0);
    }

    [Fact]
    public void LinesCloseToEachOtherAreOneRegionAndWeakOnesArePassedOver()
    {
        byte[] rgb = new byte[400 * 300 * 3];
        IReadOnlyList<Blemish> found = BlemishFinder.Find(
            rgb,
            400,
            300,
            [
                Text(50, 50, 200, 30),
                Text(50, 88, 180, 30),
                Text(50, 200, 100, 30),
                Text(300, 250, 60, 20) with
                {
                    Score = 0.4f,
                },
            ],
            Everything
        );
        Assert.Equal([new Box(44, 44, 212, 80), new Box(44, 194, 112, 42)], found.Select(f => f.Area.Box));
        Assert.Equal(
            3,
            BlemishFinder
                .Find(
                    rgb,
                    400,
                    300,
                    [Text(50, 50, 200, 30), Text(50, 200, 100, 30), Text(300, 250, 60, 20) with { Score = 0.4f }],
                    Everything with
                    {
                        LeastScore = 0.3,
                        Grow = 0,
                    }
                )
                .Count
        );
    }

    [Fact]
    public void SmoothFillContinuesASlopeAndTouchesNothingElse()
    {
        (int w, int h) = (120, 90);
        byte[] pixels = new byte[w * h * 3],
            map = new byte[w * h];
        for (int i = 0; i < w * h; i++)
        {
            (pixels[i * 3], pixels[(i * 3) + 1], pixels[(i * 3) + 2]) = ((byte)(i % w * 2), 100, (byte)(i / w * 2));
        }

        byte[] truth = [.. pixels];
        for (int y = 30; y < 60; y++)
        {
            map.AsSpan((y * w) + 40, 50).Fill(255);
            pixels.AsSpan(((y * w) + 40) * 3, 150).Fill(255);
        }

        SmoothFill.Fill(pixels, w, h, 3, map);
        for (int i = 0; i < pixels.Length; i++)
        {
            Assert.True(
                map[i / 3] != 0 ? Math.Abs(pixels[i] - truth[i]) <= 24 : pixels[i] == truth[i],
                $"sample {i}: {pixels[i]}, not {truth[i]}"
            );
        }

        byte[] all = [10, 20, 30, 40, 50, 60];
        SmoothFill.Fill(all, 2, 1, 3, [255, 255]); // nothing is known: black
        Assert.All(all, v => Assert.Equal(0, v));
    }

    [Fact]
    public void MarksAtTheSamePlaceOfMostPicturesAreFoundWithoutReadingThem()
    {
        using TempTree tree = new();
        for (int i = 0; i < 14; i++)
        {
            (int w, int h) = (500 + (i * 13 % 90), 480 + (i * 29 % 120));
            (Picture scene, _) = TextDetectorTests.Drawn(100 + i, texts: 0);
            using (scene)
            using (Picture cut = scene.Resize(w, h))
            {
                var canvas = new Canvas(w, h, Rgb.White);
                canvas.Draw(cut, 0, 0);
                if (i != 3)
                {
                    // A half-transparent ring with a bar, 20 pixels from the lower right corner.
                    using var mark = Picture.LoadSvg(
                        Encoding.UTF8.GetBytes(
                            "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='60'><circle cx='30' "
                                + "cy='30' r='22' fill='none' stroke='#fff' stroke-width='8' "
                                + "stroke-opacity='0.5'/><rect x='50' y='24' width='36' height='12' fill='#fff' "
                                + "fill-opacity='0.5'/></svg>"
                        ),
                        90,
                        "svg"
                    );
                    canvas.Draw(mark, w - 110, h - 80);
                }

                using var picture = canvas.ToPicture();
                tree.Write(Invariant.Text($"{i:00}.png"), picture.EncodePng());
            }
        }

        IReadOnlyList<PictureItem> items = PictureFolder.Scan([tree.Root]).Pictures;
        IReadOnlyDictionary<string, IReadOnlyList<Component>> found = Watermarks.Find(items);
        Assert.Equal(13, found.Count);
        Assert.DoesNotContain("03.png", found.Keys);
        foreach ((string name, IReadOnlyList<Component> marks) in found)
        {
            var info = PictureFile.Inspect(tree[name]);
            byte[] map = BlemishFinder.Map(
                marks.Select(m => new Blemish(BlemishKind.Watermark, m, 1)),
                info.Width,
                info.Height
            );
            IReadOnlyList<Component> one = Components.Find(map, info.Width, info.Height);
            Box box = Assert.Single(one).Box;
            Assert.InRange(info.Width - box.Left, 100, 118); // the ring begins 102 from the edge, 6 more around
            Assert.InRange(info.Height - box.Top, 70, 84);
            Assert.InRange(box.Width, 80, 104);
        }

        Assert.Empty(Watermarks.Find([.. items.Take(7)]));
    }

    [Fact]
    public void PicturesThatAreAlikeHaveNoWatermark()
    {
        using TempTree tree = new();
        (Picture scene, _) = TextDetectorTests.Drawn(3, texts: 2);
        using (scene)
        {
            byte[] png = scene.EncodePng();
            for (int i = 0; i < 9; i++)
            {
                tree.Write($"{i}.png", png);
            }
        }

        Assert.Empty(Watermarks.Find(PictureFolder.Scan([tree.Root]).Pictures));
    }

    [Theory]
    [InlineData("mark")]
    [InlineData("blur")]
    [InlineData("fill")]
    public void WhatIsFoundIsMarkedOrCoveredAndUndoBringsItBack(string way)
    {
        using TempTree tree = new();
        using Picture art = TextDetectorTests.With(300, 200, new Rgb(60, 120, 180), (100, 80, 80, 20, Rgb.Black));
        using Picture clear = TextDetectorTests.With(300, 200, new Rgb(60, 120, 180));
        using Picture mask = TextDetectorTests.With(300, 200, Rgb.Black, (0, 0, 140, 200, Rgb.White));
        tree.Write("10_a/a.jpg", art.EncodeJpeg(95));
        tree.Write("10_a/a.txt", "caption");
        tree.Write("10_a/b.png", art.EncodePng());
        tree.Write("10_a/masks/b.png", mask.EncodePng());
        tree.Write("10_a/clear.png", clear.EncodePng());
        tree.Write("10_a/page.png", art.EncodePng(9));
        string model = InpainterTests
            .MeanFill(256)
            .Save(Path.Join(Path.GetTempPath(), $"forno-fill-{Guid.NewGuid():N}.onnx"));
        string before = TempTree.Picture(tree.Root);
        tree.Write(".forno/journal.jsonl", "");
        using (var work = WorkFolder.Open(tree.Root))
        using (var inpainter = Inpainter.Load(model))
        {
            var folder = PictureFolder.Scan([tree.Root]);
            var survey = CleanSurvey.Look(folder, Everything, TextCache.InMemory(), Detect);
            Assert.Equal([1, 1, 0, 1], survey.Pictures.Select(p => p.Found.Count));
            ChangePlan plan =
                way == "mark" ? CleanPlans.Mark(survey, 0.4)
                : way == "blur" ? CleanPlans.Blur(folder, survey, 0.4)
                : CleanPlans.Fill(folder, survey, 0.4, inpainter);
            Assert.Contains("page of text", Assert.Single(plan.Kept).Why);
            Applied applied = work.Apply(plan);
            Assert.Empty(applied.Problems);
            if (way == "mark")
            {
                Assert.Equal(4, applied.Files);
                Assert.Equal(
                    (255, 0, 255),
                    (
                        At(tree["10_a/masks/a.png"], 20, 20),
                        At(tree["10_a/masks/a.png"], 120, 90),
                        At(tree["10_a/masks/a.png"], 250, 90)
                    )
                );
                Assert.Equal(
                    (255, 0, 0),
                    (
                        At(tree["10_a/masks/b.png"], 20, 20),
                        At(tree["10_a/masks/b.png"], 120, 90),
                        At(tree["10_a/masks/b.png"], 250, 90)
                    )
                );
                // The others of the folder get white ones: the trainer wants all or none.
                Assert.Equal(
                    (255, 255),
                    (At(tree["10_a/masks/clear.png"], 120, 90), At(tree["10_a/masks/page.png"], 120, 90))
                );
            }
            else
            {
                Assert.Equal(3, applied.Files); // a.png for a.jpg, b.png
                Assert.InRange(At(tree["10_a/a.png"], 140, 90), 56, 64);
                Assert.InRange(At(tree["10_a/b.png"], 140, 90), 56, 64);
                Assert.Equal(60, At(tree["10_a/b.png"], 50, 50));
                Assert.True(File.Exists(tree["10_a/a.txt"]));
            }

            work.Undo(1);
        }

        File.Delete(model);
        Assert.Equal(before, TempTree.Picture(tree.Root));

        // The black box is the text; the "page" is full of it.
        IReadOnlyList<TextArea> Detect(Picture p) =>
            p.Source.EndsWith("page.png", StringComparison.Ordinal) ? [Text(0, 0, 300, 150)]
            : p.Source.EndsWith("clear.png", StringComparison.Ordinal) ? []
            : [Text(98, 78, 84, 24)];
    }

    [Fact]
    public void AMaskOfAnotherSizeOrTwoPicturesWithOneMaskAreNamed()
    {
        using TempTree tree = new();
        tree.Write("a.png", TestPictures.Png(60, 40, 1));
        tree.Write("masks/a.png", TestPictures.Png(30, 20, 1));
        tree.Write("b.png", TestPictures.Png(60, 40, 1));
        tree.Write("b.jpg", TestPictures.Jpeg(60, 40, 2));
        ChangePlan plan = CleanPlans.Mark(
            CleanSurvey.Look(
                PictureFolder.Scan([tree.Root]),
                Everything,
                TextCache.InMemory(),
                _ => [Text(5, 5, 20, 8)]
            ),
            1
        );
        Assert.Contains("mask is 30×20", Assert.Single(plan.Problems).Why);
        Assert.Contains("masks/b.png", Assert.Single(plan.Kept).Why);
        Assert.Single(plan.Steps);
    }

    [Fact]
    public void TextsAreRememberedByContentUntilTheDetectorChanges()
    {
        using TempTree tree = new();
        tree.Write(".forno/journal.jsonl", "");
        tree.Write("a.png", TestPictures.Png(60, 40, 1));
        int asked = 0;
        PictureTexts first = Ask("one"),
            again = Ask("one");
        Assert.Equal(1, asked);
        Assert.Equal(first.Texts.Single(), again.Texts.Single());
        Assert.Equal(
            (60, 40, 160 / 2400.0),
            (again.Width, again.Height, again.Coverage),
            (a, b) => a.Item1 == b.Item1 && a.Item2 == b.Item2 && Math.Abs(a.Item3 - b.Item3) < 1e-6
        );
        File.Move(tree["a.png"], tree["b.png"]);
        Ask("one");
        Assert.Equal(1, asked);
        Ask("two");
        Assert.Equal(2, asked);
        File.WriteAllBytes(tree[".forno/texts.cache"], File.ReadAllBytes(tree[".forno/texts.cache"])[..50]);
        Ask("two");
        Assert.Equal(3, asked);

        PictureTexts Ask(string detector)
        {
            var cache = TextCache.Open(tree.Root, detector);
            PictureTexts texts = cache.Of(
                PictureFolder.Scan([tree.Root]).Pictures.Single(),
                _ =>
                {
                    asked++;
                    return [Text(5, 5, 20, 8)];
                }
            );
            Assert.Null(cache.Save());
            return texts;
        }
    }

    private static TextArea Text(int left, int top, int width, int height) =>
        new(
            new Quad(new(left, top), new(left + width, top), new(left + width, top + height), new(left, top + height)),
            0.9f
        );

    private static byte At(string file, int x, int y)
    {
        using var picture = Picture.Load(file);
        return picture.ToArray()[((y * picture.Width) + x) * picture.Bands];
    }

    // Shapes on a ground with some strokes across it, so that it is not even.
    private static (byte[] Rgb, int Width, int Height) Draw(int width, int height, string ground, string shapes)
    {
        var strokes = new StringBuilder();
        for (int i = 0; ground != "#fff" && i < 60; i++)
        {
            strokes.Append(
                CultureInfo.InvariantCulture,
                $"<line x1='{i * 37 % width}' y1='{i * 91 % height}' x2='{i * 53 % width}' y2='"
                    + $"{i * 17 % height}' stroke='#{i % 10}{i % 7}{i % 5}' stroke-width='2'/>"
            );
        }

        using var drawn = Picture.LoadSvg(
            Encoding.UTF8.GetBytes(
                Invariant.Text(
                    $"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'><rect "
                        + $"width='100%' height='100%' fill='{ground}'/>{strokes}{shapes}</svg>"
                )
            ),
            Math.Max(width, height),
            "svg"
        );
        using Picture flat = drawn.Flatten(Rgb.White);
        return (flat.ToArray(), flat.Width, flat.Height);
    }
}
