using System.Globalization;
using Forno.Torch;

namespace Forno.Optim.Optimizers;

/// <summary>
/// Prodigy (Mishchenko and Defazio 2023, arXiv 2306.06101, algorithm 4) as the authors' <c>prodigyopt</c> computes it:
/// Adam whose step size d is estimated from how far the parameters have come from their start. One d for all groups.
/// </summary>
public sealed class Prodigy : Optimizer
{
    private const int M = 0,
        V = 1,
        S = 2,
        Start = 3;
    private static readonly Op Dot = Op.Find("aten::dot");
    private readonly Settings[] settings;
    private double d,
        dMax,
        numerator;
    private long steps;

    /// <summary>
    /// Options: lr 1, betas (0.9, 0.999), beta3 None (√β₂), eps 1e-8, weight_decay 0, decouple True,
    /// use_bias_correction False, safeguard_warmup False, d0 1e-6, d_coef 1, growth_rate inf, slice_p 1. Of a group
    /// only lr, weight_decay, eps, slice_p and safeguard_warmup may differ: the rest is taken from the first.
    /// </summary>
    public Prodigy(IReadOnlyList<ParameterGroup> groups, IReadOnlyDictionary<string, object?> options)
        : base(groups, "exp_avg", "exp_avg_sq", "s", "p0")
    {
        settings = ReadSettings("Prodigy", groups, options, 1, Settings.Read);
        d = dMax = First.D0;
    }

    /// <summary>Prodigy as the registry lists it.</summary>
    public static OptimizerInfo Info { get; } =
        new("Prodigy", "prodigyopt.prodigy.Prodigy")
        {
            Make = (groups, options) => new Prodigy(groups, options),
            FindsItsOwnRate = true,
        };

    /// <inheritdoc/>
    public override double? D => d;

    private Settings First => settings[0];

    /// <inheritdoc/>
    protected override Tensor?[] NewBuffers(int group, Tensor value)
    {
        Tensor start = Sliced(value, group).Clone();
        return
        [
            Tensor.Zeros(value.Shape, value.DType, value.Device),
            Tensor.Zeros(value.Shape, value.DType, value.Device),
            Tensor.Zeros(start.Shape, start.DType, start.Device),
            start,
        ];
    }

    /// <inheritdoc/>
    protected override void Update(Batch[] batches)
    {
        double lr = Groups.Max(g => g.Lr);
        if (Groups.FirstOrDefault(g => g.Lr > 0 && g.Lr != lr) is { } other)
        {
            throw new FornoException(
                Invariant.Text(
                    $"Prodigy has one step size for all groups: a group's learning rate must be {lr} or 0, "
                        + $"not {other.Lr}. Set unet_lr and text_encoder_lr to the same value."
                )
            );
        }
        double b1 = First.Betas[0],
            b2 = First.Betas[1],
            b3 = First.Beta3 ?? Math.Sqrt(b2);
        double correction = First.BiasCorrection
            ? Math.Sqrt(1 - Math.Pow(b2, steps + 1)) / (1 - Math.Pow(b1, steps + 1))
            : 1;
        double dlr = d * lr * correction;

        var dots = new List<Tensor>();
        var sums = new List<Tensor>();
        foreach (Batch batch in batches.Where(b => b.Group.Lr > 0 && b.Slots.Length > 0))
        {
            Accumulate(batch, dlr, b1, b2, b3, dots, sums);
        }
        double n = numerator * b3,
            a = 0;
        foreach (double dot in Fetch(dots))
        {
            n += d / First.D0 * dlr * dot;
        }
        foreach (double sum in Fetch(sums))
        {
            a += sum;
        }
        if (a == 0)
        {
            return; // no gradient has come yet, or every learning rate is 0
        }
        double estimate = First.DCoef * n / a;
        if (d == First.D0)
        {
            d = Math.Max(d, estimate);
        }
        dMax = Math.Max(dMax, estimate);
        d = Math.Min(dMax, d * First.GrowthRate);
        numerator = n;

        foreach (Batch batch in batches.Where(b => b.Slots.Length > 0))
        {
            Move(batch, dlr);
        }
        steps++;
    }

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, double> Scalars() =>
        new Dictionary<string, double>
        {
            ["d"] = d,
            ["d_max"] = dMax,
            ["d_numerator"] = numerator,
            ["k"] = steps,
        };

