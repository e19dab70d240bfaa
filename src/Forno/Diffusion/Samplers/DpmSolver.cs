using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <summary>Settings of <see cref="Samplers.DpmAdaptive"/>; the defaults are k-diffusion's.</summary>
public sealed record AdaptiveSettings
{
    /// <summary>2 or 3: order of the accepted solution.</summary>
    public int Order { get; init; } = 3;

    /// <summary>Error allowed relative to the sample.</summary>
    public double RelativeTolerance { get; init; } = 0.05;

    /// <summary>Error always allowed.</summary>
    public double AbsoluteTolerance { get; init; } = 0.0078;

    /// <summary>First step in −ln sigma.</summary>
    public double FirstStep { get; init; } = 0.05;

    /// <summary>Proportional part of the step size controller.</summary>
    public double Proportional { get; init; }

    /// <summary>Integral part.</summary>
    public double Integral { get; init; } = 1;

    /// <summary>Derivative part.</summary>
    public double Derivative { get; init; }

    /// <summary>A trial is accepted if the controller's factor is at least this.</summary>
    public double AcceptSafety { get; init; } = 0.81;

    /// <summary>0: deterministic; 1: as much noise as an ancestral sampler.</summary>
    public double Eta { get; init; }

    /// <summary>Scale of the noise.</summary>
    public double NoiseScale { get; init; } = 1;
}

/// <summary>What an adaptive run did.</summary>
/// <param name="Steps">Trials.</param>
/// <param name="Evaluations">Calls of the denoiser.</param>
/// <param name="Accepted">Trials that were taken.</param>
/// <param name="Rejected">Trials that were tried again with a smaller step.</param>
public readonly record struct AdaptiveInfo(int Steps, int Evaluations, int Accepted, int Rejected);

/// <content>DPM-Solver in t = −ln sigma with a fixed number of evaluations or adaptive steps (Lu et al.
/// 2022).</content>
public static partial class Samplers
{
    /// <summary>DPM-Solver-fast: third-order steps of equal length in ln sigma; ends at sigmaMin, not at 0.</summary>
    /// <param name="denoise">The model.</param>
    /// <param name="x">Unit noise · sigmaMax.</param>
    /// <param name="sigmaMin">Where it ends; above 0.</param>
    /// <param name="sigmaMax">Where it starts.</param>
    /// <param name="n">Evaluations of the model.</param>
    /// <param name="noise">Used where eta is not 0.</param>
    /// <param name="eta">0: deterministic.</param>
    /// <param name="sNoise">Scale of the noise.</param>
    /// <param name="run">Progress and stopping.</param>
    public static Tensor DpmFast(
        Denoise denoise,
        Tensor x,
        Sigma sigmaMin,
        Sigma sigmaMax,
        int n,
        NoiseSource noise,
        double eta = 0,
        double sNoise = 1,
        SamplerRun? run = null
    )
    {
        using var walk = new Walk(ref x, run);
        double start = -Math.Log(sigmaMax),
            end = -Math.Log(sigmaMin);
        int intervals = (n / 3) + 1;
        int[] orders =
            n % 3 == 0
                ? [.. Enumerable.Repeat(3, intervals - 2), 2, 1]
                : [.. Enumerable.Repeat(3, intervals - 1), n % 3];
        for (int i = 0; i < intervals; i++)
        {
            using var step = new Scope();
            double t = start + ((end - start) * i / intervals),
                next = start + ((end - start) * (i + 1) / intervals);
            (double reached, double up) = NoisyEnd(t, next, end, eta);
            var solver = new DpmStep(denoise, x, t, reached);
            walk.Tell(i, intervals, SigmaOf(t), x, solver.Denoised);
            Tensor result = orders[i] switch
            {
                1 => solver.First(),
                2 => solver.Second(0.5),
                _ => solver.Third(),
            };
            step.Carry(ref x, eta > 0 ? result + (noise(x, SigmaOf(t), SigmaOf(next)) * (up * sNoise)) : result);
        }
        return walk.Return(x);
    }

