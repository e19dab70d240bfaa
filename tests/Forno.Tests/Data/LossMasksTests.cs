using Forno.Data;
using Forno.Imaging;
using Forno.Imaging.Resampling;
using Forno.Torch;

namespace Forno.Tests.Data;

[Collection(Alone.Name)]
public sealed class LossMasksTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-loss-mask-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void AMaskIsResizedCroppedMirroredAndAveragedAsItsPicture()
    {
        // 8 columns of two pixels' width, halved to 8; the crop keeps columns 2..5, cells are 2 wide
        byte[] columns = [0, 0, 10, 20, 200, 250, 90, 90];
        string mask = Grey("mask.png", 16, 4, (x, _) => columns[x / 2]);
        var fit = new BucketFit
        {
            Original = new(16, 4),
            Resized = new(8, 2),
            Bucket = new(4, 2),
        };
        var item = Item(fit) with { Example = new Example("picture.png", "", fit.Original) { Mask = mask } };
        using var scope = new Scope();
        var masks = new LossMasks(2);
        Assert.Equal([15 / 255f, 225 / 255f], masks.Of(Batch(fit, (item, false)))!.ToArray<float>());
        Assert.Equal([225 / 255f, 15 / 255f], masks.Of(Batch(fit, (item, true)))!.ToArray<float>());
    }

    [Fact]
    public void PicturesWithoutAMaskCountEverywhere()
    {
        var fit = new BucketFit
        {
            Original = new(4, 4),
            Resized = new(4, 4),
            Bucket = new(4, 4),
        };
        var masked = Item(fit) with
        {
            Example = new Example("a.png", "", fit.Original) { Mask = Grey("black.png", 4, 4, (_, _) => 0) },
        };
        var bare = Item(fit) with { Example = new Example("b.png", "", fit.Original) };
        using var scope = new Scope();
        var masks = new LossMasks(4);
        Assert.Null(masks.Of(Batch(fit, (bare, false))));
        var both = masks.Of(Batch(fit, (bare, false), (masked, false)))!;
        Assert.Equal([2, 1, 1], both.Shape.ToArray());
        Assert.Equal([1f, 0f], both.ToArray<float>());
    }

    [Fact]
    public void OpacityIsAMaskWithAlphaMaskOnly()
    {
        byte[] rgba =
        [
            .. Enumerable.Range(0, 16).SelectMany(i => new byte[] { 9, 9, 9, (byte)(i % 4 < 2 ? 255 : 51) }),
        ];
        string path = Path.Combine(folder, "see-through.png");
        using (var picture = Picture.FromPixels(rgba, 4, 4, 4))
        {
            picture.SavePng(path);
        }

        var fit = new BucketFit
        {
            Original = new(4, 4),
            Resized = new(4, 4),
            Bucket = new(4, 4),
        };
        var item = Item(fit) with { Example = new Example(path, "", fit.Original) };
        using var scope = new Scope();
        Assert.Null(new LossMasks(2).Of(Batch(fit, (item, false))));
        var seen = item with { Subset = item.Subset with { AlphaMask = true } };
        Assert.Equal([1f, 0.2f, 1f, 0.2f], new LossMasks(2).Of(Batch(fit, (seen, false)))!.ToArray<float>());
        var opaque = seen with { Example = new Example(Grey("opaque.png", 4, 4, (_, _) => 7), "", fit.Original) };
        Assert.Equal([1f, 1f, 1f, 1f], new LossMasks(2).Of(Batch(fit, (opaque, false)))!.ToArray<float>());
    }

    [Fact]
    public void ColoursOfTransparentPixelsDoNotBleedWhenAPictureGrows()
    {
        // left half opaque grey 100, right half invisible white; twice the size: the seam lies at column 8
        byte[] rgba =
        [
            .. Enumerable
                .Range(0, 64)
                .SelectMany(i => i % 8 < 4 ? new byte[] { 100, 100, 100, 255 } : [255, 255, 255, 0]),
        ];
        byte[] grown = Opacity.Resize(rgba.ToArray(), 8, 8, 16, 16),
            plain = Resample.Lanczos(rgba, 8, 8, 4, 16, 16);
        Assert.Equal(16 * 16 * 3, grown.Length);
        Assert.Equal(100, grown[8 * 16 * 3]);
        // Opacity cannot ring above 255 as the colours do: a few levels are lost near the seam, a hundred without care.
        int worst = Enumerable.Range(0, 8).Max(x => Math.Abs(grown[((8 * 16) + x) * 3] - 100)),
            careless = Enumerable.Range(0, 8).Max(x => Math.Abs(plain[((8 * 16) + x) * 4] - 100));
        Assert.True(worst <= 15 && careless >= 2 * worst, $"{worst} {careless}");
    }

    [Fact]
    public void AMaskOfAnotherSizeIsNamed()
    {
        var fit = new BucketFit
        {
            Original = new(4, 4),
            Resized = new(4, 4),
            Bucket = new(4, 4),
        };
        var item = Item(fit) with
        {
            Example = new Example("a.png", "", fit.Original) { Mask = Grey("small.png", 2, 2, (_, _) => 0) },
        };
        var error = Assert.Throws<FornoException>(() => new LossMasks(2).Of(Batch(fit, (item, false))));
        Assert.Contains("small.png: the mask is 2x2, but 4x4 was found for a.png", error.Message);
    }

    [Fact]
    public void MasksAreFoundByNameAndMissingOnesNamed()
    {
        string masks = Directory.CreateDirectory(Path.Combine(folder, "masks")).FullName;
        string[] pictures = [Path.Combine(folder, "a.jpg"), Path.Combine(folder, "b.webp")];
        File.WriteAllText(Path.Combine(masks, "a.png"), "");
        Assert.Contains(
            "no mask for 1 of 2 pictures (b.webp)",
            Assert.Throws<FornoException>(() => MaskFiles.Find(masks, pictures)).Message
        );
        File.WriteAllText(Path.Combine(masks, "b.png"), "");
        File.WriteAllText(Path.Combine(masks, "c.png"), "");
        var notices = new List<string>();
        var found = MaskFiles.Find(masks, pictures, notices.Add);
        Assert.Equal([Path.Combine(masks, "a.png"), Path.Combine(masks, "b.png")], pictures.Select(p => found[p]));
        Assert.Contains("1 mask belongs to no picture (c.png)", Assert.Single(notices));
        Assert.Contains(
            "no such folder",
            Assert.Throws<FornoException>(() => MaskFiles.Find(masks + "2", pictures)).Message
        );
    }

    private static DatasetItem Item(BucketFit fit) =>
        new()
        {
            Example = new Example("", "", fit.Original),
            Subset = new Subset { ImageDir = "" },
            SubsetIndex = 0,
            Fit = fit,
            Repeats = 1,
            LossWeight = 1,
        };

    private static PlannedBatch Batch(BucketFit fit, params (DatasetItem Item, bool Flip)[] examples) =>
        new(
            0,
            fit.Bucket,
            [
                .. examples.Select(
                    (e, i) =>
                        new PlannedExample
                        {
                            Item = e.Item,
                            Draw = i,
                            Flip = e.Flip,
                            CropLeft = fit.CropLeft,
                            CropTop = fit.CropTop,
                            Caption = "",
                        }
                ),
            ]
        );

    private string Grey(string name, int width, int height, Func<int, int, byte> value)
    {
        byte[] rgb =
        [
            .. Enumerable.Range(0, width * height).SelectMany(i => Enumerable.Repeat(value(i % width, i / width), 3)),
        ];
        using var picture = Picture.FromRgb(rgb, width, height);
        string path = Path.Combine(folder, name);
        picture.SavePng(path);
        return path;
    }
}
