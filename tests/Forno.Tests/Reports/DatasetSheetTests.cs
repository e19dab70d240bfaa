using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Forno.Imaging;
using Forno.Reports.Sheets;
using Forno.TestKit;
using static Forno.TestKit.CommandLine;

namespace Forno.Tests.Reports;

/// <summary>A test in a real browser; counted as skipped without one.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute() =>
        Skip = Program is null ? "there is no chromium (Debian: apt-get install chromium)" : null;

    internal static string? Program { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':')
            .SelectMany(f => (string[])[f + "/chromium", f + "/chromium-browser", f + "/google-chrome"])
            .FirstOrDefault(File.Exists);
}

/// <summary>
/// <c>forno dataset check</c>, <c>buckets</c> and <c>dedupe</c> from their command lines, and the pages they write.
/// </summary>
public class DatasetSheetTests
{
    private const string Hostile = "a<script>alert(1)<&script>\"' onerror='x'\n\u0001é𝄞.png";

    static DatasetSheetTests() =>
        // Measures are cached for the user; a test's user is nobody.
        Environment.SetEnvironmentVariable("XDG_CACHE_HOME", Path.Join(Path.GetTempPath(), "forno-tests-cache"));

    [Fact]
    public void CheckFindsWhatIsWrongAndTellsItThreeWays()
    {
        using TempTree tree = Messy();
        string before = TempTree.Picture(tree.Root);
        string sheet = Path.Join(Path.GetTempPath(), $"forno-sheet-{Guid.NewGuid():N}.html");
        (int code, string output, string error) = Run("dataset", "check", tree.Root, "--html", sheet);
        Assert.Equal(0, code);
        Assert.Contains("1 duplicate: 4_cat/small.png", output);
        Assert.Contains("→ forno dataset dedupe", output);
        Assert.Contains("broken.png", error);
        Assert.DoesNotContain('\u0001', output);
        Assert.Equal(before, TempTree.Picture(tree.Root));

        string html = File.ReadAllText(sheet);
        File.Delete(sheet);
        XElement main = MainOf(html);
        XElement[] cards = [.. main.Descendants("div").Where(d => (string?)d.Attribute("class") == "card")];
        Assert.Equal(6, cards.Length);
        Assert.All(
            cards,
            c =>
                Assert.StartsWith(
                    "data:image/webp;base64,",
                    (string)c.Descendants("img").First().Attribute("src")!,
                    StringComparison.Ordinal
                )
        );
        Assert.Contains(
            cards,
            c =>
                ((string)c.Attribute("data-name")!).Contains(
                    "<script>alert(1)<&script>\"' onerror='x'",
                    StringComparison.Ordinal
                )
        );
        XElement small = Assert.Single(cards, c => (string?)c.Attribute("data-name") == "4_cat/small.png");
        Assert.Contains("duplicate", ((string)small.Attribute("data-kinds")!).Split(' '));
        Assert.Contains("transparent", main.Descendants("input").Select(i => (string?)i.Attribute("data-filter")));
        Assert.DoesNotContain("<script>alert", html);
        Assert.DoesNotContain("http://", html);
        Assert.DoesNotContain("https://", html);

        using var json = JsonDocument.Parse(Run("dataset", "check", tree.Root, "--json").Output);
        Assert.Equal(6, json.RootElement.GetProperty("pictures").GetArrayLength());
        Assert.Equal("4_cat/big.png", json.RootElement.GetProperty("duplicates")[0].GetProperty("kept").GetString());
        Assert.Equal(1, json.RootElement.GetProperty("problems").GetArrayLength());
    }

    [Fact]
    public void BucketsShowEveryPictureWithWhatIsLost()
    {
        using TempTree tree = Messy();
        string sheet = Path.Join(Path.GetTempPath(), $"forno-sheet-{Guid.NewGuid():N}.html");
        (int code, string output, _) = Run("dataset", "buckets", tree.Root, "--html", sheet);
        Assert.Equal(0, code);
        Assert.Contains("alone: 4_cat/wide.jpg", output);
        XElement main = MainOf(File.ReadAllText(sheet));
        File.Delete(sheet);
        XElement wide = main.Descendants("div").Single(d => (string?)d.Attribute("data-name") == "4_cat/wide.jpg");
        XElement[] lost = [.. wide.Descendants("div").Where(d => (string?)d.Attribute("class") == "area lost")];
        // 900×200 becomes 1152×256 for bucket 1024×256: a ninth is lost, half on each side.
        Assert.Equal(2, lost.Length);
        Assert.All(lost, l => Assert.Contains("width:5.56%;", (string)l.Attribute("style")!));

        using var json = JsonDocument.Parse(Run("dataset", "buckets", tree.Root, "--json").Output);
        JsonElement bucket = json
            .RootElement.GetProperty("buckets")
            .EnumerateArray()
            .Single(b => b.GetProperty("width").GetInt32() == 1024);
        Assert.Equal(1152, bucket.GetProperty("pictures")[0].GetProperty("resized").GetProperty("width").GetInt32());
        Assert.True(bucket.GetProperty("alone").GetBoolean());
        Assert.Equal(4, bucket.GetProperty("repeats").GetInt32());
    }

