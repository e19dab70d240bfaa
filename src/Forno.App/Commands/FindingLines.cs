using Forno.Prepare;

namespace Forno.App.Commands;

/// <summary>Findings on a terminal and in JSON.</summary>
internal static class FindingLines
{
    /// <summary>The same findings with the commands that mend them as they are to be typed here: what is to be done with FOLDER and FILE names them.</summary>
    /// <param name="findings">The findings.</param>
    /// <param name="folders">The folders as they were written; none leaves FOLDER.</param>
    /// <param name="config">The training configuration as it was written; null leaves FILE.</param>
    public static IReadOnlyList<Finding> For(IEnumerable<Finding> findings, IEnumerable<string> folders, string? config = null)
    {
        string places = string.Join(' ', folders.Select(f => DatasetRun.Quoted(Path.TrimEndingDirectorySeparator(f))));
        return [.. findings.Select(f => f with { Mend = Named(f.Mend) })];

        string Named(string mend)
        {
            string named = places.Length == 0 ? mend : mend.Replace(" FOLDER", $" {places}", StringComparison.Ordinal);
            return config is null ? named : named.Replace("--config FILE", $"--config {DatasetRun.Quoted(config)}", StringComparison.Ordinal);
        }
    }

    /// <summary>Prints findings: what, why it hurts, what mends it; the latter two once for those that follow one another and say the same.</summary>
    public static void Print(TextWriter to, IEnumerable<Finding> findings)
    {
        Finding[] all = [.. findings];
        for (int i = 0; i < all.Length; i++)
        {
            to.WriteLine($"{Sign(all[i].Level)} {DatasetRun.Shown(all[i].What)}");
            if (i + 1 == all.Length || (all[i].Level, all[i].Effect, all[i].Mend) != (all[i + 1].Level, all[i + 1].Effect, all[i + 1].Mend))
            {
                to.WriteLine($"    {DatasetRun.Shown(all[i].Effect)}");
                to.WriteLine($"    → {DatasetRun.Shown(all[i].Mend)}");
            }
        }
    }

    /// <summary>A finding as JSON has it.</summary>
    public static object Row(Finding f) => new { f.Kind, Level = f.Level.ToString().ToLowerInvariant(), f.What, f.Effect, f.Mend };

    /// <summary>The mark before a finding.</summary>
    public static char Sign(FindingLevel level) => level switch { FindingLevel.Bad => '✗', FindingLevel.Warning => '!', _ => '·' };
}