    /// <inheritdoc/>
    protected override void LoadScalars(IReadOnlyDictionary<string, double> scalars)
    {
        (d, dMax, numerator) = (scalars["d"], scalars["d_max"], scalars["d_numerator"]);
        steps = (long)scalars["k"];
    }

    // One transfer for all numbers, which wait on the device till then.
    private static double[] Fetch(List<Tensor> scalars) =>
        scalars.Count == 0 ? [] : Ops.Stack(scalars.ToArray()).ToArray<double>();

    private void Accumulate(
        Batch batch,
        double dlr,
        double b1,
        double b2,
        double b3,
        List<Tensor> dots,
        List<Tensor> sums
    )
    {
        using var scope = new Scope();
        Settings set = settings[batch.Index];
        Tensor[] p = batch.Values,
            g = batch.Grads,
            m = batch.Buffers(M),
            v = batch.Buffers(V),
            s = batch.Buffers(S);
        if (set.WeightDecay != 0 && !First.Decouple)
        {
            g = Foreach.Add(g, p, set.WeightDecay);
        }
        Tensor[] gs = Array.ConvertAll(g, t => Sliced(t, batch.Index));
        Tensor[] way = Foreach.Sub(batch.Buffers(Start), Array.ConvertAll(p, t => Sliced(t, batch.Index)));
        for (int i = 0; i < gs.Length; i++)
        {
            dots.Add(scope.Keep(Dot.Call(gs[i], way[i])));
        }
        Foreach.Mul_(m, b1);
        Foreach.Add_(m, g, d * (1 - b1));
        Foreach.Mul_(v, b2);
        Foreach.Addcmul_(v, g, g, d * d * (1 - b2));
        Foreach.Mul_(s, b3);
        Foreach.Add_(s, gs, d / First.D0 * (set.SafeguardWarmup ? d : dlr));
        foreach (Tensor magnitude in Foreach.Abs(s))
        {
            sums.Add(scope.Keep(magnitude.Sum()));
        }
    }

    private void Move(Batch batch, double dlr)
    {
        using var scope = new Scope();
        Settings set = settings[batch.Index];
        Tensor[] p = batch.Values,
            denominator = Foreach.Sqrt(batch.Buffers(V));
        Foreach.Add_(denominator, d * set.Eps);
        if (set.WeightDecay != 0 && First.Decouple)
        {
            // added as the authors do, by the d of before: 1 − wd·dlr would be rounded to steps of 6e-8 first
            Foreach.Add_(p, p, -set.WeightDecay * dlr);
        }
        Foreach.Addcdiv_(p, batch.Buffers(M), denominator, -dlr);
        foreach (Slot slot in batch.Slots)
        {
            slot.Steps++;
        }
    }

    private Tensor Sliced(Tensor x, int group)
    {
        Tensor flat = x.Flatten();
        return settings[group].SliceP == 1 ? flat : flat.Slice(0, 0, flat.Count, settings[group].SliceP);
    }

    private sealed record Settings
    {
        public required double[] Betas { get; init; }
        public double? Beta3 { get; init; }
        public double Eps { get; init; }
        public double WeightDecay { get; init; }
        public bool Decouple { get; init; }
        public bool BiasCorrection { get; init; }
        public bool SafeguardWarmup { get; init; }
        public double D0 { get; init; }
        public double DCoef { get; init; }
        public double GrowthRate { get; init; }
        public long SliceP { get; init; }

        public static Settings Read(OptimizerOptions r)
        {
            var read = new Settings
            {
                Betas = r.Betas(0.9, 0.999),
                Beta3 = r.OptionalReal("beta3"),
                Eps = r.NotNegative("eps", 1e-8),
                WeightDecay = r.NotNegative("weight_decay", 0),
                Decouple = r.Flag("decouple", true),
                BiasCorrection = r.Flag("use_bias_correction", false),
                SafeguardWarmup = r.Flag("safeguard_warmup", false),
                D0 = r.Real("d0", 1e-6),
                DCoef = r.Real("d_coef", 1),
                GrowthRate = r.Real("growth_rate", double.PositiveInfinity),
                SliceP = r.Whole("slice_p", 1, least: 1),
            };
            return read.D0 > 0 ? read : throw r.Wrong("d0", "a positive number");
        }
    }
}
