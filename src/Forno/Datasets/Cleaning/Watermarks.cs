using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.Imaging.Measures;
using Forno.Workspace;

namespace Forno.Datasets.Cleaning;

/// <summary>
/// Marks at the same place in most pictures of a set, found without reading them: what pictures show differs from one
/// to the next, so the median of their brightness gradients over many pictures is near zero, except where all have the
/// same edges (after Dekel and others, "On the Effectiveness of Visible Watermarks", 2017). Windows in the four
/// corners and in the middle are compared at native resolution; marks that are scaled with their picture are not found
/// this way.
/// </summary>
public static class Watermarks
{
    /// <summary>Side of a window in pixels; smaller pictures are not looked at.</summary>
    public const int Side = 384;

    /// <summary>Fewer pictures than this tell nothing.</summary>
    public const int LeastPictures = 8;

    // Pictures that are compared; a median needs no more.
    private const int MostPictures = 41;

    // Grey levels a step that the median gradient of a mark has at least, and the share of a picture's own gradients
    // that must agree with it for the picture to have the mark.
    private const int LeastEdge = 7;
    private const double Agree = 0.6;

    // Edges of one mark lie at most so far apart (pixels); a mark has at least so many edge pixels; a line is a frame,
    // not a mark;
    // where more than this share of a window is alike, the pictures are.
    private const int Gap = 6,
        LeastPixels = 40,
        LineWidth = 4;
    private const double MostShare = 0.25;

    // Pictures whose grey, at this side, differs by less on the average (levels) are alike.
    private const int SmallSide = 32;
    private const double Different = 8;

    // Where a window lies: 0 at the beginning, 1 in the middle, 2 at the end of a side.
    private static readonly (int X, int Y)[] Anchors = [(0, 0), (2, 0), (0, 2), (2, 2), (1, 1)];

    private sealed record Mark((int X, int Y) Anchor, Component Area, IReadOnlyList<(int At, sbyte X, sbyte Y)> Edges);

    /// <summary>Finds marks.</summary>
    /// <param name="pictures">The pictures of a set; those that cannot be read are passed over.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>The marks of each picture that has one, by path, in its own pixels.</returns>
    public static IReadOnlyDictionary<string, IReadOnlyList<Component>> Find(
        IReadOnlyList<PictureItem> pictures,
        CancellationToken cancel = default
    )
    {
        var found = new Dictionary<string, IReadOnlyList<Component>>(StringComparer.Ordinal);
        if (pictures.Count < LeastPictures)
        {
            return found;
        }

        int step = Math.Max(1, pictures.Count / MostPictures);
        PictureItem[] sample = [.. pictures.Where((_, i) => i % step == 0).Take(MostPictures)];
        (byte[][]?[] windows, _) = ChangePlan.ForEach(sample, item => Windows(item), null, cancel);
        byte[][][] seen = Distinct(windows.OfType<byte[][]>());
        if (seen.Length < LeastPictures)
        {
            return found;
        }

        Mark[] marks =
        [
            .. Anchors
                .AsParallel()
                .AsOrdered()
                .WithCancellation(cancel)
                .SelectMany((anchor, a) => Marks(anchor, [.. seen.Select(s => s[a])])),
        ];
        if (marks.Length == 0)
        {
            return found;
        }

        (IReadOnlyList<Component>?[] own, _) = ChangePlan.ForEach(pictures, item => Own(item, marks), null, cancel);
        for (int i = 0; i < pictures.Count; i++)
        {
            if (own[i] is { Count: > 0 } some)
            {
                found[pictures[i].Path] = some;
            }
        }

        return found;
    }

    // Of pictures that are alike (copies, frames of one scene) one counts: what they have in common is the scene.
    private static byte[][][] Distinct(IEnumerable<byte[][]> windows)
    {
        var kept = new List<byte[][]>();
        foreach (byte[][] own in windows)
        {
            if (kept.TrueForAll(k => k[^1].Zip(own[^1], (a, b) => Math.Abs(a - b)).Average() >= Different))
            {
                kept.Add(own);
            }
        }

        return [.. kept];
    }

