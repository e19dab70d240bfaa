using System.Text.RegularExpressions;
using Forno.Kohya;
using Forno.Models;
using Forno.TestKit;
using Forno.Torch;
using Forno.Training;
using Forno.Training.Logs;
using Forno.Training.Recipes;
using Forno.Training.Setups;

namespace Forno.Tests.Training;

/// <summary>A host runs one job after another: each leaves model and process as it found them.</summary>
[Collection(Alone.Name)]
public partial class RuntimeTests
{
    [Theory]
    [InlineData(int.MaxValue, false)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public void ATrainingLeavesModelAndRuntimeAsItFoundThem(int stopAfter, bool fail)
    {
        using var run = new TrainRun(
            "gradient_checkpointing = true\nnetwork_dropout = 0.1\ncache_latents = true",
            pictures: 2
        );
        TrainRecipe recipe = TrainRecipeReader.Read(run.ConfigPath);
        int products = ProductThreads.Count,
            threads = TorchRuntime.Threads;
        string folder = Directory.GetCurrentDirectory();
        using var model = BaseModel.Load(recipe.Model.Path);
        _ = model.Vae; // loaded when first asked for, and then kept
        Assert.Equal(products, ProductThreads.Count);
        float[] before = Ask(model);
        long live = Tensor.LiveCount;
        using (var stop = new CancellationTokenSource())
        using (
            Trainer trainer = LoraTraining.Create(
                model,
                TrainPlan.Make(recipe, model.Family, model.Prediction),
                e =>
                {
                    if (e is TrainEvent.Stepped step && step.Step >= stopAfter)
                    {
                        stop.Cancel();
                        if (fail)
                        {
                            throw new InvalidOperationException("the listener fails");
                        }
                    }
                }
            )
        )
        {
            Assert.All(model.Layers.Values, l => Assert.Null(l.Patch));
            if (fail)
            {
                Assert.Throws<InvalidOperationException>(() => trainer.Run(stop.Token));
            }
            else
            {
                trainer.Run(stop.Token);
            }
            Assert.All(model.Layers.Values, l => Assert.Null(l.Patch));
            Assert.Equal(before, Ask(model));
        }
        Assert.Equal(live, Tensor.LiveCount);
        Assert.False(model.UNet.GradientCheckpointing);
        Assert.True(Autograd.Enabled);
        Assert.Equal((products, threads), (ProductThreads.Count, TorchRuntime.Threads));
        Assert.Equal(folder, Directory.GetCurrentDirectory());
    }

    [Fact]
    public void ATrainingRunsWhereGradientsAreOffAndLeavesThemOff()
    {
        using var run = new TrainRun(pictures: 1);
        using Autograd.Mode mode = Autograd.NoGrad();
        Assert.Equal(1, run.Train(stopAfter: 1).Step);
        Assert.False(Autograd.Enabled);
    }

    [OpenBlasFact]
    public void ProductThreadsComeBackInWhateverOrder()
    {
        int before = ProductThreads.Count;
        IDisposable first = ProductThreads.Use(2);
        Assert.Equal(2, ProductThreads.Count);
        IDisposable second = ProductThreads.Use(1);
        Assert.Equal(1, ProductThreads.Count);
        first.Dispose();
        first.Dispose();
        Assert.Equal(1, ProductThreads.Count);
        second.Dispose();
        Assert.Equal(before, ProductThreads.Count);
    }

    [Fact]
    public void BelowTheFacesNothingSetsWhatIsTheWholeProcesss()
    {
        string src = Path.Combine(Goldens.RepositoryRoot, "src");
        string[] files =
        [
            .. Directory
                .EnumerateFiles(src, "*.cs", SearchOption.AllDirectories)
                .Where(f => !f.Split('/').Intersect(["obj", "bin", "Forno.Cli", "Forno.Server"]).Any()),
        ];
        Assert.True(files.Length > 200);
        Assert.Empty(
            files.SelectMany(f =>
                File.ReadLines(f).Where(l => ProcessWide().IsMatch(l) && !IsLoan(f, l)).Select(l => $"{f}: {l.Trim()}")
            )
        );
        Assert.Matches(ProcessWide(), "        TorchRuntime.Threads = 2;");
    }

    // A job borrows the threads of products for as long as it runs.
    private static bool IsLoan(string file, string line) =>
        ((string[])["/src/Forno/Studio/", "/src/Forno.Pocket/Demo/"]).Any(file.Contains)
        && line.Contains("using IDisposable threads = ProductThreads.Use(", StringComparison.Ordinal);

    // Setters of the runtime, of the process's surroundings, of switches that stay on.
    [GeneratedRegex(
        @"TorchRuntime\.(Threads = |FlushDenormals|UseMkldnn|AllowTf32)|CallClock\.On = |ProductThreads\.Use"
            + @"|SetEnvironmentVariable|SetCurrentDirectory|Environment\.CurrentDirectory = "
            + @"|CultureInfo\.(Default|Current)[A-Za-z]* = |ThreadPool\.Set|GCSettings\.|Environment\.Exit"
            + @"|(?<!\{ )Console\.(Write|Out|Error|Set)"
    )]
    private static partial Regex ProcessWide();

    private static float[] Ask(BaseModel model)
    {
        using var scope = new Scope();
        using Autograd.Mode mode = Autograd.NoGrad();
        using Generator g = Rng.For(3, "ask");
        Tensor x = g.Randn(1, model.UNet.Config.Layout.InChannels, 8, 8),
            context = g.Randn(1, 77, model.UNet.Config.Layout.ContextDim);
        return model.UNet.Forward(x, Tensor.Full([1], 500), context).ToArray<float>();
    }

    private sealed class OpenBlasFactAttribute : FactAttribute
    {
        public OpenBlasFactAttribute() =>
            Skip = ProductThreads.Count == 0 ? "the library of matrix products is not OpenBLAS" : null;
    }
}
