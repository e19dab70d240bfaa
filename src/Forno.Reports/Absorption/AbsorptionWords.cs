using Forno.Datasets.Triggers;

namespace Forno.Reports.Absorption;

/// <summary>What the absorption table is told with, on the console and on its page.</summary>
public static class AbsorptionWords
{
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