    private static IReadOnlyList<Component>? Own(PictureItem item, Mark[] marks)
    {
        if (Windows(item) is not { } windows)
        {
            return null;
        }

        var info = PictureFile.Inspect(item.File);
        var own = new List<Component>();
        foreach (Mark mark in marks)
        {
            byte[] grey = windows[Array.IndexOf(Anchors, mark.Anchor)];
            int alike = mark.Edges.Count(e =>
                Gradient(grey, e.At) is var (x, y) && (x * e.X) + (y * e.Y) >= 0.4 * ((e.X * e.X) + (e.Y * e.Y))
            );
            if (alike >= Agree * mark.Edges.Count)
            {
                (int left, int top) = Corner(mark.Anchor, info.Width, info.Height);
                own.Add(
                    new Component(
                        mark.Area.Box with
                        {
                            Left = mark.Area.Box.Left + left,
                            Top = mark.Area.Box.Top + top,
                        },
                        mark.Area.Area,
                        [.. mark.Area.Runs.Select(r => new PixelRun(r.Row + top, r.Left + left, r.Right + left))]
                    )
                );
            }
        }

        return own;
    }

    private static List<Mark> Marks((int X, int Y) anchor, byte[][] windows)
    {
        (sbyte X, sbyte Y)[] median = new (sbyte, sbyte)[Side * Side];
        byte[] edges = new byte[Side * Side];
        int[] across = new int[windows.Length],
            down = new int[windows.Length];
        for (int at = 0; at < median.Length; at++)
        {
            if (at % Side == 0 || at % Side == Side - 1 || at < Side || at >= Side * (Side - 1))
            {
                continue;
            }

            for (int i = 0; i < windows.Length; i++)
            {
                (across[i], down[i]) = Gradient(windows[i], at);
            }

            Array.Sort(across);
            Array.Sort(down);
            (int x, int y) = (Inner(across), Inner(down));
            median[at] = ((sbyte)x, (sbyte)y);
            edges[at] = (x * x) + (y * y) >= LeastEdge * LeastEdge ? (byte)1 : (byte)0;
        }

        var marks = new List<Mark>();
        byte[] near = MapGrowth.Grow(edges, Side, Side, Gap);
        if (near.Count((byte)1) > MostShare * near.Length)
        {
            return marks;
        }

        foreach (Component area in Components.Find(near, Side, Side))
        {
            List<(int, sbyte, sbyte)> own = [];
            foreach (PixelRun run in area.Runs)
            {
                for (int at = (run.Row * Side) + run.Left; at < (run.Row * Side) + run.Right; at++)
                {
                    if (edges[at] != 0)
                    {
                        own.Add((at, median[at].X, median[at].Y));
                    }
                }
            }

            if (own.Count >= LeastPixels && Math.Min(area.Box.Width, area.Box.Height) - (2 * Gap) > LineWidth)
            {
                marks.Add(new Mark(anchor, area, own));
            }
        }

        return marks;
    }

    // Of an even number the one nearer to zero: more than half have at least that.
    private static int Inner(int[] sorted)
    {
        int low = sorted[(sorted.Length - 1) / 2],
            high = sorted[sorted.Length / 2];
        return Math.Abs(low) < Math.Abs(high) ? low : high;
    }

    private static (int X, int Y) Gradient(byte[] grey, int at) =>
        (
            Math.Clamp((grey[at + 1] - grey[at - 1]) / 2, -127, 127),
            Math.Clamp((grey[at + Side] - grey[at - Side]) / 2, -127, 127)
        );

    // The five windows of a picture in grey, and the whole of it made small; null where it is smaller than one.
    private static byte[][]? Windows(PictureItem item)
    {
        var info = PictureFile.Inspect(item.File);
        if (info.Width < Side || info.Height < Side)
        {
            return null;
        }

        using IDisposable share = PixelBudget.Take(3L * info.Width * info.Height);
        using Picture picture = info.Decode();
        using Picture opaque = picture.Flatten(Rgb.White);
        using Picture small = opaque.Resize(SmallSide, SmallSide, Kernel.Linear);
        return
        [
            .. Anchors.Select(anchor =>
            {
                (int left, int top) = Corner(anchor, info.Width, info.Height);
                using Picture window = opaque.Crop(left, top, Side, Side);
                return Grey(window);
            }),
            Grey(small),
        ];
    }

    private static byte[] Grey(Picture picture)
    {
        byte[] grey = new byte[picture.Width * picture.Height];
        GreyRow.Split(picture.ToArray(), grey);
        return grey;
    }

    private static (int Left, int Top) Corner((int X, int Y) anchor, int width, int height) =>
        ((width - Side) * anchor.X / 2, (height - Side) * anchor.Y / 2);
}
