using Forno.Data;
using Forno.Optim;
using Forno.Optim.Rates;

namespace Forno.Training;

/// <summary>How a training runs, whatever it trains and on what.</summary>
public sealed record LoopSettings
{
    /// <summary>The run's seed; decides, with epoch and sample, what a target drops out.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Batches of an epoch, batches of an optimizer step, optimizer steps of the run.</summary>
    public required StepCounts Steps { get; init; }

    /// <summary>The learning rate of a group at a step.</summary>
    public required LrSchedule Rate { get; init; }

    /// <summary>What a state must agree on to be resumed (<see cref="TrainState.RecipeKey"/>).</summary>
    public required string StateKey { get; init; }

    /// <summary>Bound on the norm of all gradients together; 0: none.</summary>
    public double MaxGradNorm { get; init; } = 1;

    /// <summary>Whether the loss is scaled, as fp16 needs it.</summary>
    public bool ScaleLoss { get; init; }

    /// <summary>Decay of averages of the parameters, which are what is saved and drawn with; null: none.</summary>
    public double? AverageDecay { get; init; }

    /// <summary>Time from the first step after which the sitting ends as if a stop had been asked for.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.MaxValue;

    /// <summary>Measures the budget.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>The parts of a training. The trainer owns and disposes target, objective and optimizer.</summary>
public sealed record TrainParts
{
    /// <summary>What is changed.</summary>
    public required TrainTarget Target { get; init; }

    /// <summary>What is wanted of it.</summary>
    public required TrainObjective Objective { get; init; }

    /// <summary>An optimizer over the target's groups.</summary>
    public required Optimizer Optimizer { get; init; }

    /// <summary>What is written, and when.</summary>
    public required TrainOutput Output { get; init; }

    /// <summary>How it runs.</summary>
    public required LoopSettings Settings { get; init; }

    /// <summary>Sample pictures; null: none.</summary>
    public SamplePlan? Samples { get; init; }
}
