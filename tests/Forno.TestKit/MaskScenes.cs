using System.Globalization;
using System.Text;
using System.Text.Json;
using Forno.Files;
using Forno.Imaging;
using Forno.Imaging.Masks;

namespace Forno.TestKit;

/// <summary>
/// Pictures whose subject's outline is known: a drawing of an open art package, whose alpha is the truth, laid on a
/// ground of one of ten kinds. The same at every run. A drawing belongs to one of two parts of the material by its
/// name, so that what rules were first set by and what they were measured with have no drawing in common.
/// </summary>
internal static class MaskScenes
{
    /// <summary>The packages that subjects come from.</summary>
    public static readonly string[] Sets = ["noto", "fluent-emoji", "twemoji", "emojione", "openmoji", "fxemoji"];

    /// <summary>The kinds of ground; "alike" has the subject's own mean colour, give or take.</summary>
    public static readonly string[] Kinds =
    [
        "plain",
        "gradient",
        "clouds",
        "stripes",
        "crowd",
        "scene",
        "grain",
        "room",
        "blurred",
        "alike",
    ];

    private static readonly string[] NoSubjects =
    [
        "button",
        "square",
        "circle",
        "flag",
        "symbol",
        "keycap",
        "sign",
        "arrow",
        "mark",
        "clock",
        "heart",
        "moon",
        "letter",
        "skin-tone",
        "light",
        "dark",
        "medium",
        "input",
        "number",
    ];
    private static readonly string[] Views =
    [
        "national-park",
        "sunset",
        "cityscape",
        "night-with-stars",
        "mount-fuji",
        "desert-island",
        "sunrise-over-mountains",
        "bridge-at-night",
    ];
    private static readonly Dictionary<string, Lazy<List<(string Name, byte[] Svg)>>> Art = Sets.ToDictionary(
        s => s,
        s => new Lazy<List<(string, byte[])>>(() => Read(s))
    );

    /// <summary>Why the art cannot be drawn; null where it is there.</summary>
    public static string? WhyAbsent =>
        Assets.Folder() is { } folder && Sets.All(s => File.Exists(Path.Combine(folder, s, "icons.json")))
            ? null
            : $"the drawings are not fetched (assets/fetch.sh {string.Join(' ', Sets)})";

    /// <summary>A picture with its subject's outline.</summary>
    /// <param name="Name">Number, kind of ground, package and drawing.</param>
    /// <param name="Kind">The kind of ground.</param>
    /// <param name="Picture">Opaque; the taker disposes it.</param>
    /// <param name="Truth">The subject's alpha.</param>
    public sealed record Scene(string Name, string Kind, Picture Picture, MaskPlane Truth);

    /// <summary>Draws one.</summary>
    /// <param name="number">Its number, from 0 on.</param>
    /// <param name="secondHalf">Which part of the drawings.</param>
    public static Scene Draw(int number, bool secondHalf)
    {
        var random = new Random((number * 2) + (secondHalf ? 1 : 0));
        string kind = Kinds[number % Kinds.Length];
        (int width, int height) = random.Next(4) switch
        {
            0 => (640, 640),
            1 => (768, 576),
            2 => (576, 768),
            _ => (512, 512),
        };
        for (int turn = 0; ; turn++)
        {
            string set = Sets[((number / Kinds.Length) + number + turn) % Sets.Length];
            var all = Art[set].Value.Where(a => Part(a.Name) == secondHalf).ToList();
            (string name, byte[] svg) = all[random.Next(all.Count)];
            int side = (int)(Math.Min(width, height) * (0.45 + (0.5 * random.NextDouble())));
            using Picture? subject = Drawn(svg, side, name);
            // Lines without a body, and drawings that cannot be drawn, are passed over.
            if (subject is null || subject.Extract(3) is var own && Opaque(own) < 0.25 * side * side)
            {
                continue;
            }

            // One of five reaches over the picture's edge.
            bool cut = random.Next(5) == 0;
            int left = ((width - side) / 2) + random.Next(-width / 14, width / 14),
                top = ((height - side) / 2) + random.Next(-height / 14, height / 14);
            (left, top) = cut
                ? (
                    random.Next(3) switch
                    {
                        0 => -side / 4,
                        1 => width - (side * 3 / 4),
                        _ => left,
                    },
                    height - (side * 3 / 4)
                )
                : (left, top);
            using Picture ground = Ground(kind, width, height, random, subject);
            using Picture whole = ground.Composite(subject, left, top);
            return new Scene(
                $"{number:000}-{kind}-{set}-{name}",
                kind,
                whole.InMemory(),
                Placed(subject, width, height, left, top)
            );
        }
    }

