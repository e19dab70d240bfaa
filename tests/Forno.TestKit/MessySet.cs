using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Forno.Datasets.Import;
using Forno.Files;
using Forno.Imaging;
using Forno.Imaging.Vips;
using Forno.Pocket.Data;

namespace Forno.TestKit;

/// <summary>
/// A folder as people collect it, made of two open art packages (Noto Emoji, OpenMoji): more than 300 pictures in ten
/// formats, some under a false name, with borders, transparency, captions of several kinds, duplicates, animations, a
/// film, an archive, and files that cannot be used. The same at every run; what is in it is known.
/// </summary>
internal sealed class MessySet
{
    public const string Noto = "10_noto zoo",
        OpenMoji = "openmoji downloads";
    private const int PicturesOfEach = 156;

    private readonly string root;
    private readonly int side;
    private readonly bool heic = OddFormats.Writes(OddFormats.Heic),
        jxl = OddFormats.Writes(OddFormats.Jxl);
    private readonly Lock gate = new();
    private readonly List<string> stills = [];
    private readonly List<(string Copy, string Of, bool Mirrored)> duplicates = [];
    private readonly List<(string File, string Why)> broken = [];
    private readonly List<string> lettered = [];

    private MessySet(string root, int side) => (this.root, this.side) = (root, side);

    /// <summary>Pictures of one frame that can be used: where import puts each, without extension.</summary>
    public IReadOnlyList<string> Stills => stills;

    /// <summary>Pictures that show the same as another, both without extension.</summary>
    public IReadOnlyList<(string Copy, string Of, bool Mirrored)> Duplicates => duplicates;

    /// <summary>Files that cannot be used, with a word of the reason.</summary>
    public IReadOnlyList<(string File, string Why)> Broken => broken;

    /// <summary>Pictures with a line of lettering on them, without extension.</summary>
    public IReadOnlyList<string> Lettered => lettered;

    /// <summary>Whether a film is among it: ffmpeg makes it.</summary>
    public bool HasFilm { get; private set; }

    /// <summary>Makes the set; the packages are fetched if they are not there.</summary>
    /// <param name="root">A new or empty folder.</param>
    /// <param name="side">Pixels of a usual picture's shorter side.</param>
    public static MessySet Make(string root, int side)
    {
        var set = new MessySet(root, side);
        Dictionary<string, (Icon Icon, PocketRecord Record)[]> art = MessyArt.Icons(PicturesOfEach + 24);
        foreach (string folder in (string[])[Noto, OpenMoji, "broken", "animations", "once more"])
        {
            Directory.CreateDirectory(Path.Join(root, folder));
        }

        var drawn = art["noto"]
            .Select((a, i) => (Folder: Noto, a.Icon, a.Record, Index: i))
            .Concat(art["openmoji"].Select((a, i) => (Folder: OpenMoji, a.Icon, a.Record, Index: i)))
            .ToArray();
        Parallel.ForEach(drawn, d => set.Draw(d.Folder, d.Icon, d.Record, d.Index));
        set.stills.Sort(StringComparer.Ordinal);
        set.OddOnes([.. art["noto"].Skip(PicturesOfEach).Select(a => a.Icon)]);
        set.Animations([.. art["openmoji"].Skip(PicturesOfEach).Select(a => a.Icon)]);
        set.Archive([.. art["openmoji"].Skip(PicturesOfEach + 8).Select(a => a.Icon)]);
        set.BrokenOnes();
        return set;
    }

    // One drawing: its scene, its format, its caption, sometimes a duplicate.
    private void Draw(string folder, Icon icon, PocketRecord record, int i)
    {
        if (i >= PicturesOfEach)
        {
            return;
        }

        (double across, double down) = (i % 6) switch
        {
            0 => (1, 1.5),
            1 => (1.5, 1),
            2 => (1, 1.3),
            3 => (1.25, 1),
            _ => (1.0, 1.0),
        };
        double scale =
            i % 9 == 4 ? 0.45
            : i % 16 == 5 ? 1.9
            : 1;
        bool clear = i % 8 == 3;
        using Picture scene = MessyArt.Scene(icon, i, (int)(side * across * scale), (int)(side * down * scale), clear);
        using Picture flawed = MessyArt.Flaw(scene, i, clear);
        string stem = record.Name.Replace(' ', folder == Noto ? '-' : '_'),
            path = $"{folder}/{stem}";
        using Picture picture = IsLettered(i, clear) ? Letters(flawed, path) : flawed.Extract(0, flawed.Bands);
        (string extension, byte[] bytes) = Encoded(picture, clear, i);
        Write(path + extension, bytes);
        Still(path);
        Caption(path, extension, folder, record, i);
        if (i % 5 == 2)
        {
            Duplicate(picture, path, $"once more/{stem} {(folder == Noto ? "n" : "o")}", bytes, extension, i / 5);
        }
    }

