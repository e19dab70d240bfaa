using System.Globalization;
using Forno.Torch;

namespace Forno.Optim.Optimizers;

/// <summary>
/// Schedule-free AdamW (Defazio et al. 2024, arXiv 2405.15682) as the authors' <c>schedulefree</c> computes it. In
/// training a parameter holds y, between z, which the steps move, and x, the average of all z; x is what is saved and
/// drawn with.
/// </summary>
public sealed class AdamWScheduleFree : Optimizer
{
    private const int Z = 0,
        V = 1;
    private readonly Settings[] settings;
    private readonly Progress[] progress;

    /// <summary>
    /// Options: lr 0.0025, betas (0.9, 0.999), eps 1e-8, weight_decay 0, warmup_steps 0, r 0, weight_lr_power 2. A
    /// step counts in the average with n^r · (largest rate so far)^weight_lr_power.
    /// </summary>
    public AdamWScheduleFree(IReadOnlyList<ParameterGroup> groups, IReadOnlyDictionary<string, object?> options)
        : base(groups, "z", "exp_avg_sq")
    {
        settings = ReadSettings("AdamWScheduleFree", groups, options, 0.0025, Settings.Read);
        progress = [.. groups.Select(_ => new Progress())];
    }

    /// <summary>Schedule-free AdamW as the registry lists it.</summary>
    public static OptimizerInfo Info { get; } =
        new("AdamWScheduleFree", "schedulefree.adamw_schedulefree.AdamWScheduleFree")
        {
            Make = (groups, options) => new AdamWScheduleFree(groups, options),
            ScheduleFree = true,
        };

    /// <inheritdoc/>
    protected override Tensor?[] NewBuffers(int group, Tensor value) =>
        [value.Detach().Clone(), Tensor.Zeros(value.Shape, value.DType, value.Device)];

    /// <inheritdoc/>
    protected override void Update(Batch[] batches)
    {
        foreach (Batch batch in batches)
        {
            using var scope = new Scope();
            Settings set = settings[batch.Index];
            Progress past = progress[batch.Index];
            double n = past.Steps + 1,
                lr = batch.Group.Lr * (past.Steps < set.WarmupSteps ? n / set.WarmupSteps : 1);
            past.LrMax = Math.Max(past.LrMax, lr);
            double weight = Math.Pow(n, set.R) * Math.Pow(past.LrMax, set.WeightLrPower);
            past.WeightSum += weight;
            past.Steps++;
            double share = past.WeightSum == 0 ? 0 : weight / past.WeightSum;
            if (batch.Slots.Length > 0)
            {
                Move(batch, set, n, lr, share);
            }
        }
    }

    /// <inheritdoc/>
    protected override Tensor? Averaged(int group, Slot slot) =>
        slot.Value + ((slot.Buffers[Z]! - slot.Value) * (1 - (1 / settings[group].Betas[0])));

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, double> Scalars()
    {
        var scalars = new Dictionary<string, double>(StringComparer.Ordinal);
        for (int g = 0; g < progress.Length; g++)
        {
            scalars[Name("k", g)] = progress[g].Steps;
            scalars[Name("lr_max", g)] = progress[g].LrMax;
            scalars[Name("weight_sum", g)] = progress[g].WeightSum;
        }
        return scalars;
    }

    /// <inheritdoc/>
    protected override void LoadScalars(IReadOnlyDictionary<string, double> scalars)
    {
        for (int g = 0; g < progress.Length; g++)
        {
            progress[g].Steps = (long)scalars[Name("k", g)];
            progress[g].LrMax = scalars[Name("lr_max", g)];
            progress[g].WeightSum = scalars[Name("weight_sum", g)];
        }
    }

    private static string Name(string what, int group) =>
        string.Create(CultureInfo.InvariantCulture, $"{what} of group {group}");

    private static void Move(Batch batch, Settings set, double n, double lr, double share)
    {
        (double b1, double b2) = (set.Betas[0], set.Betas[1]);
        Tensor[] y = batch.Values,
            g = batch.Grads,
            z = batch.Buffers(Z),
            v = batch.Buffers(V);
        Foreach.Mul_(v, b2);
        Foreach.Addcmul_(v, g, g, 1 - b2);
        Tensor[] denominator = Foreach.Mul(v, 1);
        Foreach.Div_(denominator, 1 - Math.Pow(b2, n));
        denominator = Foreach.Sqrt(denominator);
        Foreach.Add_(denominator, set.Eps);
        Tensor[] way = Foreach.Mul(y, set.WeightDecay);
        Foreach.Addcdiv_(way, g, denominator, 1);
        Foreach.Add_(y, Foreach.Sub(z, y), share);
        Foreach.Add_(y, way, lr * ((b1 * (1 - share)) - 1));
        Foreach.Add_(z, way, -lr);
        foreach (Slot slot in batch.Slots)
        {
            slot.Steps++;
        }
    }

    // What a group has behind it; steps count whether its parameters had gradients or not.
    private sealed class Progress
    {
        public long Steps { get; set; }
        public double LrMax { get; set; } = -1;
        public double WeightSum { get; set; }
    }

    private sealed record Settings(
        double[] Betas,
        double Eps,
        double WeightDecay,
        long WarmupSteps,
        double R,
        double WeightLrPower
    )
    {
        public static Settings Read(OptimizerOptions r)
        {
            double[] betas = r.Betas(0.9, 0.999);
            return new Settings(
                betas[0] > 0 ? betas : throw r.Wrong("betas", "numbers below 1, the first above 0"),
                r.NotNegative("eps", 1e-8),
                r.NotNegative("weight_decay", 0),
                r.Whole("warmup_steps", 0, least: 0),
                r.Real("r", 0),
                r.Real("weight_lr_power", 2)
            );
        }
    }
}
