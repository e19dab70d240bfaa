using System.Text.Json;
using System.Text.RegularExpressions;
using Forno.Checkpoints;
using Forno.Cli;
using Forno.Cli.Commands.Pocket;
using Forno.Cli.Terminal;
using Forno.Data;
using Forno.Kohya;
using Forno.Models;
using Forno.Pocket.Data;
using Forno.Pocket.Measures;
using Forno.Reports.Demo;
using Forno.TestKit;
using Forno.Torch;
using Forno.Training.Recipes;

namespace Forno.Tests.Cli;

public sealed class DemoTests : IDisposable
{
    private readonly TinyPocket pocket = new();

    public void Dispose() => pocket.Dispose();

    [Fact]
    [Trait("Category", "Long")]
    public void TheWholeWalkLeavesWhatItPromises()
    {
        DemoOptions options = Options();
        (int code, string said, string error, DemoResult result) = Run(options);
        Assert.True(code == 0, error);

        string[] files =
        [
            .. Directory
                .EnumerateFiles(options.Out, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(options.Out, f)),
        ];
        Assert.Equal(
            6,
            files.Count(f =>
                f.StartsWith("dataset", StringComparison.Ordinal) && f.EndsWith(".png", StringComparison.Ordinal)
            )
        );
        Assert.Equal(
            6,
            files.Count(f =>
                f.StartsWith("dataset", StringComparison.Ordinal) && f.EndsWith(".txt", StringComparison.Ordinal)
            )
        );
        foreach (
            string file in (string[])
                [
                    "lora.toml",
                    "dataset.toml",
                    "prompts.txt",
                    "grid.png",
                    "before-after.png",
                    "report.html",
                    "demo.json",
                    "adapters/openmoji.safetensors",
                    "adapters/openmoji-000001.safetensors",
                ]
        )
        {
            Assert.Contains(file, files);
        }
        // Two prompts: before the first step and after each of two epochs.
        Assert.Equal(6, files.Count(f => f.StartsWith("adapters/sample/", StringComparison.Ordinal)));
        Assert.Equal([0, 0, 1, 1, 2, 2], result.Samples.Select(s => s.Epoch));
        Assert.Equal(6, result.Curve.Count); // 2 epochs × 6 pictures × 2 repeats ÷ 4
        Assert.All(
            result.Pictures,
            p => Assert.DoesNotContain(p.Record.Name, (string[])["red heart", "green apple", "pear"])
        );
        Assert.All(result.Shift.Pairs, p => Assert.DoesNotContain(p.Name, result.Pictures.Select(l => l.Record.Name)));
        Assert.Contains(result.Shift.Pairs, p => !p.Before.Pixels.SequenceEqual(p.After.Pixels));

        string html = File.ReadAllText(Path.Combine(options.Out, "report.html"));
        Assert.Contains($"{result.Shift.Style.Before:0.000} → {result.Shift.Style.After:0.000}", html);
        Assert.Contains($"{result.Shift.Prompt.Before:0.000} → {result.Shift.Prompt.After:0.000}", html);
        Assert.Contains($"{result.Loss.Before:0.0000} → {result.Loss.After:0.0000}", html);
        Assert.Contains(DemoReport.Balance(result.Shift), html);
        Assert.Contains(DemoReport.Balance(result.Shift), said);
        Assert.Contains("<svg", html);
        Assert.Contains("network_dim = 2", html);
        // Grid, pairs, samples, data set: all of them inside the page, and nothing fetched.
        Assert.Equal(1 + (2 * 3) + 6 + 6, Regex.Count(html, "<img "));
        Assert.DoesNotMatch("(src|href)=\"(?!data:)", html);
        Assert.Equal(Regex.Count(html, "<figure>"), Regex.Count(html, "</figure>"));

        Assert.Contains(Path.Combine(options.Out, "report.html"), said);
        Assert.Equal(3, Regex.Count(said, "(?m)^  forno "));
        JsonElement figures = JsonDocument.Parse(File.ReadAllText(Path.Combine(options.Out, "demo.json"))).RootElement;
        Assert.Equal(result.Loss.Before, figures.GetProperty("unseen_loss").GetProperty("before").GetDouble());

        // The same again writes over itself, and gives the same LoRA.
        byte[] first = Weights(result.Adapter);
        DemoResult again = Run(options).Result;
        Assert.Equal(first, Weights(again.Adapter));
        Assert.Equal(result.Loss, again.Loss);
    }

