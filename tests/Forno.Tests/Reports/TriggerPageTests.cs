using System.Globalization;
using System.Xml.Linq;
using Forno.Cli.Commands.Captions;
using Forno.Cli.Commands.Shared;
using Forno.Datasets.Triggers;
using Forno.Reports;
using Forno.Reports.Absorption;
using Forno.Studio.Captions;
using Forno.Tests.Datasets.Triggers;

namespace Forno.Tests.Reports;

public class TriggerPageTests
{
    private static readonly string[] Lines =
    [
        "armor: 24 anna outfit1 | blue_hair red_dress bow",
        "armor: 10 anna outfit1 sword | blue_hair red_dress bow blade",
        "school: 22 anna outfit2 | blue_hair uniform bow",
        "gown: 8 anna outfit3 | blue_hair gown",
        "gown: 4 anna outfit3 sword | blue_hair gown blade",
        "misc: 16 anna | blue_hair | jeans",
        "street: 6 | | jeans",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(12)]
    public void EveryBarLiesOverExactlyTheColumnsOfItsTrigger(int triggers)
    {
        AbsorptionTable table = triggers == 5 ? Scenes.Table(Lines) : Random(triggers);
        var svg = XElement.Parse(AbsorptionDiagram.Svg(table));
        (double From, double To, string Names)[] columns =
        [
            .. svg.Elements("g")
                .Select(g =>
                    (
                        X(g.Element("rect")!),
                        X(g.Element("rect")!) + Number(g.Element("rect")!, "width"),
                        g.Element("title")!.Value.Split(':')[0]
                    )
                ),
        ];
        Assert.Equal(table.Regions().Count, columns.Length);
        Assert.Equal(
            table.Scene.Pictures,
            svg.Descendants("text").Where(t => (string?)t.Attribute("class") == "count").Sum(t => int.Parse(t.Value))
        );
        XElement[] bars = [.. svg.Elements("rect").Where(r => ((string)r.Attribute("class")!).StartsWith("bar"))];
        foreach (Trigger trigger in table.Scene.Triggers)
        {
            XElement[] own = [.. bars.Where(b => b.Element("title")!.Value.StartsWith(trigger.Name + ":"))];
            foreach (var column in columns)
            {
                double middle = (column.From + column.To) / 2;
                bool covered = own.Any(b => X(b) <= middle && X(b) + Number(b, "width") >= middle);
                Assert.Equal(column.Names.Split(" + ").Contains(trigger.Name), covered);
            }
        }
    }

    [Fact]
    public void ThePageIsWholeOfflineAndTakesAnyName()
    {
        TriggerScene scene = Scenes.Of(Lines);
        TriggerScene odd = scene with
        {
            Triggers = [.. scene.Triggers.Select(t => t.Name == "anna" ? t with { Name = "<b>&\"anna'" } : t)],
        };
        string page = AbsorptionPage.Make("a <script> set", AbsorptionTable.Make(odd), RemedyPlaces.Unknown);
        Assert.DoesNotContain("<script", page);
        Assert.DoesNotContain("http:", page);
        Assert.DoesNotContain("https:", page);
        Assert.Contains("&lt;b&gt;&amp;", page);
        Assert.Contains("outfit1 + outfit2 → ", page); // the bow is shared, and leaks
        XElement.Parse(
            page[
                page.IndexOf("<main>", StringComparison.Ordinal)..(
                    page.IndexOf("</main>", StringComparison.Ordinal) + 7
                )
            ]
                .Replace("<details open>", "<details>")
        );
        if (Environment.GetEnvironmentVariable("FORNO_TEST_PAGE") is { Length: > 0 } file)
        {
            File.WriteAllText(file, AbsorptionPage.Make("anna", AbsorptionTable.Make(scene), RemedyPlaces.Unknown));
            File.WriteAllText(file + ".12.html", AbsorptionPage.Make("many", Random(12), RemedyPlaces.Unknown));
        }

        Assert.Contains(
            "no caption has a trigger",
            AbsorptionPage.Make("none", Scenes.Table("a: 3 | x"), RemedyPlaces.Unknown)
        );
    }

    [Fact]
    public void TextAndJsonSayTheSame()
    {
        AbsorptionTable table = Scenes.Table(Lines);
        using StringWriter text = new();
        AbsorptionPrinter.Print(text, "set", table, RemedyPlaces.Unknown);
        Assert.Contains("set: 90 pictures in 5 folders, 5 triggers, 6 pruned features", text.ToString());
        Assert.Contains("bow (as outfit2)", text.ToString());
        Assert.Contains("lets in", text.ToString());
        using var json = System.Text.Json.JsonDocument.Parse(ResultJson.Text(new AbsorptionResult(table)));
        Assert.Equal(
            ["blue_hair"],
            json.RootElement.GetProperty("triggers")[0].GetProperty("takes").EnumerateArray().Select(t => t.GetString())
        );
        Assert.Equal(
            90,
            json.RootElement.GetProperty("regions").EnumerateArray().Sum(r => r.GetProperty("pictures").GetInt32())
        );
    }

    private static AbsorptionTable Random(int triggers)
    {
        var random = new Random(triggers);
        return Scenes.Table([
            .. Enumerable
                .Range(0, 18)
                .Select(i =>
                    $"folder{i % 7}: {random.Next(3, 40)} {Some("trig", triggers, triggers < 3 ? 2 : 4)}"
                    + $" | {Some("feat", 9, 3)}"
                ),
        ]);

        string Some(string name, int count, int oneIn) =>
            string.Join(' ', Enumerable.Range(1, count).Where(_ => random.Next(oneIn) == 0).Select(n => $"{name}{n}"));
    }

    private static double X(XElement rect) => Number(rect, "x");

    private static double Number(XElement element, string name) =>
        double.Parse((string)element.Attribute(name)!, CultureInfo.InvariantCulture);
}
