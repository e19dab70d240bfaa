using Forno.Imaging.Measures;
using Forno.Workspace;

namespace Forno.Datasets.Duplicates;

/// <summary>A picture as the search for duplicates sees it.</summary>
public sealed record DuplicateInput
{
    /// <summary>The file; only for messages and for order among equals.</summary>
    public required string Path { get; init; }

    /// <summary>Hash of the file's bytes: equal for equal files only.</summary>
    public required ContentKey Content { get; init; }

    /// <summary>Its measures.</summary>
    public required PictureMeasures Measures { get; init; }

    /// <summary>How much its format is preferred among pictures that are otherwise equal; larger is better.</summary>
    public int FormatRank { get; init; }

    /// <summary>
    /// What hangs on the picture where it is (caption, mask, repeats): decides among those that look equally good.
    /// </summary>
    public int Ties { get; init; }

    /// <summary>png and other lossless formats before webp and avif, those before jpeg, and gif last.</summary>
    /// <param name="path">A file with its extension.</param>
    public static int RankOf(string path) =>
        System.IO.Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".png" or ".tif" or ".tiff" or ".bmp" => 4,
            ".webp" or ".avif" or ".jxl" or ".heic" => 3,
            ".jpg" or ".jpeg" => 2,
            _ => 1,
        };
}

/// <summary>A picture that another one makes superfluous.</summary>
/// <param name="Id">Its place in the list.</param>
/// <param name="Similarity">Percent; 100 where the bytes are equal.</param>
/// <param name="Mirrored">Whether it is the mirrored one.</param>
/// <param name="Exact">Whether the files' bytes are equal.</param>
public sealed record Duplicate(int Id, double Similarity, bool Mirrored, bool Exact);

/// <summary>A picture and those that look the same.</summary>
/// <param name="Kept">Place of the best: most pixels, then clearly sharper, then the better format.</param>
/// <param name="Others">The rest, in order of place.</param>
public sealed record DuplicateGroup(int Kept, IReadOnlyList<Duplicate> Others);

/// <summary>How duplicates are looked for.</summary>
public sealed record DuplicateOptions
{
    /// <summary>The similarity that is in use unless another is asked for, in percent.</summary>
    public const double DefaultSimilarity = 85;

    /// <summary>Percent that a picture must reach with the one that is kept; see <see cref="Likeness"/>.</summary>
    public double Similarity { get; init; } = DefaultSimilarity;

    /// <summary>Whether a mirrored copy is a duplicate.</summary>
    public bool Mirror { get; init; }
}

/// <summary>Groups pictures that show the same.</summary>
public static class DuplicateSearch
{
    private const double WideBelow = 75,
        Screen = 20,
        AboutAsSharp = 0.75;

    /// <summary>
    /// Groups pictures. The best come first and each becomes the head of a group; every other joins the head that it is
    /// most alike, so that nothing is grouped by a chain of small differences.
    /// </summary>
    /// <param name="pictures">In any order; the result does not depend on it beyond equals without names.</param>
    /// <param name="options">Threshold and mirroring.</param>
    /// <param name="closer">
    /// Makes the picture at a place small with a given side (64, 128 or 256), so that a likely pair is looked at
    /// closely and a changed mouth in a large scene is seen; null: the small pictures of the measures decide.
    /// </param>
    /// <param name="progress">Receives the number of pictures done.</param>
    /// <param name="cancel">Stops the search.</param>
    /// <returns>Groups of at least two, in order of the kept one's place.</returns>
    /// <exception cref="FornoException">The similarity is not between 1 and 100.</exception>
    public static IReadOnlyList<DuplicateGroup> Find(
        IReadOnlyList<DuplicateInput> pictures,
        DuplicateOptions options,
        Func<int, int, SmallPicture>? closer = null,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        if (!(options.Similarity is >= 1 and <= 100))
        {
            throw new FornoException(
                Invariant.Text($"a similarity of {options.Similarity} % makes no sense; give 1 to 100")
            );
        }

        var others = new Dictionary<int, List<Duplicate>>();
        int[] order = Distinct(pictures, others);
        var lookAlikes = new LookAlikes(
            [.. order.Select(i => pictures[i].Measures.Hash)],
            options.Mirror,
            options.Similarity < WideBelow ? 11 : 7
        );
        var judge = new Judge(pictures, options.Similarity, closer);
        var found = new List<Candidate>();
        for (int i = 0; i < order.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            lookAlikes.Near(i, found);
            (int head, Duplicate? best) = (-1, null);
            foreach (Candidate candidate in found)
            {
                double percent = judge.Percent(order[candidate.Id], order[i], candidate.Mirrored);
                if (percent >= options.Similarity && (best is null || percent > best.Similarity))
                {
                    (head, best) = (
                        order[candidate.Id],
                        new Duplicate(order[i], percent, candidate.Mirrored, Exact: false)
                    );
                }
            }

            if (best is null)
            {
                lookAlikes.Announce();
            }
            else
            {
                List<Duplicate> group = Group(others, head);
                group.Add(best);
                // Equal files follow the one that spoke for them.
                if (others.Remove(order[i], out List<Duplicate>? copies))
                {
                    group.AddRange(copies.Select(c => best with { Id = c.Id }));
                }
            }

            progress?.Report(i + 1);
        }

        return
        [
            .. others
                .Select(g => BestFormat(new DuplicateGroup(g.Key, g.Value), pictures, options, judge))
                .Select(g => g with { Others = [.. g.Others.OrderBy(d => d.Id)] })
                .OrderBy(g => g.Kept),
        ];
    }