    [Fact]
    public void WithoutPocketItSaysSoAndTouchesNothing()
    {
        File.Delete(pocket.Clip);
        string message = Assert.Throws<FornoException>(() => Run(Options())).Message;
        Assert.StartsWith(pocket.Clip + ": Pocket", message);
        Assert.Contains("git pull", message);
        Assert.False(Directory.Exists(Options().Out));
    }

    [Fact]
    public void NoEpochsAreBadUsage()
    {
        using StringWriter output = new(),
            error = new();
        using CommandHost cli = new() { Out = output, Error = error };
        Assert.Equal(2, Program.Run(["demo", "--epochs", "0"], cli));
        Assert.Contains("at least 1", error.ToString());
    }

    [Fact]
    public void AFolderOfSomebodyElseIsLeftAlone()
    {
        Directory.CreateDirectory(Options().Out);
        string mine = Path.Combine(Options().Out, "dataset");
        File.WriteAllText(mine, "mine");
        Assert.Contains("--out", Assert.Throws<FornoException>(() => DemoFiles.Clear(Options())).Message);
        Assert.Equal("mine", File.ReadAllText(mine));
    }

    [Fact]
    public void TheConfigurationSaysWhatTheOptionsSay()
    {
        DemoOptions options = Options();
        DemoFiles.Clear(options);
        IReadOnlyList<StylePicture> pictures = StylePictures.Draw(
            pocket.Assets,
            "openmoji",
            new HashSet<string> { "pear" },
            5
        );
        DemoFiles.Write(options, pictures, options.Names);
        TrainRecipe recipe = TrainRecipeReader.Read(DemoFiles.Config(options));
        Assert.Empty(recipe.Notices);
        Assert.Equal(
            (2, 2.0, (int?)1, 2),
            (recipe.Network.Dim, recipe.Network.Alpha, recipe.Network.ConvDim, recipe.Run.MaxTrainEpochs)
        );
        Assert.Equal(3.5, recipe.Optimizer.Args["weight_decay"]);
        Subset subset = Assert.Single(Assert.Single(recipe.Datasets).Subsets);
        Assert.Equal(options.Repeats, subset.NumRepeats);
        Assert.Equal(5, Directory.GetFiles(subset.ImageDir, "*.png").Length);
        Assert.All(
            Directory.GetFiles(subset.ImageDir, "*.txt"),
            f => Assert.EndsWith(", openmoji style", File.ReadAllText(f).Trim())
        );
        IReadOnlyList<SamplePrompt> prompts = SamplePrompts.Read(recipe.Samples!.PromptsPath, recipe.Samples.Sampler);
        Assert.Equal(
            ["red heart, openmoji style", "green apple, openmoji style"],
            prompts.Select(p => p.Request.Prompt)
        );
        Assert.All(
            prompts,
            p => Assert.Equal((64, 2, 5.0, 1ul), (p.Request.Width, p.Request.Steps, p.Request.CfgScale, p.Seed!.Value))
        );
    }

