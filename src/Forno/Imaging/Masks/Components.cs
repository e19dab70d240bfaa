namespace Forno.Imaging.Masks;

/// <summary>Neighbouring pixels of one row.</summary>
/// <param name="Row">The row.</param>
/// <param name="Left">First column.</param>
/// <param name="Right">The column after the last.</param>
public readonly record struct PixelRun(int Row, int Left, int Right);

/// <summary>Set pixels that hang together.</summary>
/// <param name="Box">The smallest box around them.</param>
/// <param name="Area">How many they are.</param>
/// <param name="Runs">Where they are, in order of rows, then columns.</param>
public sealed record Component(Box Box, long Area, IReadOnlyList<PixelRun> Runs)
{
    /// <summary>Sets its pixels in a map.</summary>
    /// <param name="map">[height, width].</param>
    /// <param name="width">Pixels in a row of the map.</param>
    /// <param name="value">What to set them to.</param>
    public void Paint(Span<byte> map, int width, byte value = 255)
    {
        foreach (PixelRun run in Runs)
        {
            map[((run.Row * width) + run.Left)..((run.Row * width) + run.Right)].Fill(value);
        }
    }
}

/// <summary>
/// Connected components of a map. Work and memory grow with the runs, not with the pixels of an area.
/// </summary>
public static class Components
{
    /// <summary>Finds what hangs together.</summary>
    /// <param name="map">[height, width], one byte a pixel.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="from">Pixels of at least this value are set.</param>
    /// <param name="diagonal">Whether pixels that touch at a corner hang together.</param>
    /// <returns>The components, largest first; of equal ones, the higher first.</returns>
    public static IReadOnlyList<Component> Find(
        ReadOnlySpan<byte> map,
        int width,
        int height,
        byte from = 1,
        bool diagonal = true
    )
    {
        if (map.Length != (long)width * height)
        {
            throw new ArgumentException($"{map.Length} samples do not make {width}×{height} pixels", nameof(map));
        }

        List<PixelRun> runs = [];
        List<int> parents = [];
        int before = 0,
            reach = diagonal ? 1 : 0;
        for (int y = 0; y < height; y++)
        {
            int here = runs.Count,
                above = before;
            ReadOnlySpan<byte> row = map.Slice(y * width, width);
            for (int x = 0; x < width; )
            {
                int left = x;
                while (left < width && row[left] < from)
                {
                    left++;
                }

                if (left == width)
                {
                    break;
                }

                int right = left + 1;
                while (right < width && row[right] >= from)
                {
                    right++;
                }

                parents.Add(runs.Count);
                while (above < here && runs[above].Right + reach <= left)
                {
                    above++;
                }

                // The last run above that reaches this one may reach the next one too: it stays.
                for (int at = above; at < here && runs[at].Left < right + reach; at++)
                {
                    Join(parents, at, runs.Count);
                }

                runs.Add(new PixelRun(y, left, right));
                x = right;
            }

            before = here;
        }

        return Collect(runs, parents);
    }

    private static List<Component> Collect(List<PixelRun> runs, List<int> parents)
    {
        var groups = new Dictionary<int, List<PixelRun>>();
        for (int i = 0; i < runs.Count; i++)
        {
            int root = Root(parents, i);
            if (!groups.TryGetValue(root, out List<PixelRun>? group))
            {
                groups[root] = group = [];
            }

            group.Add(runs[i]);
        }

        return
        [
            .. groups
                .Values.Select(Measure)
                .OrderByDescending(c => c.Area)
                .ThenBy(c => c.Box.Top)
                .ThenBy(c => c.Box.Left),
        ];
    }

    private static Component Measure(List<PixelRun> runs)
    {
        int left = int.MaxValue,
            right = 0;
        long area = 0;
        foreach (PixelRun run in runs)
        {
            (left, right) = (Math.Min(left, run.Left), Math.Max(right, run.Right));
            area += run.Right - run.Left;
        }

        return new Component(new Box(left, runs[0].Row, right - left, runs[^1].Row - runs[0].Row + 1), area, runs);
    }

    private static void Join(List<int> parents, int a, int b)
    {
        (a, b) = (Root(parents, a), Root(parents, b));
        parents[Math.Max(a, b)] = Math.Min(a, b);
    }

    private static int Root(List<int> parents, int at)
    {
        while (parents[at] != at)
        {
            at = parents[at] = parents[parents[at]];
        }

        return at;
    }
}
