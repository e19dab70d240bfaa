using Forno.Torch;

namespace Forno.Optim.Optimizers;

/// <summary>
/// Adam (Kingma and Ba 2014) and AdamW (Loshchilov and Hutter 2017) as PyTorch has them: bias-corrected moments m and
/// v, p −= lr/(1−β₁ⁿ) · m / (√v/√(1−β₂ⁿ) + ε). Adam adds weight decay to the gradient, AdamW shrinks the parameter by 1
/// − lr·wd before the update.
/// </summary>
public sealed class Adam : Optimizer
{
    private const int M = 0,
        V = 1;
    private readonly Settings[] settings;
    private readonly bool decoupled;

    private Adam(IReadOnlyList<ParameterGroup> groups, IReadOnlyDictionary<string, object?> options, bool decoupled)
        : base(groups, "exp_avg", "exp_avg_sq")
    {
        this.decoupled = decoupled;
        settings = ReadSettings(
            decoupled ? "AdamW" : "Adam",
            groups,
            options,
            1e-3,
            r => new Settings(
                r.Betas(0.9, 0.999),
                r.NotNegative("eps", 1e-8),
                r.NotNegative("weight_decay", decoupled ? 0.01 : 0)
            )
        );
    }

    /// <summary>Adam as the registry lists it.</summary>
    public static OptimizerInfo Info { get; } = new("Adam", "torch.optim.adam.Adam") { Make = Coupled };

    /// <summary>AdamW as the registry lists it.</summary>
    public static OptimizerInfo InfoW { get; } = new("AdamW", "torch.optim.adamw.AdamW") { Make = W };

    /// <summary>Adam. Options: lr 1e-3, betas (0.9, 0.999), eps 1e-8, weight_decay 0.</summary>
    public static Adam Coupled(IReadOnlyList<ParameterGroup> groups, IReadOnlyDictionary<string, object?> options) =>
        new(groups, options, decoupled: false);

    /// <summary>AdamW. Options: lr 1e-3, betas (0.9, 0.999), eps 1e-8, weight_decay 0.01.</summary>
    public static Adam W(IReadOnlyList<ParameterGroup> groups, IReadOnlyDictionary<string, object?> options) =>
        new(groups, options, decoupled: true);

    /// <inheritdoc/>
    protected override Tensor?[] NewBuffers(int group, Tensor value) =>
        [Tensor.Zeros(value.Shape, value.DType, value.Device), Tensor.Zeros(value.Shape, value.DType, value.Device)];

    /// <inheritdoc/>
    protected override void Update(Batch[] batches)
    {
        foreach (Batch batch in batches.Where(b => b.Slots.Length > 0).SelectMany(b => b.ByStep()))
        {
            using var scope = new Scope();
            (double[] betas, double eps, double decay) = settings[batch.Index];
            double lr = batch.Group.Lr,
                b1 = betas[0],
                b2 = betas[1];
            Tensor[] p = batch.Values,
                g = batch.Grads,
                m = batch.Buffers(M),
                v = batch.Buffers(V);
            long n = batch.Slots[0].Steps + 1;
            foreach (Slot slot in batch.Slots)
            {
                slot.Steps = n;
            }
            if (decay != 0 && decoupled)
            {
                Foreach.Mul_(p, 1 - (lr * decay));
            }
            else if (decay != 0)
            {
                g = Foreach.Add(g, p, decay);
            }
            Foreach.Mul_(m, b1);
            Foreach.Add_(m, g, 1 - b1);
            Foreach.Mul_(v, b2);
            Foreach.Addcmul_(v, g, g, 1 - b2);
            Tensor[] denominator = Foreach.Sqrt(v);
            Foreach.Div_(denominator, Math.Sqrt(1 - Math.Pow(b2, n)));
            Foreach.Add_(denominator, eps);
            Foreach.Addcdiv_(p, m, denominator, -lr / (1 - Math.Pow(b1, n)));
        }
    }

    private sealed record Settings(double[] Betas, double Eps, double WeightDecay);
}
