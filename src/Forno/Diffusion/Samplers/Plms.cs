using Forno.Diffusion.Schedules;
using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <content>
/// Pseudo linear multistep (Liu et al. 2022, PNDM without its Runge–Kutta steps) on whole timesteps, in
/// variance-preserving scaling. </content>
public static partial class Samplers
{
    /// <summary>PLMS as CompVis has it: two evaluations in the first step; the last step goes to timestep 0.</summary>
    /// <param name="denoise">The model.</param>
    /// <param name="x">Unit noise [B, C, H, W].</param>
    /// <param name="schedule">The training schedule.</param>
    /// <param name="timesteps">Descending, of <see cref="TimestepSchedules.CompVisUniform"/>.</param>
    /// <param name="run">Progress and stopping.</param>
    public static Tensor Plms(
        Denoise denoise,
        Tensor x,
        NoiseSchedule schedule,
        IReadOnlyList<int> timesteps,
        SamplerRun? run = null
    )
    {
        using var walk = new Walk(ref x, run);
        var history = new List<Tensor>(); // plain eps, newest first
        for (int i = 0; i < timesteps.Count; i++)
        {
            using var step = new Scope();
            int following = i + 1 < timesteps.Count ? timesteps[i + 1] : 0;
            VpPoint at = VpPoint.Of(schedule, timesteps[i]),
                to = VpPoint.Of(schedule, following);
            Tensor x0 = at.X0(denoise, x),
                eps = at.Epsilon(x, x0);
            walk.Tell(i, timesteps.Count, at.Sigma, x, x0);
            Tensor blend;
            if (history.Count == 0)
            {
                // The second evaluation is asked at the next listed timestep, which in a list of one is the same.
                VpPoint probe = i + 1 < timesteps.Count ? to : at;
                Tensor euler = Transfer(x, eps, at, to);
                blend = (eps + probe.Epsilon(euler, probe.X0(denoise, euler))) / 2;
            }
            else
            {
                blend = AdamsBashforth([eps, .. history]);
            }
            step.Carry(ref x, Transfer(x, blend, at, to));
            step.Remember(history, eps, 3);
        }
        return walk.Return(x);
    }

    /// <summary>
    /// PLMS as diffusers has it: the second timestep of the list is there twice, and its first visit restarts from the
    /// first sample. With velocity prediction the raw velocities are combined.
    /// </summary>
    /// <param name="denoise">The model.</param>
    /// <param name="x">Unit noise [B, C, H, W].</param>
    /// <param name="schedule">The training schedule.</param>
    /// <param name="timesteps">Descending, of <see cref="TimestepSchedules.Pndm"/>.</param>
    /// <param name="steps">The number of steps asked for, which makes the stride.</param>
    /// <param name="setAlphaToOne">Whether ᾱ beyond timestep 0 is 1; else that of timestep 0.</param>
    /// <param name="prediction">What the network tells.</param>
    /// <param name="run">Progress and stopping.</param>
    public static Tensor Pndm(
        Denoise denoise,
        Tensor x,
        NoiseSchedule schedule,
        IReadOnlyList<int> timesteps,
        int steps,
        bool setAlphaToOne,
        Prediction prediction = Prediction.Epsilon,
        SamplerRun? run = null
    )
    {
        using var walk = new Walk(ref x, run);
        int stride = schedule.Count / steps;
        double final = setAlphaToOne ? 1 : schedule.AlphasCumprod[0];
        var history = new List<Tensor>(); // raw outputs, newest first
        Tensor first = x.Alias();
        for (int i = 0; i < timesteps.Count; i++)
        {
            using var step = new Scope();
            int t = timesteps[i],
                from = t,
                to = t - stride;
            var at = VpPoint.Of(schedule, t);
            Tensor x0 = at.X0(denoise, x),
                output = at.Output(x, x0, prediction);
            walk.Tell(i, timesteps.Count, at.Sigma, x, x0);
            Tensor sample = x,
                blend;
            if (i == 1)
            {
                (from, to, sample) = (t + stride, t, first);
                blend = (output + history[0]) / 2;
            }
            else
            {
                step.Remember(history, output, 4);
                blend = AdamsBashforth(history);
            }
            VpPoint start = VpPoint.Of(schedule, Math.Min(from, schedule.Count - 1)),
                end = VpPoint.Of(schedule, to, final);
            if (prediction == Prediction.Velocity)
            {
                blend = (blend * start.Signal) + (sample * start.Noise);
            }
            double a = start.AlphaCumprod,
                b = end.AlphaCumprod;
            double divisor = (a * end.Noise) + Math.Sqrt(a * (1 - a) * b);
            step.Carry(ref x, (sample * Math.Sqrt(b / a)) - (blend * ((b - a) / divisor)));
        }
        return walk.Return(x);
    }

    // x₀ by eps, then the same eps at the other level.
    private static Tensor Transfer(Tensor x, Tensor eps, VpPoint at, VpPoint to) =>
        ((x - (eps * at.Noise)) * (to.Signal / at.Signal)) + (eps * to.Noise);

    // Of even steps, newest first.
    private static Tensor AdamsBashforth(IReadOnlyList<Tensor> e) =>
        e.Count switch
        {
            1 => e[0],
            2 => ((e[0] * 3) - e[1]) / 2,
            3 => ((e[0] * 23) - (e[1] * 16) + (e[2] * 5)) / 12,
            _ => ((e[0] * 55) - (e[1] * 59) + (e[2] * 37) - (e[3] * 9)) / 24,
        };
}