    // None that is copied: the copies would have the letters too.
    private static bool IsLettered(int i, bool clear) =>
        i % 13 == 4 && i % 5 != 2 && i % 9 != 4 && i % 11 is not (6 or 9) && i % 31 is not (12 or 20) && !clear;

    // What a site writes on its pictures, near the lower edge.
    private Picture Letters(Picture picture, string path)
    {
        lock (gate)
        {
            lettered.Add(path);
        }

        (int width, int height) = (picture.Width, picture.Height);
        using Picture ink = Picture.Text("zoo-daily.net", Math.Max(10, width / 10), Rgb.Black, "DejaVu Sans Bold", 0),
            paper = Picture.Solid(ink.Width + 8, ink.Height + 6, new Rgb(235, 235, 240));
        using Picture opaque = picture.Flatten(Rgb.White),
            band = opaque.Composite(paper, 6, height - paper.Height - (height / 10));
        return band.Composite(ink, 10, height - paper.Height - (height / 10) + 3).InMemory();
    }

    private (string Extension, byte[] Bytes) Encoded(Picture picture, bool clear, int i) =>
        (clear ? i % 3 * 7 : i % 24) switch
        {
            0 or 1 or 2 or 3 or 4 => (".png", picture.EncodePng(1)),
            5 or 6 or 8 or 9 or 10 => (i % 2 == 0 ? ".jpg" : ".JPEG", picture.EncodeJpeg(92)),
            11 => (".jpg", picture.EncodeJpeg(12)),
            7 => (".webp", picture.EncodeWebp(100)),
            12 or 13 => (".webp", picture.EncodeWebp(85)),
            14 when clear => (".png", OddFormats.PalettePng(picture)),
            14 => (".bmp", OddFormats.Bmp(picture)),
            15 => (".tif", OddFormats.Tiff(picture)),
            16 => (".gif", OddFormats.Gif(picture)),
            17 => (".avif", OddFormats.Avif(picture)),
            18 when heic => (".heic", OddFormats.Heic(picture)),
            19 when jxl => (".jxl", OddFormats.Jxl(picture)),
            20 => (".jpg", picture.EncodePng(1)), // under false names
            21 => (".png", picture.EncodeJpeg(92)),
            22 => (".png", picture.EncodeWebp(90)),
            23 => ("", picture.EncodeJpeg(92)),
            _ => (".png", picture.EncodePng(1)),
        };

    private void Caption(string path, string extension, string folder, PocketRecord record, int i)
    {
        string kind = record.Group == "food and drink" ? "food" : "nature";
        string[] words =
        [
            record.Name,
            kind,
            .. record.Tags.Take(3),
            record.Subgroup,
            .. (i % 40 == 7 ? ["1990s (style)"] : Array.Empty<string>()),
        ];
        if (i % 13 == 8)
        {
            return;
        }

        if (folder == Noto)
        {
            Write(
                path
                    + (
                        i % 10 == 4 ? ".caption"
                        : i % 10 == 5 && extension.Length > 0 ? extension + ".txt"
                        : ".txt"
                    ),
                Encoding.UTF8.GetBytes($"zoo, {string.Join(", ", words)}, noto style")
            );
            return;
        }

        string[] tags = [.. words.Where(w => w.Length > 0).Select(w => w.Replace(' ', '_')).Distinct()];
        Write(
            path + (i % 3 == 0 ? ".tags" : ".txt"),
            Encoding.UTF8.GetBytes(
                (i % 3) switch
                {
                    0 => $"artist:openmoji meta:vector {string.Join(' ', tags)}\n",
                    1 => $"artist:openmoji|{string.Join('|', tags.Select(t => t.Replace('_', ' ')))}|meta:vector",
                    _ => $"artist:openmoji\r\n{string.Join("\r\n", tags)}\r\nmeta:vector\r\n",
                }
            )
        );
    }

