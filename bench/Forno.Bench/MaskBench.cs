using System.Globalization;
using System.Text;
using System.Text.Json;
using Forno.Imaging;
using Forno.Io;
using Forno.Prepare;
using Forno.Vision;

namespace Forno.Bench;

/// <summary>
/// How well <see cref="MaskJudge"/> tells good masks from bad ones: drawings whose outline is known from their alpha are
/// laid on grounds of six kinds, a network masks them, and a mask is labelled good if it shares at least 0.8 of the union
/// with the true outline (IoU). The judge never sees the truth.
/// </summary>
internal static class MaskBench
{
    /// <summary>From this overlap on a mask is labelled good.</summary>
    private const double Good = 0.8;

    private static readonly string[] Sets = ["noto", "fluent-emoji", "twemoji"];
    private static readonly string[] Left = ["button", "square", "circle", "flag", "symbol", "keycap", "sign", "arrow", "mark", "clock", "heart", "moon", "letter", "skin-tone", "light", "dark", "medium"];
    private static readonly string[] Kinds = ["plain", "gradient", "clouds", "stripes", "crowd", "scene"];

    public static void Run(BenchOptions options)
    {
        string folder = Path.Combine(options.Folder, "forno-bench-masks");
        int count = options.Number("count") ?? 60;
        Make(folder, count);
        Console.WriteLine($"{count} pictures in {Path.Combine(folder, "10_art")}, their true masks in {Path.Combine(folder, "truth")}");
        if (options.Has("draw"))
        {
            return;
        }

        string made = options.Text("masks") ?? "";
        IReadOnlyList<JudgedMask> masks = made.Length > 0 ? Read(made) : Network(options, folder);
        var judged = masks.Select(m =>
        {
            using Picture picture = Picture.Decode(m.Png, "mask");
            using Picture grey = picture.Extract(0);
            MaskPlane mask = new(grey.ToArray(), grey.Width, grey.Height);
            return (Mask: m, Kind: m.Item.Stem.Split('-')[1], Overlap: mask.Overlap(MaskPlane.Load(Path.Combine(folder, "truth", m.Item.Stem + ".png"))));
        }).ToArray();
        foreach (var (mask, kind, overlap) in judged.OrderBy(j => j.Overlap))
        {
            MaskShape s = mask.Shape;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{overlap:0.00} {(mask.IsGood ? "good" : "BAD "),-5}{mask.Item.Stem,-34} white {s.White:0.00} grey {s.Grey:0.00} islands {s.Islands} largest {s.Largest:0.00} holes {s.Holes} centre {s.Centre:0.00} frame {s.Frame:0.00} outline {s.Outline:0.0}  {string.Join(", ", mask.Flaws.Select(f => f.Kind))}"));
        }

        foreach (string kind in (string[])["all", .. Kinds])
        {
            var of = judged.Where(j => kind == "all" || j.Kind == kind).ToArray();
            int bad = of.Count(j => j.Overlap < Good), named = of.Count(j => !j.Mask.IsGood), right = of.Count(j => !j.Mask.IsGood && j.Overlap < Good);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{kind,-9} {of.Length,3} masks, {bad,3} bad by IoU < {Good}; named bad {named,3}, rightly {right,3}: precision {Share(right, named)} recall {Share(right, bad)}; median IoU {of.Select(j => j.Overlap).Order().ElementAtOrDefault(of.Length / 2):0.00}"));
        }
    }

