using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Nn;
using Forno.Text;
using Forno.Torch;

namespace Forno.Models.Clip;

/// <summary>How the chunks of a long text are joined. With a single chunk both are the same.</summary>
public enum ChunkJoin
{
    /// <summary>All positions of every chunk, one after the other: n · 77 (AUTOMATIC1111's web UI).</summary>
    Whole,

    /// <summary>
    /// The first start mark, the 75 inner positions of every chunk, the last end mark: n · 75 + 2 (kohya's trainer).
    /// </summary>
    Inner,
}

/// <summary>How token ids become a conditioning.</summary>
public sealed record TextConditioningOptions
{
    /// <summary>
    /// Hidden state counted from the end, 1 being the family's usual last one; null is the same as 1. SD 1.x: 1 is the
    /// last layer. SD 2.x: 1 is the last layer but one, which is what its trainers count as the last. XL always takes
    /// the last layer but one and ignores this, as kohya's trainer and the web UI do.
    /// </summary>
    public int? ClipSkip { get; init; }

    /// <summary>How chunks are joined.</summary>
    public ChunkJoin Join { get; init; } = ChunkJoin.Whole;

    /// <summary>
    /// Id of the end-of-text token, for the pooled output: its first occurrence. Null: the first largest id of the row,
    /// which is wrong once embeddings have added ids.
    /// </summary>
    public long? EndOfText { get; init; } = ClipTokenizer.EndOfText;

    /// <summary>Weighs the tokens of each chunk (<see cref="Emphasis"/>); null: does not.</summary>
    public ApplyEmphasis? Emphasis { get; init; }
}

/// <summary>
/// The text encoders of a model family, and how its UNet is conditioned on them. SD 1.x: the last hidden state with
/// final norm. SD 2.x: the last but one with final norm. XL: both towers' last but one without final norm, joined, and
/// the second tower's projected pooled output of the first chunk.
/// </summary>
public sealed class TextConditioning
{
    private readonly ModelFamily family;

    /// <summary>Joins ready encoders.</summary>
    /// <param name="family">The model's family.</param>
    /// <param name="encoders">As many as the family has, in its order.</param>
    public TextConditioning(ModelFamily family, IReadOnlyList<ClipText> encoders)
    {
        if (encoders.Count != family.TextEncoders.Count)
        {
            throw new ArgumentException(
                $"{family.Name} has {family.TextEncoders.Count} text encoders, not {encoders.Count}",
                nameof(encoders)
            );
        }

        this.family = family;
        Encoders = encoders;
    }

    /// <summary>The encoders, in the order in which their outputs are joined.</summary>
    public IReadOnlyList<ClipText> Encoders { get; }

    /// <summary>Takes the family's encoders from a single file.</summary>
    /// <param name="family">The file's family.</param>
    /// <param name="shapes">The file's shapes under the usual single-file names
    /// (<see cref="KeyMap.Canonical"/>).</param>
    /// <param name="metadata">The file's metadata; <see cref="ClipTextConfig.HeadsKey"/> lists heads, by commas for two
    /// encoders.</param>
    /// <param name="store">The file's store (<see cref="CheckpointWeights.Open"/>).</param>
    /// <exception cref="FornoException">A tensor is missing or of another shape, or the metadata make no
    /// sense.</exception>
    public static TextConditioning Open(
        ModelFamily family,
        TensorShapes shapes,
        IReadOnlyDictionary<string, string> metadata,
        WeightStore store
    )
    {
        int?[] heads = ClipTextConfig.HeadsOf(metadata, family.TextEncoders.Count, shapes.Origin);
        return new TextConditioning(
            family,
            [
                .. family.TextEncoders.Select(
                    (encoder, i) =>
                        new ClipText(
                            store.At(ClipTextConfig.TowerPath(encoder.Prefix)),
                            ClipTextConfig.Detect(shapes, encoder.Prefix, heads[i])
                        )
                ),
            ]
        );
    }

