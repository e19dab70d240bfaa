using Forno.Data;
using Forno.Datasets.Edits;
using Forno.Datasets.Sorting;
using Forno.Imaging;
using Forno.TestKit;
using Forno.Workspace;

namespace Forno.Tests.Datasets;

public class EditPlansTests
{
    private static readonly BucketRules Small = new()
    {
        Resolution = new Size(128, 128),
        Enabled = true,
        MinReso = 64,
        MaxReso = 256,
    };

    [Fact]
    public void TrimCutsBordersAndTheMaskAlikeAndIsTakenBack()
    {
        using TempTree tree = new();
        tree.Write("10_a/bordered.png", TestPictures.Png(60, 40, 1, border: 7));
        tree.Write("10_a/bordered.txt", "caption");
        tree.Write("10_a/masks/bordered.png", TestPictures.Png(60, 40, 2));
        tree.Write("10_a/plain.png", TestPictures.Png(30, 30, 3));
        WithUndo(
            tree,
            f => EditPlans.Trim(f, 20),
            () =>
            {
                Assert.Equal((46, 26), SizeOf(tree["10_a/bordered.png"]));
                Assert.Equal((46, 26), SizeOf(tree["10_a/masks/bordered.png"]));
            },
            files: 2
        );
    }

    [Fact]
    public void TrimCutsAFrameInAFrameInOneRun()
    {
        using TempTree tree = new();
        using Picture inner = TestPictures.Make(60, 40, 1),
            white = inner.Pad(8, 8, 76, 56, Rgb.White),
            black = white.Pad(10, 12, 96, 80, Rgb.Black);
        tree.Write("a.png", black.EncodePng());
        tree.Write("masks/a.png", TestPictures.Png(96, 80, 2));
        WithUndo(
            tree,
            f => EditPlans.Trim(f, 20),
            () =>
            {
                using var trimmed = Picture.Load(tree["a.png"]);
                Assert.Equal(inner.ToArray(), trimmed.ToArray());
                Assert.Equal((60, 40), SizeOf(tree["masks/a.png"]));
                Assert.Empty(EditPlans.Trim(PictureFolder.Scan([tree.Root]), 20).Steps);
            },
            files: 2
        );
    }

    [Fact]
    public void AMaskOfAnotherSizeIsAProblemNotAMess()
    {
        using TempTree tree = new();
        tree.Write("a.png", TestPictures.Png(60, 40, 1, border: 7));
        tree.Write("masks/a.png", TestPictures.Png(30, 20, 2));
        string before = TempTree.Picture(tree.Root);
        tree.Write(".forno/journal.jsonl", "");
        using var work = WorkFolder.Open(tree.Root);
        Applied applied = work.Apply(EditPlans.Trim(PictureFolder.Scan([tree.Root]), 20));
        Assert.Contains("mask is 30×20", Assert.Single(applied.Problems).Why);
        Assert.Equal(before, TempTree.Picture(tree.Root));
    }

    [Fact]
    public void FlattenSquareAndConvert()
    {
        using TempTree tree = new();
        tree.Write("clear.png", TestPictures.Transparent(20, 10));
        tree.Write("opaque.jpg", TestPictures.Jpeg(20, 10, 1));
        tree.Write("opaque.jpg.txt", "caption");
        WithUndo(
            tree,
            f => EditPlans.Flatten(f, new Rgb(1, 2, 3)),
            () =>
            {
                using var flat = Picture.Load(tree["clear.png"]);
                Assert.Equal([1, 2, 3], flat.ToArray()[..3]);
                Assert.Equal(3, flat.Bands);
            },
            files: 1
        );
        WithUndo(
            tree,
            f => EditPlans.Square(f, new Rgb(9, 8, 7)),
            () =>
            {
                Assert.Equal((20, 20), SizeOf(tree["clear.png"]));
                using var square = Picture.Load(tree["opaque.png"]);
                Assert.Equal([9, 8, 7], square.ToArray()[..3]);
                Assert.False(File.Exists(tree["opaque.jpg"]));
                Assert.True(File.Exists(tree["opaque.png.txt"]));
            },
            files: 4
        );
        WithUndo(
            tree,
            f => EditPlans.Convert(f, "webp", null),
            () =>
            {
                Assert.Equal("webp", PictureFormat.Detect(tree["clear.webp"]));
                Assert.Equal((20, 10), SizeOf(tree["opaque.webp"]));
            },
            files: 5
        );
        WithUndo(
            tree,
            f => EditPlans.Convert(f, "jpg", 90),
            () => Assert.Equal("jpeg", PictureFormat.Detect(tree["clear.jpg"])),
            files: 2
        );
    }

    [Fact]
    public void OfTwoPicturesOfOneNameTheOtherKeepsIts()
    {
        using TempTree tree = new();
        tree.Write("a.png", TestPictures.Png(20, 10, 1));
        tree.Write("a.jpg", TestPictures.Jpeg(20, 10, 2));
        tree.Write("a.txt", "both");
        WithUndo(
            tree,
            f => EditPlans.Square(f, Rgb.White),
            () =>
            {
                Assert.Equal("both", File.ReadAllText(tree["a.txt"]));
                Assert.Equal("both", File.ReadAllText(tree["a-2.txt"]));
                Assert.Equal((20, 20), SizeOf(tree["a-2.png"]));
            },
            files: 4
        );
    }

