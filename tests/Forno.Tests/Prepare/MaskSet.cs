using System.Globalization;
using System.Text;
using Forno.Imaging;

namespace Forno.Tests.Prepare;

/// <summary>
/// Masks with labels, made from drawings whose true outline is known from their alpha: as they are, slightly wrong, and
/// damaged. A mask is labelled good if it shares at least 0.8 of the union with the true outline (IoU); how it was
/// damaged does not count.
/// </summary>
internal static class MaskSet
{
    public const double Good = 0.8;
    private const int Side = 256;

    /// <summary>A labelled mask.</summary>
    /// <param name="Name">The drawing and what was done to its outline.</param>
    /// <param name="Mask">The mask.</param>
    /// <param name="Overlap">IoU with the true outline.</param>
    public sealed record Labelled(string Name, MaskPlane Mask, double Overlap)
    {
        public bool IsGood => Overlap >= Good;
    }

    private static readonly Dictionary<string, string> Drawings = new()
    {
        ["disc"] = "<circle cx='128' cy='128' r='70'/>",
        ["person"] = "<circle cx='128' cy='60' r='34'/><path d='M80 250 L86 120 Q128 90 170 120 L176 250 Z'/><path d='M86 122 L40 190 L54 200 L96 150 Z M170 122 L216 190 L202 200 L160 150 Z'/>",
        ["bust"] = "<circle cx='130' cy='110' r='62'/><path d='M20 256 Q40 170 128 170 Q216 170 236 256 Z'/>",
        ["pair"] = "<circle cx='76' cy='80' r='30'/><rect x='48' y='108' width='56' height='120' rx='14'/><circle cx='180' cy='80' r='30'/><rect x='152' y='108' width='56' height='120' rx='14'/>",
        ["star"] = "<path d='M128 20 L156 100 L240 100 L172 150 L198 232 L128 182 L58 232 L84 150 L16 100 L100 100 Z'/>",
        ["ring"] = "<path fill-rule='evenodd' d='M128 28 A100 100 0 1 0 129 28 Z M128 84 A44 44 0 1 1 127 84 Z'/>",
        ["sword"] = "<path d='M30 220 L206 44 L226 30 L212 50 L42 232 Z'/><rect x='52' y='170' width='60' height='14' transform='rotate(45 82 177)'/>",
        ["tree"] = "<rect x='116' y='150' width='24' height='96'/><circle cx='128' cy='100' r='56'/><circle cx='84' cy='128' r='36'/><circle cx='172' cy='128' r='36'/>",
        ["cat"] = "<ellipse cx='128' cy='170' rx='74' ry='60'/><circle cx='128' cy='92' r='46'/><path d='M86 74 L92 24 L120 56 Z M170 74 L164 24 L136 56 Z'/><path d='M196 190 Q250 170 236 110 L226 112 Q232 160 188 172 Z'/>",
        ["close-up"] = "<ellipse cx='128' cy='140' rx='118' ry='150'/>",
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
        ("grey", (m, r) => m with { Samples = Array.ConvertAll(m.Feather(30).Samples, s => (byte)(60 + (s / 3) + r.Next(20))) }),
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

    /// <summary>Changes that leave a mask looking whole: only the picture tells that they are wrong, which the judge does not see.</summary>
    public static readonly string[] Plausible = ["half", "shifted", "box", "sword, grown", "sword, shrunk"];

    private static readonly Lazy<IReadOnlyList<Labelled>> Made = new(Make);

    /// <summary>The whole set, always the same.</summary>
    public static IReadOnlyList<Labelled> All => Made.Value;

    private static IReadOnlyList<Labelled> Make()
    {
        var set = new List<Labelled>();
        foreach ((string name, string body) in Drawings)
        {
            byte[] svg = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"<svg xmlns='http://www.w3.org/2000/svg' width='{Side}' height='{Side}'>{body}</svg>"));
            using Picture drawn = Picture.LoadSvg(svg, Side, name);
            MaskPlane truth = MaskPlane.OfAlpha(drawn)!;
            for (int i = 0; i < Changes.Length; i++)
            {
                MaskPlane mask = Changes[i].Do(truth, new Random((name.Length * 100) + i));
                set.Add(new Labelled($"{name}, {Changes[i].Name}", mask, mask.Overlap(truth)));
            }
        }

        return set;
    }

    private static MaskPlane Crumbs(MaskPlane mask, Random random, int count, int size, byte value)
    {
        byte[] samples = [.. mask.Samples];
        for (int i = 0; i < count; i++)
        {
            int radius = random.Next(size / 2, size), left = random.Next(mask.Width), top = random.Next(mask.Height);
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

        return mask with { Samples = samples };
    }

    // Every pixel is taken from one nearby: the outline frays.
    private static MaskPlane Ragged(MaskPlane mask, Random random, int reach)
    {
        byte[] samples = new byte[mask.Samples.Length];
        for (int y = 0; y < mask.Height; y++)
        {
            for (int x = 0; x < mask.Width; x++)
            {
                int fromX = Math.Clamp(x + random.Next(-reach, reach + 1), 0, mask.Width - 1), fromY = Math.Clamp(y + random.Next(-reach, reach + 1), 0, mask.Height - 1);
                samples[(y * mask.Width) + x] = mask.Samples[(fromY * mask.Width) + fromX];
            }
        }

        return mask with { Samples = samples };
    }

    private static MaskPlane Keep(MaskPlane mask, Func<int, int, bool> where, bool always) => mask with
    {
        Samples = [.. Enumerable.Range(0, mask.Samples.Length).Select(i => !where(i % mask.Width, i / mask.Width) ? (byte)0 : always ? (byte)255 : mask.Samples[i])],
    };

    private static MaskPlane Shift(MaskPlane mask, int right, int down) => mask with
    {
        Samples = [.. Enumerable.Range(0, mask.Samples.Length).Select(i => (X: (i % mask.Width) - right, Y: (i / mask.Width) - down))
            .Select(p => p.X >= 0 && p.Y >= 0 ? mask.Samples[(p.Y * mask.Width) + p.X] : (byte)0)],
    };
}
