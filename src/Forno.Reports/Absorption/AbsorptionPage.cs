using System.Globalization;
using System.Text;
using Forno.Datasets.Triggers;
using Forno.Files;
using Forno.Findings;
using Forno.Reports.Sheets;

namespace Forno.Reports.Absorption;

/// <summary>The absorption table as one page that needs no other file and no network.</summary>
internal static class AbsorptionPage
{
    /// <summary>Writes the page; complete or absent.</summary>
    /// <param name="path">Ends in <c>.html</c> or <c>.htm</c>.</param>
    /// <param name="name">The data set's name.</param>
    /// <param name="table">The table.</param>
    /// <param name="places">What its remedies are about.</param>
    /// <exception cref="FornoException">It is no name for a page, or cannot be written.</exception>
    public static void Save(string path, string name, AbsorptionTable table, RemedyPlaces places)
    {
        ContactSheet.RequireName(path);
        AtomicFile.WriteText(path, Make(name, table, places));
    }

    /// <summary>The page.</summary>
    public static string Make(string name, AbsorptionTable table, RemedyPlaces places)
    {
        var page = new StringBuilder(
            Html.Head($"{name}: what each trigger will learn", Html.Resource("absorption.css"))
        );
        TriggerScene scene = table.Scene;
        Add(
            $"<h1>What each trigger will learn</h1>\n<p class=\"lead\">{Html.Text(name)}: "
                + $"{Counted(scene.Pictures, "picture")} in {Counted(scene.Groups.Count, "folder")}, "
                + $"{Counted(scene.Triggers.Count, "trigger")}, {Counted(table.Rows.Count, "pruned feature")}"
                + $".</p>\n"
        );
        if (scene.Pictures > 0 && scene.Triggers.Count > 0)
        {
            Add(
                $"<div class=\"sheet\">{AbsorptionDiagram.Svg(table)}</div>\n<p class=\"note\">Pictures with "
                    + $"the same triggers stand in one column, as wide as there are many. A bar is a trigger over "
                    + $"the pictures whose captions have it. Below, what pictures show and captions no longer say, "
                    + $"in the colour of the trigger that takes it; grey goes to no one in particular. A short "
                    + $"bar: only a part of the column shows it.</p>\n"
            );
        }

        if (table.Findings.Count > 0)
        {
            Add($"<h2>What to know</h2>\n<ul class=\"findings\">\n");
            foreach (Finding finding in table.Findings)
            {
                Add(
                    $"<li class=\"is-{finding.Level.ToString().ToLowerInvariant()}\"><b>"
                        + $"{Html.Text(finding.What)}</b><span>{Html.Text(finding.Effect)}</span><span "
                        + $"class=\"fix\">{RemedyText.Page(finding.Remedies, places)}</span></li>\n"
                );
            }

            Add($"</ul>\n");
        }

        Add($"<h2>Trigger by trigger</h2>\n<div class=\"triggers\">\n");
        for (int t = 0; t < scene.Triggers.Count; t++)
        {
            Card(t, scene.Triggers[t]);
        }

        Add($"</div>\n");
        if (table.Rows.Count > 0)
        {
            Rows();
        }

        return page.Append(Html.End).ToString();

        void Card(int place, Trigger trigger)
        {
            string kind = trigger.Kind == TriggerKind.Unknown ? "" : trigger.Kind.ToString().ToLowerInvariant() + ", ";
            Add(
                $"<section class=\"card t{place % AbsorptionDiagram.Colours}\"><h3>{Html.Text(trigger.Name)}"
                    + $"</h3><p class=\"note\">{kind}{Counted(trigger.Extent.Count, "picture")}</p>\n"
            );
            foreach (var verdict in table.Of(trigger.Name).GroupBy(f => f.Cell.Verdict))
            {
                IEnumerable<string> tags = verdict.Select(f =>
                    $"<span class=\"{(f.Cell.Takes ? "tag" : "tag weak")}\">{Html.Text(f.Feature.Tag)}"
                    + $"{Percent(f.Cell)}</span>"
                );
                Add($"<p class=\"takes\"><i>{AbsorptionWords.Name(verdict.Key)}</i> {string.Join(" ", tags)}</p>\n");
            }

            if (!table.Of(trigger.Name).Any())
            {
                Add($"<p class=\"note\">nothing that was pruned</p>\n");
            }

            Add($"</section>\n");
        }

        void Rows()
        {
            Add(
                $"<h2>Feature by feature</h2>\n<details open><summary>{Counted(table.Rows.Count, "feature")}"
                    + $"</summary>\n<table><thead><tr><th>feature</th><th>category</th><th class=\"number\">pruned "
                    + $"in</th><th class=\"number\">tagged in</th><th>goes to</th></tr></thead><tbody>\n"
            );
            foreach (AbsorptionRow row in table.Rows)
            {
                Add(
                    $"<tr><td>{Html.Text(row.Feature.Tag)}</td><td>{Html.Text(row.Feature.Category ?? "")}"
                        + $"</td><td class=\"number\">{row.Feature.Hidden.Count}</td><td class=\"number\">"
                        + $"{row.Feature.Told.Count}</td><td>{Html.Text(AbsorptionDiagram.Verdict(row))}"
                        + $"</td></tr>\n"
                );
            }

            Add($"</tbody></table></details>\n");
        }

        void Add(InvariantText part) => page.Append(part.ToString());
    }

    private static string Percent(AbsorptionCell cell) =>
        cell.Pictures == cell.Trigger.Extent.Count
            ? ""
            : Invariant.Text($" <small>{Math.Floor(cell.Grip * 100)} %</small>");

    private static string Counted(int count, string what) => Invariant.Text($"{count} {Wording.Counted(count, what)}");
}