    private static IReadOnlyList<JudgedMask> Network(BenchOptions options, string folder)
    {
        string file = options.Text("model") ?? IsnetPackage.Model();
        using MaskNetwork network = MaskNetwork.Load(file, new MaskNetworkOptions());
        PictureFolder pictures = PictureFolder.Scan([Path.Combine(folder, "10_art")]);
        IReadOnlyList<JudgedMask> masks = [];
        Clock clock = Clock.Of(() => masks = MaskMaker.ByNetwork(pictures.Pictures, network, new MaskFinish(), new MaskRules()).Masks);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(file)}: {clock.Wall / Math.Max(1, masks.Count):0.00} s a mask"));
        return masks;
    }

    private static IReadOnlyList<JudgedMask> Read(string work) =>
    [
        .. PictureFolder.Scan([work]).Pictures.Where(p => p.Mask is not null).Select(p =>
        {
            MaskPlane mask = MaskPlane.Load(p.Mask!.File);
            return JudgedMask.Of(p, mask, mask.Width, mask.Height, new MaskFinish(), new MaskRules());
        }),
    ];

    private static string Share(int part, int whole) => whole == 0 ? "  – " : (part / (double)whole).ToString("0.00", CultureInfo.InvariantCulture);

    private static void Make(string folder, int count)
    {
        string art = Path.Combine(folder, "10_art"), truth = Path.Combine(folder, "truth");
        if (Directory.Exists(art) && Directory.EnumerateFiles(art, "*.png").Count() == count)
        {
            return;
        }

        Directory.CreateDirectory(art);
        Directory.CreateDirectory(truth);
        var sets = Sets.Select(Drawings).ToArray();
        for (int i = 0; i < count; i++)
        {
            var random = new Random(i);
            string kind = Kinds[i % Kinds.Length];
            (string name, byte[] svg) = sets[i % sets.Length][(i * 7919) % sets[i % sets.Length].Count];
            (int width, int height) = (i % 4) switch { 0 => (640, 640), 1 => (768, 576), 2 => (576, 768), _ => (512, 512) };
            int side = (int)(Math.Min(width, height) * (0.55 + (0.3 * random.NextDouble())));
            int left = ((width - side) / 2) + random.Next(-width / 16, width / 16), top = ((height - side) / 2) + random.Next(-height / 16, height / 16);
            using Picture subject = Picture.LoadSvg(svg, side, name);
            using Picture srgb = subject.ToSrgb8();
            using Picture ground = Ground(kind, width, height, random, sets);
            using Picture whole = ground.Composite(srgb, left, top);
            byte[] alpha = new byte[width * height], own = srgb.Extract(3).ToArray();
            for (int y = 0; y < srgb.Height; y++)
            {
                for (int x = 0; x < srgb.Width; x++)
                {
                    if (top + y >= 0 && top + y < height && left + x >= 0 && left + x < width)
                    {
                        alpha[((top + y) * width) + left + x] = own[(y * srgb.Width) + x];
                    }
                }
            }

            string stem = $"{i:000}-{kind}-{name}";
            whole.SavePng(Path.Combine(art, stem + ".png"));
            AtomicFile.WriteBytes(Path.Combine(truth, stem + ".png"), new MaskPlane(alpha, width, height).EncodePng());
            File.WriteAllText(Path.Combine(art, stem + ".txt"), name.Replace('-', '_'));
        }
    }

    private static Picture Ground(string kind, int width, int height, Random random, List<(string Name, byte[] Svg)>[] sets)
    {
        Rgb a = Colour(random), b = Colour(random);
        switch (kind)
        {
            case "plain":
                return Picture.Solid(width, height, a);
            case "gradient":
                using (Picture two = Picture.FromRgb([a.R, a.G, a.B, b.R, b.G, b.B], 1, 2))
                {
                    return two.Resize(width, height, Kernel.Linear);
                }

            case "clouds":
                byte[] noise = new byte[7 * 6 * 3];
                random.NextBytes(noise);
                using (Picture small = Picture.FromRgb(noise, 7, 6))
                {
                    return small.Resize(width, height, Kernel.Cubic);
                }

            case "stripes":
                byte[] rows = [.. Enumerable.Range(0, 14).SelectMany(i => i % 2 == 0 ? (byte[])[a.R, a.G, a.B] : [b.R, b.G, b.B])];
                using (Picture thin = Picture.FromRgb(rows, 14, 1))
                {
                    return thin.Resize(width, height, Kernel.Nearest);
                }

            case "crowd":
                Picture sheet = Picture.Solid(width, height, a);
                for (int i = 0; i < 24; i++)
                {
                    (string name, byte[] svg) = sets[0][random.Next(sets[0].Count)]; // fluent's filters fail at some small sizes
                    using Picture one = Picture.LoadSvg(svg, random.Next(40, 90), name);
                    using Picture srgb = one.ToSrgb8();
                    using Picture before = sheet;
                    using Picture laid = before.Composite(srgb, random.Next(-30, width - 30), random.Next(-30, height - 30));
                    sheet = laid.InMemory();
                }

                return sheet;
            default:
                string[] scenes = ["national-park", "sunset", "cityscape", "night-with-stars", "mount-fuji", "desert-island", "sunrise-over-mountains", "bridge-at-night"];
                var found = sets[0].Where(s => scenes.Contains(s.Name)).ToArray();
                using (Picture scene = Picture.LoadSvg(found[random.Next(found.Length)].Svg, Math.Max(width, height) * 3 / 2, "scene"))
                using (Picture flat = scene.Flatten(a))
                {
                    return flat.Crop((flat.Width - width) / 2, (flat.Height - height) / 2, width, height).InMemory();
                }
        }
    }

    private static Rgb Colour(Random random) => new((byte)random.Next(30, 240), (byte)random.Next(30, 240), (byte)random.Next(30, 240));

    private static List<(string Name, byte[] Svg)> Drawings(string set)
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Assets.Find(set, "icons.json")));
        JsonElement root = file.RootElement;
        (int width, int height) = (root.GetProperty("width").GetInt32(), root.GetProperty("height").GetInt32());
        return [.. root.GetProperty("icons").EnumerateObject()
            .Where(i => i.Name.Length > 2 && !Left.Any(l => i.Name.Contains(l, StringComparison.Ordinal)) && !i.Value.TryGetProperty("width", out _))
            .Select(i => (i.Name, Encoding.UTF8.GetBytes($"<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">{i.Value.GetProperty("body").GetString()}</svg>")))];
    }
}
