namespace Forno.Diffusion.Losses;

/// <summary>
/// Weights of the loss per timestep, host numbers (kohya's custom_train_functions.py). SNR is that of the ORIGINAL
/// schedule: kohya's trainer makes its table before it fixes the betas for zero terminal SNR.
/// </summary>
public static class LossWeights
{
    /// <summary>Min-SNR-γ (Hang et al. 2023): min(snr, γ)/snr, or /(snr + 1) for velocity.</summary>
    public static double MinSnr(double snr, double gamma, Prediction prediction) =>
        Math.Min(snr, gamma) / (prediction == Prediction.Velocity ? snr + 1 : snr);

    /// <summary>Brings a velocity loss to the scale of a noise loss: c/(c + 1), c = min(snr, 1000).</summary>
    public static double ScaleVPred(double snr) => Cap(snr) / (Cap(snr) + 1);

    /// <summary>Adds a share of the loss as velocity prediction would weigh it: 1 + share · (c + 1)/c.</summary>
    public static double VPredLike(double snr, double share) => 1 + (share / ScaleVPred(snr));

    /// <summary>Debiased estimation (Yu et al. 2023): 1/sqrt(c), or 1/(c + 1) for velocity.</summary>
    public static double Debiased(double snr, Prediction prediction) =>
        prediction == Prediction.Velocity ? 1 / (Cap(snr) + 1) : 1 / Math.Sqrt(Cap(snr));

    /// <summary>The product of the recipe's weights at a timestep.</summary>
    /// <param name="recipe">Which weights.</param>
    /// <param name="original">The schedule before any fix for zero terminal SNR.</param>
    /// <param name="t">The timestep.</param>
    public static double Of(LossRecipe recipe, NoiseSchedule original, int t)
    {
        double snr = original.Snr(t),
            weight = 1;
        if (recipe.MinSnrGamma is { } gamma)
        {
            weight *= MinSnr(snr, gamma, recipe.Prediction);
        }
        if (recipe.ScaleVPredLoss)
        {
            weight *= ScaleVPred(snr);
        }
        if (recipe.VPredLikeLoss is { } share)
        {
            weight *= VPredLike(snr, share);
        }
        return recipe.Debiased ? weight * Debiased(snr, recipe.Prediction) : weight;
    }

    /// <summary>Huber's threshold at a timestep.</summary>
    /// <param name="recipe">huber_c, huber_scale and the schedule.</param>
    /// <param name="schedule">The schedule that noises (the fixed one, if it was fixed).</param>
    /// <param name="t">The timestep.</param>
    public static double HuberThreshold(LossRecipe recipe, NoiseSchedule schedule, int t) =>
        recipe.HuberSchedule switch
        {
            HuberSchedule.Constant => recipe.HuberC * recipe.HuberScale,
            HuberSchedule.Exponential => Math.Exp(t * Math.Log(recipe.HuberC) / schedule.Count) * recipe.HuberScale,
            _ => ((1 - recipe.HuberC) / Math.Pow(1 + (double)schedule.Sigmas[t], 2)) + recipe.HuberC,
        };

    private static double Cap(double snr) => Math.Min(snr, 1000);
}
