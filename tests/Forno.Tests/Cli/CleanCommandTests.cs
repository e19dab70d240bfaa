using System.Text.Json;
using Forno.Cli;
using Forno.Cli.Terminal;
using Forno.Imaging;
using Forno.TestKit;
using Forno.Tests.Vision;

namespace Forno.Tests.Cli;

/// <summary><c>forno dataset clean</c>, <c>crop</c> and <c>check --text</c> from their command lines.</summary>
public sealed class CleanCommandTests : IDisposable
{
    private readonly TempTree tree = new(),
        place = new();

    static CleanCommandTests() =>
        Environment.SetEnvironmentVariable("XDG_CACHE_HOME", Path.Join(Path.GetTempPath(), "forno-tests-cache"));

    public CleanCommandTests()
    {
        using Picture art = TextDetectorTests.With(
            640,
            480,
            new Rgb(90, 140, 200),
            (200, 100, 160, 24, Rgb.Black),
            (400, 300, 100, 20, Rgb.Black)
        );
        using Picture clear = TextDetectorTests.With(640, 480, new Rgb(200, 140, 90));
        tree.Write("4_a/art.png", art.EncodePng());
        tree.Write("4_a/art.txt", "sks, full body");
        tree.Write("4_a/clear.png", clear.EncodePng());
        tree.Write("4_a/broken.png", art.EncodePng()[..200]);
    }

    [Fact]
    public void ReviewShowsWhatWasFoundAndChangesNothing()
    {
        string detector = TextDetectorTests.DarkDetector().Save(place["dark.onnx"]),
            before = TempTree.Picture(tree.Root);
        (int code, string output, string error) = Run(
            "dataset",
            "clean",
            tree.Root,
            "--detector",
            detector,
            "--review",
            place["found.html"]
        );
        Assert.Equal(
            (0, true),
            (code, output.Contains("something found in 1 of 2 pictures", StringComparison.Ordinal))
        );
        Assert.Contains("4_a/art.png: 2 texts", output);
        Assert.Contains("broken.png", error);
        Assert.Equal(before, TempTree.Picture(tree.Root));
        string html = File.ReadAllText(place["found.html"]);
        Assert.Equal(2, html.Split("class=\"area text\"").Length - 1);
        Assert.Contains("class=\"over\"", html);
        Assert.DoesNotContain("http://", html);

        using var json = JsonDocument.Parse(
            Run("dataset", "clean", tree.Root, "--detector", detector, "--review", place["found.html"], "--json").Output
        );
        JsonElement art = json
            .RootElement.GetProperty("pictures")
            .EnumerateArray()
            .Single(p => p.GetProperty("path").GetString() == "4_a/art.png");
        Assert.Equal(
            ["text", "text"],
            art.GetProperty("found").EnumerateArray().Select(f => f.GetProperty("kind").GetString())
        );
        int[] box = [.. art.GetProperty("found")[0].GetProperty("box").EnumerateArray().Select(n => n.GetInt32())];
        Assert.True(box[0] < 200 && box[1] < 100 && box[0] + box[2] > 360 && box[1] + box[3] > 124);
        Assert.Equal(1, json.RootElement.GetProperty("problems").GetArrayLength());
    }

    [Fact]
    public void MarkThenFillThenUndo()
    {
        string detector = TextDetectorTests.DarkDetector().Save(place["dark.onnx"]),
            model = InpainterTests.MeanFill(256).Save(place["fill.onnx"]),
            work = place["work"];
        string sources = TempTree.Picture(tree.Root);
        Assert.Contains("Add -o FOLDER", Run("dataset", "clean", tree.Root, "--detector", detector, "--mark").Error);
        (int code, string output, _) = Run(
            "dataset",
            "clean",
            tree.Root,
            "--detector",
            detector,
            "--mark",
            "-o",
            work,
            "--dry-run"
        );
        Assert.Equal(0, code);
        Assert.Contains("4_a/art.png: mark 2 texts", output);
        Assert.False(Directory.Exists(work));

        (code, output, _) = Run("dataset", "clean", tree.Root, "--detector", detector, "--mark", "-o", work);
        Assert.Equal(0, code);
        Assert.Contains("clean: 2 done of 3 pictures", output);
        Assert.Equal(sources, TempTree.Picture(tree.Root));
        Assert.Equal((255, 0), (At("work/4_a/masks/art.png", 20, 20), At("work/4_a/masks/art.png", 280, 110)));
        string marked = TempTree.Picture(work);

        (code, output, string error) = Run("dataset", "clean", work, "--detector", detector, "--fill", model, "--json");
        Assert.Equal(0, code);
        Assert.Contains("256×256, samples 0–1", error);
        using (var json = JsonDocument.Parse(output))
        {
            Assert.Equal(
                ("clean", 1, 1),
                (
                    json.RootElement.GetProperty("command").GetString(),
                    json.RootElement.GetProperty("steps").GetInt32(),
                    json.RootElement.GetProperty("files").GetInt32()
                )
            );
        }

        Assert.InRange(At("work/4_a/art.png", 280, 110), 86, 94);
        Assert.Equal(0, Run("dataset", "undo", work).Code);
        Assert.Equal(marked, TempTree.Picture(work));
        Assert.Contains(
            "page of text",
            Run("dataset", "clean", work, "--detector", detector, "--blur", "--most", "1").Error
        );
        Assert.Equal(marked, TempTree.Picture(work));
    }

