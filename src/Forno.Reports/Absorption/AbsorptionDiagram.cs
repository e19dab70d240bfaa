using System.Globalization;
using System.Text;
using Forno.Datasets.Triggers;
using Forno.Workspace;

namespace Forno.Reports.Absorption;

/// <summary>
/// The sets of triggers as a linear diagram: pictures lie side by side, those with the same triggers in one column, as
/// wide as there are many; a trigger is a bar over the columns whose captions have it, a pruned feature a thinner one
/// in the colour of the trigger that takes it. Unlike circles this stays exact for a dozen sets.
/// </summary>
internal static class AbsorptionDiagram
{
    /// <summary>How many colours the style sheet has.</summary>
    public const int Colours = 12;

    private const double Left = 170,
        Right = 220,
        Middle = 690,
        LeastColumn = 20,
        TriggerRow = 30,
        FeatureRow = 19;
    private const int MostFeatures = 10,
        MostBreaksTried = 60;

    /// <summary>Draws the diagram as inline SVG; colours come from <c>absorption.css</c>.</summary>
    public static string Svg(AbsorptionTable table)
    {
        var columns = Ordered(table);
        double wide = Math.Max(Middle, columns.Length * LeastColumn * 1.4),
            width = Left + wide + Right;
        double[] edges = Edges([.. columns.Select(c => c.Extent.Count)], wide);
        var rows = FeatureRows(table);
        double triggersTop = 64,
            featuresTop = triggersTop + (table.Scene.Triggers.Count * TriggerRow) - 6;
        double height = featuresTop + (rows.Sum(r => r.Height)) + 14;
        var svg = new StringBuilder();
        Add(
            $"<svg class=\"sets\" viewBox=\"0 0 {width:0} {height:0}\" role=\"img\" aria-label=\"Which "
                + $"pictures have which triggers, and which trigger takes what they show\">"
        );
        Columns();
        Triggers();
        Features();
        return svg.Append("</svg>").ToString();

        void Columns()
        {
            for (int c = 0; c < columns.Length; c++)
            {
                var (x, w) = (edges[c], edges[c + 1] - edges[c]);
                string folders = string.Join(", ", table.GroupsOf(columns[c].Extent));
                string names =
                    columns[c].Triggers.Count == 0
                        ? "no trigger"
                        : string.Join(" + ", columns[c].Triggers.Select(t => t.Name));
                Add(
                    $"<g><title>{Html.Text(names)}: {columns[c].Extent.Count} pictures in {Html.Text(folders)}</title>"
                );
                Add(
                    $"<rect class=\"column{(c % 2 == 0 ? "" : " odd")}\" x=\"{x:0.0}\" y=\"40\" width=\""
                        + $"{w:0.0}\" height=\"{height - 44:0}\"/>"
                );
                Add(
                    $"<text class=\"count\" x=\"{x + (w / 2):0.0}\" y=\"16\" text-anchor=\"middle\">"
                        + $"{columns[c].Extent.Count}</text>"
                );
                Add(
                    $"<text class=\"folder\" x=\"{x + (w / 2):0.0}\" y=\"32\" text-anchor=\"middle\">"
                        + $"{Html.Text(Label(folders, w))}</text></g>"
                );
            }

            Add($"<text class=\"head\" x=\"{Left - 14:0}\" y=\"16\" text-anchor=\"end\">pictures</text>");
            Add($"<text class=\"head\" x=\"{Left - 14:0}\" y=\"32\" text-anchor=\"end\">folder</text>");
        }

        void Triggers()
        {
            for (int t = 0; t < table.Scene.Triggers.Count; t++)
            {
                Trigger trigger = table.Scene.Triggers[t];
                double y = triggersTop + (t * TriggerRow);
                Add(
                    $"<text class=\"trigger\" x=\"{Left - 14:0}\" y=\"{y + 1:0}\" text-anchor=\"end\">"
                        + $"{Html.Text(Fit(trigger.Name, Left - 24, 7.6))}</text>"
                );
                Add($"<path class=\"rule\" d=\"M{Left} {y - 4:0}H{Left + wide:0.0}\"/>");
                foreach (var (from, to) in Runs(c => columns[c].Triggers.Contains(trigger), columns.Length))
                {
                    Add(
                        $"<rect class=\"bar t{t % Colours}\" x=\"{edges[from] + 2:0.0}\" y=\"{y - 13:0}\" "
                            + $"width=\"{edges[to] - edges[from] - 4:0.0}\" height=\"18\" rx=\"9\"><title>"
                            + $"{Html.Text(trigger.Name)}: {trigger.Extent.Count} pictures</title></rect>"
                    );
                }

                string kind =
                    trigger.Kind == TriggerKind.Unknown ? "" : trigger.Kind.ToString().ToLowerInvariant() + ", ";
                Add(
                    $"<text class=\"side\" x=\"{Left + wide + 14:0.0}\" y=\"{y + 1:0}\">{kind}"
                        + $"{trigger.Extent.Count}</text>"
                );
            }
        }

        void Features()
        {
            double y = featuresTop;
            foreach (DiagramRow row in rows)
            {
                if (row.Feature is null)
                {
                    Add(
                        $"<text class=\"head\" x=\"{Left - 14:0}\" y=\"{y + row.Height - 8:0}\" "
                            + $"text-anchor=\"end\">{Html.Text(row.Text)}</text>"
                    );
                    Add($"<path class=\"rule\" d=\"M20 {y + row.Height - 3:0}H{Left + wide + Right - 14:0.0}\"/>");
                }
                else
                {
                    One(row, y + 13);
                }

                y += row.Height;
            }
        }

        void One(DiagramRow row, double y)
        {
            Feature feature = row.Feature!.Feature;
            Add(
                $"<text class=\"feature\" x=\"{Left - 14:0}\" y=\"{y:0}\" text-anchor=\"end\">"
                    + $"{Html.Text(Fit(feature.Tag, Left - 24, 6.4))}</text>"
            );
            for (int c = 0; c < columns.Length; c++)
            {
                int shown = columns[c].Extent.Overlap(feature.Hidden);
                if (shown > 0)
                {
                    double share = (double)shown / columns[c].Extent.Count,
                        full = edges[c + 1] - edges[c] - 4;
                    int owner = Owner(row.Feature, columns[c].Triggers, table.Scene.Triggers);
                    Add(
                        $"<rect class=\"cell {(owner < 0 ? "loose" : Invariant.Text($"t{owner % Colours}"))}"
                            + $"\" x=\"{edges[c] + 2:0.0}\" y=\"{y - 9:0}\" width=\"{Math.Max(2, full * share):0.0}"
                            + $"\" height=\"10\" rx=\"2\"><title>{Html.Text(feature.Tag)}: {shown} of "
                            + $"{columns[c].Extent.Count} pictures here show it without its tag</title></rect>"
                    );
                }
            }

            Add(
                $"<text class=\"side\" x=\"{Left + wide + 14:0.0}\" y=\"{y:0}\">"
                    + $"{Html.Text(Fit(row.Text, Right - 24, 6.2))}<title>{Html.Text(row.Text)}</title></text>"
            );
        }

        void Add(InvariantText part) => svg.Append(part.ToString()).Append('\n');
    }

