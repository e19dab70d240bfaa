using Forno.Diffusion.Schedules;
using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <summary>Variance of the noise in a DDPM step.</summary>
public enum DdpmVariance
{
    /// <summary>The posterior's, diffusers' <c>fixed_small</c>.</summary>
    FixedSmall,

    /// <summary>beta's, diffusers' <c>fixed_large</c>.</summary>
    FixedLarge,
}

/// <content>
/// DDPM (Ho et al. 2020) and DDIM (Song et al. 2021) on whole timesteps. x is in variance-preserving scaling: it starts
/// as unit noise (image-to-image: <see cref="Forward.AddNoise"/>) and ends as data.
/// </content>
public static partial class Samplers
{
    /// <summary>
    /// DDIM as CompVis has it: each step goes to the next timestep of the list, the last one to timestep 0.
    /// </summary>
    /// <param name="denoise">The model.</param>
    /// <param name="x">Unit noise [B, C, H, W].</param>
    /// <param name="schedule">The training schedule.</param>
    /// <param name="timesteps">Descending, of <see cref="TimestepSchedules.CompVisUniform"/>.</param>
    /// <param name="noise">One in every step where eta is not 0.</param>
    /// <param name="eta">0: deterministic; 1: as noisy as DDPM.</param>
    /// <param name="run">Progress and stopping.</param>
    public static Tensor Ddim(
        Denoise denoise,
        Tensor x,
        NoiseSchedule schedule,
        IReadOnlyList<int> timesteps,
        NoiseSource noise,
        double eta = 0,
        SamplerRun? run = null
    ) =>
        Ddim(
            denoise,
            x,
            schedule,
            timesteps,
            i => VpPoint.Of(schedule, i + 1 < timesteps.Count ? timesteps[i + 1] : 0),
            noise,
            eta,
            run
        );

    /// <summary>
    /// DDIM as diffusers has it: each step goes ⌊T/steps⌋ timesteps down, whatever the list says.
    /// </summary>
    /// <param name="denoise">The model.</param>
    /// <param name="x">Unit noise [B, C, H, W].</param>
    /// <param name="schedule">The training schedule.</param>
    /// <param name="timesteps">Descending, of <see cref="TimestepSchedules.Spaced"/>.</param>
    /// <param name="steps">The number of steps asked for, which makes the stride.</param>
    /// <param name="setAlphaToOne">Whether ᾱ beyond timestep 0 is 1; else that of timestep 0.</param>
    /// <param name="noise">One in every step where eta is not 0.</param>
    /// <param name="eta">0: deterministic.</param>
    /// <param name="run">Progress and stopping.</param>
    public static Tensor DdimStrided(
        Denoise denoise,
        Tensor x,
        NoiseSchedule schedule,
        IReadOnlyList<int> timesteps,
        int steps,
        bool setAlphaToOne,
        NoiseSource noise,
        double eta = 0,
        SamplerRun? run = null
    )
    {
        double final = setAlphaToOne ? 1 : schedule.AlphasCumprod[0];
        int stride = schedule.Count / steps;
        return Ddim(
            denoise,
            x,
            schedule,
            timesteps,
            i => VpPoint.Of(schedule, timesteps[i] - stride, final),
            noise,
            eta,
            run
        );
    }

    private static Tensor Ddim(
        Denoise denoise,
        Tensor x,
        NoiseSchedule schedule,
        IReadOnlyList<int> timesteps,
        Func<int, VpPoint> next,
        NoiseSource noise,
        double eta,
        SamplerRun? run
    )
    {
        using var walk = new Walk(ref x, run);
        for (int i = 0; i < timesteps.Count; i++)
        {
            using var step = new Scope();
            VpPoint at = VpPoint.Of(schedule, timesteps[i]),
                to = next(i);
            double a = at.AlphaCumprod,
                b = to.AlphaCumprod;
            Tensor x0 = at.X0(denoise, x);
            walk.Tell(i, timesteps.Count, at.Sigma, x, x0);
            double std = eta * Math.Sqrt((1 - b) / (1 - a) * (1 - (a / b)));
            Tensor there = (x0 * to.Signal) + (at.Epsilon(x, x0) * Math.Sqrt(Math.Max(0, 1 - b - (std * std))));
            step.Carry(ref x, eta > 0 ? there + (noise(x, at.Sigma, to.Sigma) * std) : there);
        }
        return walk.Return(x);
    }

    /// <summary>
    /// DDPM's ancestral sampling with a stride, as diffusers has it. Noise in every step above timestep 0.
    /// </summary>
    /// <param name="denoise">The model.</param>
    /// <param name="x">Unit noise [B, C, H, W].</param>
    /// <param name="schedule">The training schedule.</param>
    /// <param name="timesteps">Descending, of <see cref="TimestepSchedules.Spaced"/>.</param>
    /// <param name="steps">The number of steps asked for, which makes the stride.</param>
    /// <param name="noise">The noise.</param>
    /// <param name="variance">Which variance.</param>
    /// <param name="run">Progress and stopping.</param>
    public static Tensor Ddpm(
        Denoise denoise,
        Tensor x,
        NoiseSchedule schedule,
        IReadOnlyList<int> timesteps,
        int steps,
        NoiseSource noise,
        DdpmVariance variance = DdpmVariance.FixedSmall,
        SamplerRun? run = null
    )
    {
        using var walk = new Walk(ref x, run);
        for (int i = 0; i < timesteps.Count; i++)
        {
            using var step = new Scope();
            int t = timesteps[i];
            VpPoint at = VpPoint.Of(schedule, t),
                to = VpPoint.Of(schedule, t - (schedule.Count / steps), 1);
            double a = at.AlphaCumprod,
                b = to.AlphaCumprod,
                beta = 1 - (a / b);
            Tensor x0 = at.X0(denoise, x);
            walk.Tell(i, timesteps.Count, at.Sigma, x, x0);
            Tensor next = (x0 * (to.Signal * beta / (1 - a))) + (x * (Math.Sqrt(a / b) * (1 - b) / (1 - a)));
            if (t > 0)
            {
                double v = variance == DdpmVariance.FixedLarge ? beta : Math.Max((1 - b) / (1 - a) * beta, 1e-20);
                next += noise(x, at.Sigma, to.Sigma) * Math.Sqrt(v);
            }
            step.Carry(ref x, next);
        }
        return walk.Return(x);
    }
}
