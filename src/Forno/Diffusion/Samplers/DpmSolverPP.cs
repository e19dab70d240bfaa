using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <content>DPM-Solver++ in data prediction, without noise or ancestral (Lu et al. 2022b), as in k-diffusion.</content>
public static partial class Samplers
{
    /// <summary>DPM-Solver++(2S) with ancestral noise; two evaluations a step. With eta 0 it is DPM++ 2S.</summary>
    public static Tensor DpmPP2SAncestral(
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
            Tensor next;
            if (down == 0)
            {
                next = x + (Slope(x, denoised, from) * (down - from));
            }
            else
            {
                double h = Math.Log(from / down);
                var middle = new Sigma(from * Math.Exp(-h / 2));
                Tensor x2 = (x * (middle / from)) - (denoised * Expm1(-h / 2));
                next = (x * (down / from)) - (denoise(x2, middle) * Expm1(-h));
            }
            step.Carry(ref x, to > 0 && eta > 0 ? next + (noise(x, from, to) * (sNoise * up)) : next);
        }
        return walk.Return(x);
    }

    /// <summary>DPM-Solver++(2M): second order from the last two guesses; one evaluation a step.</summary>
    public static Tensor DpmPP2M(Denoise denoise, Tensor x, IReadOnlyList<Sigma> sigmas, SamplerRun? run = null)
    {
        using var walk = new Walk(ref x, run);
        Tensor? old = null;
        double lastH = 0;
        for (int i = 0; i < sigmas.Count - 1; i++)
        {
            using var step = new Scope();
            Sigma from = sigmas[i],
                to = sigmas[i + 1];
            Tensor denoised = denoise(x, from);
            walk.Tell(i, sigmas.Count - 1, from, x, denoised);
            double h = Math.Log(from / to); // infinite in the step to 0
            Tensor guess = denoised;
            if (old is not null && to > 0)
            {
                double r = lastH / h;
                guess = (denoised * (1 + (1 / (2 * r)))) - (old * (1 / (2 * r)));
            }
            step.Carry(ref x, (x * (to / from)) - (guess * Expm1(-h)));
            step.Carry(ref old!, denoised);
            lastH = h;
        }
        return walk.Return(x);
    }
}
