using System.Text.Json.Serialization;
using Forno.Training;

namespace Forno.Studio.Training;

/// <summary>What a training will do; the answer of <c>train --dry-run --json</c>.</summary>
/// <param name="Images">Training pictures, each as often as it is repeated.</param>
/// <param name="Regularisation">Regularisation pictures in the same way.</param>
/// <param name="Buckets">The sizes in which they are trained, of each data set.</param>
/// <param name="BatchesPerEpoch">Batches in an epoch.</param>
/// <param name="Epochs">Epochs, of which the last may be cut short.</param>
/// <param name="OptimizerSteps">Optimizer steps of the whole training.</param>
public sealed record TrainJobPlan(
    int Images,
    int Regularisation,
    IReadOnlyList<BucketPlan> Buckets,
    int BatchesPerEpoch,
    int Epochs,
    long OptimizerSteps
)
{
    internal TrainJobPlan(TrainPlan plan)
        : this(
            plan.Datasets.Sum(d => d.TrainImages),
            plan.Datasets.Sum(d => d.RegImages),
            [
                .. plan
                    .Datasets.SelectMany(d => d.Buckets)
                    .Select(b => new BucketPlan(b.Size.Width, b.Size.Height, b.Count)),
            ],
            plan.Steps.BatchesPerEpoch,
            plan.Steps.Epochs,
            plan.Steps.TotalSteps
        ) => Accumulation = plan.Steps.Accumulation;

    /// <summary>Batches a step.</summary>
    [JsonIgnore]
    public int Accumulation { get; init; } = 1;
}

/// <summary>A size in which pictures are trained.</summary>
/// <param name="Width">Pixels across.</param>
/// <param name="Height">Pixels down.</param>
/// <param name="Count">How many pictures it has, with repeats.</param>
public sealed record BucketPlan(int Width, int Height, int Count);