    [Theory]
    [InlineData("clean")]
    [InlineData("clean", "--mark", "--blur")]
    [InlineData("clean", "--review", "a.html", "--mark")]
    [InlineData("clean", "--fill", "a.onnx", "--fill-range", "2")]
    public void OneWayMustBeChosen(params string[] words) =>
        Assert.Equal(2, Run(["dataset", .. words, tree.Root]).Code);

    [Theory]
    [InlineData("--find nothing", "clean", "--mark", "--find", "nothing")]
    [InlineData("--grow", "clean", "--mark", "--grow", "-1")]
    [InlineData("there is no shot 'legs'", "crop", "--shots", "legs")]
    [InlineData("boxes.json", "crop", "--boxes", "boxes.json")]
    public void WrongValuesAreNamed(string told, params string[] words) =>
        Assert.Contains(told, Run(["dataset", .. words, tree.Root, "-o", place["new"]]).Error);

    [Fact]
    public void CropByBoxesWithASheet()
    {
        string boxes = place.Write(
                "boxes.json",
                """{ "art.png": { "head": [300, 40, 90, 100] }, "4_a/clear.png": { "subject": [600, 0, 100, 480] } }"""
            ),
            work = place["work"];
        string[] common =
        [
            "dataset",
            "crop",
            tree.Root,
            "-o",
            work,
            "--boxes",
            boxes,
            "--resolution",
            "128",
            "--min_bucket_reso",
            "64",
        ];
        (int code, string output, string error) = Run([.. common, "--dry-run", "--sheet", place["crops.html"]]);
        Assert.Equal(0, code);
        Assert.Contains("bust ", output);
        Assert.Contains("subject box 100x480+600+0 is not inside the picture", error);
        Assert.Contains("area shot face", File.ReadAllText(place["crops.html"]));
        Assert.False(Directory.Exists(work));

        using (var json = JsonDocument.Parse(Run([.. common, "--json"]).Output))
        {
            Assert.Equal(
                ["4_a/broken.png", "4_a/clear.png"],
                json.RootElement.GetProperty("kept").EnumerateArray().Select(k => k.GetProperty("file").GetString())
            );
        }

        Assert.Equal("sks, upper body", File.ReadAllText(Path.Join(work, "4_a/art-bust.txt")));
        Assert.True(
            File.Exists(Path.Join(work, "4_a/art.png"))
                && File.Exists(Path.Join(work, "4_a/clear.png"))
                && File.Exists(Path.Join(work, "4_a/art-face.png"))
        );
        Assert.Contains("Examples:", Run("dataset", "crop", "--help").Output);
        Assert.Contains("Examples:", Run("dataset", "clean", "--help").Output);
    }

    [TextModelFact]
    [Trait("Category", "Long")]
    public void CheckTellsTextWhenAsked()
    {
        (Picture picture, List<Box> boxes) = TextDetectorTests.Drawn(1, texts: 2);
        using (picture)
        {
            tree.Write("4_a/text.png", picture.EncodePng());
        }

        using var json = JsonDocument.Parse(Run("dataset", "check", tree.Root, "--text", "--json").Output);
        JsonElement text = json
            .RootElement.GetProperty("pictures")
            .EnumerateArray()
            .Single(p => p.GetProperty("path").GetString() == "4_a/text.png");
        Assert.Equal(2, text.GetProperty("texts").GetInt32());
        double known =
            boxes.Sum(b => b.Area)
            / (double)(text.GetProperty("width").GetInt32() * text.GetProperty("height").GetInt32());
        Assert.InRange(text.GetProperty("text_coverage").GetDouble(), known, 2.5 * known);
        Assert.Contains(
            "text",
            text.GetProperty("findings").EnumerateArray().Select(f => f.GetProperty("kind").GetString())
        );
        Assert.Contains("forno dataset clean", Run("dataset", "check", tree.Root, "--text").Output);
        Assert.DoesNotContain("text on", Run("dataset", "check", tree.Root).Output);
    }

    public void Dispose()
    {
        tree.Dispose();
        place.Dispose();
    }

    private byte At(string file, int x, int y)
    {
        using var picture = Picture.Load(place[file]);
        return picture.ToArray()[((y * picture.Width) + x) * picture.Bands];
    }

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        StringWriter output = new() { NewLine = "\n" },
            error = new() { NewLine = "\n" };
        using CommandHost cli = new() { Out = output, Error = error };
        int code = Program.Run(args, cli);
        return (code, output.ToString(), error.ToString());
    }
}
