using System.Diagnostics;
using Forno.Datasets.Import;
using Forno.Imaging;
using Forno.TestKit;
using Forno.Workspace;

namespace Forno.Tests.Datasets;

/// <summary>A test that needs a format which this libvips cannot write; counted as skipped there.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class HeicFactAttribute : FactAttribute
{
    public HeicFactAttribute() =>
        Skip = OddFormats.Writes(OddFormats.Heic) ? null : "this libvips writes no HEIC (libheif without x265)";
}

/// <summary>A test that needs JPEG XL; counted as skipped without it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class JxlFactAttribute : FactAttribute
{
    public JxlFactAttribute() => Skip = OddFormats.Writes(OddFormats.Jxl) ? null : "this libvips writes no JPEG XL";
}

/// <summary>A test with real films; counted as skipped without ffmpeg.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FfmpegFactAttribute : FactAttribute
{
    public FfmpegFactAttribute() =>
        Skip = VideoFrames.FindProgram() is null ? "there is no ffmpeg (Debian: apt-get install ffmpeg)" : null;
}

/// <summary>Import of formats that trainers do not read.</summary>
public class OddFormatTests
{
    private const int Width = 96,
        Height = 64;

    [HeicFact]
    public void Heic() => BecomesPng("a.heic", OddFormats.Heic, 6);

    [JxlFact]
    public void JpegXl() => BecomesPng("a.jxl", OddFormats.Jxl, 0);

    [Fact]
    public void Avif() => BecomesPng("a.avif", OddFormats.Avif, 6);

    [Fact]
    public void TiffPngAndBmpWithoutLoss()
    {
        BecomesPng("a.tif", p => OddFormats.Tiff(p), 0);
        BecomesPng("a.tiff", OddFormats.Tiff16, 0);
        BecomesPng("a.png", OddFormats.Png16, 0);
        BecomesPng("a.bmp", OddFormats.Bmp, 0);
        BecomesPng("a.dat", OddFormats.Bmp, 0); // known by its content
    }

    [Fact]
    public void PrintColoursBecomeScreenColours()
    {
        // There and back through a profile of inks: bright colours lie outside of it.
        BecomesPng("a.tif", OddFormats.CmykTiff, 40);
        BecomesPng("a.jpg", OddFormats.CmykJpeg, 40);
    }

    [Fact]
    public void WhatLiesOnItsSideIsTurned()
    {
        using TempTree tree = new();
        using Picture picture = Colours();
        tree.Write("raw/a.jpg", OddFormats.Turned(picture, 6)); // the first row is shown at the right
        Assert.Empty(Import(tree).Problems);
        using var made = Picture.Load(tree["work/a.png"]);
        Assert.Equal((Height, Width, 1), (made.Width, made.Height, made.Orientation));
        byte[] topRight = made.ToArray().AsSpan(((4 * Height) + Height - 5) * 3, 3).ToArray();
        // the red corner, stored top left
        Assert.True(topRight[0] > 180 && topRight[1] < 80, string.Join(',', topRight));
    }

    [Fact]
    public void EveryPageOfATiffBecomesAPictureButPreviewsDoNot()
    {
        using TempTree tree = new();
        using Picture one = TestPictures.Make(90, 60, 1),
            two = TestPictures.Make(90, 60, 2),
            three = TestPictures.Make(90, 60, 3);
        tree.Write("raw/book.tif", OddFormats.Tiff(one, two, three));
        tree.Write("raw/book.txt", "pages");
        using (Picture large = TestPictures.Make(200, 200, 4))
        {
            tree.Write("raw/camera.tif", OddFormats.WithPreview(large));
        }

        Applied applied = Import(tree);
        Assert.Empty(applied.Problems);
        Assert.Equal(
            [
                "book_f0001.png",
                "book_f0001.txt",
                "book_f0002.png",
                "book_f0002.txt",
                "book_f0003.png",
                "book_f0003.txt",
                "camera.png",
            ],
            Files(tree)
        );
        using var page = Picture.Load(tree["work/book_f0003.png"]);
        Assert.Equal(three.ToArray(), page.ToArray());
    }

