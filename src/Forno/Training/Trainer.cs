using Forno.Adapters.Kinds;
using Forno.Optim;
using Forno.Torch;
using Forno.Training.Logs;

namespace Forno.Training;

/// <summary>How a training ended.</summary>
/// <param name="Completed">Whether all steps were taken; if not, a stop was asked for and the state saved.</param>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="File">The target's last file; null: none yet.</param>
/// <param name="Check">What re-loading that file showed; null: not done, or not known for this kind.</param>
public sealed record TrainResult(bool Completed, long Step, string? File, TargetCheck? Check);

/// <summary>
/// The loop of every training: a target learns what an objective wants of it. The order of everything random is a
/// function of seed, epoch and sample, so a run that was stopped at any moment and resumed from its last state ends bit
/// for bit as one that was not (on the processor). Afterwards the model and libtorch's modes are as they were before.
/// </summary>
public sealed class Trainer : IDisposable, ITrainFiles
{
    private readonly TrainTarget target;
    private readonly TrainObjective objective;
    private readonly Optimizer optimizer;
    private readonly TrainOutput output;
    private readonly LoopSettings settings;
    private readonly SamplePlan? samples;
    private readonly Action<TrainEvent> report;
    private readonly LossScaler? scaler;
    private readonly Ema? averages;
    private readonly LossAverage lossAverage;
    private TrainPosition position;
    private string? lastFile;

    /// <summary>Puts a training together; nothing is computed, changed or written yet.</summary>
    /// <param name="parts">Its parts, which from now on belong to it.</param>
    /// <param name="report">Receives events, on the thread of <see cref="Run"/>; null: nobody listens.</param>
    public Trainer(TrainParts parts, Action<TrainEvent>? report = null)
    {
        (target, objective, optimizer, output) = (parts.Target, parts.Objective, parts.Optimizer, parts.Output);
        (settings, samples) = (parts.Settings, parts.Samples);
        this.report = report ?? (_ => { });
        scaler = settings.ScaleLoss ? new LossScaler() : null;
        // Early averages follow quickly, so that the start is soon forgotten.
        averages = settings.AverageDecay is { } decay ? new Ema(optimizer.Parameters, decay, warmup: true) : null;
        lossAverage = new LossAverage(settings.Steps.StepsPerEpoch);
        position = new TrainPosition(settings.Seed, 0, 1, 0);
    }

    /// <summary>Where the run is.</summary>
    public TrainPosition Position => position;

    private long Total => settings.Steps.TotalSteps;

    /// <summary>
    /// Goes on from a saved state; if the one named is damaged, from the run's newest whole one, and that is said.
    /// </summary>
    /// <param name="folder">A state's folder.</param>
    /// <exception cref="FornoException">There is no state, it is of another run, or nothing is left to do. Nothing was
    /// written.</exception>
    public void Resume(string folder)
    {
        string found = output.StateToResume(folder, settings.StateKey, report);
        TrainPosition saved = TrainState.Load(found, optimizer, averages, settings.StateKey);
        output.RequireWork(found, saved, Total);
        if (saved.Seed != settings.Seed)
        {
            report(
                new TrainEvent.Notice(
                    $"the state was made with seed {saved.Seed}; from here on seed {settings.Seed} decides"
                )
            );
        }
        position = saved with { Seed = settings.Seed };
        if (scaler is not null)
        {
            scaler.State = (position.LossScale, position.LossScaleAge);
        }
        report(new TrainEvent.Resumed(found, position.Step, Total));
    }

    /// <summary>Trains to the end, or until a stop is asked for or the time is up: then the state is saved.</summary>
    /// <param name="cancel">Asks for the stop; the optimizer step at hand is finished first.</param>
    /// <exception cref="FornoException">The loss is not finite: says which sample, timestep and module. The last state
    /// stays.</exception>
    /// <exception cref="OperationCanceledException">A stop was asked for while the data were prepared.</exception>
    public TrainResult Run(CancellationToken cancel = default)
    {
        using Autograd.Mode grad = Autograd.WithGrad();
        try
        {
            target.Attach();
            output.Begin(this);
            using (Autograd.NoGrad())
            {
                objective.Prepare((what, done, total) => report(new TrainEvent.Preparing(what, done, total)), cancel);
            }
            if (!Steps(cancel))
            {
                string state = output.Stop(this);
                report(new TrainEvent.Stopped(state, position.Step, Total));
                return new TrainResult(false, position.Step, lastFile, null);
            }
            output.Finish(this);
        }
        finally
        {
            optimizer.ZeroGrad();
            target.Announce(null);
            target.Detach();
        }
        return new TrainResult(true, position.Step, lastFile, lastFile is null ? null : target.Check(lastFile));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        objective.Dispose();
        averages?.Dispose();
        optimizer.Dispose();
        target.Dispose();
    }

    void ITrainFiles.SaveState(string folder, string name) =>
        TrainState.Save(folder, optimizer, averages, new StateFacts(position, settings.StateKey, name));

    void ITrainFiles.SaveTarget(string path, IReadOnlyDictionary<string, string> metadata, DType type, int? epoch)
    {
        Evaluated(() => target.Save(path, metadata, type));
        lastFile = path;
        report(new TrainEvent.Saved(path, position.Step, epoch));
    }

