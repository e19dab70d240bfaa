namespace Forno.Models.Layouts;

/// <summary>The two ways in which checkpoints name a CLIP text tower.</summary>
public enum TextNaming
{
    /// <summary>Hugging Face's CLIPTextModel (CLIP-L of 1.x and XL).</summary>
    HuggingFace,

    /// <summary>OpenCLIP's TextTransformer (ViT-H of 2.x, bigG of XL).</summary>
    OpenClip,
}

/// <summary>
/// The measures of a CLIP text tower that decide its checkpoint keys and shapes, and those keys. Names follow Hugging
/// Face's CLIPTextModel and mlfoundations/open_clip. The number of heads cannot be told from shapes.
/// </summary>
public sealed record TextLayout
{
    /// <summary>How the keys are named.</summary>
    public required TextNaming Naming { get; init; }

    /// <summary>Channels.</summary>
    public required int Width { get; init; }

    /// <summary>Layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Channels inside the feed-forward part.</summary>
    public required int MlpWidth { get; init; }

    /// <summary>Longest sequence.</summary>
    public int ContextLength { get; init; } = 77;

    /// <summary>Rows of the token table.</summary>
    public int VocabSize { get; init; } = 49408;

    /// <summary>Width of the projected pooled output; null without a projection.</summary>
    public int? ProjectionDim { get; init; }

    /// <summary>Reads the measures off a file's shapes.</summary>
    /// <param name="shapes">The file.</param>
    /// <param name="prefix">Prefix of the tower's keys, with its dot.</param>
    /// <param name="naming">How the keys are named.</param>
    /// <exception cref="FornoException">Keys that every such tower has are missing.</exception>
    public static TextLayout Detect(TensorShapes shapes, string prefix, TextNaming naming)
    {
        bool open = naming == TextNaming.OpenClip;
        string layers = prefix + (open ? "transformer.resblocks." : "encoder.layers.");
        string tokens = prefix + (open ? "token_embedding.weight" : "embeddings.token_embedding.weight");
        return new TextLayout
        {
            Naming = naming,
            Width = shapes.Side(tokens, 1),
            VocabSize = shapes.Side(tokens, 0),
            Layers = shapes.CountBelow(layers),
            MlpWidth = shapes.Side(layers + (open ? "0.mlp.c_fc.weight" : "0.mlp.fc1.weight"), 0),
            ContextLength = shapes.Side(
                prefix + (open ? "positional_embedding" : "embeddings.position_embedding.weight"),
                0
            ),
            ProjectionDim =
                open && shapes.Has(prefix + "text_projection") ? shapes.Side(prefix + "text_projection", 1) : null,
        };
    }

    /// <summary>
    /// Every parameter with its shape; OpenCLIP's scalar <c>logit_scale</c> included, which nothing uses.
    /// </summary>
    /// <param name="prefix">Prefix of the keys, with its dot.</param>
    public IReadOnlyDictionary<string, long[]> Keys(string prefix)
    {
        var keys = new KeyList(prefix);
        if (Naming == TextNaming.HuggingFace)
        {
            HuggingFace(keys);
        }
        else
        {
            OpenClip(keys);
        }

        return keys.Shapes;
    }

    private void HuggingFace(KeyList keys)
    {
        keys.Add("embeddings.token_embedding.weight", VocabSize, Width);
        keys.Add("embeddings.position_embedding.weight", ContextLength, Width);
        for (int i = 0; i < Layers; i++)
        {
            string layer = $"encoder.layers.{i}.";
            foreach (string part in (string[])["q", "k", "v", "out"])
            {
                keys.Linear($"{layer}self_attn.{part}_proj", Width, Width);
            }

            keys.Norm(layer + "layer_norm1", Width);
            keys.Norm(layer + "layer_norm2", Width);
            keys.Linear(layer + "mlp.fc1", MlpWidth, Width);
            keys.Linear(layer + "mlp.fc2", Width, MlpWidth);
        }

        keys.Norm("final_layer_norm", Width);
    }

    private void OpenClip(KeyList keys)
    {
        keys.Add("token_embedding.weight", VocabSize, Width);
        keys.Add("positional_embedding", ContextLength, Width);
        for (int i = 0; i < Layers; i++)
        {
            string layer = $"transformer.resblocks.{i}.";
            keys.Norm(layer + "ln_1", Width);
            keys.Add(layer + "attn.in_proj_weight", 3L * Width, Width);
            keys.Add(layer + "attn.in_proj_bias", 3L * Width);
            keys.Linear(layer + "attn.out_proj", Width, Width);
            keys.Norm(layer + "ln_2", Width);
            keys.Linear(layer + "mlp.c_fc", MlpWidth, Width);
            keys.Linear(layer + "mlp.c_proj", Width, MlpWidth);
        }

        keys.Norm("ln_final", Width);
        if (ProjectionDim is { } projection)
        {
            keys.Add("text_projection", Width, projection);
        }

        keys.Add("logit_scale");
    }
}
