using Forno.Data;
using Forno.Optim;
using Forno.Optim.Optimizers;
using Forno.Torch;
using Forno.Training;
using Forno.Training.Logs;
using Forno.Training.Targets;

namespace Forno.Pocket.Training;

/// <summary>How long a Pocket training runs and how it steps.</summary>
public sealed record PocketTrainOptions
{
    /// <summary>Optimizer steps of the whole training, over all sittings.</summary>
    public required int Steps { get; init; }

    /// <summary>Peak learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Steps over which the learning rate rises to its peak.</summary>
    public int Warmup { get; init; } = 150;

    /// <summary>Decay of the averaged weights.</summary>
    public double Ema { get; init; } = 0.995;

    /// <summary>AdamW's weight decay.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>The training's seed.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Time after which the sitting ends, its state saved; the next one goes on from there.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.MaxValue;

    /// <summary>The share of the peak learning rate at a step: linear rise, then linear fall to a hundredth.</summary>
    public double ShareAt(long step) => Math.Min((step + 1.0) / Warmup, Math.Max(0.01, 1 - ((double)step / Steps)));
}

/// <summary>What tells one Pocket training from another.</summary>
/// <param name="Folder">The run folder: state, log, weights.</param>
/// <param name="File">Name of the weights' file in it.</param>
/// <param name="Key">What must not change between sittings, such as the data's hash.</param>
public sealed record PocketRunFiles(string Folder, string File, string Key)
{
    /// <summary>What the weights' file is to say of itself.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// Runs a Pocket training on the loop of all trainings: AdamW, averaged weights, sittings of one state, a log.
/// </summary>
internal static class PocketTrainer
{
    private const int LogEvery = 50;
    private static readonly TimeSpan SaveEvery = TimeSpan.FromMinutes(5);

    /// <summary>Trains, or goes on with the state in the run folder.</summary>
    /// <param name="target">The weights; disposed at the end.</param>
    /// <param name="objective">What is wanted of them; disposed at the end.</param>
    /// <param name="files">The run's files.</param>
    /// <param name="options">How to train.</param>
    /// <param name="report">Told of all events; null: nobody listens.</param>
    /// <param name="stop">Ends the sitting after the step at hand, its state saved.</param>
    /// <exception cref="FornoException">The loss became infinite or NaN, or the state is of another run or damaged; it
    /// stays as it is.</exception>
    public static void Run(
        WeightsTarget target,
        SteppedObjective objective,
        PocketRunFiles files,
        PocketTrainOptions options,
        Action<TrainEvent>? report,
        CancellationToken stop
    )
    {
        var log = new CsvLog(Path.Combine(files.Folder, "log.csv"), LogEvery, TimeProvider.System);
        var output = new SittingOutput(files.Folder, files.File, files.Metadata, SaveEvery, TimeProvider.System);
        using var trainer = new Trainer(
            new TrainParts
            {
                Target = target,
                Objective = objective,
                Optimizer = Adam.W(
                    target.Groups,
                    new Dictionary<string, object?>
                    {
                        ["lr"] = options.LearningRate,
                        ["weight_decay"] = options.WeightDecay,
                    }
                ),
                Output = output,
                Settings = new LoopSettings
                {
                    Seed = options.Seed,
                    Steps = new StepCounts
                    {
                        BatchesPerEpoch = SteppedObjective.EpochSteps,
                        Accumulation = 1,
                        TotalSteps = options.Steps,
                    },
                    Rate = (peak, step) => peak * options.ShareAt(step),
                    StateKey = TrainState.RecipeKey(
                        files.Key,
                        Invariant.Text($"{options.Seed}"),
                        string.Join(',', target.Groups[0].Parameters.Select(p => Shape(p)))
                    ),
                    AverageDecay = options.Ema,
                    Budget = options.Budget,
                },
            },
            e =>
            {
                log.Tell(e);
                report?.Invoke(e);
            }
        );
        if (output.HasState)
        {
            trainer.Resume(files.Folder);
        }
        trainer.Run(stop);
    }

    private static string Shape(Parameter p) => $"{p.Name}:{string.Join('x', p.Tensor.Shape.ToArray())}";
}
