using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <summary>
/// Samplers. Those on sigmas follow k-diffusion's sampling.py: x [B, C, H, W] starts as unit noise · sigmas[0] (plus
/// data · 1 in image-to-image), sigmas descend and usually end in 0; the result has x's shape and belongs to the
/// caller's scope. None of them waits for the device, but for the adaptive one. The gradient is off inside.
/// </summary>
/// <content>Euler, Heun and their ancestral forms (Karras et al. 2022; Song et al. 2021 for the ancestral
/// step).</content>
public static partial class Samplers
{
    /// <summary>Euler (Karras et al. 2022, algorithm 2 without its correction). One evaluation a step.</summary>
    public static Tensor Euler(
        Denoise denoise,
        Tensor x,
        IReadOnlyList<Sigma> sigmas,
        NoiseSource noise,
        Churn? churn = null,
        SamplerRun? run = null
    )
    {
        using var walk = new Walk(ref x, run);
        for (int i = 0; i < sigmas.Count - 1; i++)
        {
            using var step = new Scope();
            (Tensor noisy, Sigma hat) = AddChurn(x, sigmas, i, churn, noise);
            Tensor denoised = denoise(noisy, hat);
            walk.Tell(i, sigmas.Count - 1, hat, noisy, denoised);
            step.Carry(ref x, noisy + (Slope(noisy, denoised, hat) * (sigmas[i + 1] - hat)));
        }
        return walk.Return(x);
    }

    /// <summary>Euler to sigma_down, then fresh noise up to the next sigma.</summary>
    public static Tensor EulerAncestral(
        Denoise denoise,
        Tensor x,
        IReadOnlyList<Sigma> sigmas,
        NoiseSource noise,
        double eta = 1,
        double sNoise = 1,
        SamplerRun? run = null
    )
    {
        using var walk = new Walk(ref x, run);
        for (int i = 0; i < sigmas.Count - 1; i++)
        {
            using var step = new Scope();
            Sigma from = sigmas[i],
                to = sigmas[i + 1];
            Tensor denoised = denoise(x, from);
            walk.Tell(i, sigmas.Count - 1, from, x, denoised);
            (double down, double up) = AncestralStep(from, to, eta);
            Tensor next = x + (Slope(x, denoised, from) * (down - from));
            step.Carry(ref x, to > 0 && eta > 0 ? next + (noise(x, from, to) * (sNoise * up)) : next);
        }
        return walk.Return(x);
    }

    /// <summary>
    /// Heun (Karras et al. 2022, algorithm 2): the slope is the mean of both ends; a plain Euler step to 0.
    /// </summary>
    public static Tensor Heun(
        Denoise denoise,
        Tensor x,
        IReadOnlyList<Sigma> sigmas,
        NoiseSource noise,
        Churn? churn = null,
        SamplerRun? run = null
    )
    {
        using var walk = new Walk(ref x, run);
        for (int i = 0; i < sigmas.Count - 1; i++)
        {
            using var step = new Scope();
            Sigma to = sigmas[i + 1];
            (Tensor noisy, Sigma hat) = AddChurn(x, sigmas, i, churn, noise);
            Tensor denoised = denoise(noisy, hat);
            walk.Tell(i, sigmas.Count - 1, hat, noisy, denoised);
            step.Carry(ref x, HeunStep(denoise, noisy, denoised, hat, to));
        }
        return walk.Return(x);
    }

    /// <summary>DPM-Solver-2 as in Karras et al. 2022: the slope at the geometric middle; an Euler step to 0.</summary>
    public static Tensor Dpm2(
        Denoise denoise,
        Tensor x,
        IReadOnlyList<Sigma> sigmas,
        NoiseSource noise,
        Churn? churn = null,
        SamplerRun? run = null
    )
    {
        using var walk = new Walk(ref x, run);
        for (int i = 0; i < sigmas.Count - 1; i++)
        {
            using var step = new Scope();
            (Tensor noisy, Sigma hat) = AddChurn(x, sigmas, i, churn, noise);
            Tensor denoised = denoise(noisy, hat);
            walk.Tell(i, sigmas.Count - 1, hat, noisy, denoised);
            step.Carry(ref x, MidpointStep(denoise, noisy, denoised, hat, sigmas[i + 1]));
        }
        return walk.Return(x);
    }

    /// <summary>DPM-Solver-2 to sigma_down, then fresh noise up to the next sigma.</summary>
    public static Tensor Dpm2Ancestral(
        Denoise denoise,
        Tensor x,
        IReadOnlyList<Sigma> sigmas,
        NoiseSource noise,
        double eta = 1,
        double sNoise = 1,
        SamplerRun? run = null
    )
    {
        using var walk = new Walk(ref x, run);
        for (int i = 0; i < sigmas.Count - 1; i++)
        {
            using var step = new Scope();
            Sigma from = sigmas[i],
                to = sigmas[i + 1];
            Tensor denoised = denoise(x, from);
            walk.Tell(i, sigmas.Count - 1, from, x, denoised);
            (double down, double up) = AncestralStep(from, to, eta);
            Tensor next = MidpointStep(denoise, x, denoised, from, new Sigma(down));
            step.Carry(ref x, down > 0 && eta > 0 ? next + (noise(x, from, to) * (sNoise * up)) : next);
        }
        return walk.Return(x);
    }

    // dx/dσ = (x − D)/σ, the probability-flow ODE.
    private static Tensor Slope(Tensor x, Tensor denoised, double sigma) => (x - denoised) / sigma;

    private static Tensor HeunStep(Denoise denoise, Tensor x, Tensor denoised, Sigma from, Sigma to)
    {
        Tensor d = Slope(x, denoised, from),
            euler = x + (d * (to - from));
        return to == 0 ? euler : x + ((d + Slope(euler, denoise(euler, to), to)) * ((to - from) / 2));
    }

    private static Tensor MidpointStep(Denoise denoise, Tensor x, Tensor denoised, Sigma from, Sigma to)
    {
        Tensor d = Slope(x, denoised, from);
        if (to == 0)
        {
            return x + (d * (to - from));
        }
        var middle = new Sigma(Math.Sqrt(from * to));
        Tensor x2 = x + (d * (middle - from));
        return x + (Slope(x2, denoise(x2, middle), middle) * (to - from));
    }

    // How far a deterministic step goes (down) and how much noise follows (up), so that the variance fits `to`.
    private static (double Down, double Up) AncestralStep(double from, double to, double eta)
    {
        if (eta == 0)
        {
            return (to, 0);
        }
        double up = Math.Min(to, eta * Math.Sqrt(to * to * ((from * from) - (to * to)) / (from * from)));
        return (Math.Sqrt((to * to) - (up * up)), up);
    }

    // With churn a noise is drawn in every step, also in those where it is not used, as in k-diffusion.
    private static (Tensor X, Sigma Hat) AddChurn(
        Tensor x,
        IReadOnlyList<Sigma> sigmas,
        int i,
        Churn? churn,
        NoiseSource noise
    )
    {
        Sigma from = sigmas[i];
        if (churn is null || churn.Amount == 0)
        {
            return (x, from);
        }
        bool inside = churn.SigmaMin <= from && from <= churn.SigmaMax;
        double gamma = inside ? Math.Min(churn.Amount / (sigmas.Count - 1), Math.Sqrt(2) - 1) : 0;
        var hat = new Sigma(from * (gamma + 1));
        Tensor drawn = noise(x, from, hat);
        return gamma > 0 ? (x + (drawn * (churn.NoiseScale * Math.Sqrt((hat * hat) - (from * from)))), hat) : (x, from);
    }
}
