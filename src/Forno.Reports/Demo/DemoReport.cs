using System.Globalization;
using System.Text;
using Forno.Pocket.Data;
using Forno.Pocket.Measures;

namespace Forno.Reports.Demo;

/// <summary>
/// The demo's page: what went in, what came out, what was measured. One file, readable without a network.
/// </summary>
internal sealed class DemoReport
{
    // The share of prompt match that a style may cost: a judge who has never seen the style finds its own pictures less
    // like their names, too.
    private const double MostLost = 0.2;

    private readonly DemoResult result;
    private readonly StringBuilder html = new();

    private DemoReport(DemoResult result) => this.result = result;

    /// <summary>Makes the page.</summary>
    public static string Make(DemoResult result)
    {
        var report = new DemoReport(result);
        report.Head();
        report.Figures();
        report.Grid();
        report.Pairs();
        report.Curve();
        report.Samples();
        report.Dataset();
        report.Numbers();
        report.Configs();
        report.Next();
        return Html.Page($"Forno demo: {result.Style}", report.html.ToString());
    }

    /// <summary>A time for people: "1 min 52 s".</summary>
    public static string Clock(TimeSpan time) =>
        time.TotalMinutes >= 1
            ? Invariant.Text($"{(int)time.TotalMinutes} min {time.Seconds} s")
            : Invariant.Text($"{time.TotalSeconds:0.0} s");

    /// <summary>A probability for people: "0.03", "&lt; 0.001".</summary>
    public static string Probability(double p) => p < 0.001 ? "< 0.001" : Invariant.Text($"{p:0.###}");

    /// <summary>What the two measures of the drawings mean together: a style is worth little where shapes
    /// break.</summary>
    public static string Balance(StyleShift shift)
    {
        if (shift.Style.Test is not { P: < 0.05, Mean: > 0 })
        {
            return "At weight 1 the drawings have not come measurably nearer to the style: train longer.";
        }
        double lost = shift.Prompt.Before > 0 ? 1 - (shift.Prompt.After / shift.Prompt.Before) : 0;
        string fall = lost > 0 ? Invariant.Text($"falls by {lost:0 %}") : "does not fall";
        return lost < MostLost
            ? $"At weight 1 the style shows and the shapes hold: prompt match {fall}."
            : $"At weight 1 the style shows, but shapes suffer: prompt match {fall}; use a lower weight.";
    }

    private void Head() =>
        Add(
            $"""
            <h1>A LoRA of the {result.Style} style, baked in {Clock(result.Training)}</h1>
            <p class="lead">Pocket, the small base model that comes with Forno, has never seen {result.Style}.
            {result.Pictures.Count} drawings and the words “{result.Trigger}” taught it.</p>

            """
        );

    private void Figures()
    {
        StyleShift shift = result.Shift;
        html.Append("<div class=\"figures\">\n");
        Figure(
            "style similarity",
            $"{shift.Style.Before:0.000} → {shift.Style.After:0.000}",
            $"with and without, mean of {shift.Pairs.Count} pairs; p {Compared(shift.Style.Test.P)}",
            Verdict(shift.Style.Test)
        );
        Figure(
            "prompt match",
            $"{shift.Prompt.Before:0.000} → {shift.Prompt.After:0.000}",
            $"does it still draw what it is asked for? p {Compared(shift.Prompt.Test.P)}",
            Verdict(shift.Prompt.Test)
        );
        Figure(
            "loss on unseen pictures",
            $"{Signed(-result.Loss.Fall)}",
            $"{result.Loss.Before:0.0000} → {result.Loss.After:0.0000} on {result.Loss.Pictures} pictures of "
                + $"the style; p {Compared(result.Loss.Test.P)}",
            Verdict(result.Loss.Test, better: -1)
        );
        Figure(
            "whole demo",
            $"{Clock(result.Total)}",
            $"{result.Curve.Count} optimizer steps of {result.Batch} pictures",
            ""
        );
        html.Append("</div>\n");
        Add($"<p>{Balance(shift)}</p>\n");

        void Figure(string name, InvariantText value, InvariantText note, string verdict) =>
            Add(
                $"""
                <div class="figure"><span class="name">{name}</span><b class="{verdict}">{value.ToString()}</b><span>{note.ToString()}</span></div>

                """
            );
    }

    private void Grid()
    {
        Heading("Epochs × weights");
        Add(
            $"<p class=\"note\">The same seed in every cell. “No LoRA” is the bare model; beside it the LoRA "
                + $"of each epoch at growing strength. Down a column one sees what training adds, along a row what "
                + $"strength adds. A good LoRA has the style at weight 1 and still draws the same thing; where shapes "
                + $"break, take a lower weight or an earlier epoch.</p>\n"
        );
        html.Append("<div class=\"sheet\">")
            .Append(Html.ImageFile(result.Grid, "Grid of epochs and weights"))
            .Append("</div>\n");
    }

