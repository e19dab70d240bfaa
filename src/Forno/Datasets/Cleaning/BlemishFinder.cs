using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.Vision.TextDetection;

namespace Forno.Datasets.Cleaning;

/// <summary>Grows the boxes of a text detector to the regions that a training is better off without. Pure.</summary>
public static class BlemishFinder
{
    /// <summary>Finds the blemishes of a picture.</summary>
    /// <param name="rgb">[height, width, 3].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="texts">Its texts, in its pixels.</param>
    /// <param name="settings">What to look for.</param>
    /// <param name="watermarks">Places where many pictures of the set have the same, in this picture's pixels.</param>
    /// <returns>Regions; bubbles swallow the texts inside of them, so that none lie in others.</returns>
    public static IReadOnlyList<Blemish> Find(
        ReadOnlySpan<byte> rgb,
        int width,
        int height,
        IReadOnlyList<TextArea> texts,
        BlemishSettings settings,
        IReadOnlyList<Component>? watermarks = null
    )
    {
        var found = new List<Blemish>();
        byte[] taken = new byte[width * height];
        if (settings.Kinds.Contains(BlemishKind.Watermark) && watermarks is { Count: > 0 })
        {
            foreach (Component mark in watermarks)
            {
                mark.Paint(taken, width);
            }

            // Windows overlap: the same mark may have come from two of them.
            found.AddRange(Components.Find(taken, width, height).Select(c => new Blemish(BlemishKind.Watermark, c, 1)));
        }

        TextArea[] sure = [.. texts.Where(t => t.Score >= settings.LeastScore)];
        if (settings.Kinds.Contains(BlemishKind.Bubble) && sure.Length > 0)
        {
            foreach (Component bubble in Bubbles.Find(rgb, width, height, [.. sure.Select(t => t.Quad)]))
            {
                // Of two that grew into each other the second gets what is left; a scrap is none.
                byte[] map = new byte[width * height];
                bubble.Paint(map, width);
                Without(map, taken);
                foreach (Component rest in Components.Find(map, width, height).Where(c => c.Area * 4 >= bubble.Area))
                {
                    found.Add(
                        new Blemish(
                            BlemishKind.Bubble,
                            rest,
                            sure.Where(t => Reaches(t.Quad, rest.Box, width, height))
                                .Select(t => (double)t.Score)
                                .DefaultIfEmpty(1)
                                .Max()
                        )
                    );
                    rest.Paint(taken, width);
                }
            }
        }

        if (settings.Kinds.Contains(BlemishKind.Text))
        {
            byte[] map = new byte[width * height];
            foreach (
                PixelRun run in sure.SelectMany(t => t.Quad.Grow(Reach(t.Quad, settings.Grow)).Runs(width, height))
            )
            {
                map.AsSpan((run.Row * width) + run.Left, run.Right - run.Left).Fill(1);
            }

            Without(map, taken);
            foreach (Component region in Components.Find(map, width, height))
            {
                TextArea[] inside = [.. sure.Where(t => Reaches(t.Quad, region.Box, width, height))];
                // What a bubble left over of a grown box, beside it, is no text of its own.
                if (inside.Any(t => region.Area * 4 >= t.Quad.Area))
                {
                    found.Add(new Blemish(BlemishKind.Text, region, inside.Max(t => t.Score)));
                }
            }
        }

        return [.. found.OrderBy(b => b.Area.Box.Top).ThenBy(b => b.Area.Box.Left)];
    }

    /// <summary>The blemishes as a map: 255 where one is, else 0.</summary>
    /// <param name="blemishes">The blemishes.</param>
    /// <param name="width">The picture's width.</param>
    /// <param name="height">The picture's height.</param>
    public static byte[] Map(IEnumerable<Blemish> blemishes, int width, int height)
    {
        byte[] map = new byte[width * height];
        foreach (Blemish blemish in blemishes)
        {
            blemish.Area.Paint(map, width);
        }

        return map;
    }

    /// <summary>How many pixels a text grows on every side.</summary>
    internal static double Reach(Quad quad, double share) => Math.Max(2, share * Math.Min(quad.Width, quad.Height));

    private static void Without(Span<byte> map, ReadOnlySpan<byte> taken)
    {
        for (int i = 0; i < map.Length; i++)
        {
            map[i] = taken[i] != 0 ? (byte)0 : map[i];
        }
    }

    private static bool Reaches(Quad quad, Box box, int width, int height)
    {
        Box other = quad.Bounds(width, height);
        return other.Left < box.Left + box.Width
            && box.Left < other.Left + other.Width
            && other.Top < box.Top + box.Height
            && box.Top < other.Top + other.Height;
    }
}
