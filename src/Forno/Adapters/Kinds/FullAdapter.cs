using Forno.Torch;

namespace Forno.Adapters.Kinds;

/// <summary>
/// The full difference, LyCORIS' <c>full</c>: ΔW = <c>diff</c> and, where the layer has a bias, Δb = <c>diff_b</c>.
/// There is no rank and no alpha.
/// </summary>
public sealed class FullAdapter : Adapter
{
    private const string WeightKey = "diff",
        BiasKey = "diff_b";

    private FullAdapter(string name, IReadOnlyDictionary<string, Tensor> tensors)
        : base(name, 1, null, tensors) { }

    /// <summary>The full difference as the registry lists it.</summary>
    public static AdapterKind Kind { get; } =
        new("full difference")
        {
            Marks = [WeightKey],
            Required = [WeightKey],
            Optional = [BiasKey],
            Algorithms = ["full"],
            Read = (name, tensors, _) => new FullAdapter(name, tensors),
            New = New,
        };

    /// <inheritdoc/>
    public override Tensor? BiasDelta => Tensors.GetValueOrDefault(BiasKey);

    /// <inheritdoc/>
    public override Tensor Delta(Tensor weight) => Tensors[WeightKey].Reshape(weight.Shape);

    // 1×1 convolutions and linear layers have the same matrices.
    /// <inheritdoc/>
    protected override bool Fits(ReadOnlySpan<long> weight)
    {
        ReadOnlySpan<long> diff = Tensors[WeightKey].Shape;
        long Side(ReadOnlySpan<long> shape, int axis) => shape.Length > axis ? shape[axis] : 1;
        for (int axis = 0; axis < Math.Max(4, Math.Max(diff.Length, weight.Length)); axis++)
        {
            if (Side(diff, axis) != Side(weight, axis))
            {
                return false;
            }
        }
        return weight.Length is 2 or 4;
    }

    private static FullAdapter New(NewModule asked)
    {
        using var scope = new Scope();
        var tensors = new Dictionary<string, Tensor> { [WeightKey] = asked.Zeros([.. asked.Shape]) };
        if (asked.Module.Target.HasBias)
        {
            tensors[BiasKey] = asked.Zeros(asked.Shape[0]);
        }
        return new FullAdapter(asked.Module.Target.Name, tensors) { Dropout = asked.Dropout };
    }
}
