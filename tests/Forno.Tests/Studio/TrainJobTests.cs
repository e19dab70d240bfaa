using Forno.Studio;
using Forno.Studio.Training;
using Forno.Tests.Training;
using Forno.Torch;
using Forno.Training.Logs;

namespace Forno.Tests.Studio;

[Collection(Alone.Name)]
public class TrainJobTests
{
    [Fact]
    public void ATrainingTellsItsPlanItsStepsAndItsFiles()
    {
        using var run = new TrainRun();
        string log = Path.Combine(run.Folder, "log");
        int products = ProductThreads.Count;
        var events = new Events();
        var job = new TrainJob(
            new TrainJobRequest
            {
                Configuration = run.ConfigPath,
                Overrides = ["--max_train_epochs", "1", "--logging_dir", log],
            }
        );
        TrainJobPlan plan = job.Plan();
        Assert.False(Directory.Exists(run.Output));
        TrainJobResult result = job.Run(events);

        Assert.Equal((true, 5, run.Adapter), (result.Completed, result.Step, result.Adapter));
        Assert.True(result.Check!.Good);
        Assert.Equal(products, ProductThreads.Count);
        Assert.NotEmpty(Directory.GetFiles(log, "*tfevents*", SearchOption.AllDirectories));

        // 5 pictures twice in batches of 2; of 64² pixels in steps of 32, no side below 64, there is one shape only.
        TrainJobPlan told = events.All.OfType<TrainJobEvent.Planned>().Single().Plan;
        foreach (TrainJobPlan each in (TrainJobPlan[])[plan, told])
        {
            Assert.Equal((10, 0, 5, 5), (each.Images, each.Regularisation, each.BatchesPerEpoch, each.OptimizerSteps));
            Assert.Equal([new BucketPlan(64, 64, 10)], each.Buckets);
        }

        TrainEvent.Stepped[] steps =
        [
            .. events.All.OfType<TrainJobEvent.Trained>().Select(t => t.Event).OfType<TrainEvent.Stepped>(),
        ];
        Assert.Equal(Enumerable.Range(1, 5).Select(i => (long)i), steps.Select(s => s.Step));
        // A face that knows nothing of trainings has its bar and its files all the same.
        int start = events.All.FindIndex(e => e is JobEvent.Started { What: "train", Total: 5 });
        Assert.Equal(
            Enumerable.Range(1, 5).Select(i => (long)i),
            events.All.Skip(start).OfType<JobEvent.Advanced>().Select(a => a.Done)
        );
        Assert.Equal(
            [
                Path.Combine(run.Output, "thing-step00000002.safetensors"),
                Path.Combine(run.Output, "thing-step00000004.safetensors"),
                run.Adapter,
            ],
            events.All.OfType<JobEvent.Made>().Select(m => m.Path).Where(f => f.EndsWith(".safetensors"))
        );
    }

    [Fact]
    public void AStoppedTrainingIsResumedByTheNextJob()
    {
        using var run = new TrainRun();
        using var stop = new CancellationTokenSource();
        var request = new TrainJobRequest { Configuration = run.ConfigPath };
        TrainJobResult first = new TrainJob(request).Run(
            new Events(e =>
            {
                if (e is TrainJobEvent.Trained { Event: TrainEvent.Stepped { Step: 3 } })
                {
                    stop.Cancel();
                }
            }),
            stop.Token
        );
        Assert.Equal((false, 3), (first.Completed, first.Step));
        string state = Assert.Single(Directory.GetDirectories(run.Output, "*step00000003-state"));
        var events = new Events();
        TrainJobResult second = new TrainJob(request with { Resume = state }).Run(events);
        Assert.Equal((true, 15), (second.Completed, second.Step));
        Assert.Contains(
            events.All,
            e => e is TrainJobEvent.Trained { Event: TrainEvent.Resumed { Step: 3, Total: 15 } }
        );
    }

    [Fact]
    public void WhatCannotBeResumedIsSaidBeforeAnythingIsWritten()
    {
        using var run = new TrainRun();
        string state = Path.Combine(run.Folder, "no-such-state");
        var job = new TrainJob(new TrainJobRequest { Configuration = run.ConfigPath, Resume = state });
        Assert.Contains(state, Assert.Throws<FornoException>(() => job.Plan()).Message);
        Assert.Contains(state, Assert.Throws<FornoException>(() => job.Run()).Message);
        Assert.False(Directory.Exists(run.Output));
        Assert.Contains(
            "name a configuration",
            Assert.Throws<FornoException>(() => new TrainJob(new TrainJobRequest()).Plan()).Message
        );
    }

    private sealed class Events(Action<JobEvent>? also = null) : IProgress<JobEvent>
    {
        public List<JobEvent> All { get; } = [];

        public void Report(JobEvent value)
        {
            All.Add(value);
            also?.Invoke(value);
        }
    }
}
