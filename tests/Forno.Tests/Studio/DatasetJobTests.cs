using Forno.Datasets.Crops;
using Forno.Datasets.Masks;
using Forno.Imaging;
using Forno.Studio;
using Forno.Studio.Datasets;
using Forno.TestKit;

namespace Forno.Tests.Studio;

/// <summary>Jobs on data sets as a server would run them: no console, no command line.</summary>
public sealed class DatasetJobTests : IDisposable
{
    private readonly TempTree tree = new();

    public DatasetJobTests()
    {
        for (int i = 0; i < 20; i++)
        {
            tree.Write($"raw/3_cat/{i}.png", TestPictures.Png(90, 60, i, border: 8));
        }
    }

    private ChangePlace Work => new() { Folders = [tree["raw"]], Output = tree["work"] };

    [Fact]
    public void EventsComeInOrderOnTheJobsThread()
    {
        var events = new Recorder();
        var result = Assert.IsType<ChangeDone>(new EditJob(new EditRequest(Work, new DatasetEdit.Trim())).Run(events));
        Assert.Equal((20, 20, 20, 0), (result.Looked, result.Changed, result.Steps, result.BroughtOver));
        Assert.Equal([Environment.CurrentManagedThreadId], events.Threads);
        Assert.Equal(
            [new JobEvent.Started("look", 20, "pictures"), new JobEvent.Started("trim", 20, "pictures")],
            events.All.OfType<JobEvent.Started>()
        );
        long last = 0;
        foreach (JobEvent one in events.All)
        {
            switch (one)
            {
                case JobEvent.Started:
                    last = 0;
                    break;
                case JobEvent.Advanced advanced:
                    Assert.InRange(advanced.Done, last, 20);
                    last = advanced.Done;
                    break;
            }
        }
    }

    [Fact]
    public void AWorkersCountIsToldByTheJobsThread()
    {
        var events = new Recorder();
        new JobProgress(events).Count(
            "work",
            9,
            "things",
            progress =>
            {
                var worker = new Thread(() => progress.Report(7));
                worker.Start();
                worker.Join();
                Assert.DoesNotContain(events.All, e => e is JobEvent.Advanced);
                progress.Report(3); // is behind, and does not fall back
                progress.Report(9);
            }
        );
        Assert.Equal(
            [new JobEvent.Started("work", 9, "things"), new JobEvent.Advanced(7), new JobEvent.Advanced(9)],
            events.All
        );
        Assert.Equal([Environment.CurrentManagedThreadId], events.Threads);
    }

    [Fact]
    public void ADryRunWritesNothing()
    {
        string before = TempTree.Picture(tree.Root);
        var planned = Assert.IsType<ChangePlanned>(
            new EditJob(new EditRequest(Work with { DryRun = true }, new DatasetEdit.Trim())).Run()
        );
        Assert.Equal((20, 20, false), (planned.Steps.Count, planned.Changed, planned.Failed));
        Assert.Equal(before, TempTree.Picture(tree.Root));
        Assert.False(Directory.Exists(tree["work"]));
    }

    [Fact]
    public void WhatIsRefusedIsSaidWithoutOptions()
    {
        var edit = new DatasetEdit.Trim();
        NeedsOutputException needs = Assert.Throws<NeedsOutputException>(() =>
            new EditJob(new EditRequest(Work with { Output = null }, edit)).Run()
        );
        Assert.Equal(tree["raw"], needs.Original);
        FornoException inside = Assert.Throws<FornoException>(() =>
            new EditJob(new EditRequest(Work with { Output = tree["raw/new"] }, edit)).Run()
        );
        NeedsOutputException file = Assert.Throws<NeedsOutputException>(() =>
            new UpscaleFilesJob(
                new UpscaleFilesRequest
                {
                    Sources = [tree["raw/3_cat/0.png"]],
                    How = new Upscaling { Models = [UpscaleModels.All[0].Name] },
                },
                NoModels.Instance
            ).Run()
        );
        FornoException undo = Assert.Throws<FornoException>(() => new UndoJob(new UndoRequest(tree["raw"])).Run());
        Assert.All([needs, inside, file, undo], e => Assert.DoesNotContain(" -", e.Message));
        Assert.False(Directory.Exists(tree["raw/new"]));
    }

    [Fact]
    public void BeforeAnythingIsWrittenTheMasksAndCropsAreShown()
    {
        var place = new ChangePlace { Folders = [tree["raw"]], Output = tree["work"] };
        IReadOnlyList<JudgedMask> masks = [];
        new MaskJob(
            new MaskRequest
            {
                Place = place,
                Source = new MaskSource.Alpha(),
                KeepBad = true,
            },
            NoModels.Instance
        ).Run(
            new Recorder
            {
                On = e =>
                {
                    if (e is MasksJudged judged)
                    {
                        masks = judged.Masks;
                        Assert.False(Directory.Exists(tree["work/3_cat"]));
                    }
                },
            }
        );
        IReadOnlyList<PictureCrops> crops = [];
        var rules = new Forno.Data.BucketRules
        {
            Resolution = new Size(64, 64),
            Enabled = true,
            MinReso = 64,
        };
        new CropJob(new CropRequest(place with { Output = tree["crops"] }, new CropSettings { Rules = rules })).Run(
            new Recorder { On = e => crops = e is CropsLaid laid ? laid.Pictures : crops }
        );
        Assert.Equal((0, 20), (masks.Count, crops.Count)); // opaque pictures have no alpha to make a mask of
    }

    public void Dispose() => tree.Dispose();

    private sealed class Recorder : IProgress<JobEvent>
    {
        public List<JobEvent> All { get; } = [];

        public HashSet<int> Threads { get; } = [];

        public Action<JobEvent>? On { get; init; }

        public void Report(JobEvent value)
        {
            lock (All)
            {
                All.Add(value);
                Threads.Add(Environment.CurrentManagedThreadId);
            }

            On?.Invoke(value);
        }
    }
}
