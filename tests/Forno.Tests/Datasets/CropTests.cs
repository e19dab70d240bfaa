using Forno.Data;
using Forno.Datasets.Crops;
using Forno.Imaging;
using Forno.TestKit;
using Forno.Workspace;

namespace Forno.Tests.Datasets;

public class CropTests
{
    private static readonly BucketRules Small = new()
    {
        Resolution = new Size(64, 64),
        Enabled = true,
        MinReso = 32,
        MaxReso = 128,
        Steps = 16,
    };
    private static readonly Size Page = new(1000, 1500);

    [Fact]
    public void AStandingFigureGivesAllShotsAndEachLiesInTheOneBefore()
    {
        Subject subject = Figure(Page, left: 400, top: 100, height: 1300);
        ShotBox[] shots = [.. ShotRules.Lay(Page, subject, Shot.All)];
        Assert.All(shots, s => Assert.NotNull(s.Box));
        Box[] boxes = [.. shots.Select(s => s.Box!.Value)];
        const double Head = 1300 / 6.5;
        Assert.Equal(100 + (Head * (1 + (5.5 * 0.55))), boxes[1].Top + boxes[1].Height, 1.0); // mid-thigh
        Assert.Equal(100 + (Head * (1 + (5.5 / 3))), boxes[2].Top + boxes[2].Height, 1.0); // waist
        Assert.Equal(100 + (Head * 1.7), boxes[3].Top + boxes[3].Height, 1.0); // shoulders
        Assert.Equal(100 - (Head * 0.2), boxes[3].Top, 1.0);
        Assert.Equal(boxes[3].Width, boxes[3].Height);
        Assert.True(boxes.Zip(boxes.Skip(1)).All(p => p.First.Height > p.Second.Height));
        Assert.All(
            boxes,
            b =>
                Assert.True(
                    b.Left >= 0 && b.Top >= 0 && b.Left + b.Width <= Page.Width && b.Top + b.Height <= Page.Height
                )
        );
        // The head stands left of the figure's middle (595): the close shots follow it.
        Assert.Equal(560, boxes[3].Left + (boxes[3].Width / 2.0), 12.0);
    }

    [Fact]
    public void WhatTheMaskDoesNotTellIsNotMade()
    {
        // Sitting: as wide as tall.
        Subject sitting = new() { Box = new Box(200, 400, 600, 700), Source = "mask" };
        Assert.Equal(["full"], Made(Page, sitting));
        // or a bust that ends in the air: nobody knows
        Assert.False(ShotRules.Lay(Page, sitting, [Shot.Full])[0].Tagged);
        Assert.True(ShotRules.Lay(Page, sitting with { Head = new Box(430, 400, 120, 150) }, [Shot.Full])[0].Tagged);
        Assert.True(ShotRules.Lay(Page, Figure(Page, 400, 100, 1300), [Shot.Full])[0].Tagged);
        // Cut off at the bottom: how much of it is seen nobody knows.
        Subject cut = new() { Box = new Box(300, 300, 400, 1200), Source = "mask" };
        Assert.Empty(Made(Page, cut));
        // Arms raised: its top is no head.
        Subject raised = Figure(Page, 400, 100, 1300, headWidth: 330);
        Assert.Equal(["full"], Made(Page, raised));
        // A box without outline does not tell the face.
        Assert.Equal(
            ["full", "cowboy", "bust"],
            Made(Page, new Subject { Box = new Box(400, 100, 300, 1300), Source = "boxes" })
        );
        // A head box tells, whatever the rest looks like; of a figure cut off at the bottom as much as is seen.
        Assert.Equal(["bust", "face"], Made(Page, cut with { Head = new Box(420, 300, 300, 330) }));
        Assert.Equal(["full", "cowboy", "bust", "face"], Made(Page, sitting with { Face = new Box(430, 460, 90, 90) }));
    }

