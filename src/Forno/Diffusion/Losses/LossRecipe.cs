namespace Forno.Diffusion.Losses;

/// <summary>Element-wise losses, under kohya's names <c>l2</c>, <c>l1</c>, <c>huber</c>, <c>smooth_l1</c>.</summary>
public enum LossType
{
    /// <summary>(p − t)².</summary>
    L2,

    /// <summary>|p − t|.</summary>
    L1,

    /// <summary>Pseudo-Huber 2c (sqrt(d² + c²) − c).</summary>
    Huber,

    /// <summary>2 (sqrt(d² + c²) − c).</summary>
    SmoothL1,
}

/// <summary>How Huber's threshold depends on the timestep (kohya's <c>huber_schedule</c>).</summary>
public enum HuberSchedule
{
    /// <summary>huber_c · huber_scale.</summary>
    Constant,

    /// <summary>exp(t ln(huber_c)/T) · huber_scale.</summary>
    Exponential,

    /// <summary>(1 − huber_c)/(1 + sigma)² + huber_c; huber_scale takes no part, as in kohya's trainer.</summary>
    Snr,
}

/// <summary>From the network's output to the loss: kohya's options of the same names.</summary>
public sealed record LossRecipe
{
    /// <summary><c>loss_type</c>.</summary>
    public LossType Type { get; init; } = LossType.L2;

    /// <summary><c>huber_schedule</c>.</summary>
    public HuberSchedule HuberSchedule { get; init; } = HuberSchedule.Snr;

    /// <summary><c>huber_c</c>.</summary>
    public double HuberC { get; init; } = 0.1;

    /// <summary><c>huber_scale</c>.</summary>
    public double HuberScale { get; init; } = 1;

    /// <summary><c>min_snr_gamma</c>; null: off.</summary>
    public double? MinSnrGamma { get; init; }

    /// <summary><c>scale_v_pred_loss_like_noise_pred</c>.</summary>
    public bool ScaleVPredLoss { get; init; }

    /// <summary><c>v_pred_like_loss</c>; null: off.</summary>
    public double? VPredLikeLoss { get; init; }

    /// <summary><c>debiased_estimation_loss</c>.</summary>
    public bool Debiased { get; init; }

    /// <summary>What the network is trained to tell (<c>v_parameterization</c>).</summary>
    public Prediction Prediction { get; init; } = Prediction.Epsilon;
}
