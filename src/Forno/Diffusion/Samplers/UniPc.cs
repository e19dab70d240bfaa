using Forno.Diffusion.Schedules;
using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <summary>UniPC's B(h).</summary>
public enum UniPcKind
{
    /// <summary>B(h) = h.</summary>
    Bh1,

    /// <summary>B(h) = eʰ − 1.</summary>
    Bh2,
}

/// <summary>Settings of <see cref="Samplers.UniPc"/>; the defaults are diffusers'.</summary>
public sealed record UniPcSettings
{
    /// <summary>Highest order.</summary>
    public int Order { get; init; } = 2;

    /// <summary>B(h).</summary>
    public UniPcKind Kind { get; init; } = UniPcKind.Bh2;

    /// <summary>Lowers the order in the last steps.</summary>
    public bool LowerOrderFinal { get; init; } = true;
}

/// <content>
/// UniPC (Zhao et al. 2023) in data prediction, as in diffusers; x in variance-preserving scaling.
/// </content>
public static partial class Samplers
{
    /// <summary>Unified predictor–corrector, multistep.</summary>
    /// <param name="denoise">The model.</param>
    /// <param name="x">Unit noise [B, C, H, W].</param>
    /// <param name="schedule">The training schedule.</param>
    /// <param name="timesteps">Whole timesteps, descending, at which the model is asked.</param>
    /// <param name="sigmas">The levels that the solver takes them for, and the final one: one more than
    /// timesteps.</param>
    /// <param name="settings">Order and B(h).</param>
    /// <param name="prediction">What the network tells: its raw output is carried from the asked to the listed
    /// level.</param>
    /// <param name="run">Progress and stopping.</param>
    public static Tensor UniPc(
        Denoise denoise,
        Tensor x,
        NoiseSchedule schedule,
        IReadOnlyList<int> timesteps,
        IReadOnlyList<Sigma> sigmas,
        UniPcSettings? settings = null,
        Prediction prediction = Prediction.Epsilon,
        SamplerRun? run = null
    )
    {
        UniPcSettings o = settings ?? new UniPcSettings();
        if (o.Kind == UniPcKind.Bh1 && sigmas[^1] == 0)
        {
            throw new FornoException(
                "UniPC with bh1 cannot end at sigma 0 (infinity times zero): use bh2, or end at the model's "
                    + "smallest sigma"
            );
        }
        using var walk = new Walk(ref x, run);
        var guesses = new List<Tensor>(); // x₀ by step, newest first
        Tensor? last = null; // the corrected sample of the step before
        int lastOrder = 0,
            steps = timesteps.Count;
        for (int i = 0; i < steps; i++)
        {
            using var step = new Scope();
            VpPoint asked = VpPoint.Of(schedule, timesteps[i]),
                listed = VpOf(sigmas[i]);
            Tensor guess = asked.X0(denoise, x);
            walk.Tell(i, steps, sigmas[i], x, guess);
            // The network told noise or velocity at the asked level; the solver reads it at the listed one.
            Tensor output = asked.Output(x, guess, prediction);
            Tensor x0 =
                prediction == Prediction.Velocity
                    ? (x * listed.Signal) - (output * listed.Noise)
                    : (x - (output * listed.Noise)) / listed.Signal;
            Tensor sample = last is null ? x : UniPcStep(last, guesses, sigmas, i - 1, lastOrder, o.Kind, x0);
            step.Remember(guesses, x0, o.Order);
            int order = Math.Min(Math.Min(o.Order, o.LowerOrderFinal ? steps - i : o.Order), i + 1);
            Tensor next = UniPcStep(sample, guesses, sigmas, i, order, o.Kind, null);
            step.Carry(ref last!, sample.Alias());
            step.Carry(ref x, next);
            lastOrder = order;
        }
        return walk.Return(x);
    }

