using Forno.Diffusion.Losses;
using Forno.Training.Recipes;
using static Forno.Kohya.Options.Rows;

namespace Forno.Kohya.Options;

/// <summary>Options of the loss, the noise and the timesteps.</summary>
internal static class LossOptions
{
    public static KohyaOption[] Rows { get; } =
    [
        Choice(
                "loss_type",
                "l2",
                ("l1", LossType.L1),
                ("l2", LossType.L2),
                ("huber", LossType.Huber),
                ("smooth_l1", LossType.SmoothL1)
            )
            .Lands((r, v) => r with { Loss = r.Loss with { Type = v } })
            .InMetadata(),
        Choice(
                "huber_schedule",
                "snr",
                ("constant", HuberSchedule.Constant),
                ("exponential", HuberSchedule.Exponential),
                ("snr", HuberSchedule.Snr)
            )
            .Lands((r, v) => r with { Loss = r.Loss with { HuberSchedule = v } })
            .InMetadata(),
        Real("huber_c", 0.1).Above(0).Lands((r, v) => r with { Loss = r.Loss with { HuberC = v } }).InMetadata(),
        Real("huber_scale", 1).Above(0).Lands((r, v) => r with { Loss = r.Loss with { HuberScale = v } }).InMetadata(),
        Real("min_snr_gamma")
            .From(0)
            .Lands((r, v) => r with { Loss = r.Loss with { MinSnrGamma = v > 0 ? v : null } })
            .InMetadata(),
        Flag("scale_v_pred_loss_like_noise_pred").Lands((r, v) => r with { Loss = r.Loss with { ScaleVPredLoss = v } }),
        Real("v_pred_like_loss")
            .From(0)
            .Lands((r, v) => r with { Loss = r.Loss with { VPredLikeLoss = v > 0 ? v : null } }),
        Flag("debiased_estimation_loss")
            .Lands((r, v) => r with { Loss = r.Loss with { Debiased = v } })
            .InMetadata("debiased_estimation"),
        Real("noise_offset")
            .Lands((r, v) => r with { Noise = r.Noise with { Offset = v != 0 ? v : null } })
            .InMetadata(),
        Flag("noise_offset_random_strength")
            .Lands((r, v) => r with { Noise = r.Noise with { OffsetRandomStrength = v } })
            .InMetadata(),
        Real("adaptive_noise_scale")
            .Lands((r, v) => r with { Noise = r.Noise with { AdaptiveScale = v } })
            .InMetadata(),
        Whole("multires_noise_iterations")
            .From(0)
            .Lands((r, v) => r with { Noise = r.Noise with { MultiresIterations = v > 0 ? v : null } })
            .InMetadata(),
        Real("multires_noise_discount", 0.3)
            .From(0)
            .Lands((r, v) => r with { Noise = r.Noise with { MultiresDiscount = v } })
            .InMetadata(),
        Real("ip_noise_gamma")
            .From(0)
            .Lands((r, v) => r with { Noise = r.Noise with { InputGamma = v > 0 ? v : null } })
            .InMetadata(),
        Flag("ip_noise_gamma_random_strength")
            .Lands((r, v) => r with { Noise = r.Noise with { InputGammaRandomStrength = v } })
            .InMetadata(),
        Whole("min_timestep").From(0).To(999).Lands((r, v) => r with { Noise = r.Noise with { MinTimestep = v } }),
        Whole("max_timestep").From(1).To(1000).Lands((r, v) => r with { Noise = r.Noise with { MaxTimestep = v } }),
        Str("weighting_scheme", "uniform")
            .OneOf("sigma_sqrt", "logit_normal", "mode", "cosmap", "none", "uniform")
            .For(OptionScript.Neither)
            .Foreign(),
        Real("logit_mean", 0).For(OptionScript.Neither).Foreign(),
        Real("logit_std", 1).For(OptionScript.Neither).Foreign(),
        Real("mode_scale", 1.29).For(OptionScript.Neither).Foreign(),
    ];
}
