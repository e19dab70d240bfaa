using Forno.Torch;

namespace Forno.Adapters.Kinds;

/// <summary>
/// (IA)³ (Liu et al. 2022, arXiv 2205.05638) as LyCORIS has it: one number for each output channel, or with
/// <c>on_input</c> for each input channel, that the layer's weight grows by: ΔW[o, …] = w[o] · W[o, …]. The bias is
/// left as it is; there is no alpha.
/// </summary>
public sealed class Ia3Adapter : Adapter
{
    private const string WeightKey = "weight",
        SideKey = "on_input",
        SideOption = "train_on_input";
    private readonly Tensor growth;
    private readonly bool onInput;

    private Ia3Adapter(string name, Tensor growth, bool onInput)
        : base(name, 1, null, new Dictionary<string, Tensor> { [WeightKey] = growth }) =>
        (this.growth, this.onInput) = (growth, onInput);

    /// <summary>(IA)³ as the registry lists it; <c>train_on_input</c>: the numbers are for input channels.</summary>
    public static AdapterKind Kind { get; } =
        new("IA3")
        {
            Marks = [SideKey],
            Required = [WeightKey, SideKey],
            Algorithms = ["ia3"],
            Options = [SideOption],
            Read = (name, tensors, _) => new Ia3Adapter(name, tensors[WeightKey], tensors[SideKey].Item() != 0),
            New = New,
        };

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Constants =>
        new Dictionary<string, double> { [SideKey] = onInput ? 1 : 0 };

    /// <inheritdoc/>
    public override Tensor Delta(Tensor weight)
    {
        using var scope = new Scope();
        return scope.Keep(weight.To(DType.Float32) * Along(weight.Shape));
    }

    /// <inheritdoc/>
    protected override bool Fits(ReadOnlySpan<long> weight) =>
        weight.Length is 2 or 4 && growth.Count == weight[onInput ? 1 : 0];

    /// <inheritdoc/>
    protected override Tensor Base(Tensor merged)
    {
        Tensor factor = (Along(merged.Shape) * Multiplier) + 1;
        return factor.Abs().Min().Item() > 1e-6
            ? merged / factor
            : throw new FornoException($"{Name}: it made a channel zero, which cannot be undone; load the model again");
    }

    // As LyCORIS lays them out: [C] for linear layers, [1, C, 1, 1] for convolutions.
    private static Ia3Adapter New(NewModule asked)
    {
        using var scope = new Scope();
        bool onInput = asked.Options.Flag(SideOption);
        long channels = asked.Shape[onInput ? 1 : 0];
        long[] shape = asked.Shape.Count == 2 ? [channels] : [1, channels, 1, 1];
        return new Ia3Adapter(asked.Module.Target.Name, asked.Zeros(shape), onInput) { Dropout = asked.Dropout };
    }

    private Tensor Along(ReadOnlySpan<long> weight)
    {
        long[] shape = new long[weight.Length];
        Array.Fill(shape, 1);
        shape[onInput ? 1 : 0] = growth.Count;
        return growth.View(shape);
    }
}
