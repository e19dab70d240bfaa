using System.Text.Json;
using Forno.Datasets.Duplicates;
using Forno.Imaging.Measures;
using Forno.Workspace;

namespace Forno.Conformance.Images;

/// <summary>Equal files, pictures that show the same, and mirrored ones, at the default similarity.</summary>
internal static class ImagesDuplicates
{
    public static void Check(GoldenCase golden, Comparison comparison)
    {
        string[] files = [.. golden.Expect.GetProperty("files").EnumerateArray().Select(f => f.GetString()!)];
        var scanner = new PictureScanner();
        DuplicateInput[] pictures =
        [
            .. files
                .Select(f => golden.PathOf(f))
                .Select(path => new DuplicateInput
                {
                    Path = path,
                    Content = ContentKey.OfFile(path),
                    Measures = scanner.Scan(path),
                    FormatRank = DuplicateInput.RankOf(path),
                }),
        ];

        string[][] near = Groups(golden.Expect.GetProperty("near"));
        comparison.Same(
            "equal files",
            Text(
                files
                    .GroupBy(f => ContentKey.OfFile(golden.PathOf(f)))
                    .Where(g => g.Count() > 1)
                    .Select(g => g.ToArray())
            ),
            Text(Groups(golden.Expect.GetProperty("exact")))
        );
        comparison.Same("near", Text(Found(mirror: false)), Text(near));

        // With mirroring the groups of each pair become one.
        List<HashSet<string>> joined = [.. near.Select(g => g.ToHashSet())];
        foreach (string[] pair in Groups(golden.Expect.GetProperty("mirrored")))
        {
            HashSet<string> one = [.. pair, .. joined.Where(g => g.Overlaps(pair)).SelectMany(g => g)];
            joined.RemoveAll(g => g.Overlaps(pair));
            joined.Add(one);
        }

        comparison.Same("near or mirrored", Text(Found(mirror: true)), Text(joined.Select(g => g.ToArray())));

        IEnumerable<string[]> Found(bool mirror) =>
            DuplicateSearch
                .Find(
                    pictures,
                    new DuplicateOptions { Mirror = mirror },
                    (i, side) => scanner.SmallOf(pictures[i].Path, side)
                )
                .Select(g => (string[])[files[g.Kept], .. g.Others.Select(o => files[o.Id])]);
    }

    private static string[][] Groups(JsonElement groups) =>
        [.. groups.EnumerateArray().Select(g => g.EnumerateArray().Select(f => f.GetString()!).ToArray())];

    private static string Text(IEnumerable<string[]> groups) =>
        string.Join(
            " | ",
            groups.Select(g => string.Join(' ', g.Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal)
        );
}
