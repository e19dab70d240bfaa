using Forno.Nn;
using Forno.Torch;

namespace Forno.Adapters.Kinds;

/// <summary>
/// The samples of a training forward, for dropout: every draw depends on the run's seed, the module and the sample
/// alone, so that it is the same again when a checkpointed segment is run a second time or a run is resumed.
/// </summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Samples">A number for each sample of the batch that no other sample of the run has.</param>
public sealed record DropoutDraw(ulong Seed, IReadOnlyList<long> Samples);

/// <summary>
/// A change of one layer. The base knows names, scale, multiplier, merging and the way through the layer's patch slot;
/// a kind writes <see cref="Delta"/>, and <see cref="Branch"/> where the change need not be built as a whole weight.
/// Owns its tensors, fp32.
/// </summary>
public abstract class Adapter : IDisposable
{
    /// <summary>Takes what all kinds have.</summary>
    /// <param name="name">The module's name in files.</param>
    /// <param name="rank">Its rank.</param>
    /// <param name="alpha">Its alpha; null or 0: the rank.</param>
    /// <param name="tensors">Its tensors by suffix; they become this object's own, and leaves that learn.</param>
    protected Adapter(string name, int rank, double? alpha, IReadOnlyDictionary<string, Tensor> tensors)
    {
        (Name, Rank) = (name, rank);
        Alpha = alpha is null or 0 ? rank : alpha.Value;
        HasAlpha = alpha is not null;
        Tensors = tensors;
        foreach (Tensor t in tensors.Values)
        {
            t.Own();
        }
    }

    /// <summary>The module's name in files, such as <c>lora_unet_mid_block_attentions_0_proj_in</c>.</summary>
    public string Name { get; }

    /// <summary>The rank.</summary>
    public int Rank { get; }

    /// <summary>The alpha that the scale comes from; never 0.</summary>
    public double Alpha { get; }

    /// <summary>Whether the alpha was given, and goes into files.</summary>
    public bool HasAlpha { get; }

    /// <summary>How strongly the change acts: 1 as trained, 0 not at all, negative the other way.</summary>
    public double Multiplier { get; set; } = 1;

    /// <summary>alpha/rank.</summary>
    public virtual double Scale => Alpha / Rank;

    /// <summary>What is left out in training.</summary>
    public AdapterDropout Dropout { get; init; } = AdapterDropout.None;

    /// <summary>The samples of the coming training forward; null: evaluation, without dropout.</summary>
    public DropoutDraw? Draw { get; set; }

    /// <summary>The tensors by suffix (<c>lora_down.weight</c>, …), without alpha.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>Checks that the adapter's tensors fit a layer.</summary>
    /// <exception cref="FornoException">They do not; the message names module and shapes.</exception>
    public abstract void RequireFit(PatchableLayer layer);

    /// <summary>The change of a weight at multiplier 1, scale included, in fp32 and the weight's shape.</summary>
    /// <param name="weight">The base weight.</param>
    public abstract Tensor Delta(Tensor weight);

    /// <summary>What is added to the layer's plain output; null: nothing.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="x">The layer's input.</param>
    public virtual Tensor? Branch(PatchableLayer layer, Tensor x)
    {
        using var scope = new Scope();
        return scope.Keep(layer.Apply(x, (Delta(layer.Weight) * Multiplier).To(layer.Weight.DType), null));
    }

    /// <summary>
    /// Adds multiplier · factor times the change to the layer's weight for good; factor −1 takes it back.
    /// </summary>
    public void Merge(PatchableLayer layer, double factor = 1)
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        Tensor merged = layer.Weight.To(DType.Float32).Clone();
        merged.Add_(Delta(layer.Weight), Multiplier * factor);
        layer.Weight.Copy_(merged);
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (Tensor t in Tensors.Values)
        {
            t.Dispose();
        }
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether the whole module is left out of this training forward.</summary>
    protected bool IsDropped()
    {
        if (Draw is not { } draw || Dropout.Module == 0)
        {
            return false;
        }
        using var scope = new Scope();
        using Generator random = Rng.For(draw.Seed, "module dropout " + Name, draw.Samples[0]);
        return random.Rand(1).Item() < Dropout.Module;
    }

    /// <summary>
    /// 0 or 1/(1−p) for each element of [B, …], drawn sample by sample; of the shape and type asked for.
    /// </summary>
    protected Tensor Mask(string purpose, double p, ReadOnlySpan<long> shape, Tensor like)
    {
        DropoutDraw draw = Draw!;
        if (shape[0] != draw.Samples.Count)
        {
            throw new ArgumentException(
                $"dropout of {Name}: a batch of {shape[0]} with {draw.Samples.Count} samples named"
            );
        }
        using var scope = new Scope();
        var parts = new Tensor[shape[0]];
        for (int i = 0; i < parts.Length; i++)
        {
            using Generator random = Rng.For(draw.Seed, $"{purpose} dropout {Name}", draw.Samples[i]);
            Tensor share = random.Rand(shape[1..]) - p;
            parts[i] = share.Sign().Clamp(0) * (1 / (1 - p)); // rand > p stays
        }
        return scope.Keep(Ops.Stack(parts).To(like.DType).To(like.Device));
    }
}
