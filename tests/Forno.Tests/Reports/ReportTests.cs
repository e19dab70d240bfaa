using System.Xml.Linq;
using Forno.Pocket.Demo;
using Forno.Reports;
using Forno.Reports.Demo;

namespace Forno.Tests.Reports;

public class ReportTests
{
    [Theory]
    [InlineData(0.12, 0.31)]
    [InlineData(0.0101, 0.0102)]
    [InlineData(0.5, 0.5)]
    [InlineData(0, 900)]
    public void TicksAreRoundFewAndSpanTheRange(double low, double high)
    {
        double[] ticks = LossChart.Ticks(low, high);
        Assert.InRange(ticks.Length, 2, 7);
        Assert.True(ticks[0] <= low && ticks[^1] >= high, string.Join(' ', ticks));
        double step = ticks[1] - ticks[0];
        double lead = step / Math.Pow(10, Math.Floor(Math.Log10(step) + 1e-9));
        Assert.Contains(Math.Round(lead, 6), (double[])[1, 2, 5]);
    }

    [Fact]
    public void TheCurveIsWellFormedAndHasEveryStep()
    {
        LossPoint[] points =
        [
            .. Enumerable
                .Range(1, 40)
                .Select(i => new LossPoint(i, ((i - 1) / 10) + 1, 0.2 + (0.1 * Math.Sin(i)), 0.2)),
        ];
        var svg = XElement.Parse(LossChart.Svg(points));
        Assert.Equal(40, svg.Elements("circle").Count());
        Assert.Equal(4, svg.Elements("path").Count(p => (string?)p.Attribute("class") == "epoch"));
        Assert.Contains(svg.Elements("text"), t => t.Value == "epoch 4");
        Assert.All(svg.Elements("circle"), c => Assert.InRange((double)c.Attribute("cy")!, 0, 300));
        XElement.Parse(LossChart.Svg([new LossPoint(1, 1, 0.2, 0.2)]));
    }

    [Theory]
    [InlineData(112.4, "1 min 52 s")]
    [InlineData(9.06, "9.1 s")]
    public void TimesAreForPeople(double seconds, string text) =>
        Assert.Equal(text, DemoReport.Clock(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void TextCannotBecomeMarkup()
    {
        Assert.Equal("&lt;b&gt;&amp;&quot;", Html.Text("<b>&\""));
        string page = Html.Page("a <title>", "<p>x</p>");
        Assert.Contains("<title>a &lt;title&gt;</title>", page);
        Assert.Contains("prefers-color-scheme: dark", page);
    }
}
