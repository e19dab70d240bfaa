using System.Globalization;
using System.Text;
using Forno.Pocket.Demo;

namespace Forno.Reports.Demo;

/// <summary>A loss curve as inline SVG; colours and fonts come from the page's style sheet.</summary>
internal static class LossChart
{
    private const double Width = 960,
        Height = 300,
        Left = 56,
        Right = 12,
        Top = 14,
        Bottom = 34;

    /// <summary>
    /// Draws the curve: dots for steps, a line for their moving average, a dashed line where an epoch ends.
    /// </summary>
    /// <param name="points">In order of step; at least one.</param>
    public static string Svg(IReadOnlyList<LossPoint> points)
    {
        double last = points[^1].Step,
            first = Math.Min(points[0].Step, last - 1);
        // A few wild steps must not press the rest flat: the axis ends at the 98th percentile.
        double[] sorted = [.. points.Select(p => p.Loss).Order()];
        double high = Math.Max(sorted[(int)((sorted.Length - 1) * 0.98)], points.Max(p => p.Average));
        double low = Math.Min(sorted[(int)((sorted.Length - 1) * 0.02)], points.Min(p => p.Average));
        double[] ticks = Ticks(low, high);
        (low, high) = (Math.Min(low, ticks[0]), Math.Max(high, ticks[^1]));
        double X(double step) => Left + ((step - first) / (last - first) * (Width - Left - Right));
        double Y(double loss) =>
            Top + ((high - Math.Clamp(loss, low, high)) / Math.Max(high - low, 1e-12) * (Height - Top - Bottom));

        var svg = new StringBuilder();
        Add($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"Loss over optimizer steps\">");
        foreach (double tick in ticks)
        {
            Add($"<path class=\"axis\" d=\"M{Left} {Y(tick):0.0}H{Width - Right}\"/>");
            Add($"<text x=\"{Left - 8}\" y=\"{Y(tick) + 4:0.0}\" text-anchor=\"end\">{tick:0.#####}</text>");
        }

        foreach (IGrouping<int, LossPoint> epoch in points.GroupBy(p => p.Epoch))
        {
            double begin = X(epoch.First().Step),
                end = X(epoch.Last().Step);
            Add($"<path class=\"epoch\" d=\"M{end:0.0} {Top}V{Height - Bottom}\"/>");
            Add(
                $"<text x=\"{(begin + end) / 2:0.0}\" y=\"{Height - Bottom + 16}\" "
                    + $"text-anchor=\"middle\">epoch {epoch.Key}</text>"
            );
        }

        foreach (LossPoint p in points)
        {
            Add($"<circle class=\"raw\" cx=\"{X(p.Step):0.0}\" cy=\"{Y(p.Loss):0.0}\" r=\"2\"/>");
        }

        string line = string.Join('L', points.Select(p => Invariant.Text($"{X(p.Step):0.0} {Y(p.Average):0.0}")));
        Add($"<path class=\"mean\" d=\"M{line}\"/>");
        Add($"<text x=\"{Width - Right}\" y=\"{Height - 4}\" text-anchor=\"end\">{last:0} optimizer steps</text>");
        return svg.Append("</svg>").ToString();

        void Add(InvariantText part) => svg.Append(part.ToString());
    }

    /// <summary>Three to seven round numbers that span a range.</summary>
    internal static double[] Ticks(double low, double high)
    {
        double span = Math.Max(high - low, Math.Max(1e-6, Math.Abs(high) * 1e-3));
        double rough = span / 4,
            power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step =
            power
            * (rough / power) switch
            {
                <= 1 => 1,
                <= 2 => 2,
                <= 5 => 5,
                _ => 10,
            };
        int from = (int)Math.Floor(low / step),
            to = Math.Max(from + 1, (int)Math.Ceiling(high / step));
        return [.. Enumerable.Range(from, to - from + 1).Select(i => Math.Round(i * step, 9))];
    }
}
