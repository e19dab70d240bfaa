using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Data;
using Forno.Datasets.Checks;
using Forno.Findings;
using Forno.Reports;

namespace Forno.Cli.Commands.Datasets;

/// <summary>What <c>forno dataset check</c> prints on a terminal.</summary>
internal static class CheckPrinter
{
    private const int MostLines = 30,
        MostExamples = 3;

    /// <summary>Prints a report: the set, the kinds of findings with what fixes them, then the pictures.</summary>
    public static void Print(CommandHost cli, string name, SetReport report, BucketRules rules, RemedyPlaces places)
    {
        TextWriter to = cli.Out;
        to.WriteLine(
            Invariant.Text(
                $"{name}: {report.Pictures.Count} {Wording.Counted(report.Pictures.Count, "picture")}, "
                    + $"{report.Buckets.Count} {Wording.Counted(report.Buckets.Count, "bucket")} at resolution "
                    + $"{rules.Resolution}"
            )
        );
        if (report.Findings.Count > 0)
        {
            to.WriteLine();
            to.WriteLine("The set:");
            FindingPrinter.Print(to, report.Findings.OrderByDescending(f => f.Level), places);
        }

        (CheckedPicture Picture, Finding Finding)[] all =
        [
            .. report.Pictures.SelectMany(p => p.Findings.Select(f => (p, f))),
        ];
        if (all.Length > 0)
        {
            to.WriteLine();
            to.WriteLine("Its pictures:");
            foreach (
                var kind in all.GroupBy(a => a.Finding.Kind)
                    .OrderByDescending(g => g.Max(a => a.Finding.Level))
                    .ThenByDescending(g => g.Count())
            )
            {
                Finding worst = kind.MaxBy(a => a.Finding.Level).Finding;
                string examples = string.Join(
                    ", ",
                    kind.Take(MostExamples).Select(a => Wording.Shown(a.Picture.Picture.Item.Path))
                );
                to.WriteLine(
                    Invariant.Text(
                        $"{FindingPrinter.Sign(worst.Level)} {kind.Count()} {kind.Key}: {examples}"
                            + $"{(kind.Count() > MostExamples ? ", …" : "")}"
                    )
                );
                FindingPrinter.Advice(to, worst, places);
            }

            to.WriteLine();
            to.WriteLine("Worst first:");
            CheckedPicture[] flawed =
            [
                .. report
                    .Pictures.Where(p => p.Findings.Any(f => f.Level > FindingLevel.Note))
                    .OrderByDescending(p => p.Findings.Sum(f => (int)f.Level)),
            ];
            foreach (CheckedPicture picture in flawed.Take(MostLines))
            {
                string bucket = picture.Fit is { } fit ? $" → {fit.Bucket}" : "";
                IEnumerable<string> found = picture
                    .Findings.Where(f => f.Level > FindingLevel.Note)
                    .OrderByDescending(f => f.Level)
                    .Select(f => Wording.Shown(f.What));
                to.WriteLine(
                    $"  {Wording.Shown(picture.Picture.Item.Path)}  {picture.Picture.Size}{bucket}: "
                        + string.Join("; ", found)
                );
            }

            to.WriteLine(
                flawed.Length == 0 ? "  none with more than a note"
                : flawed.Length > MostLines ? $"  … and {flawed.Length - MostLines} more; --json lists all"
                : ""
            );
        }

        if (report.Pictures.Count > 0 && all.Length == 0 && report.Findings.Count == 0)
        {
            to.WriteLine("nothing found: it is ready");
        }

        WorkFolderRun.List(cli, report.Problems);
    }
}