    /// <summary>
    /// Token ids → conditioning, without <see cref="Conditioning.SizeIds"/>, which come with the picture.
    /// </summary>
    /// <param name="ids">
    /// For each encoder its ids, int64 [B, 77] or, in chunks, [B, n, 77] (or another length: the encoder's context at
    /// most); they differ in padding.
    /// </param>
    /// <param name="options">What to take and how to join; null: the family's usual.</param>
    /// <param name="multipliers">Weights of tokens, of the ids' shape, fp32; used if the options name an
    /// emphasis.</param>
    /// <returns>Context [B, T, D] and, for XL, the pooled output [B, P], in the current scope.</returns>
    /// <exception cref="FornoException">The encoder has not so many layers as clip skip wants.</exception>
    public Conditioning Encode(
        IReadOnlyList<Tensor> ids,
        TextConditioningOptions? options = null,
        Tensor? multipliers = null
    )
    {
        options ??= new TextConditioningOptions();
        if (ids.Count != Encoders.Count)
        {
            throw new ArgumentException(
                $"{family.Name} has {Encoders.Count} text encoders, but there are ids for {ids.Count}",
                nameof(ids)
            );
        }

        using var scope = new Scope();
        bool xl = Encoders.Count > 1;
        var contexts = new Tensor[Encoders.Count];
        Tensor? pooled = null;
        for (int i = 0; i < contexts.Length; i++)
        {
            Tensor chunks = ids[i].Dims == 2 ? ids[i].Unsqueeze(1) : ids[i].Alias(); // [B, n, T]
            Tensor rows = chunks.Reshape(-1, chunks.Size(2));
            bool pools = xl && i == contexts.Length - 1;
            (Tensor hidden, Tensor? pool) = Hidden(Encoders[i], rows, options, pools);
            // [B, n, T, C]
            Tensor states = hidden.Reshape(chunks.Size(0), chunks.Size(1), hidden.Size(1), hidden.Size(2));
            contexts[i] = Join(Weigh(states, options.Emphasis, multipliers), options.Join);
            // Of a long text the first chunk is pooled.
            pooled = pool?.Reshape(chunks.Size(0), chunks.Size(1), -1).Select(1, 0) ?? pooled;
        }

        Tensor context = xl ? Ops.Cat(contexts, -1) : contexts[0];
        return new Conditioning(scope.Keep(context), pooled is null ? null : scope.Keep(pooled));
    }

    /// <summary>Checks that the encoder has the hidden state that a clip skip asks for.</summary>
    /// <param name="clipSkip">As in <see cref="TextConditioningOptions"/>; XL takes any, as it ignores it.</param>
    /// <exception cref="FornoException">It has not; the message says which there are.</exception>
    public void RequireClipSkip(int clipSkip)
    {
        if (family.Name != ModelFamily.Sdxl.Name)
        {
            Encoders[0].LayersFor(FromEnd(clipSkip));
        }
    }

    // 2.x counts the last layer but one as the last.
    private int FromEnd(int clipSkip) => family.Name == ModelFamily.Sd21.Name ? clipSkip + 1 : clipSkip;

    private (Tensor Hidden, Tensor? Pooled) Hidden(
        ClipText encoder,
        Tensor ids,
        TextConditioningOptions options,
        bool pools
    )
    {
        using var scope = new Scope();
        if (family.Name == ModelFamily.Sdxl.Name)
        {
            int count = encoder.LayersFor(2);
            Tensor[] states = encoder.HiddenStates(encoder.Embed(ids), pools ? null : count);
            return (
                scope.Keep(states[count]),
                pools ? scope.Keep(encoder.Pooled(states[^1], ids, options.EndOfText)) : null
            );
        }

        return (scope.Keep(encoder.Hidden(ids, FromEnd(options.ClipSkip ?? 1))), null);
    }

    // Chunk by chunk, as the emphasis' means are taken over one chunk. [B, n, T, C]
    private static Tensor Weigh(Tensor states, ApplyEmphasis? emphasis, Tensor? multipliers)
    {
        if (emphasis is null || multipliers is null)
        {
            return states.Alias();
        }

        using var scope = new Scope();
        Tensor weights = multipliers
            .Reshape(states.Size(0), states.Size(1), states.Size(2))
            .To(states.DType)
            .To(states.Device);
        var weighed = new Tensor[states.Size(1)];
        for (int i = 0; i < weighed.Length; i++)
        {
            weighed[i] = emphasis(states.Select(1, i), weights.Select(1, i));
        }

        return scope.Keep(Ops.Stack(weighed, 1));
    }

    private static Tensor Join(Tensor states, ChunkJoin join)
    {
        using var scope = new Scope();
        (long batch, long chunks, long length, long width) = (
            states.Size(0),
            states.Size(1),
            states.Size(2),
            states.Size(3)
        );
        if (join == ChunkJoin.Whole || chunks == 1)
        {
            return scope.Keep(states.Reshape(batch, chunks * length, width));
        }

        Tensor first = states.Select(1, 0).Slice(1, 0, 1),
            last = states.Select(1, chunks - 1).Slice(1, length - 1, length);
        Tensor inner = states.Slice(2, 1, length - 1).Reshape(batch, chunks * (length - 2), width);
        return scope.Keep(Ops.Cat([first, inner, last], 1));
    }
}
