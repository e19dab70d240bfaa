using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Datasets.Triggers;
using Forno.Reports;
using Forno.Reports.Absorption;

namespace Forno.Cli.Commands.Captions;

/// <summary>The absorption table on a terminal.</summary>
internal static class AbsorptionPrinter
{
    private const int Width = 110;

    /// <summary>Prints the table: the triggers with what each will learn, then the findings.</summary>
    /// <param name="to">Where.</param>
    /// <param name="name">The folders, for people.</param>
    /// <param name="table">The table.</param>
    /// <param name="places">What the remedies of findings are about.</param>
    public static void Print(TextWriter to, string name, AbsorptionTable table, RemedyPlaces places)
    {
        TriggerScene scene = table.Scene;
        to.WriteLine(
            Invariant.Text(
                $"{name}: {scene.Pictures} {Wording.Counted(scene.Pictures, "picture")} in "
                    + $"{scene.Groups.Count} {Wording.Counted(scene.Groups.Count, "folder")}, "
                    + $"{scene.Triggers.Count} {Wording.Counted(scene.Triggers.Count, "trigger")}, "
                    + $"{table.Rows.Count} pruned {Wording.Counted(table.Rows.Count, "feature")}"
            )
        );
        foreach (Trigger trigger in scene.Triggers)
        {
            string kind = trigger.Kind == TriggerKind.Unknown ? "" : trigger.Kind.ToString().ToLowerInvariant() + ", ";
            to.WriteLine();
            to.WriteLine(
                Invariant.Text(
                    $"{Wording.Shown(trigger.Name)}  {kind}"
                        + $"{trigger.Extent.Count} {Wording.Counted(trigger.Extent.Count, "picture")}"
                )
            );
            (Feature Feature, AbsorptionCell Cell)[] all = [.. table.Of(trigger.Name)];
            foreach (var (verdict, head) in AbsorptionWords.Heads)
            {
                string[] words =
                [
                    .. all.Where(a => a.Cell.Verdict == verdict).Select(a => Word(a.Feature, a.Cell, verdict, table)),
                ];
                Wrapped(to, $"  {head, -14}", words);
            }

            if (all.Length == 0 && table.Rows.Count > 0)
            {
                to.WriteLine("  nothing that was pruned");
            }
        }

        if (table.Rows.Count == 0 && scene.Triggers.Count > 0)
        {
            to.WriteLine();
            to.WriteLine(
                "Nothing was pruned yet: forno caption prune takes out of captions what triggers are to "
                    + "absorb, and remembers it."
            );
        }

        if (table.Findings.Count > 0)
        {
            to.WriteLine();
            FindingPrinter.Print(to, table.Findings, places);
        }
    }

    private static string Word(Feature feature, AbsorptionCell cell, AbsorptionVerdict verdict, AbsorptionTable table)
    {
        string grip =
            cell.Pictures == cell.Trigger.Extent.Count ? "" : Invariant.Text($" {Math.Floor(cell.Grip * 100)} %");
        IEnumerable<string> others = verdict is AbsorptionVerdict.Alike or AbsorptionVerdict.Split
            ? table
                .Rows.First(r => r.Feature == feature)
                .Takers.Where(c => c.Trigger != cell.Trigger)
                .Select(c => c.Trigger.Name)
            : [];
        string with = string.Join(", ", others);
        return $"{Wording.Shown(feature.Tag)}{grip}{(with.Length > 0 ? $" (as {Wording.Shown(with)})" : "")}";
    }

    private static void Wrapped(TextWriter to, string head, string[] words)
    {
        string line = head;
        for (int i = 0; i < words.Length; i++)
        {
            string word = words[i] + (i < words.Length - 1 ? ", " : "");
            if (line.Length + word.Length > Width && line.Trim().Length > 0 && line.Length > head.Length)
            {
                to.WriteLine(line.TrimEnd());
                line = new string(' ', head.Length);
            }

            line += word;
        }

        if (words.Length > 0)
        {
            to.WriteLine(line.TrimEnd());
        }
    }
}
