using System.Diagnostics;
using System.Globalization;
using Forno.Datasets.Import;
using Forno.Imaging;
using Forno.Imaging.Frames;
using Forno.Imaging.Measures;
using Forno.TestKit;
using Forno.Tests.Datasets;
using Forno.Workspace;

namespace Forno.Tests.Imaging;

/// <summary>
/// Canvases beyond the limit are refused by their header, whatever opens them. Alone, for the process's memory is
/// measured.
/// </summary>
[Collection(Alone.Name)]
public class HostileSizeTests
{
    private const int MostMegabytes = 64;

    [Fact]
    public void EveryWayOfOpeningRefusesThem()
    {
        using TempTree tree = new();
        Dictionary<string, byte[]> files = HostileSizes.All();
        foreach ((string name, byte[] bytes) in files)
        {
            tree.Write(name, bytes);
        }

        ForgetPeak();
        long before = Peak();
        foreach (string name in files.Keys)
        {
            string path = tree[name];
            if (name == "later.tif")
            {
                // What reads the first page alone never meets the large one.
                Refused(name, () => PictureFile.Inspect(path));
                Refused(name, () => PageReader.Read(path, PictureFile.DefaultMaxPixels).First());
                continue;
            }

            Refused(path);
            if (PictureFormat.Detect(path) is "gif" or "webp")
            {
                Refused(name, () => FrameReader.Read(path).First());
            }
        }

        Refused("moving.png", () => ApngReader.Read(tree["moving.png"]).First());
        Assert.True(files.Count >= 20, $"only {files.Count} files");
        Assert.True(Peak() - before <= MostMegabytes, $"{Peak() - before} MB were taken");
    }

    [HeicFact]
    public void Heic() => RefusedAlone("phone.heic", HostileSizes.Heic());

    [JxlFact]
    public void JpegXl() => RefusedAlone("bare.jxl", HostileSizes.Jxl());

    [Fact]
    public void ImportNamesEachAndGoesOn()
    {
        using TempTree tree = new();
        Dictionary<string, byte[]> files = HostileSizes.All();
        foreach ((string name, byte[] bytes) in files)
        {
            tree.Write($"raw/{name}", bytes);
        }

        tree.Write("raw/good.png", TestPictures.Png(40, 30, 5));
        using var work = WorkFolder.OpenOrCreate(tree["work"]);
        using Importer importer = new(new ImportSettings());
        Applied applied = work.Apply(importer.Plan([tree["raw"]], []));
        string[] named = [.. applied.Problems.Select(p => p.File).Order(StringComparer.Ordinal)];
        Assert.Equal(files.Keys.Order(StringComparer.Ordinal), named);
        Assert.All(applied.Problems, p => Assert.Contains("claims", p.Why, StringComparison.Ordinal));
        Assert.True(File.Exists(tree["work/good.png"]));
    }

    // A bound of one's own holds for canvases too, and a wider one lets them pass.
    [Fact]
    public void TheBoundIsTheOneAskedFor()
    {
        using TempTree tree = new();
        using Picture one = TestPictures.Make(40, 30, 1),
            two = TestPictures.Make(40, 30, 2);
        string gif = tree.Write("a.gif", OddFormats.AnimatedGif(one, two));
        string webp = tree.Write("a.webp", OddFormats.AnimatedWebp(one, two));
        string png = tree.Write("a.png", TestPictures.Apng(40, 30, (one, 0, 0, 0, 0), (two, 0, 0, 0, 0)));
        foreach (string file in (string[])[gif, webp, png])
        {
            var info = PictureFile.Inspect(file, 1200);
            Assert.Equal((40, 30, 2), (info.Width, info.Height, info.Frames));
            FornoException e = Assert.Throws<FornoException>(() => PictureFile.Inspect(file, 1199));
            Assert.Contains("40×30", e.Message, StringComparison.Ordinal);
        }

        Assert.Throws<FornoException>(() => FrameReader.Read(gif, 1199).First());
        Assert.Throws<FornoException>(() => FrameReader.Read(webp, 1199).First());
        Assert.Throws<FornoException>(() => ApngReader.Read(png, 1199).First());
        string screen = tree.Write("screen.gif", HostileSizes.All()["screen.gif"]);
        using Picture decoded = PictureFile.Inspect(screen, 5_000_000_000).Decode();
        Assert.Equal(2, decoded.Width);
    }

    [Fact]
    public void ASecondHeaderOfAnAnimatedPngMakesNoLargerCanvas()
    {
        using TempTree tree = new();
        using Picture one = TestPictures.Make(40, 30, 1);
        byte[] png = TestPictures.Apng(40, 30, (one, 0, 0, 0, 0), (one, 0, 0, 0, 0));
        var second = new MemoryStream();
        byte[] side = TestPictures.Number(20_000);
        TestPictures.Chunk(second, "IHDR", [.. side, .. side, 8, 2, 0, 0, 0]);
        string path = tree.Write("a.png", [.. png[..33], .. second.ToArray(), .. png[33..]]);
        FornoException e = Assert.Throws<FornoException>(() => ApngReader.Read(path).First());
        Assert.Contains("header", e.Message, StringComparison.Ordinal);
    }

    private static void RefusedAlone(string name, byte[] bytes)
    {
        using TempTree tree = new();
        string path = tree.Write(name, bytes);
        ForgetPeak();
        long before = Peak();
        Refused(path);
        Assert.True(Peak() - before <= MostMegabytes, $"{Peak() - before} MB were taken");
    }

    private static void Refused(string path)
    {
        string name = Path.GetFileName(path);
        Refused(name, () => PictureFile.Inspect(path));
        Refused(name, () => Picture.Load(path));
        Refused(name, () => Picture.LoadStreaming(path));
        Refused(name, () => Picture.Thumbnail(path, 32));
        Refused(name, () => new PictureScanner().Scan(path));
    }

    private static void Refused(string name, Func<object> open)
    {
        var watch = Stopwatch.StartNew();
        FornoException e = Assert.Throws<FornoException>(open);
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
        Assert.Contains("claims", e.Message, StringComparison.Ordinal);
        Assert.Contains("179", e.Message, StringComparison.Ordinal);
        Assert.True(watch.Elapsed.TotalSeconds < 2, $"{name}: {watch.Elapsed.TotalSeconds:F1} s");
    }

    // Linux: the most memory that the process has had in use since it was last forgotten, in MB.
    private static long Peak()
    {
        string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line[6..^2].Trim(), CultureInfo.InvariantCulture) / 1024;
    }

    private static void ForgetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");
}
