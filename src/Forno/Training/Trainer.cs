using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Data;
using Forno.Diffusion.Losses;
using Forno.Models;
using Forno.Optim;
using Forno.Optim.Rates;
using Forno.Torch;
using Forno.Training.Logs;
using Forno.Training.Recipes;

namespace Forno.Training;

/// <summary>How a training ended.</summary>
/// <param name="Completed">Whether all steps were taken; if not, a stop was asked for and the state saved.</param>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Adapter">The last adapter file written; null: none yet.</param>
/// <param name="Check">What re-loading that file showed.</param>
public sealed record TrainResult(bool Completed, long Step, string? Adapter, AdapterCheck? Check);

/// <summary>
/// Trains an adapter. The order of everything random is a function of seed, epoch and draw, so a run that was stopped
/// at
/// any moment and resumed from its last state ends bit for bit as one that was not (on the processor).
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly BaseModel model;
    private readonly TrainPlan plan;
    private readonly AdapterNetwork network;
    private readonly Optimizer optimizer;
    private readonly TrainStep step;
    private readonly BatchMaker batches;
    private readonly TrainOutput output;
    private readonly LossScaler? scaler;
    private readonly LrSchedule schedule;
    private readonly LossAverage average;
    private readonly Action<TrainEvent> tell;
    private readonly string stateKey;
    private TrainPosition position;

    /// <summary>Puts a training together on a loaded model; its slots are filled until this is disposed.</summary>
    /// <param name="model">The base model; frozen.</param>
    /// <param name="plan">What to do.</param>
    /// <param name="tell">Receives events, on the trainer's thread.</param>
    public Trainer(BaseModel model, TrainPlan plan, Action<TrainEvent> tell)
    {
        (this.model, this.plan, this.tell) = (model, plan, tell);
        TrainRecipe recipe = plan.Recipe;
        IReadOnlyList<AdapterModule> modules = plan.Modules(model.Targets);
        network = AdapterNetwork.NewLora(modules, plan.Seed, plan.Settings().Dropout, model.Device);
        IReadOnlyList<Adapter> lost = network.Apply(model.Layers);
        if (lost.Count > 0)
        {
            throw new FornoException(
                $"{recipe.Model.Path}: the model has no layer for {lost[0].Name} ({lost.Count} modules in all)"
            );
        }
        optimizer = plan.NewOptimizer(network, modules);
        stateKey = plan.StateKey(modules);
        step = plan.NewStep(model.UNet);
        batches = new BatchMaker(model, plan, step.Schedule);
        output = new TrainOutput(plan, network, optimizer, stateKey, model, tell);
        scaler = recipe.Run.Precision == DType.Float16 ? new LossScaler() : null;
        schedule = LrSchedules.Create(recipe.Optimizer.Schedule(plan.Steps.TotalSteps));
        average = new LossAverage(plan.Steps.StepsPerEpoch);
        position = new TrainPosition(plan.Seed, 0, 1, 0);
        model.UNet.GradientCheckpointing = recipe.Run.GradientCheckpointing;
        tell(
            new TrainEvent.Notice(
                $"{modules.Count} modules, {network.Tensors.Sum(t => t.Tensor.Count):N0} parameters to train"
            )
        );
    }

    /// <summary>Where the run stands.</summary>
    public TrainPosition Position => position;

    /// <summary>The adapter as it is; for sample pictures.</summary>
    public AdapterNetwork Network => network;

    /// <summary>
    /// Takes a saved state up; a damaged one is passed over for the newest whole one, and that is said.
    /// </summary>
    /// <param name="folder">A state's folder.</param>
    public void Resume(string folder)
    {
        string whole = output.NewestWholeState(folder);
        position = TrainState.Load(whole, [.. optimizer.Parameters], optimizer, stateKey);
        if (scaler is not null)
        {
            scaler.State = (position.LossScale, position.LossScaleAge);
        }
        tell(
            new TrainEvent.Notice(
                $"resumed from {whole}: {position.Step} of {plan.Steps.TotalSteps} optimizer steps done"
            )
        );
    }

    /// <summary>Trains to the end, or until a stop is asked for: then the state is saved.</summary>
    /// <param name="cancel">Asks for the stop; the optimizer step at hand is finished first.</param>
    /// <exception cref="FornoException">The loss is not finite: says which picture, timestep and module. The last state
    /// stays.</exception>
    public TrainResult Run(CancellationToken cancel)
    {
        batches.Prepare((what, done, total) => tell(new TrainEvent.Preparing(what, done, total)), cancel);
        if (position.Step == 0 && plan.Recipe.Samples is { AtFirst: true })
        {
            tell(new TrainEvent.SamplesDue(0, null));
        }
        while (position.Step < plan.Steps.TotalSteps)
        {
            if (!Epoch(cancel))
            {
                string state = output.SaveState(position, null);
                tell(
                    new TrainEvent.Notice($"stopped after {position.Step} optimizer steps; go on with --resume {state}")
                );
                return new TrainResult(false, position.Step, output.Last, null);
            }
        }
        string file = output.SaveFinal(position);
        return new TrainResult(true, position.Step, file, AdapterCheck.Of(file, model, network));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        batches.Dispose();
        optimizer.Dispose();
        network.Dispose();
    }

    // One epoch, or what is left of it; false if a stop was asked for.
    private bool Epoch(CancellationToken cancel)
    {
        int epoch = position.Epoch;
        var planned = EpochPlan.Build(plan.Datasets, plan.Seed, epoch, plan.Steps);
        IEnumerable<PlannedBatch[]> updates = planned.Batches.Skip(position.Batch).Chunk(plan.Steps.Accumulation);
        foreach (PlannedBatch[] update in updates)
        {
            if (cancel.IsCancellationRequested)
            {
                return false;
            }
            double loss = Update(update, epoch);
            position = position with { Step = position.Step + 1, Batch = position.Batch + update.Length };
            average.Add(loss);
            tell(
                new TrainEvent.Stepped(
                    position.Step,
                    plan.Steps.TotalSteps,
                    epoch,
                    plan.Steps.Epochs,
                    loss,
                    average.Mean,
                    [.. optimizer.Groups.Select(g => (g.Name, g.Lr * (optimizer.D ?? 1)))]
                )
            );
            bool last = position.Step >= plan.Steps.TotalSteps;
            output.AfterStep(position, last);
            if (last)
            {
                break;
            }
        }
        position = position with { Epoch = epoch + 1, Batch = 0 };
        output.AfterEpoch(position, epoch, position.Step >= plan.Steps.TotalSteps);
        return true;
    }

    // One optimizer step over the batches whose gradients add up.
    private double Update(PlannedBatch[] update, int epoch)
    {
        using var scope = new Scope();
        for (int g = 0; g < optimizer.Groups.Count; g++)
        {
            optimizer.Groups[g].Lr = schedule(optimizer.Groups[g].BaseLr, position.Step);
        }
        double sum = 0;
        foreach (PlannedBatch planned in update)
        {
            using var inner = new Scope();
            network.SetDraw(
                new DropoutDraw(plan.Seed, [.. planned.Examples.Select(e => ((long)epoch << 40) | e.Draw)])
            );
            TrainBatch batch = batches.Make(planned, epoch);
            LossResult result = step.Loss(batch);
            double value = result.Loss.Item();
            if (!double.IsFinite(value))
            {
                throw NotFinite.Explain(planned, batch, result, network, position);
            }
            sum += value;
            Autograd.Backward(result.Loss * ((scaler?.Scale ?? 1) / plan.Steps.Accumulation));
        }
        network.SetDraw(null);
        Apply(update);
        return sum / update.Length;
    }

    private void Apply(PlannedBatch[] update)
    {
        Tensor[] tensors = [.. optimizer.Parameters.Select(p => p.Tensor)];
        bool finite = scaler?.Unscale(tensors) ?? true;
        double norm = finite ? GradClip.ByNorm(tensors, plan.Recipe.Optimizer.MaxGradNorm) : double.NaN;
        if (scaler is null && !double.IsFinite(norm))
        {
            throw NotFinite.Gradient(update, network, position);
        }
        if (finite)
        {
            optimizer.Step();
            plan.AfterUpdate(network);
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
}