    private static double Opaque(Picture alpha)
    {
        using (alpha)
        {
            return alpha.ToArray().Count(v => v >= MaskPlane.Half);
        }
    }

    // By the name alone: the same drawing of two packages falls into the same part.
    private static bool Part(string name) => name.Aggregate(7, (h, c) => unchecked((h * 31) + c)) % 5 is 0 or 2 or -2;

    private static MaskPlane Placed(Picture subject, int width, int height, int left, int top)
    {
        using Picture band = subject.Extract(3);
        byte[] alpha = new byte[width * height],
            own = band.ToArray();
        for (int y = Math.Max(0, -top); y < Math.Min(subject.Height, height - top); y++)
        {
            for (int x = Math.Max(0, -left); x < Math.Min(subject.Width, width - left); x++)
            {
                alpha[((top + y) * width) + left + x] = own[(y * subject.Width) + x];
            }
        }

        return new MaskPlane(alpha, width, height);
    }

    private static Picture Ground(string kind, int width, int height, Random random, Picture subject)
    {
        Rgb a = Colour(random),
            b = Colour(random);
        switch (kind)
        {
            case "plain":
                return Picture.Solid(width, height, a);
            case "gradient":
                return Stretched([a.R, a.G, a.B, b.R, b.G, b.B], 1, 2, width, height, Kernel.Linear);
            case "clouds":
                byte[] noise = new byte[7 * 6 * 3];
                random.NextBytes(noise);
                return Stretched(noise, 7, 6, width, height, Kernel.Cubic);
            case "stripes":
                return Stretched(
                    [
                        .. Enumerable
                            .Range(0, 14)
                            .SelectMany(i => i % 2 == 0 ? (byte[])[a.R, a.G, a.B] : [b.R, b.G, b.B]),
                    ],
                    14,
                    1,
                    width,
                    height,
                    Kernel.Nearest
                );
            case "grain":
                return Grain(width, height, random, a, b);
            case "room":
                return Room(width, height, random, a);
            case "crowd":
                return Crowd(width, height, random, a, 24, 40, 90);
            case "blurred":
                using (Picture sharp = Crowd(width, height, random, a, 14, 100, 220))
                using (Picture small = sharp.Resize(width / 12, height / 12, Kernel.Linear))
                {
                    return small.Resize(width, height, Kernel.Cubic).InMemory();
                }

            case "alike":
                Rgb mean = Mean(subject),
                    near = Near(mean, random, 24);
                return Stretched(
                    [
                        near.R,
                        near.G,
                        near.B,
                        .. Bytes(Near(mean, random, 24)),
                        .. Bytes(Near(mean, random, 24)),
                        .. Bytes(Near(mean, random, 24)),
                    ],
                    2,
                    2,
                    width,
                    height,
                    Kernel.Linear
                );
            default:
                var views = Art["noto"].Value.Where(s => Views.Contains(s.Name)).ToArray();
                using (
                    var scene = Picture.LoadSvg(
                        views[random.Next(views.Length)].Svg,
                        Math.Max(width, height) * 3 / 2,
                        "scene"
                    )
                )
                using (Picture flat = scene.Flatten(a))
                {
                    return flat.Crop((flat.Width - width) / 2, (flat.Height - height) / 2, width, height).InMemory();
                }
        }
    }

    // Noise of four sizes between two colours, such as sand, leaves or walls have.
    private static Picture Grain(int width, int height, Random random, Rgb a, Rgb b)
    {
        float[] level = new float[width * height];
        for (int cells = 4; cells <= 256; cells *= 4)
        {
            byte[] noise = new byte[cells * cells * 3];
            random.NextBytes(noise);
            using Picture grown = Stretched(noise, cells, cells, width, height, Kernel.Cubic);
            byte[] samples = grown.ToArray();
            for (int i = 0; i < level.Length; i++)
            {
                level[i] += samples[3 * i] / 255f / 4;
            }
        }

        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < level.Length; i++)
        {
            float t = Math.Clamp((level[i] - 0.25f) * 2, 0, 1);
            (rgb[3 * i], rgb[(3 * i) + 1], rgb[(3 * i) + 2]) = (
                (byte)(a.R + ((b.R - a.R) * t)),
                (byte)(a.G + ((b.G - a.G) * t)),
                (byte)(a.B + ((b.B - a.B) * t))
            );
        }