    /// <summary>
    /// DPM-Solver-12 or -23 with steps chosen by a PID controller from the difference of both orders; ends at sigmaMin.
    /// Waits for the device once a trial, to read that difference.
    /// </summary>
    /// <param name="denoise">The model.</param>
    /// <param name="x">Unit noise · sigmaMax.</param>
    /// <param name="sigmaMin">Where it ends; above 0.</param>
    /// <param name="sigmaMax">Where it starts.</param>
    /// <param name="noise">Used where eta is not 0.</param>
    /// <param name="settings">Order, tolerances, controller; null: k-diffusion's defaults.</param>
    /// <param name="info">What the run did.</param>
    /// <param name="run">Progress and stopping.</param>
    public static Tensor DpmAdaptive(
        Denoise denoise,
        Tensor x,
        Sigma sigmaMin,
        Sigma sigmaMax,
        NoiseSource noise,
        AdaptiveSettings? settings,
        out AdaptiveInfo info,
        SamplerRun? run = null
    )
    {
        AdaptiveSettings o = settings ?? new AdaptiveSettings();
        if (o.Order is not (2 or 3))
        {
            throw new FornoException($"DPM adaptive of order {o.Order}: it has orders 2 and 3");
        }
        using var walk = new Walk(ref x, run);
        Tensor before = x.Alias();
        double s = -Math.Log(sigmaMax),
            end = -Math.Log(sigmaMin),
            size = Math.Sqrt(x.Count);
        int trials = 0,
            evaluations = 0,
            accepted = 0;
        var controller = new StepController(o);
        while (s < end - 1e-5)
        {
            using var step = new Scope();
            double t = Math.Min(end, s + controller.Step);
            (double reached, double up) = NoisyEnd(s, t, end, o.Eta);
            var solver = new DpmStep(denoise, x, s, reached);
            walk.Tell(trials, trials + 1, SigmaOf(s), x, solver.Denoised);
            Tensor low = o.Order == 2 ? solver.First() : solver.Second(1.0 / 3);
            Tensor high = o.Order == 2 ? solver.Second(0.5) : solver.Third();
            Tensor delta = (low.Abs().Maximum(before.Abs()) * o.RelativeTolerance).Clamp(min: o.AbsoluteTolerance);
            double error = ((low - high) / delta).Norm().Item() / size;
            trials++;
            evaluations += solver.Evaluations;
            if (!double.IsFinite(error))
            {
                throw new FornoException(
                    $"DPM adaptive met numbers that are not finite at sigma {SigmaOf(s)}: the model or the "
                        + "guidance overflows. Try a lower CFG scale or fp32."
                );
            }
            if (controller.Accepts(error))
            {
                accepted++;
                Tensor next = o.Eta > 0 ? high + (noise(x, SigmaOf(s), SigmaOf(t)) * (up * o.NoiseScale)) : high;
                step.Carry(ref before, low);
                step.Carry(ref x, next);
                s = t;
            }
        }
        info = new AdaptiveInfo(trials, evaluations, accepted, trials - accepted);
        return walk.Return(x);
    }

    private static Sigma SigmaOf(double t) => new(Math.Exp(-t));

    // Where the solver goes when noise is to follow, and how much noise brings it to `next`. Both in t = −ln sigma.
    private static (double Reached, double Up) NoisyEnd(double t, double next, double end, double eta)
    {
        if (eta == 0)
        {
            return (next, 0);
        }
        (double down, _) = AncestralStep(SigmaOf(t), SigmaOf(next), eta);
        double reached = Math.Min(end, -Math.Log(down)),
            a = SigmaOf(next),
            b = SigmaOf(reached);
        return (reached, Math.Sqrt(Math.Max(0, (a * a) - (b * b))));
    }

    // One interval from t to its end, with the evaluations that steps of different order share.
    private sealed class DpmStep
    {
        private readonly Denoise denoise;
        private readonly Tensor x,
            eps;
        private readonly double t,
            h;
        private readonly Dictionary<double, Tensor> inner = [];

        public DpmStep(Denoise denoise, Tensor x, double t, double end)
        {
            (this.denoise, this.x, this.t, h) = (denoise, x, t, end - t);
            Denoised = denoise(x, SigmaOf(t));
            Evaluations = 1;
            eps = (x - Denoised) / SigmaOf(t);
        }

        public Tensor Denoised { get; }

        public int Evaluations { get; private set; }

        private double SigmaEnd => SigmaOf(t + h);

        public Tensor First() => x - (eps * (SigmaEnd * Expm1(h)));

        public Tensor Second(double r1) => First() - ((Inner(r1) - eps) * (SigmaEnd / (2 * r1) * Expm1(h)));

        public Tensor Third()
        {
            const double r1 = 1.0 / 3,
                r2 = 2.0 / 3;
            double s2 = t + (r2 * h),
                grown = Expm1(r2 * h);
            Tensor u2 =
                x
                - (eps * (SigmaOf(s2) * grown))
                - ((Inner(r1) - eps) * (SigmaOf(s2) * (r2 / r1) * ((grown / (r2 * h)) - 1)));
            return First() - ((Epsilon(u2, s2) - eps) * (SigmaEnd / r2 * ((Expm1(h) / h) - 1)));
        }

        // eps at t + r h on the first-order path.
        private Tensor Inner(double r)
        {
            if (!inner.TryGetValue(r, out Tensor? known))
            {
                double s1 = t + (r * h);
                known = inner[r] = Epsilon(x - (eps * (SigmaOf(s1) * Expm1(r * h))), s1);
            }
            return known;
        }

        private Tensor Epsilon(Tensor u, double s)
        {
            Evaluations++;
            return (u - denoise(u, SigmaOf(s))) / SigmaOf(s);
        }
    }

    // PID control of the step: e^b1 · e₁^b2 · e₂^b3 over inverse errors, softly limited.
    private sealed class StepController(AdaptiveSettings o)
    {
        private double[]? inverse;

        public double Step { get; private set; } = Math.Abs(o.FirstStep);

        public bool Accepts(double error)
        {
            double order = o.Eta > 0 ? 1.5 : o.Order,
                e = 1 / (error + 1e-8);
            inverse ??= [e, e, e];
            inverse[0] = e;
            double factor =
                Math.Pow(e, (o.Proportional + o.Integral + o.Derivative) / order)
                * Math.Pow(inverse[1], -(o.Proportional + (2 * o.Derivative)) / order)
                * Math.Pow(inverse[2], o.Derivative / order);
            factor = 1 + Math.Atan(factor - 1);
            Step *= factor;
            if (factor < o.AcceptSafety)
            {
                return false;
            }
            (inverse[2], inverse[1]) = (inverse[1], inverse[0]);
            return true;
        }
    }

    // eˣ − 1 without cancellation for small x.
    private static double Expm1(double x) => Math.Abs(x) < 1e-5 ? x * (1 + (x / 2 * (1 + (x / 3)))) : Math.Exp(x) - 1;
}
