using Forno.Training;

namespace Forno.Pocket.Training;

/// <summary>
/// An objective whose batches are drawn anew at each step from all of the data: an epoch is a fixed number of steps,
/// so that a training can be made longer after its end.
/// </summary>
internal abstract class SteppedObjective : TrainObjective
{
    /// <summary>Steps of an epoch.</summary>
    public const int EpochSteps = 50;

    /// <inheritdoc/>
    public override IReadOnlyList<TrainWork> Epoch(int epoch) =>
        [.. Enumerable.Range((epoch - 1) * EpochSteps, EpochSteps).Select(step => new TrainWork(() => Loss(step)))];

    /// <inheritdoc/>
    public override void Dispose() { }

    /// <summary>The loss of a step's batch, in the current scope; a function of the seed and the step.</summary>
    /// <param name="step">Steps before this one.</param>
    protected abstract StepLoss Loss(int step);
}
