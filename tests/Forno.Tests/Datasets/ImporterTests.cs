using System.IO.Compression;
using Forno.Datasets.Import;
using Forno.Imaging;
using Forno.TestKit;
using Forno.Workspace;

namespace Forno.Tests.Datasets;

public class ImporterTests
{
    [Fact]
    public void AMessyFolderBecomesPngAndWhatIsBrokenIsNamed()
    {
        using TempTree tree = new();
        byte[] png = TestPictures.Png(20, 10, 1),
            jpeg = TestPictures.Jpeg(40, 30, 2);
        tree.Write("10_sks/a.png", png);
        tree.Write("10_sks/a.jpg", jpeg);
        tree.Write("10_sks/a.txt", "a photo of sks, outdoors");
        tree.Write("10_sks/masks/b.png", png);
        tree.Write("10_sks/b.webp", png); // disguised
        tree.Write("10_sks/b.tags", "artist:x long_hair solo meta:hires");
        tree.Write("noextension", jpeg);
        tree.Write("empty.png", "");
        tree.Write("text.jpg", "this is no picture");
        tree.Write("cut.jpg", jpeg[..(jpeg.Length / 2)]);
        tree.Write("cut.png", png[..(png.Length - 30)]);
        tree.Write("readme.md", "hello");
        string before = TempTree.Picture(tree.Root);
        using TempTree target = new();
        Applied applied = Import(target, new ImportSettings { DropPrefixes = ["artist", "meta"] }, tree.Root);
        Assert.Equal(before, TempTree.Picture(tree.Root));
        Assert.Equal(
            [
                "10_sks/a-2.png",
                "10_sks/a-2.txt",
                "10_sks/a.png",
                "10_sks/a.txt",
                "10_sks/b.png",
                "10_sks/b.txt",
                "10_sks/masks/b.png",
                "noextension.png",
            ],
            Files(target)
        );
        Assert.Equal(["cut.jpg", "cut.png", "empty.png", "text.jpg"], applied.Problems.Select(p => p.File).Order());
        Assert.Equal("the file is empty", applied.Problems.Single(p => p.File == "empty.png").Why);
        Assert.Equal(png, File.ReadAllBytes(target["10_sks/a-2.png"])); // as it was, byte for byte
        Assert.Equal("a photo of sks, outdoors", File.ReadAllText(target["10_sks/a.txt"]));
        Assert.Equal("long_hair, solo\n", File.ReadAllText(target["10_sks/b.txt"]));
        using var made = Picture.Load(target["10_sks/a.png"]);
        using var source = Picture.Load(tree["10_sks/a.jpg"]);
        Assert.Equal(source.ToArray(), made.ToArray());
        using var work = WorkFolder.Open(target.Root);
        work.Undo(1);
        Assert.Equal("", TempTree.Picture(target.Root));
    }

    [Fact]
    public void NamesFollowTheTemplate()
    {
        using TempTree tree = new();
        tree.Write("x/one.png", TestPictures.Png(8, 8, 1));
        tree.Write("x/two.png", TestPictures.Png(8, 8, 2));
        tree.Write("x/two.caption", "two");
        using TempTree target = new();
        Import(target, new ImportSettings { Name = new NameTemplate("sks {index:000}-{name}") }, tree.Root);
        Assert.Equal(["x/sks 001-one.png", "x/sks 002-two.caption", "x/sks 002-two.png"], Files(target));
        using TempTree hashed = new();
        Import(hashed, new ImportSettings { Name = new NameTemplate("{md5}") }, tree["x/one.png"]);
        Assert.Equal(
            [
                Convert.ToHexStringLower(
                    System.Security.Cryptography.MD5.HashData(File.ReadAllBytes(tree["x/one.png"]))
                ) + ".png",
            ],
            Files(hashed)
        );
    }

    [Theory]
    [InlineData("same")]
    [InlineData("{nam}")]
    [InlineData("../{name}")]
    [InlineData("{name:000}")]
    [InlineData("")]
    public void ATemplateThatCannotBeUsedIsRefused(string template) =>
        Assert.Throws<FornoException>(() => new NameTemplate(template));

    [Theory]
    [InlineData(".hidden", "_.hidden")]
    [InlineData("dots...", "dots")]
    public void NamesAreMadeSafe(string name, string made) => Assert.Equal(made, NameTemplate.Same.Make(name, null, 1));

