using System.Globalization;
using Forno.Cli.Terminal;
using Forno.Training;
using Forno.Training.Logs;

namespace Forno.Cli.Commands.Shared;

/// <summary>A training on the console: a progress line where there is a terminal, a line an epoch everywhere.</summary>
internal sealed class TrainPrinter : IDisposable
{
    private readonly CommandHost cli;
    private readonly TrainPlan plan;
    private ProgressBar? bar;
    private string doing = "";
    private int epoch;
    private double epochLoss;
    private int epochSteps;

    public TrainPrinter(CommandHost cli, TrainPlan plan)
    {
        this.cli = cli;
        this.plan = plan;
        foreach (string line in PlanLines(plan))
        {
            cli.Error.WriteLine(line);
        }
    }

    /// <summary>What will be trained, in a few lines.</summary>
    public static IEnumerable<string> PlanLines(TrainPlan plan)
    {
        int images = plan.Datasets.Sum(d => d.TrainImages),
            regular = plan.Datasets.Sum(d => d.RegImages);
        string reg = regular > 0 ? $" and {regular} regularisation images" : "";
        yield return $"{images} training images with repeats{reg}, {plan.Datasets.Sum(d => d.Buckets.Count)} buckets";
        string accumulated = plan.Steps.Accumulation > 1 ? $", {plan.Steps.Accumulation} batches a step" : "";
        yield return Invariant.Text(
            $"{plan.Steps.Epochs} epochs of {plan.Steps.BatchesPerEpoch} batches{accumulated}: "
                + $"{plan.Steps.TotalSteps} optimizer steps"
        );
    }

    /// <summary>Writes a line above the progress.</summary>
    public void Say(string line)
    {
        bar?.Clear();
        cli.Error.WriteLine(line);
    }

    /// <summary>Takes an event in.</summary>
    public void Tell(TrainEvent e)
    {
        switch (e)
        {
            case TrainEvent.Notice notice:
                Say(notice.Text);
                break;
            case TrainEvent.Preparing p:
                Bar(p.What, p.Total, "").Report(p.Done);
                break;
            case TrainEvent.EpochEnded:
                EndEpoch();
                break;
            case TrainEvent.Resumed resumed:
                Say($"resumed from {resumed.State}: {resumed.Step} of {resumed.Total} optimizer steps done");
                break;
            case TrainEvent.Stopped stopped:
                EndEpoch();
                Say($"stopped after {stopped.Step} optimizer steps; go on with --resume {stopped.State}");
                break;
            case TrainEvent.Saved saved:
                Say($"saved {saved.Path}");
                break;
            case TrainEvent.Sampled sampled:
                Say($"drew {sampled.Path}");
                break;
            case TrainEvent.Stepped step:
                Step(step);
                break;
        }
    }

    public void Dispose()
    {
        EndEpoch();
        bar?.Dispose();
    }

    private void Step(TrainEvent.Stepped step)
    {
        if (step.Epoch != epoch)
        {
            EndEpoch();
            epoch = step.Epoch;
        }
        epochLoss += step.Loss;
        epochSteps++;
        ProgressBar line = Bar("train", step.Total, "steps");
        line.Note = Invariant.Text(
            $"epoch {step.Epoch}/{step.Epochs}  loss {step.AverageLoss:0.0000}  lr {step.Rates[^1].Rate:0.0e+0}"
        );
        line.Report(step.Step);
    }

    private void EndEpoch()
    {
        if (epochSteps > 0)
        {
            Say(Invariant.Text($"epoch {epoch}/{plan.Steps.Epochs}: loss {epochLoss / epochSteps:0.0000}"));
        }
        (epochLoss, epochSteps) = (0, 0);
    }

    private ProgressBar Bar(string what, long total, string unit)
    {
        if (bar is null || doing != what)
        {
            bar?.Dispose();
            bar = cli.Progress(doing = what, total, unit);
        }
        return bar;
    }
}
