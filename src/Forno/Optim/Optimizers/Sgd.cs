using Forno.Torch;

namespace Forno.Optim.Optimizers;

/// <summary>
/// Gradient descent with momentum as PyTorch has it: b = g in the first step and momentum·b + (1 − dampening)·g later;
/// p −= lr·b, or lr·(g + momentum·b) after Nesterov. Weight decay is added to the gradient.
/// </summary>
public sealed class Sgd : Optimizer
{
    private readonly Settings[] settings;

    private Sgd(IReadOnlyList<ParameterGroup> groups, IReadOnlyDictionary<string, object?> options, bool nesterov)
        : base(groups, "momentum_buffer") =>
        settings = ReadSettings(
            nesterov ? "SGDNesterov" : "SGD",
            groups,
            options,
            1e-3,
            r => Settings.Read(r, nesterov)
        );

    /// <summary>SGD. Options: lr 1e-3, momentum 0, dampening 0, weight_decay 0, nesterov False.</summary>
    public static OptimizerInfo Info { get; } =
        new("SGD", "torch.optim.sgd.SGD") { Make = (groups, options) => new Sgd(groups, options, nesterov: false) };

    /// <summary>kohya's SGDNesterov: nesterov True, and momentum 0.9 unless another is given.</summary>
    public static OptimizerInfo InfoNesterov { get; } =
        new("SGDNesterov", "torch.optim.sgd.SGD")
        {
            Make = (groups, options) => new Sgd(groups, options, nesterov: true),
        };

    /// <inheritdoc/>
    protected override Tensor?[] NewBuffers(int group, Tensor value) =>
        [settings[group].Momentum == 0 ? null : Tensor.Zeros(value.Shape, value.DType, value.Device)];

    /// <inheritdoc/>
    protected override void Update(Batch[] batches)
    {
        foreach (Batch batch in batches.Where(b => b.Slots.Length > 0).SelectMany(b => b.ByStep()))
        {
            using var scope = new Scope();
            Settings set = settings[batch.Index];
            Tensor[] p = batch.Values,
                g = set.WeightDecay == 0 ? batch.Grads : Foreach.Add(batch.Grads, p, set.WeightDecay);
            if (set.Momentum != 0)
            {
                Tensor[] b = batch.Buffers(0);
                bool first = batch.Slots[0].Steps == 0;
                Foreach.Mul_(b, set.Momentum);
                Foreach.Add_(b, g, first ? 1 : 1 - set.Dampening);
                g = set.Nesterov ? Foreach.Add(g, b, set.Momentum) : b;
            }
            Foreach.Add_(p, g, -batch.Group.Lr);
            foreach (Slot slot in batch.Slots)
            {
                slot.Steps++;
            }
        }
    }

    private sealed record Settings(double Momentum, double Dampening, double WeightDecay, bool Nesterov)
    {
        public static Settings Read(OptimizerOptions r, bool nesterov)
        {
            var read = new Settings(
                r.NotNegative("momentum", nesterov ? 0.9 : 0),
                r.Real("dampening", 0),
                r.NotNegative("weight_decay", 0),
                nesterov || r.Flag("nesterov", false)
            );
            return !read.Nesterov || (read.Momentum > 0 && read.Dampening == 0)
                ? read
                : throw r.Wrong(
                    read.Momentum > 0 ? "dampening" : "momentum",
                    read.Momentum > 0 ? "0 with Nesterov's momentum" : "above 0 with Nesterov's momentum"
                );
        }
    }
}