        return Picture.FromRgb(rgb, width, height);
    }

    // Walls and furniture: a dozen even rectangles and slanted pieces, some with outlines.
    private static Picture Room(int width, int height, Random random, Rgb wall)
    {
        var svg = new StringBuilder(
            $"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'><rect width='{width}"
                + $"' height='{height}' fill='rgb({wall.R},{wall.G},{wall.B})'/>"
        );
        for (int i = 0; i < 14; i++)
        {
            Rgb c = Colour(random);
            (int x, int y, int w, int h) = (
                random.Next(-width / 4, width),
                random.Next(-height / 4, height),
                random.Next(width / 12, width / 2),
                random.Next(height / 12, height / 2)
            );
            string fill = $"fill='rgb({c.R},{c.G},{c.B})' stroke='#222' stroke-width='{random.Next(3)}'";
            svg.Append(
                i % 3 == 2
                    ? $"<path d='M{x} {y} L{x + w} {y + (h / 3)} L{x + (w / 2)} {y + h} Z' {fill}/>"
                    : $"<rect x='{x}' y='{y}' width='{w}' height='{h}' {fill}/>"
            );
        }

        using var drawn = Picture.LoadSvg(
            Encoding.UTF8.GetBytes(svg.Append("</svg>").ToString()),
            Math.Max(width, height),
            "room"
        );
        using Picture flat = drawn.Flatten(Rgb.White);
        return flat.InMemory();
    }

    private static Picture Crowd(int width, int height, Random random, Rgb ground, int count, int least, int most)
    {
        var sheet = Picture.Solid(width, height, ground);
        var others = Art["noto"].Value; // fluent's filters fail at some small sizes
        for (int i = 0; i < count; i++)
        {
            (string name, byte[] svg) = others[random.Next(others.Count)];
            using Picture? one = Drawn(svg, random.Next(least, most), name);
            if (one is not null)
            {
                using Picture before = sheet;
                using Picture laid = before.Composite(
                    one,
                    random.Next(-least, width - least),
                    random.Next(-least, height - least)
                );
                sheet = laid.InMemory();
            }
        }

        return sheet;
    }

    private static Picture? Drawn(byte[] svg, int side, string name)
    {
        try
        {
            using var drawn = Picture.LoadSvg(svg, side, name);
            using Picture srgb = drawn.ToSrgb8();
            return srgb.InMemory();
        }
        catch (FornoException)
        {
            return null;
        }
    }

    private static Picture Stretched(byte[] rgb, int columns, int rows, int width, int height, Kernel kernel)
    {
        using var small = Picture.FromRgb(rgb, columns, rows);
        using Picture large = small.Resize(width, height, kernel);
        return large.InMemory();
    }

    private static Rgb Mean(Picture subject)
    {
        byte[] rgba = subject.ToArray();
        double r = 0,
            g = 0,
            b = 0,
            n = 1e-9;
        for (int i = 0; i < rgba.Length; i += 4)
        {
            double share = rgba[i + 3] / 255.0;
            (r, g, b, n) = (r + (share * rgba[i]), g + (share * rgba[i + 1]), b + (share * rgba[i + 2]), n + share);
        }

        return new Rgb((byte)(r / n), (byte)(g / n), (byte)(b / n));
    }

    private static Rgb Near(Rgb colour, Random random, int reach)
    {
        return new Rgb(Step(colour.R), Step(colour.G), Step(colour.B));
        byte Step(byte v) => (byte)Math.Clamp(v + random.Next(-reach, reach + 1), 0, 255);
    }

    private static byte[] Bytes(Rgb c) => [c.R, c.G, c.B];

    private static Rgb Colour(Random random) =>
        new((byte)random.Next(30, 240), (byte)random.Next(30, 240), (byte)random.Next(30, 240));

    private static List<(string Name, byte[] Svg)> Read(string set)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Assets.Find(set, "icons.json")));
        JsonElement root = file.RootElement;
        (int width, int height) = (Side("width"), Side("height"));
        return
        [
            .. root.GetProperty("icons")
                .EnumerateObject()
                .Where(i =>
                    i.Name.Length > 2
                    && !NoSubjects.Any(l => i.Name.Contains(l, StringComparison.Ordinal))
                    && !i.Value.TryGetProperty("width", out _)
                    && !i.Value.TryGetProperty("hidden", out _)
                )
                .Select(i =>
                    (
                        i.Name,
                        Encoding.UTF8.GetBytes(
                            Invariant.Text(
                                $"<svg xmlns=\"http://www.w3.org/2000/svg\" "
                                    + $"xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{width}\" height=\""
                                    + $"{height}\" viewBox=\"0 0 {width} {height}\">"
                                    + $"{i.Value.GetProperty("body").GetString()}</svg>"
                            )
                        )
                    )
                ),
        ];

        int Side(string name) => root.TryGetProperty(name, out JsonElement side) ? side.GetInt32() : 16;
    }
}