    private void Duplicate(Picture picture, string of, string copy, byte[] bytes, string extension, int kind)
    {
        using Picture opaque = picture.Flatten(Rgb.White);
        (int width, int height) = (opaque.Width, opaque.Height);
        if (kind % 6 == 0)
        {
            Write(copy + extension, bytes);
        }
        else
        {
            using Picture made = (kind % 6) switch
            {
                1 => opaque.Resize(width * 3 / 5, height * 3 / 5),
                2 => opaque.Crop(width / 50, height / 40, width - (width / 25), height - (height / 25)),
                3 => MessyArt.Darker(opaque),
                4 => opaque.FlipHorizontal(),
                _ => opaque.Extract(0, 3),
            };
            Write(copy + ".jpg", made.EncodeJpeg(kind % 6 == 5 ? 40 : 85));
        }

        Still(copy);
        lock (gate)
        {
            duplicates.Add((copy, of, kind % 6 == 4));
        }
    }

    // Kinds of pictures and of names that programs stumble over.
    private void OddOnes(Icon[] icons)
    {
        const string Folder = "odd ones";
        Directory.CreateDirectory(Path.Join(root, Folder));
        foreach (
            var (i, name, make) in ((int, string, Func<Picture, byte[]>)[])
                [
                    (0, "lying on its side.jpg", p => OddFormats.Turned(p, 6)),
                    (1, "deep colour.png", OddFormats.Png16),
                    (2, "deep colour 2.tiff", OddFormats.Tiff16),
                    (3, "print.jpg", OddFormats.CmykJpeg),
                    (4, "print 2.tif", OddFormats.CmykTiff),
                    (5, "写真 ünï 🐱 é.png", p => p.EncodePng(1)),
                    (6, "two\nlines.png", p => p.EncodePng(1)),
                    (7, "-rf *.png", p => p.EncodePng(1)),
                    (8, "it's \"quoted\" $HOME `x` <b>.png", p => p.EncodePng(1)),
                    (9, $"{string.Concat(Enumerable.Repeat("long ", 40))}.png", p => p.EncodePng(1)),
                    (10, "ends in blank .png", p => p.EncodePng(1)),
                ]
        )
        {
            using Picture scene = MessyArt.Scene(icons[i], i + 1, side, side, false);
            Write($"{Folder}/{name}", make(scene));
            Write($"{Folder}/{Path.GetFileNameWithoutExtension(name)}.txt", "zoo, odd one"u8.ToArray());
        }

        stills.AddRange(
            (
                (string[])
                    [
                        "lying on its side",
                        "deep colour",
                        "deep colour 2",
                        "print",
                        "print 2",
                        "写真 ünï 🐱 é",
                        "two\nlines",
                        "-rf *",
                    ]
            ).Select(n => $"{Folder}/{n}")
        );
        using Picture dot = Picture.Solid(1, 1, new Rgb(200, 30, 30)),
            thread = Picture.Solid(5000, 3, new Rgb(30, 90, 30));
        Write($"{Folder}/one pixel.png", dot.EncodePng());
        Write($"{Folder}/thread.png", thread.EncodePng());
        foreach (string name in (string[])["Thumbs.db", "desktop.ini", ".DS_Store", "notes.md"])
        {
            Write($"{Folder}/{name}", "not a picture"u8.ToArray());
        }

        Write($"__MACOSX/{Folder}/._print.jpg", [0, 5, 22, 7]);
    }

    private void Animations(Icon[] icons)
    {
        Picture[] frames = [.. icons.Take(6).Select((icon, i) => MessyArt.Scene(icon, i, side, side, false))];
        try
        {
            Write("animations/walk.gif", OddFormats.AnimatedGif(frames[0], frames[0], frames[1], frames[2], frames[2]));
            Write("animations/walk.txt", "zoo, walking"u8.ToArray());
            Write("animations/dance.webp", OddFormats.AnimatedWebp(frames[3], frames[4], frames[4]));
            Write(
                "animations/jump.png",
                TestPictures.Apng(side, side, (frames[5], 0, 0, 0, 0), (frames[0], 0, 0, 0, 0), (frames[0], 0, 0, 0, 0))
            );
            Film(frames);
        }
        finally
        {
            Array.ForEach(frames, f => f.Dispose());
        }
    }

