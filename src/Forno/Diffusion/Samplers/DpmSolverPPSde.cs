using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <summary>How DPM++ 2M SDE corrects to second order.</summary>
public enum SdeSolver
{
    /// <summary>k-diffusion's default.</summary>
    Midpoint,

    /// <summary>The form of Heun's rule.</summary>
    Heun,
}

/// <content>DPM-Solver++ for the diffusion SDE (Lu et al. 2022b; k-diffusion's 3M extension).</content>
public static partial class Samplers
{
    /// <summary>DPM-Solver++ (stochastic), two evaluations and two noises a step.</summary>
    public static Tensor DpmPPSde(
        Denoise denoise,
        Tensor x,
        IReadOnlyList<Sigma> sigmas,
        NoiseSource noise,
        double eta = 1,
        double sNoise = 1,
        double r = 0.5,
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
            if (to == 0)
            {
                step.Carry(ref x, x + (Slope(x, denoised, from) * (to - from)));
                continue;
            }
            var middle = new Sigma(from * Math.Pow(to / from, r));
            Tensor x2 = Leap(denoised, middle);
            double f = 1 / (2 * r);
            Tensor blend = (denoised * (1 - f)) + (denoise(x2, middle) * f);
            step.Carry(ref x, Leap(blend, to));

            Tensor Leap(Tensor guess, Sigma target)
            {
                (double down, double up) = AncestralStep(from, target, eta);
                Tensor there = (x * (down / from)) - (guess * ((down / from) - 1));
                return eta > 0 ? there + (noise(x, from, target) * (sNoise * up)) : there;
            }
        }
        return walk.Return(x);
    }

    /// <summary>DPM-Solver++(2M) for the SDE; one evaluation and one noise a step.</summary>
    public static Tensor DpmPP2MSde(
        Denoise denoise,
        Tensor x,
        IReadOnlyList<Sigma> sigmas,
        NoiseSource noise,
        double eta = 1,
        double sNoise = 1,
        SdeSolver solver = SdeSolver.Midpoint,
        SamplerRun? run = null
    )
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
            if (to == 0)
            {
                step.Carry(ref x, denoised.Alias());
                continue;
            }
            double h = Math.Log(from / to),
                g = h * (1 + eta),
                gone = -Expm1(-g);
            Tensor next = (x * (to / from * Math.Exp(-eta * h))) + (denoised * gone);
            if (old is not null)
            {
                double weight = solver == SdeSolver.Heun ? (gone / -g) + 1 : 0.5 * gone;
                next += (denoised - old) * (weight * h / lastH);
            }
            step.Carry(ref x, AddSdeNoise(next, x, from, to, noise, eta, sNoise));
            step.Carry(ref old!, denoised);
            lastH = h;
        }
        return walk.Return(x);
    }

    /// <summary>DPM-Solver++(3M) for the SDE; one evaluation and one noise a step.</summary>
    public static Tensor DpmPP3MSde(
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
        var past = new List<Tensor>(); // newest first
        double h1 = 0,
            h2 = 0;
        for (int i = 0; i < sigmas.Count - 1; i++)
        {
            using var step = new Scope();
            Sigma from = sigmas[i],
                to = sigmas[i + 1];
            Tensor denoised = denoise(x, from);
            walk.Tell(i, sigmas.Count - 1, from, x, denoised);
            if (to == 0)
            {
                step.Carry(ref x, denoised.Alias());
                continue;
            }
            double h = Math.Log(from / to),
                g = h * (eta + 1),
                phi2 = (Expm1(-g) / g) + 1,
                phi3 = (phi2 / g) - 0.5;
            Tensor next = (x * Math.Exp(-g)) - (denoised * Expm1(-g));
            if (past.Count > 0)
            {
                double r0 = h1 / h;
                Tensor a = (denoised - past[0]) / r0;
                if (past.Count == 1)
                {
                    next += a * phi2;
                }
                else
                {
                    double r1 = h2 / h;
                    Tensor b = (past[0] - past[1]) / r1,
                        d2 = (a - b) / (r0 + r1);
                    next += ((a + (d2 * r0)) * phi2) - (d2 * phi3);
                }
            }
            step.Carry(ref x, AddSdeNoise(next, x, from, to, noise, eta, sNoise));
            step.Remember(past, denoised, 2);
            (h2, h1) = (h1, h);
        }
        return walk.Return(x);
    }

    // The noise that the SDE gathers on the way, given that a share e^(−2 eta h) of the variance was left.
    private static Tensor AddSdeNoise(
        Tensor next,
        Tensor like,
        Sigma from,
        Sigma to,
        NoiseSource noise,
        double eta,
        double sNoise
    ) =>
        eta == 0
            ? next
            : next + (noise(like, from, to) * (to * Math.Sqrt(-Expm1(-2 * eta * Math.Log(from / to))) * sNoise));
}
