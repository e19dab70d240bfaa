using System.Text.RegularExpressions;
using Forno.Findings;
using Forno.Reports;
using Forno.Workspace;

namespace Forno.Cli.Commands.Shared;

/// <summary>Findings on a terminal and in JSON.</summary>
internal static partial class FindingPrinter
{
    /// <summary>
    /// The same findings with the commands that mend them as they are to be typed here: what is to be done with FOLDER
    /// and FILE names them.
    /// </summary>
    /// <param name="findings">The findings.</param>
    /// <param name="folders">The folders as they were written; none leaves FOLDER.</param>
    /// <param name="config">The training configuration as it was written; null leaves FILE.</param>
    /// <param name="root">The folder that paths within the data set begin in; null leaves <c>FOLDER/name</c>.</param>
    public static IReadOnlyList<Finding> For(
        IEnumerable<Finding> findings,
        IEnumerable<string> folders,
        string? config = null,
        string? root = null
    )
    {
        string places = string.Join(' ', folders.Select(f => Wording.Quoted(Path.TrimEndingDirectorySeparator(f))));
        return [.. findings.Select(f => f with { Mend = Named(f.Mend) })];

        string Named(string mend)
        {
            string named = root is null
                ? mend
                : mend.Replace(
                    " FOLDER/",
                    $" {(root.Length > 0 ? Wording.Quoted(Path.TrimEndingDirectorySeparator(root)) + "/" : "")}",
                    StringComparison.Ordinal
                );
            named = places.Length == 0 ? named : Bare().Replace(named, _ => $" {places}");
            return config is null
                ? named
                : named.Replace("--config FILE", $"--config {Wording.Quoted(config)}", StringComparison.Ordinal);
        }
    }

    /// <summary>
    /// The folder that paths within a data set begin in, as it can be written here; null if there are several.
    /// </summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="folders">The folders as they were written.</param>
    public static string? RootOf(PictureFolder folder, IReadOnlyList<string> folders) =>
        folder.Work is { } work
            ? folders.FirstOrDefault(f => Path.TrimEndingDirectorySeparator(Path.GetFullPath(f)) == work)
                ?? Path.GetRelativePath(Directory.GetCurrentDirectory(), work)
        : folders.Count > 1 ? null
        : RelativePath.Repeats(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folders[0]))))
            is null
            ? folders[0] // a folder N_name leads the paths itself
        : Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folders[0])) ?? "/";

    /// <summary>
    /// Prints findings: what, why it hurts, what mends it; the latter two once for those that follow one another and
    /// say the same.
    /// </summary>
    public static void Print(TextWriter to, IEnumerable<Finding> findings)
    {
        Finding[] all = [.. findings];
        for (int i = 0; i < all.Length; i++)
        {
            to.WriteLine($"{Sign(all[i].Level)} {Wording.Shown(all[i].What)}");
            if (
                i + 1 == all.Length
                || (all[i].Level, all[i].Effect, all[i].Mend) != (all[i + 1].Level, all[i + 1].Effect, all[i + 1].Mend)
            )
            {
                to.WriteLine($"    {Wording.Shown(all[i].Effect)}");
                to.WriteLine($"    → {Wording.Shown(all[i].Mend)}");
            }
        }
    }

    /// <summary>A finding as JSON has it.</summary>
    public static object Row(Finding f) =>
        new
        {
            f.Kind,
            Level = f.Level.ToString().ToLowerInvariant(),
            f.What,
            f.Effect,
            f.Mend,
        };

    /// <summary>The mark before a finding.</summary>
    public static char Sign(FindingLevel level) =>
        level switch
        {
            FindingLevel.Bad => '✗',
            FindingLevel.Warning => '!',
            _ => '·',
        };

    [GeneratedRegex(" FOLDER(?![/\\w])")]
    private static partial Regex Bare();
}