    [Fact]
    public void LongNamesAreShortenedWithoutBreakingCharacters()
    {
        string made = NameTemplate.Same.Make(string.Concat(Enumerable.Repeat("写𝄞", 80)), null, 1);
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(made), 150, 180);
        Assert.DoesNotContain("\uFFFD", System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(made)));
    }

    [Theory]
    [InlineData("a photo of a dog, outdoors", null)]
    [InlineData("a photo of a dog in the grass", null)]
    [InlineData("{red|blue} hat", null)]
    [InlineData("long_hair solo artist:bob :d", "long_hair,solo,artist:bob,:d")]
    [InlineData("long hair|solo|character:saber (fate)", "long_hair,solo,character:saber_(fate)")]
    [InlineData("1girl\nsolo\n\nsmile\n", "1girl,solo,smile")]
    public void TagFilesAreToldFromCaptions(string text, string? tags) =>
        Assert.Equal(tags, TagFile.Read(text, isTags: false) is { } read ? string.Join(',', read) : null);

    [Fact]
    public void PrefixesAreDroppedOnRequest()
    {
        string[] tags = ["artist:bob", "re:zero", ":d", "solo", "meta:", "12:30"];
        Assert.Equal(["re:zero", ":d", "solo", "meta:", "12:30"], TagFile.Drop(tags, ["Artist"]));
        Assert.Equal([":d", "solo", "meta:", "12:30"], TagFile.Drop(tags, ["*"]));
    }

    [Fact]
    public void FramesOfAnAnimatedPngAreComposedAndRepeatsDropped()
    {
        using TempTree tree = new();
        using Picture full = TestPictures.Make(40, 30, 1),
            part = Picture.Solid(20, 15, new Rgb(250, 0, 0));
        using Picture same = full.Extract(0, 3);
        // red part, then the canvas goes back to what was below it, then the first frame once more
        tree.Write(
            "move.png",
            TestPictures.Apng(
                40,
                30,
                (full, 0, 0, 0, 0),
                (part, 10, 5, 2, 0),
                (part, 0, 0, 0, 1),
                (part, 0, 0, 0, 1),
                (same, 0, 0, 0, 0)
            )
        );
        tree.Write("move.txt", "moving");
        using TempTree target = new();
        Assert.Empty(Import(target, new ImportSettings(), tree.Root).Problems);
        Assert.Equal(
            Enumerable.Range(1, 4).SelectMany(i => (string[])[$"move_f000{i}.png", $"move_f000{i}.txt"]),
            Files(target)
        );
        byte[][] frames = [.. Enumerable.Range(1, 4).Select(i => Pixels(target[$"move_f000{i}.png"]))];
        Assert.Equal(full.ToArray(), frames[0]);
        Assert.Equal([250, 0, 0], frames[1][(((6 * 40) + 11) * 3)..(((6 * 40) + 12) * 3)]);
        Assert.Equal(frames[0][(((19 * 40) + 25) * 3)..], frames[2][(((19 * 40) + 25) * 3)..]); // restored there
        Assert.Equal(frames[0], frames[3]);
        using TempTree every = new();
        Import(every, new ImportSettings { Every = 2, AllFrames = true }, tree.Root);
        Assert.Equal(3, Files(every).Count(f => f.EndsWith(".png", StringComparison.Ordinal)));
        tree.Write("move.png", File.ReadAllBytes(tree["move.png"])[..^40]);
        using TempTree damaged = new();
        Applied applied = Import(damaged, new ImportSettings(), tree.Root);
        Assert.Contains("damaged", Assert.Single(applied.Problems).Why);
        Assert.Empty(Files(damaged));
    }

    [GoldenFact]
    public void FramesOfGifAndWebpComeOneByOne()
    {
        using TempTree target = new();
        string probe = Path.Join(Goldens.Suite("images"), "probe");
        Import(
            target,
            new ImportSettings { AllFrames = true },
            Path.Join(probe, "anim.gif"),
            Path.Join(probe, "anim.webp")
        );
        Assert.Equal(10, Files(target).Count);
        using var first = Picture.Load(Path.Join(probe, "anim.webp"));
        using Picture srgb = first.ToSrgb8();
        Assert.Equal(srgb.ToArray(), Pixels(target["anim-2_f0001.png"]));
    }

    [Fact]
    public void ArchivesAreOpenedAndHostileOnesDoNoHarm()
    {
        using TempTree tree = new();
        byte[] png = TestPictures.Png(12, 12, 1);
        byte[] inner = Zip(("deep.png", png));
        for (int i = 0; i < 4; i++)
        {
            inner = Zip(($"{i}.zip", inner));
        }

        Directory.CreateDirectory(tree["in"]);
        File.WriteAllBytes(
            tree["in/good.zip"],
            Zip(
                ("10_a/x.png", png),
                ("10_a/x.txt", "x"u8.ToArray()),
                ("notes.md", [1]),
                ("../../evil.png", png),
                ("/abs.png", png),
                ("b\\..\\..\\evil2.png", png),
                ("x.png", png)
            )
        );
        File.WriteAllBytes(tree["in/nested.zip"], Zip(("n/one.zip", Zip(("one.png", png))), ("deep.zip", inner)));
        File.WriteAllBytes(tree["in/bomb.zip"], Zip(("bomb.bmp", new byte[300 << 20])));
        File.WriteAllBytes(tree["in/broken.zip"], [.. "PK"u8, 3, 4, 1, 2, 3]);
        using TempTree target = new();
        Applied applied = Import(target, new ImportSettings(), tree["in"]);
        Assert.Equal(["10_a/x.png", "10_a/x.txt", "n/one.png", "x.png"], Files(target));
        Assert.Equal(3, applied.Problems.Count(p => p.Why.Contains("leaves the archive")));
        Assert.Single(applied.Problems, p => p.File == "bomb.zip");
        Assert.Single(applied.Problems, p => p.File == "broken.zip");
        Assert.Single(applied.Problems, p => p.Why.Contains("within 3 archives"));
        Assert.Equal(["in"], Directory.GetFileSystemEntries(tree.Root).Select(Path.GetFileName));
        Assert.DoesNotContain(
            Directory.GetDirectories(Path.GetTempPath(), "forno-unpacked-*"),
            d =>
                Directory.GetCreationTimeUtc(d) > DateTime.UtcNow.AddMinutes(-1)
                && Directory.EnumerateFiles(d, "x.png", SearchOption.AllDirectories).Any()
        );
    }

    [Fact]
    public void FilmsComeThroughFfmpegOrSayThatItIsMissing()
    {
        using TempTree tree = new();
        tree.Write("walk.mp4", [0, 0, 0, 0x18, .. "ftypmp42"u8]);
        string path = Environment.GetEnvironmentVariable("PATH")!;
        try
        {
            Environment.SetEnvironmentVariable("PATH", "/no/such/folder");
            using TempTree none = new();
            Assert.Contains(
                "apt-get install ffmpeg",
                Assert.Single(Import(none, new ImportSettings(), tree["walk.mp4"]).Problems).Why
            );

            // A stand-in that sends two frames of 2×1 pixels, the second twice, if it is asked for what ffmpeg
            // understands.
            string program = tree.Write(
                "bin/ffmpeg",
                "#!/bin/sh\ncase \"$*\" in *'-i file:'*'select=not(mod(n\\,3))'*) ;; *) exit 3;; esac\n"
                    + "printf 'P6\\n2 1\\n255\\nabcdef'; printf 'P6\\n2 1\\n255\\n~~~\\001\\001\\001'; printf "
                    + "'P6\\n2 1\\n255\\n~~~\\001\\001\\001'\n"
            );
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(program, UnixFileMode.UserExecute | UnixFileMode.UserRead);
            }
            Environment.SetEnvironmentVariable("PATH", tree["bin"] + ":" + path);
            using TempTree target = new();
            Import(target, new ImportSettings { Every = 3 }, tree["walk.mp4"]);
            Assert.Equal(["walk_f0001.png", "walk_f0002.png"], Files(target));
            Assert.Equal("abcdef"u8.ToArray(), Pixels(target["walk_f0001.png"]));
            using TempTree failed = new();
            Assert.Contains(
                "ffmpeg cannot read it",
                Assert.Single(Import(failed, new ImportSettings(), tree["walk.mp4"]).Problems).Why
            );
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
        }
    }

    private static Applied Import(TempTree target, ImportSettings settings, params string[] sources)
    {
        using var work = WorkFolder.OpenOrCreate(target.Root);
        using Importer importer = new(settings);
        return work.Apply(importer.Plan(sources, []));
    }

    private static List<string> Files(TempTree tree) =>
        [
            .. Directory
                .EnumerateFiles(tree.Root, "*", SearchOption.AllDirectories)
                .Select(f => RelativePath.Of(tree.Root, f))
                .Where(f => !f.StartsWith(".forno", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];

    private static byte[] Pixels(string file)
    {
        using var picture = Picture.Load(file);
        return picture.ToArray();
    }

    private static byte[] Zip(params (string Name, byte[] Content)[] entries)
    {
        var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using Stream stream = zip.CreateEntry(name, CompressionLevel.Optimal).Open();
                stream.Write(content);
            }
        }

        return file.ToArray();
    }
}
