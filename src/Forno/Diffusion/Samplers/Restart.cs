using Forno.Diffusion.Schedules;
using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <summary>A stretch of noise levels that <see cref="Samplers.Restart"/> goes through again.</summary>
/// <param name="SigmaMin">Where it jumps back (the nearest sigma of the list).</param>
/// <param name="Points">Karras points of the repeated stretch, both ends included.</param>
/// <param name="Times">How often.</param>
/// <param name="SigmaMax">Where it jumps back to (the nearest sigma of the list).</param>
public sealed record RestartInterval(double SigmaMin, int Points, int Times, double SigmaMax);

/// <content>Restart sampling (Xu et al. 2023), as in A1111.</content>
public static partial class Samplers
{
    /// <summary>
    /// Heun steps that jump back to a higher noise level now and then. Without intervals of its own it takes A1111's:
    /// from 20 steps on, sigma 0.1 back to 2, once with 9 of the steps, from 36 on twice with a quarter of them.
    /// </summary>
    public static Tensor Restart(
        Denoise denoise,
        Tensor x,
        IReadOnlyList<Sigma> sigmas,
        NoiseSource noise,
        double sNoise = 1,
        IReadOnlyList<RestartInterval>? intervals = null,
        SamplerRun? run = null
    )
    {
        using var walk = new Walk(ref x, run);
        List<(Sigma From, Sigma To)> plan = RestartPlan(sigmas, intervals);
        for (int i = 0; i < plan.Count; i++)
        {
            using var step = new Scope();
            (Sigma from, Sigma to) = plan[i];
            Tensor noisy = x;
            if (i > 0 && plan[i - 1].To is var last && last < from)
            {
                noisy = x + (noise(x, last, from) * (sNoise * Math.Sqrt((from * from) - (last * last))));
            }
            Tensor denoised = denoise(noisy, from);
            walk.Tell(i, plan.Count, from, noisy, denoised);
            step.Carry(ref x, HeunStep(denoise, noisy, denoised, from, to));
        }
        return walk.Return(x);
    }

    /// <summary>The steps of a restart run, pairs of sigmas; pure.</summary>
    internal static List<(Sigma From, Sigma To)> RestartPlan(
        IReadOnlyList<Sigma> sigmas,
        IReadOnlyList<RestartInterval>? intervals
    )
    {
        int steps = sigmas.Count - 1;
        if (intervals is null)
        {
            intervals = [];
            if (steps >= 20)
            {
                (int points, int times) = steps >= 36 ? (steps / 4, 2) : (9, 1);
                sigmas = SigmaSchedules.Karras(steps - (points * times), sigmas[^2], sigmas[0]);
                intervals = [new RestartInterval(0.1, points + 1, times, 2)];
            }
        }
        var plan = new List<(Sigma, Sigma)>();
        for (int i = 1; i < sigmas.Count; i++)
        {
            plan.Add((sigmas[i - 1], sigmas[i]));
            foreach (RestartInterval r in intervals.Where(r => NearestIndex(sigmas, r.SigmaMin) == i))
            {
                int high = NearestIndex(sigmas, r.SigmaMax);
                if (high >= i)
                {
                    continue;
                }
                Sigma[] again = SigmaSchedules.Karras(r.Points, sigmas[i], sigmas[high])[..^1];
                for (int time = 0; time < r.Times; time++)
                {
                    plan.AddRange(again.Zip(again.Skip(1)));
                }
            }
        }
        return plan;
    }

    private static int NearestIndex(IReadOnlyList<Sigma> sigmas, double wanted)
    {
        int best = 0;
        for (int i = 1; i < sigmas.Count; i++)
        {
            if (Math.Abs(sigmas[i] - wanted) < Math.Abs(sigmas[best] - wanted))
            {
                best = i;
            }
        }
        return best;
    }
}
