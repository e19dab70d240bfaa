using Forno.Torch;

namespace Forno.Diffusion;

/// <summary>
/// Denoises under both conditionings. The model's side decides how: as one batch of both where their shapes allow, or
/// one after the other.
/// </summary>
public delegate (Tensor Positive, Tensor Negative) DenoiseBoth(Tensor x, Sigma sigma);

/// <summary>Classifier-free guidance (Ho &amp; Salimans 2022) as combinators over denoisers.</summary>
public static class Guidance
{
    /// <summary>negative + scale · (positive − negative). A scale of 1 asks for the positive alone.</summary>
    /// <param name="positive">Denoises under the prompt.</param>
    /// <param name="negative">Denoises under the negative prompt.</param>
    /// <param name="scale">The CFG scale.</param>
    public static Denoise Cfg(Denoise positive, Denoise negative, double scale) =>
        Cfg(positive, (x, sigma) => (positive(x, sigma), negative(x, sigma)), scale);

    /// <summary>The same where the model can do both at once.</summary>
    /// <param name="positive">Denoises under the prompt; used where the scale is 1.</param>
    /// <param name="both">Denoises under both prompts.</param>
    /// <param name="scale">The CFG scale.</param>
    public static Denoise Cfg(Denoise positive, DenoiseBoth both, double scale) =>
        scale == 1
            ? positive
            : (x, sigma) =>
            {
                using var scope = new Scope();
                (Tensor pos, Tensor neg) = both(x, sigma);
                return scope.Keep(neg + ((pos - neg) * scale));
            };

    /// <summary>
    /// Guidance whose network output is brought back towards the spread of the positive one (Lin et al. 2023, section
    /// 3.4): output · (rescale · std(positive)/std(output) + 1 − rescale), spreads per sample over C, H, W.
    /// </summary>
    /// <param name="positive">Denoises under the prompt; used where the scale is 1.</param>
    /// <param name="both">Denoises under both prompts.</param>
    /// <param name="scale">The CFG scale.</param>
    /// <param name="rescale">0 (plain guidance) … 1; the paper uses 0.7.</param>
    /// <param name="prediction">What the network tells: the spread is that of its raw output.</param>
    public static Denoise CfgRescaled(
        Denoise positive,
        DenoiseBoth both,
        double scale,
        double rescale,
        Prediction prediction
    )
    {
        if (rescale == 0 || scale == 1)
        {
            return Cfg(positive, both, scale);
        }
        return (x, sigma) =>
        {
            using var scope = new Scope();
            (Tensor pos, Tensor neg) = both(x, sigma);
            Tensor wanted = prediction.ToOutput(x, pos, sigma);
            Tensor guided = prediction.ToOutput(x, neg + ((pos - neg) * scale), sigma);
            long[] dims = [1, 2, 3];
            Tensor factor =
                (wanted.Std(dims, keepDim: true) / guided.Std(dims, keepDim: true) * rescale) + (1 - rescale);
            Scalings c = prediction.ScalingsFor(sigma);
            return scope.Keep((x * c.Skip) + (guided * factor * c.Out));
        };
    }
}