    /// <summary>
    /// Who takes a feature, in words: <c>anna</c>, <c>anna = outfit1</c>, <c>outfit1 + outfit2</c>, <c>leaks to
    /// anna</c>.
    /// </summary>
    public static string Verdict(AbsorptionRow row)
    {
        AbsorptionCell[] takers = [.. row.Takers];
        string taken =
            takers.Length == 0
                ? row.Cells.Where(c => c.Verdict == AbsorptionVerdict.Partly).Select(c => c.Trigger.Name).ToArray()
                    is { Length: > 0 } partly
                    ? $"now and then {string.Join(", ", partly)}"
                    : "nobody's"
                : (takers[0].Verdict == AbsorptionVerdict.Mostly ? "mostly " : "")
                    + string.Join(
                        takers[0].Verdict == AbsorptionVerdict.Split ? " + " : " = ",
                        takers.Select(c => c.Trigger.Name)
                    );
        string leaks = string.Join(
            ", ",
            row.Cells.Where(c => c.Verdict == AbsorptionVerdict.Leaks).Select(c => c.Trigger.Name)
        );
        return leaks.Length > 0 ? $"{taken} → {leaks}" : taken;
    }

    // Features by who takes them, in the order of triggers; what nobody takes wholly comes last.
    private static List<DiagramRow> FeatureRows(AbsorptionTable table)
    {
        var rows = new List<DiagramRow>();
        if (table.Rows.Count > 0)
        {
            rows.Add(new DiagramRow(null, "what pruning hid", 22));
        }

        foreach (
            var group in table
                .Rows.GroupBy(Key)
                .OrderBy(g => g.Key.Place)
                .ThenBy(g => g.Key.Names, StringComparer.Ordinal)
        )
        {
            AbsorptionRow[] all = [.. group];
            rows.AddRange(
                all.Take(MostFeatures)
                    .Select(
                        (r, i) =>
                            new DiagramRow(
                                r,
                                Verdict(r),
                                i == Math.Min(all.Length, MostFeatures) - 1 && all.Length <= MostFeatures
                                    ? FeatureRow + 5
                                    : FeatureRow
                            )
                    )
            );
            if (all.Length > MostFeatures)
            {
                rows.Add(new DiagramRow(null, Invariant.Text($"and {all.Length - MostFeatures} more"), FeatureRow + 5));
            }
        }

        return rows;

        (int Place, string Names) Key(AbsorptionRow row)
        {
            string[] takers = [.. row.Takers.Select(c => c.Trigger.Name)];
            return takers.Length == 0
                ? (int.MaxValue, "")
                : (
                    table.Scene.Triggers.ToList().FindIndex(t => t.Name == takers[0])
                        + (takers.Length > 1 && row.Takers.First().Verdict == AbsorptionVerdict.Split ? 100 : 0),
                    string.Join('\n', takers)
                );
        }
    }

