using Forno.Torch;

namespace Forno.Optim.Optimizers;

/// <summary>
/// Adafactor (Shazeer and Stern 2018, arXiv 1804.04235) as Hugging Face's <c>transformers</c> computes it: Adam's
/// second moment kept as the means of its rows and columns over the last two axes, updates clipped by their root mean
/// square, and, with relative steps, a learning rate of its own for each parameter.
/// </summary>
public sealed class Adafactor : Optimizer
{
    private const int Row = 0,
        Column = 1,
        Square = 2,
        Momentum = 3;
    private readonly Settings[] settings;
    private readonly Dictionary<string, double> rates = new(StringComparer.Ordinal);

    /// <summary>
    /// Options: lr None, eps (1e-30, 1e-3), clip_threshold 1, decay_rate −0.8, beta1 None, weight_decay 0,
    /// scale_parameter True, relative_step True, warmup_init False (True means relative steps, as kohya's trainer has
    /// it). With relative steps the groups' learning rates are not used.
    /// </summary>
    /// <exception cref="FornoException">A wrong option, or <c>lr</c> together with relative steps.</exception>
    public Adafactor(IReadOnlyList<ParameterGroup> groups, IReadOnlyDictionary<string, object?> options)
        : base(groups, "exp_avg_sq_row", "exp_avg_sq_col", "exp_avg_sq", "exp_avg")
    {
        settings = ReadSettings("Adafactor", groups, options, 1e-3, Settings.Read);
        if (options.GetValueOrDefault("lr") is not null && settings[0].RelativeStep)
        {
            throw new FornoException(
                "optimizer_args: lr of Adafactor needs relative_step=False; with relative steps it has rates of its own"
            );
        }
    }

    /// <summary>Adafactor as the registry lists it.</summary>
    public static OptimizerInfo Info { get; } =
        new("Adafactor", "transformers.optimization.Adafactor")
        {
            Make = (groups, options) => new Adafactor(groups, options),
        };

    /// <inheritdoc/>
    public override double RateOf(Parameter parameter) =>
        rates.TryGetValue(parameter.Name, out double rate) ? rate : base.RateOf(parameter);

    /// <inheritdoc/>
    protected override Tensor?[] NewBuffers(int group, Tensor value)
    {
        long[] shape = value.Shape.ToArray();
        bool factored = shape.Length >= 2;
        Tensor Zeros(long[] sides) => Tensor.Zeros(sides, value.DType, value.Device);
        return
        [
            factored ? Zeros(shape[..^1]) : null,
            factored ? Zeros([.. shape[..^2], shape[^1]]) : null,
            factored ? null : Zeros(shape),
            settings[group].Beta1 is null ? null : Zeros(shape),
        ];
    }

    /// <inheritdoc/>
    protected override void Update(Batch[] batches)
    {
        (Batch Batch, int Index)[] all =
        [
            .. batches.SelectMany(b => Enumerable.Range(0, b.Slots.Length).Select(i => (b, i))),
        ];
        if (all.Length == 0)
        {
            return;
        }
        // One transfer for the sizes of all parameters.
        double[] sizes = Ops.Stack(Array.ConvertAll(all, a => Rms(a.Batch.Values[a.Index]))).ToArray<double>();
        for (int i = 0; i < all.Length; i++)
        {
            using var scope = new Scope();
            (Batch batch, int index) = all[i];
            Slot slot = batch.Slots[index];
            slot.Steps++;
            double rate = settings[batch.Index].Rate(batch.Group.Lr, slot.Steps, sizes[i]);
            rates[slot.Parameter.Name] = rate;
            Move(slot, batch.Grads[index], settings[batch.Index], rate);
        }
    }

    private static void Move(Slot slot, Tensor g, Settings set, double rate)
    {
        double b = 1 - Math.Pow(slot.Steps, set.DecayRate);
        Tensor update = Normalised(slot, g, (g * g) + set.Eps[0], b);
        update = update / (Rms(update) / set.ClipThreshold).Clamp(min: 1) * rate;
        if (set.Beta1 is { } b1)
        {
            Tensor m = slot.Buffers[Momentum]!;
            m.Mul_(b1);
            m.Add_(update, 1 - b1);
            update = m;
        }
        if (set.WeightDecay != 0)
        {
            slot.Value.Add_(slot.Value, -set.WeightDecay * rate);
        }
        slot.Value.Add_(update, -1);
    }

    // g/√v, v being the moment or what its row and column means make of it.
    private static Tensor Normalised(Slot slot, Tensor g, Tensor square, double b)
    {
        if (slot.Buffers[Square] is { } v)
        {
            Average(v, square, b);
            return g / v.Sqrt();
        }
        Tensor row = slot.Buffers[Row]!,
            column = slot.Buffers[Column]!;
        Average(row, square.Mean([-1]), b);
        Average(column, square.Mean([-2]), b);
        Tensor rows = (row / row.Mean([-1], keepDim: true)).Rsqrt().Unsqueeze(-1);
        return rows * column.Rsqrt().Unsqueeze(-2) * g;
    }

    private static void Average(Tensor mean, Tensor value, double b)
    {
        mean.Mul_(b);
        mean.Add_(value, 1 - b);
    }

    private static Tensor Rms(Tensor x) => x.Norm() / Math.Sqrt(x.Count);

    private sealed record Settings
    {
        public required double[] Eps { get; init; }
        public double ClipThreshold { get; init; }
        public double DecayRate { get; init; }
        public double? Beta1 { get; init; }
        public double WeightDecay { get; init; }
        public bool ScaleParameter { get; init; }
        public bool RelativeStep { get; init; }
        public bool WarmupInit { get; init; }

        public static Settings Read(OptimizerOptions r)
        {
            bool warmup = r.Flag("warmup_init", false);
            double clip = r.Real("clip_threshold", 1);
            return new Settings
            {
                Eps = r.Reals("eps", 1e-30, 1e-3),
                ClipThreshold = clip > 0 ? clip : throw r.Wrong("clip_threshold", "a positive number"),
                DecayRate = r.Real("decay_rate", -0.8),
                Beta1 = r.OptionalReal("beta1"),
                WeightDecay = r.NotNegative("weight_decay", 0),
                ScaleParameter = r.Flag("scale_parameter", true),
                RelativeStep = r.Flag("relative_step", true) || warmup,
                WarmupInit = warmup,
            };
        }

        public double Rate(double lr, long n, double size)
        {
            double rate = RelativeStep ? Math.Min(WarmupInit ? 1e-6 * n : 1e-2, 1 / Math.Sqrt(n)) : lr;
            return ScaleParameter ? rate * Math.Max(Eps[1], size) : rate;
        }
    }
}
