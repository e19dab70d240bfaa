using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Forno.Datasets.Masks;
using Forno.Imaging;
using Forno.Imaging.Masks;

namespace Forno.TestKit;

/// <summary>
/// Masks with labels and pictures, made from drawings whose true outline is known from their alpha: as they are,
/// slightly wrong, and
/// damaged. A mask is labelled good if it shares at least 0.8 of the union with the true outline (IoU); how it was
/// damaged does not count. The judge's rules were set with half of the drawings in sight; the others are for measuring.
/// </summary>
internal static class MaskSet
{
    public const double Good = 0.8;
    private const int Side = 256;

    /// <summary>A labelled mask.</summary>
    /// <param name="Name">The drawing and what was done to its outline.</param>
    /// <param name="Mask">The mask.</param>
    /// <param name="Overlap">IoU with the true outline.</param>
    /// <param name="View">The picture: the drawing in colours on a ground.</param>
    /// <param name="HeldOut">Whether no rule was set by it.</param>
    public sealed record Labelled(string Name, MaskPlane Mask, double Overlap, PictureView View, bool HeldOut)
    {
        public bool IsGood => Overlap >= Good;
    }

    private static readonly Dictionary<string, string> Drawings = new()
    {
        ["disc"] = "<circle cx='128' cy='128' r='70'/>",
        ["person"] =
            "<circle cx='128' cy='60' r='34'/><path d='M80 250 L86 120 Q128 90 170 120 L176 250 Z'/><path "
            + "d='M86 122 L40 190 L54 200 L96 150 Z M170 122 L216 190 L202 200 L160 150 Z'/>",
        ["bust"] = "<circle cx='130' cy='110' r='62'/><path d='M20 256 Q40 170 128 170 Q216 170 236 256 Z'/>",
        ["pair"] =
            "<circle cx='76' cy='80' r='30'/><rect x='48' y='108' width='56' height='120' rx='14'/><circle "
            + "cx='180' cy='80' r='30'/><rect x='152' y='108' width='56' height='120' rx='14'/>",
        ["star"] =
            "<path d='M128 20 L156 100 L240 100 L172 150 L198 232 L128 182 L58 232 L84 150 L16 100 L100 100 Z'/>",
        ["ring"] = "<path fill-rule='evenodd' d='M128 28 A100 100 0 1 0 129 28 Z M128 84 A44 44 0 1 1 127 84 Z'/>",
        ["sword"] =
            "<path d='M30 220 L206 44 L226 30 L212 50 L42 232 Z'/><rect x='52' y='170' width='60' "
            + "height='14' transform='rotate(45 82 177)'/>",
        ["tree"] =
            "<rect x='116' y='150' width='24' height='96'/><circle cx='128' cy='100' r='56'/><circle cx='84' "
            + "cy='128' r='36'/><circle cx='172' cy='128' r='36'/>",
        ["cat"] =
            "<ellipse cx='128' cy='170' rx='74' ry='60'/><circle cx='128' cy='92' r='46'/><path d='M86 74 "
            + "L92 24 L120 56 Z M170 74 L164 24 L136 56 Z'/><path d='M196 190 Q250 170 236 110 L226 112 Q232 "
            + "160 188 172 Z'/>",
        ["close-up"] = "<ellipse cx='128' cy='140' rx='118' ry='150'/>",
        // From here on: held out.
        ["fish"] =
            "<ellipse cx='112' cy='130' rx='84' ry='50'/><path d='M180 130 L240 84 L228 130 L240 176 "
            + "Z'/><path d='M92 86 Q120 44 150 92 Z'/>",
        ["house"] =
            "<rect x='52' y='118' width='150' height='112'/><path d='M32 124 L127 40 L222 124 Z'/><rect "
            + "x='172' y='48' width='24' height='50'/><rect x='110' y='166' width='36' height='64'/>",
        ["robot"] =
            "<rect x='76' y='96' width='104' height='96' rx='8'/><rect x='92' y='34' width='72' height='56' "
            + "rx='8'/><rect x='122' y='12' width='10' height='26'/><rect x='44' y='104' width='26' "
            + "height='78' rx='12'/><rect x='186' y='104' width='26' height='78' rx='12'/><rect x='88' y='194' "
            + "width='30' height='54'/><rect x='138' y='194' width='30' height='54'/>",
        ["cup"] =
            "<path d='M56 70 H188 L176 210 Q122 232 68 210 Z'/><path fill-rule='evenodd' d='M184 92 Q244 96 "
            + "232 140 Q224 182 176 178 L178 162 Q212 164 216 136 Q220 110 183 108 Z'/>",
        ["plane"] =
            "<path d='M20 138 Q30 118 70 118 L200 112 Q240 118 240 132 Q236 148 200 150 L70 156 Q34 154 20 "
            + "138 Z'/><path d='M96 118 L150 40 L172 40 L150 116 Z M100 154 L152 226 L174 226 L150 152 "
            + "Z'/><path d='M30 128 L20 84 L40 84 L62 122 Z'/>",
        ["flower"] =
            "<rect x='121' y='140' width='12' height='110'/><circle cx='127' cy='52' r='36'/><circle "
            + "cx='186' cy='94' r='36'/><circle cx='164' cy='160' r='36'/><circle cx='90' cy='160' "
            + "r='36'/><circle cx='68' cy='94' r='36'/><circle cx='127' cy='106' r='34'/>",
        ["guitar"] =
            "<ellipse cx='84' cy='178' rx='60' ry='56'/><ellipse cx='124' cy='132' rx='40' ry='38'/><path "
            + "d='M130 112 L216 24 L234 40 L150 132 Z'/>",
        ["snowman"] =
            "<circle cx='128' cy='186' r='62'/><circle cx='128' cy='98' r='44'/><rect x='92' y='40' "
            + "width='72' height='20'/><rect x='104' y='10' width='48' height='34'/><path d='M128 98 L176 106 "
            + "L128 110 Z'/>",
    };

