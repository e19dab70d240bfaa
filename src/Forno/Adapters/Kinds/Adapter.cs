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
/// A change of one layer. The base knows names, scale, multiplier, dropout, merging and the way through the layer's
/// patch slot; a kind writes what fits it and <see cref="Delta"/>, and <see cref="Branch"/> where the change need not
/// be built as a whole weight. Owns its tensors, fp32.
/// </summary>
public abstract class Adapter : IDisposable
{
    /// <summary>Takes what all kinds have.</summary>
    /// <param name="name">The module's name in files.</param>
    /// <param name="rank">Its rank; 1 where the kind has none.</param>
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

    /// <summary>alpha/rank: 1 where no alpha was given.</summary>
    public virtual double Scale => Alpha / Rank;

    /// <summary>What is left out in training.</summary>
    public AdapterDropout Dropout { get; init; } = AdapterDropout.None;

    /// <summary>The samples of the coming training forward; null: evaluation, without dropout.</summary>
    public DropoutDraw? Draw { get; set; }

    /// <summary>The tensors that learn by suffix (<c>lora_down.weight</c>, …), in the order of files.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>
    /// The tensors as files hold them: those that learn, or new ones in the current scope where a reader of the file
    /// could not know how they are to be taken.
    /// </summary>
    public virtual IReadOnlyDictionary<string, Tensor> Saved => Tensors;

    /// <summary>The numbers that stand beside the tensors in files, as tensors without axes: alpha.</summary>
    public virtual IReadOnlyDictionary<string, double> Constants =>
        HasAlpha
            ? new Dictionary<string, double> { [AdapterKinds.AlphaKey] = Alpha }
            : new Dictionary<string, double>();

    /// <summary>The change of the layer's bias at multiplier 1; null: it stays.</summary>
    public virtual Tensor? BiasDelta => null;

    /// <summary>Checks that the adapter's tensors fit a layer.</summary>
    /// <exception cref="FornoException">They do not; the message names module and shapes.</exception>
    public void RequireFit(PatchableLayer layer)
    {
        if (!Fits(layer.Weight.Shape) || (BiasDelta is { } bias && !SameShape(bias, layer.Bias)))
        {
            throw new FornoException(
                $"{Name}: {string.Join(", ", Tensors.Select(t => $"{t.Key} {t.Value}"))} do not fit the layer "
                    + $"{layer.Key} with weight {layer.Weight}. The adapter is for another kind of model."
            );
        }
        static bool SameShape(Tensor change, Tensor? bias) =>
            bias is not null && change.Shape.SequenceEqual(bias.Shape);
    }

    /// <summary>The change of a weight at multiplier 1, scale included, in fp32 and the weight's shape.</summary>
    /// <param name="weight">The base weight.</param>
    public abstract Tensor Delta(Tensor weight);

    /// <summary>What is added to the layer's plain output; null: nothing.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="x">The layer's input.</param>
    public virtual Tensor? Branch(PatchableLayer layer, Tensor x)
    {
        if (Multiplier == 0 || IsDropped())
        {
            return null;
        }
        using var scope = new Scope();
        Tensor change = Delta(layer.Weight) * Multiplier;
        Tensor? bias = BiasDelta is { } b ? b * Multiplier : null;
        if (RowMask(change) is { } mask)
        {
            change = change * mask;
            bias = bias is null ? null : bias * mask.Flatten();
        }
        DType type = layer.Weight.DType;
        return scope.Keep(layer.Apply(x, change.To(type), bias?.To(type)));
    }

    /// <summary>Adds the change at the present multiplier to the layer's weight and bias for good.</summary>
    public void Merge(PatchableLayer layer)
    {
        Replace(layer, w => w.Add_(Delta(w), Multiplier));
        Shift(layer.Bias, Multiplier);
    }

    /// <summary>Takes <see cref="Merge"/> back, up to rounding, if neither tensors nor multiplier changed.</summary>
    /// <exception cref="FornoException">The merged weight no longer tells the base weight.</exception>
    public void Unmerge(PatchableLayer layer)
    {
        Replace(layer, w => w.Copy_(Base(w)));
        Shift(layer.Bias, -Multiplier);
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

    /// <summary>Whether the tensors fit a layer whose weight has this shape.</summary>
    protected abstract bool Fits(ReadOnlySpan<long> weight);

    /// <summary>
    /// The base weight from the merged one, in fp32. Kinds whose change depends on the weight write their own.
    /// </summary>
    protected virtual Tensor Base(Tensor merged) => merged - (Delta(merged) * Multiplier);

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

    // LyCORIS' rank dropout: output channels of the change, one draw for the batch, without compensation; null: none.
    private Tensor? RowMask(Tensor change)
    {
        if (Draw is not { } draw || Dropout.Rank == 0)
        {
            return null;
        }
        using var scope = new Scope();
        using Generator random = Rng.For(draw.Seed, "row dropout " + Name, draw.Samples[0]);
        long[] shape = new long[change.Dims];
        Array.Fill(shape, 1);
        shape[0] = change.Size(0);
        return scope.Keep((random.Rand(shape) - Dropout.Rank).Sign().Clamp(0).To(change.Device));
    }

    private static void Replace(PatchableLayer layer, Action<Tensor> change)
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        Tensor weight = layer.Weight.To(DType.Float32).Clone();
        change(weight);
        layer.Weight.Copy_(weight);
    }

    private void Shift(Tensor? bias, double factor)
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        if (BiasDelta is { } change && bias is not null)
        {
            Tensor shifted = bias.To(DType.Float32).Clone();
            shifted.Add_(change, factor);
            bias.Copy_(shifted);
        }
    }
}
