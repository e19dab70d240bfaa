using Forno.Diffusion.Schedules;
using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <content>Latent consistency models (Luo et al. 2023).</content>
public static partial class Samplers
{
    /// <summary>A1111's LCM on sigmas: x becomes the guess, then fresh noise of the next sigma.</summary>
    public static Tensor Lcm(
        Denoise denoise,
        Tensor x,
        IReadOnlyList<Sigma> sigmas,
        NoiseSource noise,
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
            step.Carry(ref x, to > 0 ? denoised + (noise(x, from, to) * to) : denoised.Alias());
        }
        return walk.Return(x);
    }

    /// <summary>diffusers' LCM on timesteps, VP scaling: the consistency function's skip and out over x₀.</summary>
    /// <param name="denoise">The model.</param>
    /// <param name="x">Unit noise.</param>
    /// <param name="schedule">The training schedule.</param>
    /// <param name="timesteps">Descending, of <see cref="TimestepSchedules.Lcm"/>.</param>
    /// <param name="noise">One in each step but the last.</param>
    /// <param name="timestepScaling">diffusers' <c>timestep_scaling</c>.</param>
    /// <param name="run">Progress and stopping.</param>
    public static Tensor LcmTimesteps(
        Denoise denoise,
        Tensor x,
        NoiseSchedule schedule,
        IReadOnlyList<int> timesteps,
        NoiseSource noise,
        double timestepScaling = 10,
        SamplerRun? run = null
    )
    {
        const double sigmaData = 0.5;
        using var walk = new Walk(ref x, run);
        for (int i = 0; i < timesteps.Count; i++)
        {
            using var step = new Scope();
            var at = VpPoint.Of(schedule, timesteps[i]);
            Tensor x0 = at.X0(denoise, x);
            walk.Tell(i, timesteps.Count, at.Sigma, x, x0);
            double scaled = timestepScaling * timesteps[i],
                total = (scaled * scaled) + (sigmaData * sigmaData);
            Tensor denoised = (x0 * (scaled / Math.Sqrt(total))) + (x * (sigmaData * sigmaData / total));
            if (i + 1 < timesteps.Count)
            {
                var next = VpPoint.Of(schedule, timesteps[i + 1]);
                denoised = (denoised * next.Signal) + (noise(x, at.Sigma, next.Sigma) * next.Noise);
            }
            step.Carry(ref x, denoised);
        }
        return walk.Return(x);
    }
}
