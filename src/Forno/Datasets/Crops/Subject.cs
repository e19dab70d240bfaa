using Forno.Imaging;
using Forno.Imaging.Masks;

namespace Forno.Datasets.Crops;

/// <summary>From which column to which a figure reaches in each row of its picture.</summary>
public sealed class Outline
{
    private readonly int[] left,
        right;

    /// <summary>The outline of some components.</summary>
    /// <param name="height">Rows of the picture.</param>
    /// <param name="parts">The figure's parts.</param>
    public Outline(int height, IEnumerable<Component> parts)
    {
        (left, right) = (new int[height], new int[height]);
        Array.Fill(left, int.MaxValue);
        foreach (PixelRun run in parts.SelectMany(p => p.Runs))
        {
            left[run.Row] = Math.Min(left[run.Row], run.Left);
            right[run.Row] = Math.Max(right[run.Row], run.Right);
        }
    }

    /// <summary>
    /// From which column to which (exclusive) the figure reaches in some rows; null where there is nothing of it.
    /// </summary>
    /// <param name="top">First row.</param>
    /// <param name="bottom">The row after the last.</param>
    public (int Left, int Right)? Extent(int top, int bottom)
    {
        int from = int.MaxValue,
            to = 0;
        for (int y = Math.Max(0, top); y < Math.Min(bottom, left.Length); y++)
        {
            (from, to) = (Math.Min(from, left[y]), Math.Max(to, right[y]));
        }

        return to > from ? (from, to) : null;
    }

    /// <summary>
    /// Mean width of the figure and its middle column in some rows, by area; null where there is nothing of it.
    /// </summary>
    /// <param name="top">First row.</param>
    /// <param name="bottom">The row after the last.</param>
    public (double Width, double Middle)? Mean(int top, int bottom)
    {
        double width = 0,
            moment = 0;
        int rows = 0;
        for (int y = Math.Max(0, top); y < Math.Min(bottom, left.Length); y++)
        {
            if (right[y] > left[y])
            {
                width += right[y] - left[y];
                moment += (right[y] - left[y]) * (left[y] + right[y]) / 2.0;
                rows++;
            }
        }

        return rows == 0 ? null : (width / rows, moment / width);
    }
}

/// <summary>Where the figure of a picture is, in pixels of the upright picture.</summary>
public sealed record Subject
{
    /// <summary>Islands smaller than this share of the largest are crumbs, not the figure.</summary>
    private const double Crumb = 0.05;

    /// <summary>A figure below this share of the picture is too small to be one.</summary>
    private const double Tiny = 0.005;

    /// <summary>A mask that is white to this share tells nothing.</summary>
    private const double Everything = 0.98;

    /// <summary>All of it.</summary>
    public required Box Box { get; init; }

    /// <summary>The head with its hair, if someone says where it is.</summary>
    public Box? Head { get; init; }

    /// <summary>The face from chin to hairline, if someone says where it is.</summary>
    public Box? Face { get; init; }

    /// <summary>Its outline; null where only boxes are known.</summary>
    public Outline? Outline { get; init; }

    /// <summary>What tells it: <c>mask</c>, <c>alpha</c> or <c>boxes</c>.</summary>
    public required string Source { get; init; }

    /// <summary>Finds the figure in a mask or an alpha channel.</summary>
    /// <param name="map">[height, width]; 128 and more is figure.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="source">What the map is.</param>
    /// <exception cref="FornoException">It shows none.</exception>
    public static Subject FromMap(ReadOnlySpan<byte> map, int width, int height, string source)
    {
        IReadOnlyList<Component> islands = Components.Find(map, width, height, from: 128);
        if (islands.Count == 0)
        {
            throw new FornoException($"its {source} is empty: it shows no subject");
        }

        Component[] parts = [.. islands.TakeWhile(i => i.Area >= Crumb * islands[0].Area)];
        double share = parts.Sum(p => p.Area) / ((double)width * height);
        if (share < Tiny)
        {
            throw new FornoException(
                Invariant.Text($"the subject of its {source} is tiny ({share:0.00 %} of the picture)")
            );
        }

        if (share > Everything)
        {
            throw new FornoException($"its {source} is the whole picture: it shows no subject");
        }

        return new Subject
        {
            Box = Around(parts.Select(p => p.Box)),
            Outline = new Outline(height, parts),
            Source = source,
        };
    }

    /// <summary>Refuses boxes that do not lie in the picture.</summary>
    /// <exception cref="FornoException">One of them reaches out of it, or has no pixels.</exception>
    public Subject RequireInside(Size picture)
    {
        foreach ((string name, Box? box) in ((string, Box?)[])[("subject", Box), ("head", Head), ("face", Face)])
        {
            if (
                box is { } b
                && (
                    b.Left < 0
                    || b.Top < 0
                    || b.Width < 1
                    || b.Height < 1
                    || b.Left + (long)b.Width > picture.Width
                    || b.Top + (long)b.Height > picture.Height
                )
            )
            {
                throw new FornoException($"its {name} box {b} is not inside the picture of {picture}");
            }
        }

        return this;
    }

    /// <summary>The smallest box around some.</summary>
    internal static Box Around(IEnumerable<Box> boxes)
    {
        Box[] all = [.. boxes];
        int left = all.Min(b => b.Left),
            top = all.Min(b => b.Top);
        return new Box(left, top, all.Max(b => b.Left + b.Width) - left, all.Max(b => b.Top + b.Height) - top);
    }
}
