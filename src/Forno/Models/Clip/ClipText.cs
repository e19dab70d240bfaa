using Forno.Nn;
using Forno.Torch;

namespace Forno.Models.Clip;

/// <summary>
/// A CLIP text tower (Radford et al. 2021; CLIP-L of SD 1.x and XL, OpenCLIP's ViT-H and bigG of SD 2.x and XL):
/// causal, pre-norm, no padding mask. Weights by Hugging Face's names below the tower's path (<c>text_model.…</c>,
/// <c>text_projection.weight</c>): bring other files to them by <see cref="ClipKeys.Unify"/>.
/// </summary>
public sealed class ClipText
{
    private readonly Embedding tokens;
    private readonly Tensor positions;
    private readonly ClipLayers layers;
    private readonly LayerNorm final;
    private readonly Linear? projection;

    /// <summary>Takes the tower's weights from a store, or makes them if the store is new.</summary>
    /// <param name="tower">The tower's place: <c>store.At(ClipTextConfig.TowerPath(prefix))</c>.</param>
    /// <param name="config">Its configuration.</param>
    /// <exception cref="FornoException">A tensor is missing or of another shape.</exception>
    public ClipText(Weights tower, ClipTextConfig config)
    {
        Config = config;
        Weights model = tower["text_model"];
        tokens = new Embedding(model["embeddings"]["token_embedding"], config.VocabSize, config.Width);
        positions = model["embeddings"]
            .Take("position_embedding.weight", Init.Normal, config.ContextLength, config.Width);
        layers = new ClipLayers(
            model["encoder.layers"],
            config.Layers,
            config.Width,
            config.MlpWidth,
            config.Heads,
            config.Activation
        );
        final = new LayerNorm(model["final_layer_norm"], config.Width);
        projection = config.ProjectionDim is { } to
            ? new Linear(tower["text_projection"], config.Width, to, bias: false)
            : null;
    }

    /// <summary>What the tower is.</summary>
    public ClipTextConfig Config { get; }

    /// <summary>Gradient checkpointing: layers keep no inner activations and compute them again in backward.</summary>
    public bool GradientCheckpointing
    {
        get => layers.GradientCheckpointing;
        set => layers.GradientCheckpointing = value;
    }

    /// <summary>Vectors of tokens, without positions: int64 [B, T] → fp32 [B, T, width].</summary>
    public Tensor Embed(Tensor ids)
    {
        using var scope = new Scope();
        return scope.Keep(tokens.Forward(ids).To(DType.Float32));
    }

    /// <summary>
    /// The states between layers: [0] is the embedding with positions, [i] the output of layer i, without the final
    /// norm; fp32 [B, T, width] each, in the current scope.
    /// </summary>
    /// <param name="vectors">Token vectors [B, T, width] (<see cref="Embed"/>, perhaps with some replaced).</param>
    /// <param name="count">Layers to run; null: all.</param>
    public Tensor[] HiddenStates(Tensor vectors, int? count = null)
    {
        using var scope = new Scope();
        long length = vectors.Size(1);
        if (length > Config.ContextLength)
        {
            throw new ArgumentException(
                $"{length} tokens are longer than the text tower's context of {Config.ContextLength}"
            );
        }

        Tensor mask = CausalMask(length).To(vectors.Device);
        var states = new Tensor[(count ?? Config.Layers) + 1];
        states[0] = vectors.To(DType.Float32) + positions.Slice(0, 0, length);
        for (int i = 1; i < states.Length; i++)
        {
            states[i] = layers.Run(i - 1, states[i - 1], mask);
        }

        return scope.Keep(states);
    }

    /// <summary>
    /// The hidden state <paramref name="skip"/> steps from the end: 1 is the last layer's output, 2 the one before
    /// ("clip skip"). Layers behind it are not run.
    /// </summary>
    /// <param name="ids">Token ids, int64 [B, T].</param>
    /// <param name="skip">At least 1; at most the number of layers and 1, which is the embedding itself.</param>
    /// <param name="finalNorm">Apply the final layer norm: SD 1.x and 2.x do, XL does not.</param>
    /// <returns>fp32 [B, T, width].</returns>
    /// <exception cref="FornoException">The tower has not so many layers.</exception>
    public Tensor Hidden(Tensor ids, int skip = 1, bool finalNorm = true)
    {
        using var scope = new Scope();
        Tensor state = HiddenStates(Embed(ids), LayersFor(skip))[^1];
        return scope.Keep(finalNorm ? Normalise(state) : state.Alias());
    }