    [Theory]
    [InlineData(0.1, 0.5, 0.8, 0.71, "shapes hold: prompt match falls by 11 %")]
    [InlineData(0.1, 0.5, 0.8, 0.65, "shapes hold: prompt match falls by 19 %")]
    [InlineData(0.1, 0.5, 0.8, 0.63, "shapes suffer: prompt match falls by 21 %; use a lower weight")]
    [InlineData(0.1, 0.5, 0.6, 0.7, "shapes hold: prompt match does not fall")]
    [InlineData(0.5, 0.1, 0.8, 0.8, "not come measurably nearer")]
    [InlineData(0.1, 0.1, 0.8, 0.8, "not come measurably nearer")]
    public void TheBalanceOfStyleAndShapesIsSaid(
        double styleBefore,
        double styleAfter,
        double promptBefore,
        double promptAfter,
        string said
    )
    {
        var shift = new StyleShift(Spread(styleBefore, styleAfter), Spread(promptBefore, promptAfter), []);
        Assert.Contains(said, DemoReport.Balance(shift));

        static Change Spread(double before, double after) =>
            Change.Of([before, before, before], [after - 0.01, after, after + 0.01]);
    }

    [Theory]
    [InlineData(30, 8, 64, 17)]
    [InlineData(6, 4, 3, 2)]
    [InlineData(1000, 1, 10, 1)]
    public void RepeatsBringAnEpochNearTheWantedSteps(int pictures, int batch, int steps, int repeats) =>
        Assert.Equal(repeats, (Options() with { Pictures = pictures, Batch = batch, StepsPerEpoch = steps }).Repeats);

    [Fact]
    public void AnAdapterThatDoesNothingChangesNoLoss()
    {
        using var model = BaseModel.Load(pocket.Model);
        IReadOnlyList<StylePicture> pictures = StylePictures.Draw(pocket.Assets, "fxemoji", new HashSet<string>(), 4);
        string file = Path.Combine(pocket.Folder, "zero.safetensors"),
            noise = Path.Combine(pocket.Folder, "noise.safetensors");
        WriteAdapter(model, file, 0);
        WriteAdapter(model, noise, 0.5);
        LossChange nothing = LoraEffect.Of(model, file, pictures, 3);
        Assert.Equal(nothing.Before, nothing.After);
        Assert.Equal((4, 0.0, "fxemoji"), (nothing.Pictures, nothing.Fall, nothing.Style));
        LossChange something = LoraEffect.Of(model, noise, pictures, 3);
        Assert.Equal(nothing.Before, something.Before); // the same noise and timesteps, and empty slots before
        Assert.NotEqual(something.Before, something.After);
    }

    private DemoOptions Options() =>
        new()
        {
            Model = pocket.Model,
            Clip = pocket.Clip,
            Assets = pocket.Assets,
            HeldOut = pocket.HeldOut,
            Out = Path.Combine(pocket.Folder, "out"),
            Pictures = 6,
            Unseen = 3,
            Epochs = 2,
            StepsPerEpoch = 3,
            Batch = 4,
            Dim = 2,
            ConvDim = 1,
            LearningRate = 5e-3,
            WeightDecay = 3.5,
            Size = 64,
            SampleSteps = 2,
            Names = ["red heart", "green apple"],
            Weights = [1],
            Pairs = 3,
            LossTimesteps = 2,
        };

    private static (int Code, string Out, string Error, DemoResult Result) Run(DemoOptions options)
    {
        using StringWriter output = new(),
            error = new();
        using CommandHost cli = new() { Out = output, Error = error };
        DemoResult result = DemoRun.Run(cli, options);
        return (0, string.Join('\n', DemoCommand.Lines(options, result)), error.ToString(), result);
    }

    // The metadata tell the time of the training.
    private static byte[] Weights(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return [.. file.Tensors.Keys.Order(StringComparer.Ordinal).SelectMany(k => file.Bytes(k).ToArray())];
    }

    private static void WriteAdapter(BaseModel model, string path, double up)
    {
        using var scope = new Scope();
        using Generator random = Rng.For(5, "adapter");
        string name = model.Targets.First(t => !t.IsText && t.Name.EndsWith("to_q", StringComparison.Ordinal)).Name;
        long width = model.Layers[model.Targets.First(t => t.Name == name).Key].Weight.Size(0);
        SafetensorsWriter.Write(
            path,
            [
                TensorToWrite.From(name + ".lora_down.weight", random.Randn(2, width)),
                TensorToWrite.From(name + ".lora_up.weight", random.Randn(width, 2) * up),
            ]
        );
    }
}