    [FfmpegFact]
    public void FilmsGiveAFrameForEachSceneOrEveryNth()
    {
        using TempTree tree = new();
        Directory.CreateDirectory(tree["raw"]);
        foreach (string name in (string[])["a film.mp4", "b.mkv"])
        {
            Film(tree[$"raw/{name}"], [new Rgb(220, 30, 30), new Rgb(30, 200, 40), new Rgb(20, 30, 210)]);
        }

        Assert.Empty(Import(tree).Problems);
        Assert.Equal(
            ["a film_f0001.png", "a film_f0002.png", "a film_f0003.png", "b_f0001.png", "b_f0002.png", "b_f0003.png"],
            Files(tree)
        );
        using (var second = Picture.Load(tree["work/b_f0002.png"]))
        {
            byte[] middle = second.ToArray().AsSpan(((24 * 64) + 32) * 3, 3).ToArray();
            Assert.True(middle[1] > 150 && middle[0] < 90 && middle[2] < 110, string.Join(',', middle));
        }

        using TempTree every = new();
        File.Copy(tree["raw/b.mkv"], Path.Join(Directory.CreateDirectory(every["raw"]).FullName, "b.mkv"));
        Import(every, new ImportSettings { Every = 6, AllFrames = true });
        Assert.Equal(6, Files(every).Count); // 3 scenes of 12 frames
    }

    [FfmpegFact]
    public void FilmsWithoutPicturesOrCutOffSayWhy()
    {
        using TempTree tree = new();
        Directory.CreateDirectory(tree["raw"]);
        Film(tree["raw/cut.mp4"], [new Rgb(220, 30, 30), new Rgb(30, 200, 40)]);
        byte[] whole = File.ReadAllBytes(tree["raw/cut.mp4"]);
        File.WriteAllBytes(tree["raw/cut.mp4"], whole[..(whole.Length / 2)]);
        Ffmpeg([], "-f", "lavfi", "-i", "sine=d=0.2", "-y", tree["raw/sound.mkv"]);
        Applied applied = Import(tree);
        Assert.Equal(["cut.mp4", "sound.mkv"], applied.Problems.Select(p => p.File).Order());
        Assert.All(applied.Problems, p => Assert.DoesNotContain(tree.Root, p.Why));
        Assert.All(applied.Problems, p => Assert.DoesNotContain(" @ 0x", p.Why));
        Assert.Empty(Files(tree));
    }

    [FfmpegFact]
    public void FilmsOfLargerFramesThanAskedForAreRefused()
    {
        using TempTree tree = new();
        Directory.CreateDirectory(tree["raw"]);
        Film(tree["raw/a.mkv"], [new Rgb(220, 30, 30)]);
        Applied applied = Import(tree, new ImportSettings { MaxPixels = (64 * 48) - 1 });
        Assert.Contains("its frames are 64×48", Assert.Single(applied.Problems).Why, StringComparison.Ordinal);
        Assert.Empty(Files(tree));
    }

    private static void BecomesPng(string name, Func<Picture, byte[]> encode, int tolerance)
    {
        using TempTree tree = new();
        using Picture picture = Colours();
        tree.Write($"raw/{name}", encode(picture));
        Assert.Empty(Import(tree).Problems);
        string file = tree["work/a.png"];
        Assert.Equal("png", PictureFormat.Detect(file));
        using var made = Picture.Load(file);
        Assert.Equal((Width, Height, 3, true), (made.Width, made.Height, made.Bands, made.Is8Bit));
        byte[] was = picture.ToArray(),
            now = made.ToArray();
        double mean = was.Zip(now, (a, b) => Math.Abs(a - b)).Average();
        Assert.True(mean <= tolerance, $"{name}: mean difference {mean}");
    }

    // Red at the top left, the other corners green, blue, grey, soft between.
    private static Picture Colours()
    {
        using var corners = Picture.FromRgb([230, 30, 30, 40, 190, 60, 30, 60, 200, 120, 120, 120], 2, 2);
        using Picture soft = corners.Resize(Width, Height, Kernel.Linear);
        return soft.InMemory();
    }

    private static Applied Import(TempTree tree, ImportSettings? settings = null)
    {
        using var work = WorkFolder.OpenOrCreate(tree["work"]);
        using Importer importer = new(settings ?? new ImportSettings());
        return work.Apply(importer.Plan([tree["raw"]], []));
    }

    private static List<string> Files(TempTree tree) =>
        [
            .. Directory
                .EnumerateFiles(tree["work"], "*", SearchOption.AllDirectories)
                .Select(f => RelativePath.Of(tree["work"], f))
                .Where(f => !f.StartsWith(".forno", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];

    // Scenes of one colour and a second each, 64×48 at 12 frames a second.
    private static void Film(string file, Rgb[] scenes)
    {
        var pixels = new MemoryStream();
        foreach (Rgb scene in scenes)
        {
            for (int i = 0; i < 12 * 64 * 48; i++)
            {
                pixels.Write([scene.R, scene.G, scene.B]);
            }
        }

        Ffmpeg(
            pixels.ToArray(),
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-s",
            "64x48",
            "-r",
            "12",
            "-i",
            "-",
            "-c:v",
            "mpeg4",
            "-y",
            file
        );
    }

    private static void Ffmpeg(byte[] input, params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(VideoFrames.FindProgram()!, ["-v", "error", .. arguments])
            {
                RedirectStandardInput = true,
            }
        )!;
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
