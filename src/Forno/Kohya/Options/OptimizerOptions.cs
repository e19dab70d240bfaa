using Forno.Optim.Rates;
using Forno.Python;
using Forno.Training.Recipes;
using static Forno.Kohya.Options.Rows;

namespace Forno.Kohya.Options;

/// <summary>Options of the optimizer and the learning rates.</summary>
internal static class OptimizerOptions
{
    // Beyond it steps leave the range of fp32.
    private const double MaxRate = 1e6;

    private static readonly Dictionary<string, string> ScheduleClasses = new(StringComparer.OrdinalIgnoreCase)
    {
        ["CosineAnnealingWarmRestarts"] = "cosine_annealing_warm_restarts",
        ["RexAnnealingWarmRestarts"] = "rex_annealing_warm_restarts",
    };

    public static KohyaOption[] Rows { get; } =
    [
        // these three are one choice: OptimizerNames.TypeOf makes it
        Str("optimizer_type", ""),
        Flag("use_8bit_adam"),
        Flag("use_lion_optimizer"),
        Texts("optimizer_args")
            .Lands((r, v) => r with { Optimizer = r.Optimizer with { Args = Arguments(v, "optimizer_args") } }),
        Real("learning_rate", 2e-6)
            .From(0)
            .To(MaxRate)
            .Lands((r, v) => r with { Optimizer = r.Optimizer with { LearningRate = v } })
            .InMetadata(),
        Real("unet_lr")
            .From(0)
            .To(MaxRate)
            .Lands((r, v) => r with { Optimizer = r.Optimizer with { OwnUNetLr = v } })
            .InMetadata(),
        Reals("text_encoder_lr")
            .From(0)
            .To(MaxRate)
            .Lands((r, v) => r with { Optimizer = r.Optimizer with { OwnTextEncoderLrs = v } })
            .InMetadata(),
        Real("max_grad_norm", 1)
            .From(0)
            .Lands((r, v) => r with { Optimizer = r.Optimizer with { MaxGradNorm = v } })
            .InMetadata(),
        Str("lr_scheduler", "constant").Lands((r, v) => Rated(r, s => s with { Scheduler = v })).InMetadata(),
        Str("lr_scheduler_type", "").Lands((r, v) => Rated(r, s => s with { Scheduler = ScheduleOf(v) })),
        Texts("lr_scheduler_args").Lands((r, v) => Rated(r, s => s with { Args = Arguments(v, "lr_scheduler_args") })),
        Steps("lr_warmup_steps", 0).Lands((r, v) => Rated(r, s => s with { WarmupSteps = v })).InMetadata(),
        Steps("lr_decay_steps", 0).Lands((r, v) => Rated(r, s => s with { DecaySteps = v })),
        Whole("lr_scheduler_num_cycles", 1).From(1).Lands((r, v) => Rated(r, s => s with { Cycles = v })),
        Real("lr_scheduler_power", 1).Lands((r, v) => Rated(r, s => s with { Power = v })),
        Whole("lr_scheduler_timescale").From(1).Lands((r, v) => Rated(r, s => s with { Timescale = v })),
        Real("lr_scheduler_min_lr_ratio").Lands((r, v) => Rated(r, s => s with { MinLrRatio = v })),
        Flag("fused_backward_pass").Later(),
    ];

    private static TrainRecipe Rated(TrainRecipe recipe, Func<LrScheduleSettings, LrScheduleSettings> change) =>
        recipe with
        {
            Optimizer = recipe.Optimizer with { Rates = change(recipe.Optimizer.Rates) },
        };

    private static Dictionary<string, object?> Arguments(IEnumerable<string> given, string option) =>
        PythonLiteral.Arguments(given, option);

    private static string ScheduleOf(string custom) =>
        ScheduleClasses.GetValueOrDefault(custom.Split('.')[^1])
        ?? throw new FornoException(
            $"lr_scheduler_type = \"{custom}\" is not supported; choose one of: "
                + $"{string.Join(", ", ScheduleClasses.Keys)}, or use lr_scheduler"
        );
}