    [Fact]
    public void ResizeGoesDownToTheBucketAndUpOnlyIfAsked()
    {
        using TempTree tree = new();
        tree.Write("large.png", TestPictures.Png(400, 210, 1));
        tree.Write("small.png", TestPictures.Png(60, 60, 2));
        tree.Write("exact.png", TestPictures.Png(128, 128, 3));
        BucketFit fit = new Buckets(Small).Fit(new Size(400, 210));
        WithUndo(
            tree,
            f => EditPlans.Resize(f, Small, upscale: false, crop: false),
            () => Assert.Equal((fit.Resized.Width, fit.Resized.Height), SizeOf(tree["large.png"])),
            files: 1
        );
        WithUndo(
            tree,
            f => EditPlans.Resize(f, Small, upscale: true, crop: true),
            () =>
            {
                Assert.Equal((fit.Bucket.Width, fit.Bucket.Height), SizeOf(tree["large.png"]));
                Assert.Equal((128, 128), SizeOf(tree["small.png"]));
            },
            files: 2
        );
    }

    [Fact]
    public void SortMovesPicturesWithAllThatIsTheirs()
    {
        using TempTree tree = new();
        tree.Write("10_cat/a.png", TestPictures.Png(8, 8, 1));
        tree.Write("10_cat/a.txt", "cat, red_dress");
        tree.Write("10_cat/masks/a.png", TestPictures.Png(8, 8, 1));
        tree.Write("10_cat/b.png", TestPictures.Png(8, 8, 2));
        tree.Write("10_cat/b.txt", "cat, red dress, solo");
        tree.Write("10_red/a.png", TestPictures.Png(8, 8, 3));
        tree.Write("c.png", TestPictures.Png(8, 8, 4));
        tree.Write("c.jpg", TestPictures.Jpeg(8, 8, 4));
        tree.Write("c.txt", "red dress");
        WithUndo(
            tree,
            f => SortPlan.Make(f, [SortRules.ByCaption("red: red_dress & !solo")], null),
            () =>
            {
                Assert.True(
                    File.Exists(tree["10_red/a-2.png"])
                        && File.Exists(tree["10_red/a-2.txt"])
                        && File.Exists(tree["10_red/masks/a-2.png"])
                );
                Assert.True(
                    File.Exists(tree["red/c.png"]) && File.Exists(tree["red/c.jpg"]) && File.Exists(tree["red/c.txt"])
                );
                Assert.False(Directory.Exists(tree["10_cat/masks"]));
                Assert.True(File.Exists(tree["10_cat/b.png"]));
            },
            files: 6
        );
        string csv = tree.Write("tiers.csv", "path,folder\n10_cat/a.png,best\n\"c.jpg\",\"worst, of all\"\r\n");
        WithUndo(
            tree,
            f => SortPlan.Make(f, [SortRules.ByCsv(csv)], "rest"),
            () =>
            {
                Assert.True(
                    File.Exists(tree["10_best/a.png"])
                        && File.Exists(tree["worst, of all/c.jpg"])
                        && File.Exists(tree["worst, of all/c.txt"])
                );
                Assert.True(
                    File.Exists(tree["rest/c.png"]) && File.Exists(tree["rest/c.txt"]) && !File.Exists(tree["c.txt"])
                );
                Assert.True(File.Exists(tree["10_rest/b.png"]));
            },
            files: 11
        );
        WithUndo(
            tree,
            f => SortPlan.Make(f, [SortRules.ByBucket(Small)], null),
            () => Assert.True(File.Exists(tree["10_128x128/a.png"])),
            files: 9
        );
        Assert.Throws<FornoException>(() => SortRules.ByCaption("../out: a"));
        Assert.Throws<FornoException>(() => SortRules.ByCaption("no rule"));
        Assert.Throws<FornoException>(() => SortRules.ByCsv(tree.Write("wrong.csv", "a.png\n")));
    }

    private static void WithUndo(TempTree tree, Func<PictureFolder, ChangePlan> plan, Action check, int files)
    {
        string before = TempTree.Picture(tree.Root);
        if (!File.Exists(tree[".forno/journal.jsonl"]))
        {
            tree.Write(".forno/journal.jsonl", "");
        }

        using (var work = WorkFolder.Open(tree.Root))
        {
            Applied applied = work.Apply(plan(PictureFolder.Scan([tree.Root])));
            Assert.Empty(applied.Problems);
            Assert.Equal(files, applied.Files);
            check();
            work.Undo(1);
        }

        Assert.Equal(before, TempTree.Picture(tree.Root));
    }

    private static (int Width, int Height) SizeOf(string file)
    {
        using var picture = Picture.Load(file);
        return (picture.Width, picture.Height);
    }
}
