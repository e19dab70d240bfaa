using Forno.Datasets.Triggers;

namespace Forno.Reports.Absorption;

/// <summary>What the absorption table is told with, on the console and on its page.</summary>
public static class AbsorptionWords
{
    /// <summary>The folders of some pictures.</summary>
    public static IEnumerable<string> GroupsOf(AbsorptionTable table, Extent extent) =>
        table
            .Scene.Groups.Where(g => g.Extent.Overlap(extent) > 0)
            .OrderByDescending(g => g.Extent.Overlap(extent))
            .Select(g => g.Name.Length > 0 ? g.Name : "(top)");

    /// <summary>What a verdict says in a word or two.</summary>
    public static string Name(AbsorptionVerdict verdict) =>
        Heads.FirstOrDefault(h => h.Verdict == verdict).Head ?? "another's";

    internal static readonly (AbsorptionVerdict Verdict, string Head)[] Heads =
    [
        (AbsorptionVerdict.Wholly, "takes"),
        (AbsorptionVerdict.Alike, "takes, too"),
        (AbsorptionVerdict.Mostly, "takes most"),
        (AbsorptionVerdict.Split, "shares"),
        (AbsorptionVerdict.Leaks, "lets in"),
        (AbsorptionVerdict.Partly, "now and then"),
    ];
}