    [Fact]
    public void AFaceBoxStandsForAHeadFiveSeventhsAsHigh()
    {
        Subject subject = new() { Box = new Box(300, 200, 400, 1200), Source = "mask" };
        Box face = ShotRules.Lay(Page, subject with { Face = new Box(450, 250, 100, 100) }, [Shot.Face])[0].Box!.Value;
        Box head = ShotRules.Lay(Page, subject with { Head = new Box(450, 210, 100, 140) }, [Shot.Face])[0].Box!.Value;
        Assert.Equal(head, face);
    }

    [Fact]
    public void ACropKeepsAtLeastTheResolutionAfterTheBucketsCrop()
    {
        var random = new Random(5);
        var rules = new BucketRules { Resolution = new Size(512, 512), Enabled = true };
        var buckets = new Buckets(rules);
        int kept = 0;
        for (int i = 0; i < 500; i++)
        {
            var size = new Size(random.Next(200, 1400), random.Next(200, 1400));
            if (ShotRules.TooSmall(size, buckets, rules.Resolution) is null)
            {
                BucketFit fit = buckets.Fit(size);
                double scale = (double)fit.Resized.Width / size.Width;
                Assert.True(scale <= 1, $"{size} is enlarged");
                Assert.True(fit.Bucket.Width * (double)fit.Bucket.Height / (scale * scale) >= 512 * 512 * 0.995);
                kept++;
            }
        }

        Assert.InRange(kept, 100, 450);
        Assert.Null(ShotRules.TooSmall(new Size(512, 512), buckets, rules.Resolution));
        Assert.NotNull(ShotRules.TooSmall(new Size(512, 511), buckets, rules.Resolution));
        // many pixels, but the bucket cuts most of them off
        Assert.NotNull(ShotRules.TooSmall(new Size(4000, 130), buckets, rules.Resolution));
    }

    [Fact]
    public void CropsHaveTheirPixelsTheirMaskAndTheirCaptionAndUndoTakesThemBack()
    {
        using TempTree tree = new();
        (byte[] picture, byte[] mask) = FigurePicture(600, 1100);
        tree.Write("10_a/tall.png", picture);
        tree.Write("10_a/masks/tall.png", mask);
        tree.Write("10_a/tall.txt", "sks, 1girl, cowboy shot, shoes");
        tree.Write("10_a/flat.png", TestPictures.Png(300, 300, 1));
        string before = TempTree.Picture(tree.Root);
        tree.Write(".forno/journal.jsonl", "");
        using (var work = WorkFolder.Open(tree.Root))
        {
            (ChangePlan plan, IReadOnlyList<PictureCrops> pictures) = CropPlan.Make(
                PictureFolder.Scan([tree.Root]),
                new CropSettings { Rules = Small }
            );
            Assert.Contains("no mask, no alpha and no box", Assert.Single(plan.Kept).Why);
            Assert.Equal(2, pictures.Count);
            Applied applied = work.Apply(plan);
            Assert.Empty(applied.Problems);
            PictureCrops tall = pictures.Single(p => p.Item.Stem == "tall");
            Assert.Equal(12, applied.Files);
            foreach (ShotBox shot in tall.Shots)
            {
                Box box = shot.Box!.Value;
                using var whole = Picture.Load(tree["10_a/tall.png"]);
                using Picture expected = whole.Crop(box.Left, box.Top, box.Width, box.Height);
                using var crop = Picture.Load(tree[$"10_a/tall-{shot.Shot.Name}.png"]);
                Assert.Equal(expected.ToArray(), crop.ToArray());
                using var cutMask = Picture.Load(tree[$"10_a/masks/tall-{shot.Shot.Name}.png"]);
                Assert.Equal((box.Width, box.Height), (cutMask.Width, cutMask.Height));
                Assert.Equal(
                    $"sks, 1girl, {shot.Shot.Tag}, shoes",
                    File.ReadAllText(tree[$"10_a/tall-{shot.Shot.Name}.txt"])
                );
            }

            // A second run makes nothing twice and does not cut its own crops.
            (ChangePlan again, _) = CropPlan.Make(PictureFolder.Scan([tree.Root]), new CropSettings { Rules = Small });
            Assert.Empty(again.Steps);
            Assert.Equal(4, again.Kept.Count(k => k.Why == "it is a crop itself"));
            work.Undo(1);
        }

        Assert.Equal(before, TempTree.Picture(tree.Root));
    }

