namespace Forno.Nn;

/// <summary>Where in a model a layer stands; what kinds of adapters take is chosen by it.</summary>
public enum TargetPart
{
    /// <summary>Projections of a text encoder's attention.</summary>
    TextAttention,

    /// <summary>A text encoder's feed-forward layers.</summary>
    TextMlp,

    /// <summary>Queries, keys, values and outputs of the UNet's attention.</summary>
    Attention,

    /// <summary>Feed-forward layers of the UNet's transformers.</summary>
    FeedForward,

    /// <summary>In and out of a transformer: <c>proj_in</c>, <c>proj_out</c>.</summary>
    Projection,

    /// <summary>Residual blocks: convolutions, time projection, shortcut.</summary>
    Residual,

    /// <summary>The convolutions of down- and upsamplers.</summary>
    Resampling,

    /// <summary>First and last convolution and the time embedding, which kohya's LoRA leaves out.</summary>
    Stem,
}

/// <summary>A layer of a model that adapters can change, under the name that kohya's files give it.</summary>
public sealed record PatchTarget
{
    /// <summary>Name in adapter files, such as <c>lora_unet_mid_block_attentions_0_proj_in</c>.</summary>
    public required string Name { get; init; }

    /// <summary>A second name under which files in the wild have it (XL in diffusers' naming); null: none.</summary>
    public string? Alias { get; init; }

    /// <summary>
    /// The layer's key in a weight store: its checkpoint key without <c>.weight</c>; text towers by Hugging Face's
    /// names, as models take them.
    /// </summary>
    public required string Key { get; init; }

    /// <summary>
    /// Shape of the weight as kohya's trainer has it: [out, in] or [out, in, k, k]. 2.x's projections are [C, C, 1, 1]
    /// there, although its checkpoints hold [C, C].
    /// </summary>
    public required IReadOnlyList<long> Shape { get; init; }

    /// <summary>Whether the layer has a bias.</summary>
    public required bool HasBias { get; init; }

    /// <summary>Where it stands.</summary>
    public required TargetPart Part { get; init; }

    /// <summary>
    /// kohya's block number for ranks and learning rates by block; −1: in none; null: a text encoder.
    /// </summary>
    public int? BlockIndex { get; init; }

    /// <summary>
    /// Slot among the 26 block weights BASE, IN00–IN11, MID, OUT00–OUT11; text encoders are in BASE, 0.
    /// </summary>
    public int WeightIndex { get; init; }

    /// <summary>Whether it belongs to a text encoder.</summary>
    public bool IsText => Part is TargetPart.TextAttention or TargetPart.TextMlp;

    /// <summary>Whether it is a convolution with a kernel larger than 1×1.</summary>
    public bool IsSpatial => Shape.Count == 4 && (Shape[2] > 1 || Shape[3] > 1);
}