    /// <summary>diffusers' timesteps and sigmas of UniPC with Karras levels between the table's ends.</summary>
    /// <param name="schedule">The training schedule.</param>
    /// <param name="n">Steps.</param>
    /// <param name="finalZero">Whether the last sigma is 0; else the smallest again.</param>
    public static (int[] Timesteps, Sigma[] Sigmas) UniPcKarras(NoiseSchedule schedule, int n, bool finalZero = true)
    {
        Sigma[] sigmas = SigmaSchedules.Karras(n, schedule.SigmaMin, schedule.SigmaMax);
        int[] timesteps = TimestepSchedules.Nearest(schedule, sigmas[..n]);
        sigmas[n] = finalZero ? sigmas[n] : sigmas[n - 1];
        return (timesteps, sigmas);
    }

    /// <summary>The sigmas of whole timesteps, and 0 or the smallest trained one.</summary>
    public static Sigma[] SigmasOf(NoiseSchedule schedule, IReadOnlyList<int> timesteps, bool finalZero = true) =>
        [.. timesteps.Select(t => new Sigma(schedule.Sigmas[t])), finalZero ? new Sigma(0) : schedule.SigmaMin];

    // From sigmas[s] to sigmas[s + 1] with the guesses at sigmas[s], sigmas[s − 1], …; with the guess at the far end it
    // is the corrector, without it the predictor.
    private static Tensor UniPcStep(
        Tensor x,
        List<Tensor> guesses,
        IReadOnlyList<Sigma> sigmas,
        int s,
        int order,
        UniPcKind kind,
        Tensor? farGuess
    )
    {
        VpPoint here = VpOf(sigmas[s]),
            there = VpOf(sigmas[s + 1]);
        double lambda = -Math.Log(sigmas[s]),
            h = -Math.Log(sigmas[s + 1]) - lambda,
            g = -h;
        double e = Expm1(g),
            b = kind == UniPcKind.Bh1 ? g : e;
        double[] ratios = new double[order];
        for (int k = 1; k < order; k++)
        {
            ratios[k - 1] = (-Math.Log(sigmas[s - k]) - lambda) / h;
        }
        ratios[order - 1] = 1;
        double[] right = new double[order];
        double f = (e / g) - 1,
            factorial = 1;
        for (int i = 1; i <= order; i++)
        {
            right[i - 1] = f * factorial / b;
            factorial *= i + 1;
            f = (f / g) - (1 / factorial);
        }
        double[] weights = (farGuess, order) switch
        {
            (null, 1) => [],
            (null, 2) or ({ }, 1) => [0.5],
            (null, _) => SolveVandermonde(ratios[..^1], right),
            _ => SolveVandermonde(ratios, right),
        };
        Tensor next = (x * (there.Noise / here.Noise)) - (guesses[0] * (there.Signal * e));
        for (int k = 0; k < weights.Length; k++)
        {
            bool far = farGuess is not null && k == order - 1;
            Tensor difference = far ? farGuess! - guesses[0] : (guesses[k + 1] - guesses[0]) / ratios[k];
            next -= difference * (there.Signal * b * weights[k]);
        }
        return next;
    }

    private static VpPoint VpOf(Sigma sigma) => new(1 / ((sigma * sigma) + 1));

    // w with Σ_k r_k^i w_k = right_i for i = 0 … n−1, by elimination with pivots.
    private static double[] SolveVandermonde(double[] r, double[] right)
    {
        int n = r.Length;
        double[,] m = new double[n, n + 1];
        for (int i = 0; i < n; i++)
        {
            for (int k = 0; k < n; k++)
            {
                m[i, k] = Math.Pow(r[k], i);
            }
            m[i, n] = right[i];
        }
        for (int c = 0; c < n; c++)
        {
            int pivot = Enumerable.Range(c, n - c).MaxBy(i => Math.Abs(m[i, c]));
            for (int k = c; k <= n; k++)
            {
                (m[c, k], m[pivot, k]) = (m[pivot, k], m[c, k]);
            }
            for (int i = 0; i < n; i++)
            {
                double factor = i == c ? 0 : m[i, c] / m[c, c];
                for (int k = c; k <= n && factor != 0; k++)
                {
                    m[i, k] -= factor * m[c, k];
                }
            }
        }
        return [.. Enumerable.Range(0, n).Select(i => m[i, n] / m[i, i])];
    }
}
