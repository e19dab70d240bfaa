using Forno.Generation.Requests;
using Forno.Imaging;
using Forno.Studio;
using Forno.TestKit;

namespace Forno.Tests.Studio;

public sealed class DrawJobsTests : IDisposable
{
    private readonly TinyBaseModel tiny = new(
        metadata: new Dictionary<string, string> { ["modelspec.resolution"] = "64x64" }
    );

    private string Out => Path.Combine(tiny.Folder, "out");

    private GenerateJobRequest Request =>
        new()
        {
            Model = new ModelChoice { Path = tiny.File },
            Pictures = new GenerateRequest
            {
                Prompt = "a cat",
                Seed = 3,
                Steps = 2,
                BatchCount = 2,
                Sampler = "Euler",
            },
            Output = Out,
        };

    public void Dispose() => tiny.Dispose();

    [Fact]
    public void AJobTellsItsStepsAndFilesInTheirOrder()
    {
        string[] files = [Path.Combine(Out, "00001-3.png"), Path.Combine(Out, "00002-4.png")];
        var job = new GenerateJob(Request);
        GeneratePlan plan = job.Plan();
        Assert.Equal(tiny.File, plan.Model);
        Assert.Empty(plan.Adapters);
        Assert.Equal(files, plan.Files);
        Assert.False(Directory.Exists(Out));

        var told = new Told();
        GenerateJobResult result = job.Run(told);
        Assert.Equal(
            [
                new JobEvent.Started("draw", 4, "steps"),
                new JobEvent.Advanced(1),
                new JobEvent.Advanced(2),
                new JobEvent.Made(files[0]),
                new JobEvent.Advanced(2),
                new JobEvent.Advanced(3),
                new JobEvent.Advanced(4),
                new JobEvent.Made(files[1]),
                new JobEvent.Advanced(4),
            ],
            told.Events
        );
        Assert.Equal(files, result.Files.Select(f => f.Path));
        Assert.Equal([(3UL, 64, 64), (4UL, 64, 64)], result.Files.Select(f => (f.Seed, f.Width, f.Height)));
    }

    [Fact]
    public void AFileThatAppearsMeanwhileIsNotOverwritten()
    {
        string[] files = [Path.Combine(Out, "00001-3.png"), Path.Combine(Out, "00002-4.png")];
        // The first picture is on disk when somebody takes the second one's name.
        var told = new Told
        {
            On = e =>
            {
                if (e is JobEvent.Made { Path: var path } && path == files[0])
                {
                    File.WriteAllText(files[1], "somebody's");
                }
            },
        };
        GenerateJobResult result = new GenerateJob(Request).Run(told);
        Assert.Equal([files[0], Path.Combine(Out, "00003-4.png")], result.Files.Select(f => f.Path));
        Assert.Equal("somebody's", File.ReadAllText(files[1]));

        string named = Path.Combine(tiny.Folder, "one.png");
        GenerateJobRequest one = Request with { Output = named, Pictures = Request.Pictures with { BatchCount = 1 } };
        told = new Told { On = _ => File.WriteAllText(named, "somebody's") };
        Assert.Contains(
            "it exists already",
            Assert.Throws<FornoException>(() => new GenerateJob(one).Run(told)).Message
        );
        Assert.Equal("somebody's", File.ReadAllText(named));
        new GenerateJob(one with { Overwrite = true }).Run();
        using var picture = Picture.Load(named);
        Assert.Equal((64, 64), (picture.Width, picture.Height));
    }

    [Fact]
    public void AStoppedJobKeepsWhatIsFinished()
    {
        using var stop = new CancellationTokenSource();
        var told = new Told
        {
            On = e =>
            {
                if (e is JobEvent.Made)
                {
                    stop.Cancel();
                }
            },
        };
        Assert.Throws<OperationCanceledException>(() => new GenerateJob(Request).Run(told, stop.Token));
        Assert.Equal(["00001-3.png"], Directory.GetFiles(Out).Select(Path.GetFileName));
    }

    [Fact]
    public void WhatCannotBeWrittenIsRefusedBeforeTheModelIsLoaded()
    {
        string file = Path.Combine(tiny.Folder, "file"),
            folder = Directory.CreateDirectory(Path.Combine(tiny.Folder, "folder.png")).FullName;
        File.WriteAllText(file, "");
        var nowhere = new ModelChoice { Path = "/no/such/model.safetensors" };
        void Fails(string says, string output) =>
            Assert.Contains(
                says,
                Assert
                    .Throws<FornoException>(() =>
                        new GenerateJob(Request with { Model = nowhere, Output = output }).Run()
                    )
                    .Message
            );
        Fails("it is a file, not a folder for pictures", file);
        Fails("pictures are written as PNG", Path.Combine(tiny.Folder, "a.webp"));
        Fails("/no/such/model.safetensors", Out);
        // A folder may be called as it likes.
        Assert.Equal(
            Path.Combine(folder, "00001-3.png"),
            new GenerateJob(Request with { Output = folder }).Plan().Files[0]
        );
    }

    [Fact]
    public void NumbersGoOnAfterTheHighest()
    {
        Directory.CreateDirectory(Out);
        foreach (string name in (string[])["00041-1.png", "99999999999-1.png", "x-1.png", "0007-1-2.png"])
        {
            File.WriteAllText(Path.Combine(Out, name), "");
        }
        Assert.Equal(
            ["00042-3.png", "00043-4.png"],
            new GenerateJob(Request).Plan().Files.Select(f => Path.GetFileName(f))
        );
    }

    [Fact]
    public void AGridJobCountsItsPicturesAndMakesOneSheet()
    {
        string sheet = Path.Combine(Out, "grid.png");
        var request = new GridJobRequest
        {
            Model = Request.Model,
            Base = Request.Pictures,
            Prompts = ["a cat", "a dog"],
            Seeds = [1, 2],
            File = sheet,
        };
        GridPlan plan = new GridJob(request).Plan();
        Assert.Equal((4, sheet), (plan.Pictures, plan.File));
        var told = new Told();
        Assert.Equal(4, new GridJob(request).Run(told).Pictures);
        Assert.Equal(
            [
                new JobEvent.Started("draw", 4, "pictures"),
                new JobEvent.Advanced(1),
                new JobEvent.Advanced(2),
                new JobEvent.Advanced(3),
                new JobEvent.Advanced(4),
                new JobEvent.Made(sheet),
            ],
            told.Events
        );
        Assert.Contains("it exists already", Assert.Throws<FornoException>(() => new GridJob(request).Plan()).Message);
        Assert.Contains(
            "a grid needs at least one prompt",
            Assert
                .Throws<FornoException>(() => new GridJob(request with { Prompts = [], Overwrite = true }).Plan())
                .Message
        );
    }

    private sealed class Told : IProgress<JobEvent>
    {
        public List<JobEvent> Events { get; } = [];

        public Action<JobEvent>? On { get; init; }

        public void Report(JobEvent value)
        {
            Events.Add(value);
            On?.Invoke(value);
        }
    }
}