    [Fact]
    public void DedupeMovesDuplicatesWithTheirCaptionAndUndoBringsThemBack()
    {
        using TempTree tree = Messy();
        using TempTree place = new();
        string original = TempTree.Picture(tree.Root),
            work = place["work"];
        Assert.Equal(1, Run("dataset", "dedupe", tree.Root).Code); // originals stay untouched without -o
        Assert.Contains("like 4_cat/big.png", Run("dataset", "dedupe", tree.Root, "-o", work, "--dry-run").Output);
        Assert.False(Directory.Exists(work));

        Assert.Equal(0, Run("dataset", "dedupe", tree.Root, "-o", work).Code);
        Assert.Equal(original, TempTree.Picture(tree.Root));
        Assert.True(File.Exists(Path.Join(work, "4_cat/big.png")));
        Assert.False(File.Exists(Path.Join(work, "4_cat/small.png")));
        Assert.True(File.Exists(Path.Join(work, "_duplicates/4_cat/small.png")));
        Assert.Equal("a cat", File.ReadAllText(Path.Join(work, "_duplicates/4_cat/small.txt")));
        Assert.Equal("a cat", File.ReadAllText(Path.Join(work, "4_cat/big.txt"))); // only the duplicate had one
        Assert.Matches(
            "_duplicates/4_cat/small.png,4_cat/big.png,[0-9.]+,no,no,4_cat/small.png\n",
            File.ReadAllText(Path.Join(work, "_duplicates/duplicates.csv"))
        );
        Assert.Contains("nothing to do", Run("dataset", "dedupe", work).Output);

        // In place: a mirrored copy, then back.
        using (var big = Picture.Load(Path.Join(work, "4_cat/big.png")))
        using (Picture mirrored = big.FlipHorizontal())
        {
            mirrored.SavePng(Path.Join(work, "4_cat/mirrored.png"));
        }

        string before = TempTree.Picture(work);
        Assert.Equal(0, Run("dataset", "dedupe", work, "--mirror").Code);
        Assert.NotEqual(before, TempTree.Picture(work));
        Assert.Equal(0, Run("dataset", "undo", work).Code);
        Assert.Equal(before, TempTree.Picture(work));
    }

    [Fact]
    public void ASheetCarriesMasksAndRegions()
    {
        using var white = Picture.Solid(8, 6, Rgb.White);
        byte[] webp = white.EncodeWebp(80);
        var page = new SheetPage
        {
            Title = "t <b>",
            Sections =
            [
                new SheetSection(
                    "h",
                    "n",
                    [
                        new SheetCard
                        {
                            Name = "a",
                            Picture = () =>
                                new SheetPicture(webp, 8, 6)
                                {
                                    Overlay = webp,
                                    Areas = [new SheetArea(0.25, 0, 0.5, 1, "found")],
                                },
                        },
                        new SheetCard
                        {
                            Name = "b",
                            Picture = () => throw new FornoException("b: it is <gone>"),
                            Badges = [new SheetBadge("x", "bad", "y")],
                        },
                    ]
                ),
            ],
        };
        var writer = new StringWriter();
        ContactSheet.Write(writer, page, null, default);
        XElement main = MainOf(writer.ToString());
        Assert.Equal(2, main.Descendants("img").Count());
        Assert.Single(
            main.Descendants("div"),
            d => (string?)d.Attribute("style") == "left:25%;top:0%;width:50%;height:100%"
        );
        Assert.Single(main.Descendants("div"), d => d.Value == "b: it is <gone>");
        Assert.Throws<FornoException>(() => ContactSheet.RequireName("cat.png"));
    }