    // Three scenes of a second each.
    private void Film(Picture[] scenes)
    {
        if (VideoFrames.FindProgram() is not { } ffmpeg)
        {
            return;
        }

        var start = new ProcessStartInfo(ffmpeg) { RedirectStandardInput = true };
        foreach (
            string argument in (string[])
                [
                    "-v",
                    "error",
                    "-f",
                    "rawvideo",
                    "-pix_fmt",
                    "rgb24",
                    "-s",
                    $"{side}x{side}",
                    "-r",
                    "12",
                    "-i",
                    "-",
                    "-c:v",
                    "mpeg4",
                    "-q:v",
                    "3",
                    Path.Join(root, "animations/film.mp4"),
                ]
        )
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        foreach (Picture scene in scenes.Take(3))
        {
            byte[] pixels = scene.ToArray();
            for (int i = 0; i < 12; i++)
            {
                process.StandardInput.BaseStream.Write(pixels);
            }
        }

        process.StandardInput.Close();
        process.WaitForExit();
        HasFilm = process.ExitCode == 0 ? true : throw new InvalidOperationException("ffmpeg does not make a film");
    }

    private void Archive(Icon[] icons)
    {
        using var zip = new ZipArchive(File.Create(Path.Join(root, "from a friend.zip")), ZipArchiveMode.Create);
        for (int i = 0; i < 8; i++)
        {
            using Picture scene = MessyArt.Scene(icons[i], i + 3, side, side, i == 5);
            Put($"5_friend/f{i}.png", scene.EncodePng(1));
            Put($"5_friend/f{i}.txt", Encoding.UTF8.GetBytes($"zoo, friend, number {i}"));
            Still($"5_friend/f{i}");
        }

        Put("5_friend/readme.html", "<p>hello"u8.ToArray());
        Put("../../escape.png", OddFormats.Bomb());
        broken.Add(("from a friend.zip/../../escape.png", "leaves the archive"));

        void Put(string name, byte[] content)
        {
            using Stream entry = zip.CreateEntry(name, CompressionLevel.Fastest).Open();
            entry.Write(content);
        }
    }

    private void BrokenOnes()
    {
        using Picture picture = TestPictures.Make(160, 120, 7);
        byte[] png = picture.EncodePng(),
            jpeg = picture.EncodeJpeg(90),
            webp = picture.EncodeWebp(100);
        byte[] damaged = [.. png];
        damaged[png.Length / 2] ^= 0x55;
        foreach (
            var (name, bytes, why) in ((string, byte[], string)[])
                [
                    ("empty.png", [], "empty"),
                    ("half.jpg", jpeg[..(jpeg.Length / 2)], ""),
                    ("half.png", png[..(png.Length / 2)], ""),
                    ("half.webp", webp[..(webp.Length / 2)], ""),
                    ("damaged.png", damaged, ""),
                    ("page.jpg", "<!DOCTYPE html><title>404 Not Found</title>"u8.ToArray(), "not a picture"),
                    ("text.png", "see you at eight"u8.ToArray(), "not a picture"),
                    ("bomb.png", OddFormats.Bomb(), "60000×60000"),
                    ("half.zip", [.. "PK"u8, 3, 4, 1, 2, 3], "archive"),
                    ("half.mp4", [0, 0, 0, 0x18, .. "ftypmp42"u8], "ffmpeg"),
                ]
        )
        {
            Write($"broken/{name}", bytes);
            broken.Add(($"broken/{name}", why));
        }

        File.CreateSymbolicLink(Path.Join(root, "broken", "outside.png"), "/etc/hostname");
        broken.Add(("broken/outside.png", "leaves the folder"));
        File.CreateSymbolicLink(Path.Join(root, "broken", "nowhere.png"), "gone.png");
        broken.Add(("broken/nowhere.png", "leads nowhere"));
    }

    private void Still(string path)
    {
        lock (gate)
        {
            stills.Add(path);
        }
    }

    private void Write(string path, byte[] bytes)
    {
        string file = Path.Join(root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
    }
}