    // All steps that are left; false if a stop was asked for.
    private bool Steps(CancellationToken cancel)
    {
        long start = settings.Clock.GetTimestamp();
        bool StopAsked() => cancel.IsCancellationRequested || settings.Clock.GetElapsedTime(start) >= settings.Budget;
        if (position.Step == 0 && samples is { AtFirst: true })
        {
            Draw(null, cancel);
        }
        while (position.Step < Total)
        {
            if (!Epoch(StopAsked, cancel))
            {
                return false;
            }
        }
        return true;
    }

    // One epoch, or what is left of it; false if a stop was asked for.
    private bool Epoch(Func<bool> stopAsked, CancellationToken cancel)
    {
        int epoch = position.Epoch;
        IReadOnlyList<TrainWork> planned = objective.Epoch(epoch);
        if (planned.Count == 0)
        {
            throw new InvalidOperationException($"epoch {epoch} has no batches");
        }
        foreach (TrainWork[] update in planned.Skip(position.Batch).Chunk(settings.Steps.Accumulation))
        {
            if (stopAsked())
            {
                return false;
            }
            Step(update, epoch);
            bool last = position.Step >= Total;
            output.AfterStep(this, last);
            if (samples?.AfterStep(position.Step, last) == true)
            {
                Draw(null, cancel);
            }
            if (last)
            {
                break;
            }
        }
        // A last epoch that is cut short can be gone on with when the run is made longer.
        if (position.Batch >= planned.Count)
        {
            position = position with { Epoch = epoch + 1, Batch = 0 };
        }
        report(new TrainEvent.EpochEnded(epoch, settings.Steps.Epochs, position.Step));
        output.AfterEpoch(this, epoch, position.Step >= Total);
        if (samples?.AfterEpoch(epoch) == true)
        {
            Draw(epoch, cancel);
        }
        return true;
    }

    private void Step(TrainWork[] update, int epoch)
    {
        (double loss, string note) = Update(update, epoch);
        position = position with { Step = position.Step + 1, Batch = position.Batch + update.Length };
        lossAverage.Add(loss);
        report(
            new TrainEvent.Stepped(
                position.Step,
                Total,
                epoch,
                settings.Steps.Epochs,
                loss,
                lossAverage.Mean,
                [.. optimizer.Groups.Select(g => (g.Name, optimizer.RateOf(g.Parameters[0])))]
            )
            {
                Note = note,
            }
        );
    }

    // One optimizer step over the batches whose gradients add up: their mean loss, and the last one's note.
    private (double Loss, string Note) Update(TrainWork[] update, int epoch)
    {
        using var scope = new Scope();
        foreach (ParameterGroup group in optimizer.Groups)
        {
            group.Lr = settings.Rate(group.BaseLr, position.Step);
        }
        double sum = 0;
        string note = "";
        foreach (TrainWork work in update)
        {
            using var inner = new Scope();
            target.Announce(
                work.Samples.Count == 0
                    ? null
                    : new DropoutDraw(settings.Seed, [.. work.Samples.Select(s => ((long)epoch << 40) | s)])
            );
            StepLoss step = work.Loss();
            double value = step.Loss.Item();
            if (!double.IsFinite(value))
            {
                throw NotFinite.Explain(work, step, value, target, position);
            }
            sum += value;
            note = step.Note;
            Autograd.Backward(step.Loss * ((scaler?.Scale ?? 1) / settings.Steps.Accumulation));
        }
        target.Announce(null);
        Apply(update);
        return (sum / update.Length, note);
    }

    private void Apply(TrainWork[] update)
    {
        Tensor[] tensors = [.. optimizer.Parameters.Select(p => p.Tensor)];
        bool finite = scaler?.Unscale(tensors) ?? true;
        double norm = finite ? GradClip.ByNorm(tensors, settings.MaxGradNorm) : double.NaN;
        if (scaler is null && !double.IsFinite(norm))
        {
            throw NotFinite.Gradient(update, optimizer.Parameters, position);
        }
        if (finite)
        {
            optimizer.Step();
            using (Autograd.NoGrad())
            {
                target.AfterStep();
            }
            averages?.Update();
        }
        else
        {
            position = position with { SkippedSteps = position.SkippedSteps + 1 };
        }
        optimizer.ZeroGrad();
        if (scaler is not null)
        {
            (double scale, long age) = scaler.State;
            position = position with { LossScale = scale, LossScaleAge = age };
        }
    }

    private void Draw(int? epoch, CancellationToken cancel) =>
        Evaluated(() => samples!.Drawer.Draw(new SampleMoment(position.Seed, position.Step, epoch), report, cancel));

    // Runs with the parameters as they are saved, drawn with and validated, and puts them back bit for bit.
    private void Evaluated(Action work)
    {
        using Autograd.Mode grad = Autograd.NoGrad();
        target.Announce(null);
        optimizer.Evaluate();
        averages?.Swap();
        try
        {
            work();
        }
        finally
        {
            averages?.Swap();
            optimizer.Train();
        }
    }
}
