using Forno.Cli.Terminal;
using Forno.Studio;
using Forno.Studio.Training;
using Forno.Training.Logs;

namespace Forno.Cli.Commands.Shared;

/// <summary>A training on the console: a progress line where there is a terminal, a line an epoch everywhere.</summary>
/// <param name="cli">Where to write.</param>
internal sealed class TrainPrinter(CommandHost cli) : IProgress<JobEvent>, IDisposable
{
    private ProgressBar? bar;
    private int epoch,
        epochs;
    private double epochLoss;
    private int epochSteps;

    /// <summary>What will be trained, in a few lines.</summary>
    public static IEnumerable<string> PlanLines(TrainJobPlan plan)
    {
        string reg = plan.Regularisation > 0 ? $" and {plan.Regularisation} regularisation images" : "";
        yield return $"{plan.Images} training images with repeats{reg}, {plan.Buckets.Count} buckets";
        string accumulated = plan.Accumulation > 1 ? $", {plan.Accumulation} batches a step" : "";
        yield return Invariant.Text(
            $"{plan.Epochs} epochs of {plan.BatchesPerEpoch} batches{accumulated}: "
                + $"{plan.OptimizerSteps} optimizer steps"
        );
    }

    /// <inheritdoc/>
    public void Report(JobEvent value)
    {
        switch (value)
        {
            case JobEvent.Started started:
                bar?.Dispose();
                bar = cli.Progress(started.What, started.Total, started.Unit);
                break;
            case JobEvent.Advanced advanced:
                bar?.Report(advanced.Done);
                break;
            case JobEvent.Said said:
                Say(said.Line);
                break;
            case TrainJobEvent.Planned planned:
                foreach (string line in PlanLines(planned.Plan))
                {
                    Say(line);
                }

                break;
            case TrainJobEvent.Trained trained:
                Print(trained.Event);
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        EndEpoch();
        bar?.Dispose();
    }

    private void Print(TrainEvent e)
    {
        switch (e)
        {
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

    // A line above the progress.
    private void Say(string line)
    {
        bar?.Clear();
        cli.Error.WriteLine(line);
    }

    private void Step(TrainEvent.Stepped step)
    {
        if (step.Epoch != epoch)
        {
            EndEpoch();
            (epoch, epochs) = (step.Epoch, step.Epochs);
        }

        epochLoss += step.Loss;
        epochSteps++;
        if (bar is not null)
        {
            bar.Note = Invariant.Text(
                $"epoch {step.Epoch}/{step.Epochs}  loss {step.AverageLoss:0.0000}  lr {step.Rates[^1].Rate:0.0e+0}"
            );
        }
    }

    private void EndEpoch()
    {
        if (epochSteps > 0)
        {
            Say(Invariant.Text($"epoch {epoch}/{epochs}: loss {epochLoss / epochSteps:0.0000}"));
        }

        (epochLoss, epochSteps) = (0, 0);
    }
}
