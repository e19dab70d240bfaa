using Forno.Torch;

namespace Forno.Optim.Optimizers;

/// <summary>
/// Lion (Chen et al. 2023, arXiv 2302.06675, algorithm 2) as <c>lion-pytorch</c> computes it: the parameter shrinks by
/// 1 − lr·wd, every element moves by lr against the sign of β₁·m + (1−β₁)·g, then m = β₂·m + (1−β₂)·g.
/// </summary>
public sealed class Lion : Optimizer
{
    private const int M = 0;
    private readonly Settings[] settings;

    /// <summary>Options: lr 1e-4, betas (0.9, 0.99), weight_decay 0.</summary>
    public Lion(IReadOnlyList<ParameterGroup> groups, IReadOnlyDictionary<string, object?> options)
        : base(groups, "exp_avg") =>
        settings = ReadSettings(
            "Lion",
            groups,
            options,
            1e-4,
            r => new Settings(r.Betas(0.9, 0.99), r.NotNegative("weight_decay", 0))
        );

    /// <summary>Lion as the registry lists it.</summary>
    public static OptimizerInfo Info { get; } =
        new("Lion", "lion_pytorch.lion_pytorch.Lion") { Make = (groups, options) => new Lion(groups, options) };

    /// <inheritdoc/>
    protected override Tensor?[] NewBuffers(int group, Tensor value) =>
        [Tensor.Zeros(value.Shape, value.DType, value.Device)];

    /// <inheritdoc/>
    protected override void Update(Batch[] batches)
    {
        foreach (Batch batch in batches.Where(b => b.Slots.Length > 0))
        {
            using var scope = new Scope();
            (double[] betas, double decay) = settings[batch.Index];
            double lr = batch.Group.Lr;
            Tensor[] p = batch.Values,
                g = batch.Grads,
                m = batch.Buffers(M);
            if (decay != 0)
            {
                Foreach.Mul_(p, 1 - (lr * decay));
            }
            Tensor[] way = Foreach.Mul(m, betas[0]);
            Foreach.Add_(way, g, 1 - betas[0]);
            Foreach.Add_(p, Array.ConvertAll(way, w => w.Sign()), -lr);
            Foreach.Mul_(m, betas[1]);
            Foreach.Add_(m, g, 1 - betas[1]);
            foreach (Slot slot in batch.Slots)
            {
                slot.Steps++;
            }
        }
    }

    private sealed record Settings(double[] Betas, double WeightDecay);
}