    // What is done to the true outline; some of it leaves it good enough.
    private static readonly (string Name, Func<MaskPlane, Random, MaskPlane> Do)[] Changes =
    [
        ("as it is", (m, _) => m),
        ("soft", (m, _) => m.Feather(3)),
        ("grown", (m, _) => m.Grow(4)),
        ("shrunk", (m, _) => m.Grow(-3)),
        ("speckled", (m, r) => Crumbs(m, r, 4, 4, 255)),
        ("pricked", (m, r) => Crumbs(m, r, 3, 5, 0)),
        ("rough", (m, r) => Ragged(m, r, 2)),
        ("black", (m, _) => m with { Samples = new byte[m.Samples.Length] }),
        ("white", (m, _) => m with { Samples = [.. Enumerable.Repeat((byte)255, m.Samples.Length)] }),
        (
            "grey",
            (m, r) =>
                m with
                {
                    Samples = Array.ConvertAll(m.Feather(30).Samples, s => (byte)(60 + (s / 3) + r.Next(20))),
                }
        ),
        ("fog", (m, _) => m with { Samples = Array.ConvertAll(m.Feather(24).Samples, s => (byte)(s / 2)) }),
        ("inverted", (m, _) => m with { Samples = Array.ConvertAll(m.Samples, s => (byte)(255 - s)) }),
        ("crumbs", (m, r) => Crumbs(m with { Samples = new byte[m.Samples.Length] }, r, 40, 12, 255)),
        ("eaten", (m, r) => Crumbs(m, r, 90, 14, 0)),
        ("torn", (m, r) => Ragged(m, r, 14)),
        ("corner", (m, _) => Keep(m, (x, y) => x + y < 90, always: true)),
        ("edge", (m, _) => Keep(m, (_, y) => y < 22, always: true)),
        ("half", (m, _) => Keep(m, (x, _) => x < 128, always: false)),
        ("shifted", (m, _) => Shift(m, 70, 40)),
        ("box", (m, _) => Keep(m, (x, y) => x is > 20 and < 236 && y is > 20 and < 236, always: true)),
    ];

    /// <summary>Changes that leave a mask looking whole: only the picture tells that they are wrong.</summary>
    public static readonly string[] Plausible = ["half", "shifted", "box", "sword, grown", "sword, shrunk"];

    private static readonly Lazy<IReadOnlyList<Labelled>> Made = new(Make);

    /// <summary>The whole set, always the same.</summary>
    public static IReadOnlyList<Labelled> All => Made.Value;

    private static IReadOnlyList<Labelled> Make()
    {
        var set = new List<Labelled>();
        int number = 0;
        foreach ((string name, string body) in Drawings)
        {
            byte[] svg = Encoding.UTF8.GetBytes(
                Invariant.Text($"<svg xmlns='http://www.w3.org/2000/svg' width='{Side}' height='{Side}'>{body}</svg>")
            );
            using var drawn = Picture.LoadSvg(svg, Side, name);
            MaskPlane truth = MaskPlane.OfAlpha(drawn)!;
            PictureView view = Seen(body, ++number);
            for (int i = 0; i < Changes.Length; i++)
            {
                MaskPlane mask = Changes[i].Do(truth, new Random((name.Length * 100) + i));
                set.Add(new Labelled($"{name}, {Changes[i].Name}", mask, mask.Overlap(truth), view, number > 10));
            }
        }

        return set;
    }