    [ChromiumFact]
    [Trait("Category", "Long")]
    public void TheSheetIsFilteredInABrowser()
    {
        using TempTree tree = new();
        var page = new SheetPage
        {
            Title = "t",
            Sections =
            [
                new SheetSection("one", "", [Card("a cat", "soft"), Card("a dog", "soft", "small"), Card("a bird")]),
                new SheetSection("two", "", [Card("a cow", "small")]),
            ],
        };
        var writer = new StringWriter();
        ContactSheet.Write(writer, page, null, default);
        string html = writer.ToString();
        Assert.Equal("a cat|a dog 1", Visible(tree, html, "document.querySelector('[data-filter=soft]').click();"));
        Assert.Equal(
            "a cat|a dog|a cow 2",
            Visible(
                tree,
                html,
                "document.querySelector('[data-filter=soft]').click();"
                    + "document.querySelector('[data-filter=small]').click();"
            )
        );
        Assert.Equal(
            "a cow 1",
            Visible(
                tree,
                html,
                "const s = document.getElementById('search'); s.value = 'COW'; s.dispatchEvent(new Event('input'));"
            )
        );

        static SheetCard Card(string name, params string[] kinds) =>
            new()
            {
                Name = name,
                Picture = () => null,
                Badges = [.. kinds.Select(k => new SheetBadge(k, "note", k))],
            };
    }

    // The names of the cards that a browser shows after a script, and the number of sections with any.
    private static string Visible(TempTree tree, string html, string script)
    {
        string file = tree.Write(
            "sheet.html",
            html.Replace(
                "</body>",
                "<script>"
                    + script
                    + "const shown = e => Array.from(document.querySelectorAll(e)).filter(x => x.offsetParent "
                    + "!== null);"
                    + "document.title = 'shown: ' + shown('.card').map(c => c.dataset.name).join('|') + ' ' + "
                    + "shown('section.group').length;</script></body>",
                StringComparison.Ordinal
            )
        );
        var start = new ProcessStartInfo(
            ChromiumFactAttribute.Program!,
            [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--user-data-dir=" + tree["browser"],
                "--dump-dom",
                "file://" + file,
            ]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        string dom = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        int at = dom.IndexOf("<title>shown: ", StringComparison.Ordinal);
        return at < 0 ? dom : dom[(at + 14)..dom.IndexOf("</title>", at, StringComparison.Ordinal)];
    }

    [Theory]
    [InlineData("--similarity", "0")]
    [InlineData("--similarity", "x")]
    public void BadOptionsEndWithTwo(params string[] options) =>
        Assert.Equal(2, Run(["dataset", "check", Path.GetTempPath(), .. options]).Code);

    [Fact]
    public void SizesThatMakeNoSenseAreRefused()
    {
        using TempTree tree = new();
        Assert.Contains("--resolution", Run("dataset", "buckets", tree.Root, "--resolution", "12a").Error);
        Assert.Contains("max_bucket_reso", Run("dataset", "buckets", tree.Root, "--resolution", "2048").Error);
    }

    // Six readable pictures and a broken one, with a caption.
    private static TempTree Messy()
    {
        var tree = new TempTree();
        using Picture cat = Draw("#e82", "#25c", 640, 640);
        using Picture dog = Draw("#3a7", "#fd5", 700, 650);
        using Picture wide = Draw("#913", "#8cf", 900, 200);
        using Picture bird = Draw("#777", "#e3e", 300, 420, opaque: false);
        using Picture fish = Draw("#06a", "#efe", 600, 800);
        using Picture small = cat.Resize(320, 320);
        tree.Write("4_cat/big.png", cat.EncodePng());
        tree.Write("4_cat/small.png", small.EncodePng());
        tree.Write("4_cat/small.txt", "a cat");
        tree.Write("4_cat/wide.jpg", wide.EncodeJpeg(95));
        tree.Write($"4_cat/{Hostile}", dog.EncodePng());
        tree.Write("2_bird/bird.png", bird.EncodePng());
        tree.Write("2_bird/fish.png", fish.EncodePng());
        tree.Write("2_bird/broken.png", fish.EncodePng()[..3000]);
        return tree;
    }

    private static Picture Draw(string ground, string shape, int width, int height, bool opaque = true)
    {
        string svg = Invariant.Text(
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 100 100"
                 preserveAspectRatio="none">
              {(opaque ? $"<rect width='100' height='100' fill='{ground}'/>" : "")}
              <circle cx="{30 + (width % 7 * 6)}" cy="{35 + (height % 5 * 7)}" r="{18 + (width % 11)}" fill="{shape}"/>
              <path d="M{10 + (height % 13)} 90 L60 {50 + (width % 9)} L95 80 Z" fill="#222"/></svg>
            """
        );
        using var drawn = Picture.LoadSvg(Encoding.UTF8.GetBytes(svg), Math.Max(width, height), "svg");
        return opaque ? drawn.Flatten(Rgb.White) : drawn.ToSrgb8();
    }

    private static XElement MainOf(string html)
    {
        int from = html.IndexOf("<main>", StringComparison.Ordinal),
            to = html.IndexOf("</main>", StringComparison.Ordinal);
        return XElement.Parse(html[from..(to + "</main>".Length)]);
    }
}