    // The taker that these pictures have; -1 if they have none.
    private static int Owner(AbsorptionRow row, IReadOnlyList<Trigger> here, IReadOnlyList<Trigger> all)
    {
        AbsorptionCell? cell =
            row.Cells.FirstOrDefault(c => c.Takes && here.Contains(c.Trigger))
            ?? row.Cells.FirstOrDefault(c => c.Verdict == AbsorptionVerdict.Partly && here.Contains(c.Trigger));
        return cell is null || cell.Verdict == AbsorptionVerdict.Partly ? -1 : all.ToList().IndexOf(cell.Trigger);
    }

    // Columns in an order that breaks bars seldom: nearest neighbours from each beginning, the best of them.
    private static (IReadOnlyList<Trigger> Triggers, Extent Extent)[] Ordered(AbsorptionTable table)
    {
        var regions = table.Regions();
        int Apart(int a, int b) =>
            regions[a].Triggers.Except(regions[b].Triggers).Count()
            + regions[b].Triggers.Except(regions[a].Triggers).Count();
        (int[] Order, int Cost) best = ([.. Enumerable.Range(0, regions.Count)], int.MaxValue);
        for (int start = 0; start < Math.Min(regions.Count, MostBreaksTried); start++)
        {
            List<int> order = [start];
            HashSet<int> left = [.. Enumerable.Range(0, regions.Count).Where(i => i != start)];
            int cost = regions[start].Triggers.Count;
            while (left.Count > 0)
            {
                int next = left.OrderBy(i => Apart(order[^1], i)).ThenBy(i => i).First();
                cost += Apart(order[^1], next);
                order.Add(next);
                left.Remove(next);
            }

            cost += regions[order[^1]].Triggers.Count;
            if (cost < best.Cost)
            {
                best = ([.. order], cost);
            }
        }

        return [.. best.Order.Select(i => regions[i])];
    }

    // As wide as there are pictures, but never too narrow for a number.
    private static double[] Edges(int[] counts, double wide)
    {
        double[] widths = [.. counts.Select(c => (double)c)];
        double spare = wide - (LeastColumn * counts.Length),
            all = Math.Max(1, counts.Sum());
        double[] edges = new double[counts.Length + 1];
        edges[0] = Left;
        for (int i = 0; i < counts.Length; i++)
        {
            edges[i + 1] = edges[i] + LeastColumn + (spare * widths[i] / all);
        }

        return edges;
    }

    private static IEnumerable<(int From, int To)> Runs(Func<int, bool> member, int count)
    {
        for (int c = 0; c < count; c++)
        {
            if (member(c))
            {
                int from = c;
                while (c < count && member(c))
                {
                    c++;
                }

                yield return (from, c);
            }
        }
    }

    // Folders without their repeats; nothing rather than a stump.
    private static string Label(string folders, double width)
    {
        string bare = string.Join(
            ", ",
            folders
                .Split(", ")
                .Select(f =>
                    RelativePath.Repeats(RelativePath.Name(f)) is null
                        ? f
                        : f[(f.IndexOf('_', StringComparison.Ordinal) + 1)..]
                )
        );
        string fit = Fit(bare, width, 5.4);
        return fit.Length < Math.Min(6, bare.Length) ? "" : fit;
    }

    // As much of a text as fits a width.
    private static string Fit(string text, double width, double letter = 6)
    {
        int most = (int)(width / letter);
        return text.Length <= most ? text
            : most < 3 ? ""
            : text[..(most - 1)] + "…";
    }

    private sealed record DiagramRow(AbsorptionRow? Feature, string Text, double Height);
}