    // Every part of the drawing in a colour of its own, every second drawing with lines around them; grounds of four
    // kinds.
    private static PictureView Seen(string body, int number)
    {
        int part = 0,
            hue = number * 67;
        string coloured = Regex.Replace(
            body,
            "<(circle|path|rect|ellipse)",
            m =>
                $"<{m.Groups[1].Value} fill='hsl({(hue + (part++ * 40)) % 360},{45 + (number % 3 * 20)}%,"
                + $"{35 + (part % 3 * 15)}%)'{(number % 2 == 0 ? " stroke='#222' stroke-width='2'" : "")}"
        );
        int other = (hue + 150) % 360;
        IEnumerable<string> stripes = Enumerable
            .Range(0, 8)
            .Select(i => $"<rect x='{i * 32}' width='16' height='256' fill='hsl({other},30%,84%)'/>");
        string ground = (number % 4) switch
        {
            0 => $"<rect width='256' height='256' fill='hsl({other},40%,75%)'/>",
            1 => $"<linearGradient id='g' x2='0' y2='1'><stop stop-color='hsl({other},60%,60%)'/><stop "
                + $"offset='1' stop-color='hsl({(other + 60) % 360},50%,88%)'/></linearGradient><rect "
                + "width='256' height='256' fill='url(#g)'/>",
            2 => $"<rect width='256' height='256' fill='hsl({other},50%,80%)'/><path d='M0 150 Q70 120 140 "
                + $"160 T256 140 V256 H0 Z' fill='hsl({(other + 90) % 360},35%,60%)'/><circle cx='210' cy='50' "
                + $"r='28' fill='hsl({(other + 200) % 360},70%,85%)'/>",
            _ => $"<rect width='256' height='256' fill='hsl({other},30%,70%)'/>" + string.Concat(stripes),
        };
        byte[] svg = Encoding.UTF8.GetBytes(
            $"<svg xmlns='http://www.w3.org/2000/svg' width='{Side}' height='{Side}'>{ground}{coloured}</svg>"
        );
        using var drawn = Picture.LoadSvg(svg, Side, "drawing");
        return PictureView.Of(drawn);
    }

    private static MaskPlane Crumbs(MaskPlane mask, Random random, int count, int size, byte value)
    {
        byte[] samples = [.. mask.Samples];
        for (int i = 0; i < count; i++)
        {
            int radius = random.Next(size / 2, size),
                left = random.Next(mask.Width),
                top = random.Next(mask.Height);
            for (int y = Math.Max(0, top - radius); y < Math.Min(mask.Height, top + radius); y++)
            {
                for (int x = Math.Max(0, left - radius); x < Math.Min(mask.Width, left + radius); x++)
                {
                    if (((x - left) * (x - left)) + ((y - top) * (y - top)) < radius * radius)
                    {
                        samples[(y * mask.Width) + x] = value;
                    }
                }
            }
        }

        return mask with
        {
            Samples = samples,
        };
    }

    // Every pixel is taken from one nearby: the outline frays.
    private static MaskPlane Ragged(MaskPlane mask, Random random, int reach)
    {
        byte[] samples = new byte[mask.Samples.Length];
        for (int y = 0; y < mask.Height; y++)
        {
            for (int x = 0; x < mask.Width; x++)
            {
                int fromX = Math.Clamp(x + random.Next(-reach, reach + 1), 0, mask.Width - 1),
                    fromY = Math.Clamp(y + random.Next(-reach, reach + 1), 0, mask.Height - 1);
                samples[(y * mask.Width) + x] = mask.Samples[(fromY * mask.Width) + fromX];
            }
        }

        return mask with
        {
            Samples = samples,
        };
    }

    private static MaskPlane Keep(MaskPlane mask, Func<int, int, bool> where, bool always) =>
        mask with
        {
            Samples =
            [
                .. Enumerable
                    .Range(0, mask.Samples.Length)
                    .Select(i =>
                        !where(i % mask.Width, i / mask.Width) ? (byte)0
                        : always ? (byte)255
                        : mask.Samples[i]
                    ),
            ],
        };

    private static MaskPlane Shift(MaskPlane mask, int right, int down) =>
        mask with
        {
            Samples =
            [
                .. Enumerable
                    .Range(0, mask.Samples.Length)
                    .Select(i => (X: (i % mask.Width) - right, Y: (i / mask.Width) - down))
                    .Select(p => p.X >= 0 && p.Y >= 0 ? mask.Samples[(p.Y * mask.Width) + p.X] : (byte)0),
            ],
        };
}
