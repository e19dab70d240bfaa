using Forno.Torch;

namespace Forno.Nn;

/// <summary>What an adapter puts into a layer's slot: it computes the layer's output in the layer's stead.</summary>
public interface IPatch
{
    /// <summary>The patched output; <see cref="PatchableLayer.Base"/> gives the unpatched one.</summary>
    Tensor Forward(PatchableLayer layer, Tensor x);
}

/// <summary>A layer with a weight, perhaps a bias, and a slot for a patch.</summary>
public abstract class PatchableLayer
{
    /// <summary>Takes the layer's place in the store.</summary>
    protected PatchableLayer(Weights weights, Tensor weight, Tensor? bias)
    {
        Key = weights.Path;
        Weight = weight;
        Bias = bias;
        weights.Store.Register(Key, this);
    }

    /// <summary>Checkpoint key without <c>.weight</c>.</summary>
    public string Key { get; }

    /// <summary>The layer's weight; belongs to the store.</summary>
    public Tensor Weight { get; }

    /// <summary>The layer's bias, if it has one; belongs to the store.</summary>
    public Tensor? Bias { get; }

    /// <summary>The slot: null is the plain layer.</summary>
    public IPatch? Patch { get; set; }

    /// <summary>The layer's output, patched if the slot is filled.</summary>
    public Tensor Forward(Tensor x) => Patch is { } patch ? patch.Forward(this, x) : Base(x);

    /// <summary>The layer's output without a patch.</summary>
    public Tensor Base(Tensor x) => Apply(x, Weight, Bias);

    /// <summary>What the layer does, with another weight or bias in place of its own.</summary>
    public abstract Tensor Apply(Tensor x, Tensor weight, Tensor? bias);
}