    // A rough look first, a close one only where that leaves hope.
    private sealed class Judge(
        IReadOnlyList<DuplicateInput> pictures,
        double similarity,
        Func<int, int, SmallPicture>? closer
    )
    {
        private const int Kept = 64;
        private readonly Dictionary<int, Likeness> bySide = [];
        private readonly Dictionary<(int, int), SmallPicture> close = [];
        private readonly Queue<(int, int)> oldest = [];

        public double Percent(int head, int other, bool mirrored)
        {
            double rough = Compare(pictures[head].Measures.Small, pictures[other].Measures.Small, mirrored);
            int least = Math.Min(LeastSide(head), LeastSide(other)),
                side = least >= 256 ? 256
                : least >= 128 ? 128
                : 64;
            return closer is null || side == 64 || rough < similarity - Screen
                ? rough
                : Compare(Close(head, side), Close(other, side), mirrored);
        }

        private int LeastSide(int id) => Math.Min(pictures[id].Measures.Width, pictures[id].Measures.Height);

        private double Compare(SmallPicture a, SmallPicture b, bool mirrored)
        {
            if (!bySide.TryGetValue(a.Side, out Likeness? likeness))
            {
                bySide[a.Side] = likeness = new Likeness(a.Side);
            }

            return likeness.Percent(a, mirrored ? b.Mirrored() : b);
        }

        private SmallPicture Close(int id, int side)
        {
            if (!close.TryGetValue((id, side), out SmallPicture? small))
            {
                if (oldest.Count == Kept)
                {
                    close.Remove(oldest.Dequeue());
                }

                oldest.Enqueue((id, side));
                close[(id, side)] = small = closer!(id, side);
            }

            return small;
        }
    }

    // Compression makes a copy sharper by its own noise, flat drawings by a fifth: of those about as sharp the better
    // format is kept, then the one with caption, mask and repeats, if it is as like the others as the head was.
    private static DuplicateGroup BestFormat(
        DuplicateGroup group,
        IReadOnlyList<DuplicateInput> pictures,
        DuplicateOptions options,
        Judge judge
    )
    {
        PictureMeasures head = pictures[group.Kept].Measures;
        int best = group
            .Others.Where(o =>
                pictures[o.Id].Measures is var m
                && (m.Width, m.Height) == (head.Width, head.Height)
                && m.Sharpness > head.Sharpness * AboutAsSharp
            )
            .Select(o => o.Id)
            .Append(group.Kept)
            .OrderByDescending(i => pictures[i].FormatRank)
            .ThenByDescending(i => pictures[i].Ties)
            .ThenByDescending(i => pictures[i].Measures.Sharpness)
            .ThenBy(i => pictures[i].Path, StringComparer.Ordinal)
            .First();
        if (best == group.Kept)
        {
            return group;
        }

        // What was mirrored to the head is not to another mirrored one.
        bool turned = group.Others.Single(o => o.Id == best).Mirrored;
        Duplicate[] others =
        [
            .. group
                .Others.Where(o => o.Id != best)
                .Append(new Duplicate(group.Kept, 100, Mirrored: false, Exact: false))
                .Select(Against),
        ];
        return others.All(o => o.Similarity >= options.Similarity) ? new DuplicateGroup(best, others) : group;

        Duplicate Against(Duplicate other) =>
            pictures[other.Id].Content == pictures[best].Content
                ? new Duplicate(other.Id, 100, Mirrored: false, Exact: true)
                : new Duplicate(
                    other.Id,
                    judge.Percent(best, other.Id, other.Mirrored ^ turned),
                    other.Mirrored ^ turned,
                    Exact: false
                );
    }

    // The best of each set of equal files, best first.
    private static int[] Distinct(IReadOnlyList<DuplicateInput> pictures, Dictionary<int, List<Duplicate>> others)
    {
        int[] order =
        [
            .. Enumerable
                .Range(0, pictures.Count)
                .OrderByDescending(i => (long)pictures[i].Measures.Width * pictures[i].Measures.Height)
                .ThenByDescending(i => pictures[i].Measures.Sharpness)
                .ThenByDescending(i => pictures[i].FormatRank)
                .ThenByDescending(i => pictures[i].Ties)
                .ThenBy(i => pictures[i].Path, StringComparer.Ordinal),
        ];
        var first = new Dictionary<ContentKey, int>();
        var distinct = new List<int>();
        foreach (int i in order)
        {
            if (first.TryAdd(pictures[i].Content, i))
            {
                distinct.Add(i);
            }
            else
            {
                Group(others, first[pictures[i].Content]).Add(new Duplicate(i, 100, Mirrored: false, Exact: true));
            }
        }

        return [.. distinct];
    }

    private static List<Duplicate> Group(Dictionary<int, List<Duplicate>> others, int head) =>
        others.TryGetValue(head, out List<Duplicate>? group) ? group : others[head] = [];
}