    [Fact]
    public void AlphaTellsTooAndReplaceTakesThePictureOut()
    {
        using TempTree tree = new();
        (byte[] picture, _) = FigurePicture(600, 1100, alpha: true);
        tree.Write("a.png", picture);
        tree.Write("a.txt", "sks");
        string before = TempTree.Picture(tree.Root);
        tree.Write(".forno/journal.jsonl", "");
        using (var work = WorkFolder.Open(tree.Root))
        {
            work.Apply(
                CropPlan
                    .Make(
                        PictureFolder.Scan([tree.Root]),
                        new CropSettings
                        {
                            Rules = Small,
                            Replace = true,
                            Shots = [Shot.Bust, Shot.Face],
                        }
                    )
                    .Plan
            );
            Assert.Equal(
                ["a-bust.png", "a-bust.txt", "a-face.png", "a-face.txt"],
                Directory.EnumerateFiles(tree.Root).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)
            );
            Assert.Equal("sks, upper body", File.ReadAllText(tree["a-bust.txt"]));
            work.Undo(1);
        }

        Assert.Equal(before, TempTree.Picture(tree.Root));
    }

    [Fact]
    public void BadBoxesEmptyMasksAndTinySubjectsAreNamedAndTheRestGoesOn()
    {
        using TempTree tree = new();
        (byte[] picture, byte[] mask) = FigurePicture(600, 1100);
        byte[] black = Flat(600, 1100, 0),
            speck = Flat(600, 1100, 0, dot: 8),
            white = Flat(600, 1100, 255);
        foreach (
            (string name, byte[]? own) in ((string, byte[]?)[])
                [
                    ("empty", black),
                    ("tiny", speck),
                    ("white", white),
                    ("good", mask),
                    ("outside", null),
                    ("small", Flat(40, 90, 0)),
                    ("none", null),
                ]
        )
        {
            tree.Write($"{name}.png", picture);
            if (own is not null)
            {
                tree.Write($"masks/{name}.png", own);
            }
        }

        string json = tree.Write(
            "boxes.json",
            """{ "outside.png": { "subject": [450, 10, 200, 800] }, "gone.png": { "subject": [0, 0, 5, 5] }, }"""
        );
        (ChangePlan plan, _) = CropPlan.Make(
            PictureFolder.Scan([tree.Root]),
            new CropSettings { Rules = Small, Boxes = SubjectBoxes.Read(json) }
        );
        Assert.Equal("good.png", Assert.Single(plan.Steps).Subject);
        var why = plan.Kept.ToDictionary(k => k.File, k => k.Why);
        Assert.Contains("mask is empty", why["empty.png"]);
        Assert.Contains("tiny", why["tiny.png"]);
        Assert.Contains("whole picture", why["white.png"]);
        Assert.Contains("is not inside the picture of 600x1100", why["outside.png"]);
        Assert.Contains("mask is 40×90", why["small.png"]);
        Assert.Contains("nothing shows", why["none.png"]);
        Assert.Contains("no such picture", why["gone.png"]);

        (plan, _) = CropPlan.Make(
            PictureFolder.Scan([tree["good.png"]]),
            new CropSettings { Rules = Small with { Resolution = new Size(1024, 1024), MaxReso = 2048 } }
        );
        Assert.Empty(plan.Steps);
        Assert.Contains("less than the training resolution", Assert.Single(plan.Kept).Why);
    }

    [Theory]
    [InlineData("[1, 2]", "not a valid file of boxes")]
    [InlineData("{ \"a.png\": { \"body\": [1, 2, 3, 4] } }", "there are", "subject, head, face")]
    [InlineData("{ \"a.png\": { \"head\": [1, 2, 3] } }", "four numbers")]
    [InlineData("{ \"a.png\": ", "not JSON")]
    public void AWrongFileOfBoxesIsNamed(string text, params string[] told)
    {
        using TempTree tree = new();
        string message = Assert.Throws<FornoException>(() => SubjectBoxes.Read(tree.Write("boxes.json", text))).Message;
        Assert.StartsWith(tree["boxes.json"], message);
        Assert.All(told, t => Assert.Contains(t, message, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("sks, 1girl, red hair", "sks, upper body, 1girl, red hair")]
    [InlineData("sks, 1girl, full_body, red_hair", "sks, 1girl, upper_body, red_hair")]
    [InlineData("sks, 1girl ||| red hair, smile", "sks, 1girl ||| upper body, red hair, smile")]
    [InlineData("sks, full body, from side, portrait", "sks, upper body, from side")]
    [InlineData(
        "sks, A woman in a red coat stands in the park.",
        "sks, upper body, A woman in a red coat stands in the park."
    )]
    [InlineData("", "upper body")]
    [InlineData(
        "A woman in a red coat stands in the park, looking at the sky.",
        "upper body, A woman in a red coat stands in the park, looking at the sky."
    )]
    public void TheShotTagStandsInThePlaceOfTheOldOneOrBehindTheKeptTags(string caption, string expected) =>
        Assert.Equal(expected, ShotCaption.Set(caption, Shot.Bust, 1));

    private static string[] Made(Size picture, Subject subject) =>
        [.. ShotRules.Lay(picture, subject, Shot.All).Where(s => s.Box is not null).Select(s => s.Shot.Name)];

    // A head of one H, its middle at left + 0.2 of the width, on a body twice as wide.
    private static Subject Figure(Size picture, int left, int top, int height, int headWidth = 0)
    {
        byte[] map = FigureMap(picture.Width, picture.Height, left, top, height, headWidth);
        return Subject.FromMap(map, picture.Width, picture.Height, "mask");
    }

    private static byte[] FigureMap(int width, int height, int left, int top, int tall, int headWidth = 0)
    {
        byte[] map = new byte[width * height];
        int head = (int)(tall / 6.5);
        for (int y = 0; y < tall; y++)
        {
            (int from, int wide) =
                y < head ? (left - 40 + (head / 2), headWidth > 0 ? headWidth : head) : (left, tall * 3 / 10);
            map.AsSpan(((top + y) * width) + Math.Max(0, from), wide).Fill(255);
        }

        return map;
    }

    private static (byte[] Picture, byte[] Mask) FigurePicture(int width, int height, bool alpha = false)
    {
        byte[] map = FigureMap(width, height, 150, 120, 780);
        using Picture noise = TestPictures.Make(width, height, 4);
        byte[] rgb = noise.ToArray();
        using Picture picture = alpha
            ? Picture.FromPixels(
                [
                    .. Enumerable
                        .Range(0, map.Length)
                        .SelectMany(i => (byte[])[rgb[i * 3], rgb[(i * 3) + 1], rgb[(i * 3) + 2], map[i]]),
                ],
                width,
                height,
                4
            )
            : Picture.FromRgb(rgb, width, height);
        using var mask = Picture.FromPixels(map, width, height, 1);
        return (picture.EncodePng(), mask.EncodePng());
    }

    private static byte[] Flat(int width, int height, byte value, int dot = 0)
    {
        byte[] map = new byte[width * height];
        Array.Fill(map, value);
        for (int y = 0; y < dot; y++)
        {
            map.AsSpan((y + 20) * width, dot).Fill(255);
        }

        using var mask = Picture.FromPixels(map, width, height, 1);
        return mask.EncodePng();
    }
}
