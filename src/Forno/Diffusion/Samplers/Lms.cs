using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <content>Linear multistep (Adams–Bashforth) over sigma, as in k-diffusion.</content>
public static partial class Samplers
{
    /// <summary>Adams–Bashforth of the given order over uneven sigmas; the step to 0 is a full one too.</summary>
    public static Tensor Lms(
        Denoise denoise,
        Tensor x,
        IReadOnlyList<Sigma> sigmas,
        int order = 4,
        SamplerRun? run = null
    )
    {
        using var walk = new Walk(ref x, run);
        var slopes = new List<Tensor>(); // newest first
        for (int i = 0; i < sigmas.Count - 1; i++)
        {
            using var step = new Scope();
            Tensor denoised = denoise(x, sigmas[i]);
            walk.Tell(i, sigmas.Count - 1, sigmas[i], x, denoised);
            step.Remember(slopes, Slope(x, denoised, sigmas[i]), order);
            Tensor next = x;
            for (int j = 0; j < slopes.Count; j++)
            {
                next += slopes[j] * LmsCoefficient(sigmas, i, j, slopes.Count);
            }
            step.Carry(ref x, next);
        }
        return walk.Return(x);
    }

    // ∫ from σ_i to σ_{i+1} of the Lagrange polynomial that is 1 at σ_{i−j} and 0 at the other points: the polynomial
    // is written out in u = τ − σ_i and integrated term by term.
    private static double LmsCoefficient(IReadOnlyList<Sigma> sigmas, int i, int j, int order)
    {
        double[] terms = new double[order];
        terms[0] = 1;
        for (int k = 0; k < order; k++)
        {
            if (k == j)
            {
                continue;
            }
            double root = sigmas[i - k] - sigmas[i],
                scale = 1 / (sigmas[i - j] - sigmas[i - k]);
            for (int p = order - 1; p >= 0; p--)
            {
                terms[p] = ((p > 0 ? terms[p - 1] : 0) - (root * terms[p])) * scale;
            }
        }
        double h = sigmas[i + 1] - sigmas[i],
            power = h,
            integral = 0;
        for (int p = 0; p < order; p++)
        {
            integral += terms[p] * power / (p + 1);
            power *= h;
        }
        return integral;
    }
}
