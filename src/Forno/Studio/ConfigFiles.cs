using Forno.Files;
using Forno.Kohya;
using Forno.Workspace;

namespace Forno.Studio;

/// <summary>
/// Writes changed configurations: journalled where they lie in the work folder, else with a copy of the old text beside
/// them.
/// </summary>
public static class ConfigFiles
{
    /// <summary>The steps for those that lie in a work folder.</summary>
    /// <param name="edit">The changes; null = none.</param>
    /// <param name="work">The work folder, absolute; null = none.</param>
    public static IEnumerable<PlanStep> Steps(ConfigEdit? edit, string? work) =>
        (edit?.Changed ?? [])
            .Where(c => Inside(c.File, work))
            .Select(c => new PlanStep
            {
                Subject = RelativePath.Of(work!, c.File),
                What = What(c),
                Changes =
                [
                    new ReplaceFile(RelativePath.Of(work!, c.File), FileContent.Bytes("configuration", c.ToBytes)),
                ],
                Text = new TextChange(c.Before, c.After),
            });

    /// <summary>Writes (unless it is a dry run) those that do not.</summary>
    /// <param name="edit">The changes; null = none.</param>
    /// <param name="work">The work folder whose plan has the others.</param>
    /// <param name="dryRun">Whether nothing is written.</param>
    public static IReadOnlyList<ConfigWritten> WriteOutside(ConfigEdit? edit, string? work, bool dryRun)
    {
        var written = new List<ConfigWritten>();
        foreach (ConfigText text in (edit?.Changed ?? []).Where(c => !Inside(c.File, work)))
        {
            string? copy = null;
            if (!dryRun)
            {
                copy = Free(text.File);
                AtomicFile.WriteBytes(copy, File.ReadAllBytes(text.File));
                AtomicFile.WriteBytes(text.File, text.ToBytes());
            }

            written.Add(new ConfigWritten(text.File, What(text), copy));
        }

        return written;
    }

    private static bool Inside(string file, string? work) =>
        work is not null && file.StartsWith(work + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    // The lines that are new or other than before.
    private static string What(ConfigText text)
    {
        var before = text.Before.Split('\n').Select(l => l.Trim()).ToHashSet(StringComparer.Ordinal);
        return string.Join(
            ", ",
            text.After.Split('\n')
                .Select(l => l.Trim())
                .Where(l => !before.Contains(l))
                .Distinct()
                .Select(l => l.Split('#')[0].Trim())
        );
    }

    private static string Free(string file)
    {
        for (int n = 1; ; n++)
        {
            string copy = Invariant.Text($"{file}.before{(n == 1 ? "" : $"-{n}")}");
            if (!Path.Exists(copy))
            {
                return copy;
            }
        }
    }
}