    private void Pairs()
    {
        Heading("Without and with");
        Add(
            $"<p class=\"note\">Each pair has one seed and one prompt: the name below it and “"
                + $"{result.Trigger}”. None of these is among the pictures learnt from.</p>\n"
        );
        html.Append("<div class=\"tiles pairs\">\n");
        foreach (ShiftPair pair in result.Shift.Pairs)
        {
            html.Append("<figure><div class=\"two\">")
                .Append(
                    Html.ImageRgb(
                        pair.Before.Pixels,
                        pair.Before.Width,
                        pair.Before.Height,
                        pair.Name + " without the LoRA"
                    )
                )
                .Append(
                    Html.ImageRgb(pair.After.Pixels, pair.After.Width, pair.After.Height, pair.Name + " with the LoRA")
                )
                .Append("</div><figcaption>")
                .Append(Html.Text(pair.Name))
                .Append("</figcaption></figure>\n");
        }
        html.Append("</div>\n");
    }

    private void Curve()
    {
        Heading("Loss");
        Add(
            $"<p class=\"note\">Dots: each optimizer step. Line: mean over the last epoch’s worth of steps. "
                + $"Dashed: an epoch ends. The loss of single steps leaps because each has other timesteps.</p>\n"
        );
        html.Append("<div class=\"sheet\">").Append(LossChart.Svg(result.Curve)).Append("</div>\n");
    }

    private void Samples()
    {
        Heading("Samples while it baked");
        foreach (IGrouping<int, DemoSample> epoch in result.Samples.GroupBy(s => s.Epoch).OrderBy(g => g.Key))
        {
            Add(
                $"<h3>{(epoch.Key == 0 ? "before the first step" : Invariant.Text($"after epoch {epoch.Key}"))}</h3>\n"
            );
            Tiles(epoch.Select(s => (Html.ImageFile(s.Path, s.Prompt), s.Prompt)));
        }
    }

    private void Dataset()
    {
        Heading($"The {result.Pictures.Count} pictures it learnt from");
        Add($"<p class=\"note\">Each was shown {result.Repeats} times an epoch, for {result.Epochs} epochs.</p>\n");
        Tiles(
            result.Pictures.Select(p =>
                (Html.ImageRgb(p.Rgb(), PocketData.Side, PocketData.Side, p.Record.Name), p.Record.FullCaption())
            )
        );
    }

    private void Numbers()
    {
        Heading("What was measured");
        html.Append(
            "<table>\n<tr><th>figure</th><th class=\"number\">without</th><th class=\"number\">with</th><th "
                + "class=\"number\">change ± s.e.</th><th class=\"number\">t</th><th class=\"number\">p</th></tr>\n"
        );
        Row("style similarity", result.Shift.Style.Before, result.Shift.Style.After, result.Shift.Style.Test);
        Row("prompt match", result.Shift.Prompt.Before, result.Shift.Prompt.After, result.Shift.Prompt.Test);
        Row("loss, unseen pictures", result.Loss.Before, result.Loss.After, result.Loss.Test);
        html.Append("</table>\n");
        Add(
            $"""
            <p class="note">Style similarity: cosine of a drawn picture with the mean direction of the {result.Pictures.Count} pictures, by the image tower of Pocket’s CLIP.
            Prompt match: cosine of the same picture with the name it was asked for, by both towers.
            Loss: squared error of the predicted noise, with the same noise and timesteps in both.
            p: two-sided paired t-test over pairs or pictures.</p>

            """
        );

        void Row(string name, double before, double after, PairedTest test) =>
            Add(
                $"""
                <tr><td>{name}</td><td class="number">{before:0.0000}</td><td class="number">{after:0.0000}</td><td class="number">{test.Mean:+0.0000;−0.0000} ± {test.Deviation
                    / Math.Sqrt(
                        test.Count
                    ):0.0000}</td><td class="number">{test.T:0.00}</td><td class="number">{Probability(
                    test.P
                )}</td></tr>

                """
            );
    }

    private void Configs()
    {
        Heading("What it was baked with");
        foreach (string path in result.Configs)
        {
            Add($"<details><summary>{Path.GetFileName(path)}</summary><pre>{File.ReadAllText(path)}</pre></details>\n");
        }
        Add(
            $"<p class=\"note\">The LoRA: {result.Adapter} ({new FileInfo(result.Adapter).Length / 1024.0:0} "
                + $"KB), with kohya’s names and metadata.</p>\n"
        );
    }

    private void Next()
    {
        Heading("Try next");
        foreach ((string command, string why) in result.Next)
        {
            Add($"<p>{why}:</p>\n<pre>{command}</pre>\n");
        }
        Add($"<footer>Made by forno demo, Forno {Product.Version}.</footer>\n");
    }

    private void Heading(string text) => Add($"<h2>{text}</h2>\n");

    private void Tiles(IEnumerable<(string Image, string Words)> tiles)
    {
        html.Append("<div class=\"tiles\">\n");
        foreach ((string image, string words) in tiles)
        {
            html.Append("<figure>")
                .Append(image)
                .Append("<figcaption>")
                .Append(Html.Text(words))
                .Append("</figcaption></figure>\n");
        }
        html.Append("</div>\n");
    }

    // Colour only where the change is more than chance: green for the better, warm for the worse.
    private static string Verdict(PairedTest test, int better = 1) =>
        test.P >= 0.05 ? ""
        : Math.Sign(test.Mean) == better ? "good"
        : "warm";

    private static string Compared(double p) => p < 0.001 ? Probability(p) : "= " + Probability(p);

    private static string Signed(double share) => share.ToString("+0.0 %;−0.0 %", CultureInfo.InvariantCulture);

    private void Add(Markup markup) => html.Append(markup.ToString());
}
