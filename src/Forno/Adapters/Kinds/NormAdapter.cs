using Forno.Torch;

namespace Forno.Adapters.Kinds;

/// <summary>
/// The difference of a normalisation layer, LyCORIS' <c>norm</c>: Δweight = <c>w_norm</c>, Δbias = <c>b_norm</c>, [C]
/// each. There is no rank and no alpha.
/// </summary>
public sealed class NormAdapter : Adapter
{
    private const string WeightKey = "w_norm",
        BiasKey = "b_norm";

    private NormAdapter(string name, IReadOnlyDictionary<string, Tensor> tensors)
        : base(name, 1, null, tensors) { }

    /// <summary>The difference of norms as the registry lists it.</summary>
    public static AdapterKind Kind { get; } =
        new("norm difference")
        {
            Marks = [WeightKey, BiasKey],
            Required = [WeightKey, BiasKey],
            Read = (name, tensors, _) => new NormAdapter(name, tensors),
        };

    /// <inheritdoc/>
    public override Tensor BiasDelta => Tensors[BiasKey];

    /// <inheritdoc/>
    public override Tensor Delta(Tensor weight) => Tensors[WeightKey].Reshape(weight.Shape);

    /// <inheritdoc/>
    protected override bool Fits(ReadOnlySpan<long> weight) => weight.SequenceEqual(Tensors[WeightKey].Shape);
}
