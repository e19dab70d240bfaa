using Forno.Findings;
using Forno.Kohya;
using Forno.Reports;
using Forno.Workspace;

namespace Forno.Cli.Commands.Shared;

/// <summary>Findings on a terminal.</summary>
internal static class FindingPrinter
{
    /// <summary>What remedies are about, as it can be typed here.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="folders">The folders as they were written.</param>
    /// <param name="config">The training configuration as it was written, or null.</param>
    /// <param name="severalFiles">Whether its options stand in several files.</param>
    public static RemedyPlaces Places(
        PictureFolder folder,
        IReadOnlyList<string> folders,
        string? config = null,
        bool severalFiles = false
    ) =>
        new()
        {
            Folders = folders,
            Root = RootOf(folder.Work, folders),
            IsWork = folder.Work is not null,
            Config = config,
            OptionsFile = severalFiles || config is null ? null : ConfigPath.Find(config),
        };

    /// <summary>The same for folders whose pictures are not at hand.</summary>
    /// <param name="folders">The folders as they were written.</param>
    /// <param name="into">The folder that changed copies go to, which is what remedies are about then; or null.</param>
    public static RemedyPlaces Places(IReadOnlyList<string> folders, string? into = null)
    {
        if (into is not null)
        {
            return new RemedyPlaces
            {
                Folders = [into],
                Root = into,
                IsWork = true,
            };
        }

        string?[] works = [.. folders.Where(Directory.Exists).Select(WorkFolder.Find).Distinct()];
        string? work = works is [{ } one] ? one : null;
        return new RemedyPlaces
        {
            Folders = folders,
            Root = RootOf(work, folders),
            IsWork = work is not null,
        };
    }

    /// <summary>
    /// Prints findings: what, why it hurts, what fixes it, each alternative on a line of its own; the latter two once
    /// for those that follow one another and say the same.
    /// </summary>
    public static void Print(TextWriter to, IEnumerable<Finding> findings, RemedyPlaces places)
    {
        Finding[] all = [.. findings];
        for (int i = 0; i < all.Length; i++)
        {
            to.WriteLine($"{Sign(all[i].Level)} {Wording.Shown(all[i].What)}");
            if (i + 1 == all.Length || !Alike(all[i], all[i + 1]))
            {
                Advice(to, all[i], places);
            }
        }

        bool Alike(Finding a, Finding b) =>
            (a.Level, a.Effect) == (b.Level, b.Effect)
            && RemedyText.Line(a.Remedies, places) == RemedyText.Line(b.Remedies, places);
    }

    /// <summary>Prints what a finding does and what fixes it.</summary>
    public static void Advice(TextWriter to, Finding finding, RemedyPlaces places)
    {
        to.WriteLine($"    {Wording.Shown(finding.Effect)}");
        string lead = "→";
        foreach (Remedy remedy in finding.Remedies)
        {
            to.WriteLine($"    {lead} {Wording.Shown(RemedyText.Plain(remedy, places))}");
            lead = "  or";
        }
    }

    /// <summary>The mark before a finding.</summary>
    public static char Sign(FindingLevel level) =>
        level switch
        {
            FindingLevel.Bad => '✗',
            FindingLevel.Warning => '!',
            _ => '·',
        };

    // The folder that paths within the data set begin in, as it can be written here; null if there are several.
    private static string? RootOf(string? work, IReadOnlyList<string> folders) =>
        work is not null
            ? folders.FirstOrDefault(f => Path.TrimEndingDirectorySeparator(Path.GetFullPath(f)) == work)
                ?? Path.GetRelativePath(Directory.GetCurrentDirectory(), work)
        : folders.Count > 1 ? null
        : RelativePath.Repeats(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folders[0]))))
            is null
            ? folders[0] // a folder N_name leads the paths itself
        : Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folders[0])) ?? "/";
}
