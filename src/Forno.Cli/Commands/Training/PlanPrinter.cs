using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Datasets.Repeats;
using Forno.Reports;

namespace Forno.Cli.Commands.Training;

/// <summary>
/// What <c>forno plan</c> prints: the recipe, each folder's repeats and where they come from, what each trigger gets.
/// </summary>
internal static class PlanPrinter
{
    /// <summary>Prints a plan.</summary>
    public static void Print(TextWriter to, RepeatPlan plan, RemedyPlaces places)
    {
        BakeSettings s = plan.Settings;
        to.WriteLine(
            Invariant.Text(
                $"recipe {s.Recipe.ToString().ToLowerInvariant()}, {s.Optimizer}, "
                    + $"{(s.Sdxl ? "SDXL" : "SD 1.5")}, batch {s.Batch}"
                    + $"{(s.Accumulation > 1 ? Invariant.Text($" × {s.Accumulation}") : "")}"
            )
        );
        foreach (string reason in plan.Reasons)
        {
            to.WriteLine($"  {reason}");
        }

        to.WriteLine();
        Columns(
            to,
            ["folder", "pictures", "repeats", "image steps", "for", "why"],
            [
                .. plan.Folders.Select(f =>
                    (string[])
                        [
                            f.Folder.Length > 0 ? Wording.Shown(f.Folder) : "(top)",
                            Invariant.Text($"{f.Pictures}"),
                            f.Before is { } before && before != f.Repeats
                                ? Invariant.Text($"{before} → {f.Repeats}")
                                : Invariant.Text($"{f.Repeats}"),
                            Invariant.Text($"{f.ImageSteps}"),
                            Wording.Shown(f.Concept),
                            f.Why,
                        ]
                ),
            ]
        );
        to.WriteLine();
        Columns(
            to,
            ["trigger", "an epoch", "in all"],
            [
                .. plan.Triggers.Select(t =>
                    (string[])
                        [
                            $"{Wording.Shown(t.Trigger)}{(t.Main ? "" : " (part)")}",
                            Invariant.Text($"{t.PerEpoch}"),
                            Invariant.Text($"{t.Total}"),
                        ]
                ),
            ]
        );
        to.WriteLine();
        to.WriteLine(
            Invariant.Text(
                $"{plan.Epochs} epochs of {plan.ImageSteps} image steps: {plan.TotalImageSteps} in all; "
                    + $"{plan.OptimizerSteps} optimizer steps an epoch, {plan.TotalOptimizerSteps} in all"
            )
        );
        if (plan.Findings.Count > 0)
        {
            to.WriteLine();
            FindingPrinter.Print(to, plan.Findings, places);
        }
    }

    /// <summary>A table of text: numbers to the right, the last column as long as it is.</summary>
    public static void Columns(TextWriter to, string[] head, IReadOnlyList<string[]> rows)
    {
        int[] widths = [.. head.Select((h, c) => rows.Select(r => r[c].Length).Append(h.Length).Max())];
        bool[] right =
        [
            .. head.Select((_, c) => rows.All(r => r[c].Length > 0 && char.IsDigit(r[c][0]) && char.IsDigit(r[c][^1]))),
        ];
        foreach (string[] row in rows.Prepend(head))
        {
            to.WriteLine(
                "  "
                    + string.Join(
                            "  ",
                            row.Select(
                                (cell, c) =>
                                    right[c] ? cell.PadLeft(widths[c])
                                    : c == row.Length - 1 ? cell
                                    : cell.PadRight(widths[c])
                            )
                        )
                        .TrimEnd()
            );
        }
    }
}