    /// <summary>How many layers lead to a hidden state counted from the end.</summary>
    /// <exception cref="FornoException">The tower has not so many layers, or that layer is not in the
    /// weights.</exception>
    public int LayersFor(int skip)
    {
        int count = Config.Layers + Config.DroppedLayers + 1 - skip;
        return skip >= 1 && count >= 0 && count <= Config.Layers
            ? count
            : throw new FornoException(
                $"clip skip {skip} is not possible: the text encoder's hidden states are numbered "
                    + $"{1 + Config.DroppedLayers} to {Config.Layers + Config.DroppedLayers + 1} from the end. "
                    + "Choose one of those."
            );
    }

    /// <summary>The final layer norm: [B, T, width] → the same.</summary>
    public Tensor Normalise(Tensor state) => final.Forward(state);

    /// <summary>
    /// The pooled output: the last layer's output with the final norm, at the end-of-text token, and behind the
    /// projection if the tower has one.
    /// </summary>
    /// <param name="last">The last layer's output without the final norm [B, T, width].</param>
    /// <param name="ids">Token ids, int64 [B, T].</param>
    /// <param name="endOfText">
    /// Id of the end-of-text token: its first occurrence is the place, or position 0 where a row has none. Null:
    /// the first largest id of the row, as CLIP itself does; wrong once embeddings have added ids beyond the
    /// end-of-text token's.
    /// </param>
    /// <returns>fp32 [B, projection or width].</returns>
    /// <exception cref="FornoException">The weights lack the last layer, so there is nothing to pool.</exception>
    public Tensor Pooled(Tensor last, Tensor ids, long? endOfText = null)
    {
        if (Config.DroppedLayers > 0)
        {
            throw new FornoException(
                "this text encoder was saved without its last layer, so it has no pooled output. "
                    + "Use the original checkpoint where that output is needed."
            );
        }

        using var scope = new Scope();
        Tensor places = FirstPlaces(ids, endOfText).To(last.Device);
        Tensor index = places.View(-1, 1, 1).Expand(-1, 1, last.Size(2));
        Tensor pooled = Normalise(Ops.Gather(last, 1, index).Squeeze(1));
        return scope.Keep(projection is null ? pooled.Alias() : projection.Forward(pooled).To(DType.Float32));
    }

    /// <summary>
    /// Token ids → the pooled, projected output; what contrastive training and scores compare with pictures.
    /// </summary>
    /// <param name="ids">Token ids, int64 [B, T].</param>
    /// <param name="endOfText">Id of the end-of-text token; null: the largest of each row.</param>
    /// <returns>fp32 [B, projection or width], not normalised to unit length.</returns>
    public Tensor Encode(Tensor ids, long? endOfText = null)
    {
        using var scope = new Scope();
        return scope.Keep(Pooled(HiddenStates(Embed(ids))[^1], ids, endOfText));
    }

    // On the host: ids come from there, and a row is short. [B]
    private static Tensor FirstPlaces(Tensor ids, long? endOfText)
    {
        int length = (int)ids.Size(1);
        long[] flat = ids.ToArray<long>();
        long[] places = new long[ids.Size(0)];
        for (int row = 0; row < places.Length; row++)
        {
            ReadOnlySpan<long> tokens = flat.AsSpan(row * length, length);
            int best = 0;
            for (int i = 0; i < length; i++)
            {
                if (endOfText is { } wanted ? tokens[best] != wanted && tokens[i] == wanted : tokens[i] > tokens[best])
                {
                    best = i;
                }
            }

            places[row] = best;
        }

        return Tensor.From(places, places.Length);
    }

    // −∞ above the diagonal: position i sees 0 … i. [T, T]
    private static Tensor CausalMask(long length)
    {
        float[] mask = new float[length * length];
        for (long row = 0; row < length; row++)
        {
            mask.AsSpan((int)(row * length + row + 1), (int)(length - row - 1)).Fill(float.NegativeInfinity);
        }

        return Tensor.From(mask, length, length);
    }
}
