using Forno.Datasets.Triggers;
using Forno.Tests.Findings;

namespace Forno.Tests.Datasets.Triggers;

/// <summary>
/// Data sets in words: <c>"outfit1: 50 anna outfit1 | blue_hair red_dress | hat"</c> is a folder of 50 pictures, its
/// triggers, what they show untold, and what their captions tell. Several lines of one folder add to it.
/// </summary>
internal static class Scenes
{
    private static readonly Dictionary<string, TriggerKind> Kinds = new()
    {
        ["anna"] = TriggerKind.Character,
        ["bea"] = TriggerKind.Character,
        ["ink"] = TriggerKind.Style,
        ["sword"] = TriggerKind.Object,
        ["jump"] = TriggerKind.Pose,
    };

    public static TriggerScene Of(params string[] lines) => Of(Kind, lines);

    public static TriggerScene Of(Func<string, TriggerKind> kind, params string[] lines)
    {
        var (groups, triggers, hidden, told) = (Map(), Map(), Map(), Map());
        int count = 0;
        foreach (string line in lines)
        {
            string[] sides = line.Split('|');
            string[] head = sides[0].Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries);
            int many = int.Parse(head[1]);
            Add(groups, [head[0]], count, many);
            Add(triggers, head[2..], count, many);
            Add(hidden, Words(sides, 1), count, many);
            Add(told, Words(sides, 2), count, many);
            count += many;
        }

        return new TriggerScene
        {
            Pictures = count,
            Groups = [.. groups.Select(g => new PictureGroup(g.Key, new Extent(count, g.Value)))],
            Triggers = [.. triggers.Select(t => new Trigger(t.Key, kind(t.Key), new Extent(count, t.Value)))],
            Features =
            [
                .. hidden.Select(f => new Feature(
                    f.Key,
                    Category(f.Key),
                    new Extent(count, f.Value),
                    new Extent(count, told.GetValueOrDefault(f.Key, []))
                )),
            ],
        };
    }

    public static AbsorptionTable Table(params string[] lines) => AbsorptionTable.Make(Of(lines));

    /// <summary>
    /// What takes a feature: <c>anna</c>, <c>anna=outfit1</c> (alike), <c>a+b</c> (split), <c>mostly a</c>, <c>partly
    /// a</c>, then <c>; leaks b</c>.
    /// </summary>
    public static string Fate(this AbsorptionTable table, string feature)
    {
        AbsorptionRow row = table.Rows.Single(r => r.Feature.Tag == feature);
        string Names(AbsorptionVerdict verdict, string between) =>
            string.Join(between, row.Cells.Where(c => c.Verdict == verdict).Select(c => c.Trigger.Name).Order());
        string taken =
            (
                row.Cells.Select(c => c.Verdict)
                    .Where(v => v is not (AbsorptionVerdict.None or AbsorptionVerdict.Leaks))
                    .Distinct()
                    .Count() > 1
                    ? "MIXED "
                    : ""
            )
            + Names(AbsorptionVerdict.Wholly, "?")
            + Names(AbsorptionVerdict.Alike, "=")
            + Names(AbsorptionVerdict.Split, "+")
            + (
                row.Cells.Any(c => c.Verdict == AbsorptionVerdict.Mostly)
                    ? "mostly " + Names(AbsorptionVerdict.Mostly, "=")
                    : ""
            )
            + (
                row.Cells.Any(c => c.Verdict == AbsorptionVerdict.Partly)
                    ? "partly " + Names(AbsorptionVerdict.Partly, "=")
                    : ""
            );
        string leaks = Names(AbsorptionVerdict.Leaks, ",");
        return taken + (leaks.Length > 0 ? $"; leaks {leaks}" : "");
    }

    public static string[] FindingKinds(this AbsorptionTable table) =>
        [.. table.Findings.Checked().Select(f => f.Kind.Name).Order()];

    public static string What(this AbsorptionTable table, string kind) =>
        string.Join("\n", table.Findings.Where(f => f.Kind.Name == kind).Select(f => f.What).Order());

    private static TriggerKind Kind(string name) =>
        Kinds.GetValueOrDefault(
            name,
            name.StartsWith("outfit") || name.StartsWith("dress") ? TriggerKind.Outfit : TriggerKind.Unknown
        );

    private static string? Category(string tag) =>
        tag switch
        {
            _ when tag.EndsWith("_hair") => "hair-colour",
            _ when tag.EndsWith("_eyes") => "eyes",
            _ when tag.EndsWith("_dress") => "garment-whole",
            _ => null,
        };

    private static SortedDictionary<string, List<int>> Map() => new(StringComparer.Ordinal);

    private static string[] Words(string[] sides, int side) =>
        side < sides.Length ? sides[side].Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];

    private static void Add(SortedDictionary<string, List<int>> map, string[] names, int first, int many)
    {
        foreach (string name in names)
        {
            map.TryAdd(name, []);
            map[name].AddRange(Enumerable.Range(first, many));
        }
    }
}
