using Forno.Optim.Optimizers;
using Forno.Optim.Rates;

namespace Forno.Training.Recipes;

/// <summary>Optimizer, learning rates and their schedule.</summary>
public sealed record OptimizerSettings
{
    /// <summary>The optimizer by kohya's name.</summary>
    public string Type { get; init; } = "AdamW";

    /// <summary><c>optimizer_args</c>: long, double, bool, string, null or <c>object?[]</c> by name.</summary>
    public IReadOnlyDictionary<string, object?> Args { get; init; } = new Dictionary<string, object?>();

    /// <summary><c>learning_rate</c>.</summary>
    public double LearningRate { get; init; }

    /// <summary><c>unet_lr</c>; null = as <see cref="LearningRate"/>.</summary>
    public double? OwnUNetLr { get; init; }

    /// <summary>The UNet's learning rate.</summary>
    public double UNetLr => OwnUNetLr ?? LearningRate;

    /// <summary><c>text_encoder_lr</c>, one per encoder or one for all; empty = <c>learning_rate</c>.</summary>
    public IReadOnlyList<double> OwnTextEncoderLrs { get; init; } = [];

    /// <summary>The text encoders' learning rates, one per encoder or one for all. 0 freezes.</summary>
    public IReadOnlyList<double> TextEncoderLrs => OwnTextEncoderLrs.Count > 0 ? OwnTextEncoderLrs : [LearningRate];

    /// <summary><c>max_grad_norm</c> over all trained tensors; 0 = no clipping.</summary>
    public double MaxGradNorm { get; init; } = 1;

    /// <summary>The schedule, but for its length and rate.</summary>
    public LrScheduleSettings Rates { get; init; } =
        new()
        {
            Scheduler = "constant",
            TotalSteps = 0,
            DefaultLr = 0,
        };

    /// <summary>Whether it finds its own step size, which is one for all that it trains.</summary>
    public bool FindsItsOwnRate => OptimizerRegistry.FindsItsOwnRate(Type);

    /// <summary>Whether it takes no schedule: kohya's trainer keeps its rate constant, whatever is given.</summary>
    public bool IsScheduleFree => OptimizerRegistry.Known(Type)?.ScheduleFree == true;

    /// <summary>The schedule for a number of optimizer steps.</summary>
    public LrScheduleSettings Schedule(long steps)
    {
        LrScheduleSettings rates = IsScheduleFree
            ? new()
            {
                Scheduler = "constant",
                TotalSteps = 0,
                DefaultLr = 0,
            }
            : Rates;
        return rates with { TotalSteps = steps, DefaultLr = LearningRate };
    }
}
