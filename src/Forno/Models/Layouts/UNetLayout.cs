namespace Forno.Models.Layouts;

/// <summary>
/// The measures of a denoising UNet that decide its checkpoint keys and shapes, and those keys under their single-file
/// names. Follows UNetModel in Stability-AI/generative-models (sgm/modules/diffusionmodules/openaimodel.py). Number of
/// heads and norm groups cannot be told from shapes and are not here.
/// </summary>
public sealed record UNetLayout
{
    /// <summary>Latent channels in: 4, 9 (inpainting), 8 (instruct-pix2pix), 5 (depth).</summary>
    public int InChannels { get; init; } = 4;

    /// <summary>Channels out.</summary>
    public int OutChannels { get; init; } = 4;

    /// <summary>Channels of the first level; the time embedding has four times as many.</summary>
    public required int ModelChannels { get; init; }

    /// <summary>
    /// Width of each level as a multiple of <see cref="ModelChannels"/>, from the highest resolution.
    /// </summary>
    public required IReadOnlyList<int> ChannelMult { get; init; }

    /// <summary>Residual blocks a level; the way up has one more.</summary>
    public int NumResBlocks { get; init; } = 2;

    /// <summary>Transformer blocks of each level; 0 where a level has no attention.</summary>
    public required IReadOnlyList<int> Depth { get; init; }

    /// <summary>Transformer blocks in the middle.</summary>
    public required int MiddleDepth { get; init; }

    /// <summary>Width of the text conditioning.</summary>
    public required int ContextDim { get; init; }

    /// <summary>Whether the transformers' projections are linear layers (2.x, XL) or 1×1 convolutions (1.x).</summary>
    public bool LinearProjections { get; init; }

    /// <summary>Width of the vector conditioning (2816 in XL); null without.</summary>
    public int? VectorDim { get; init; }

    /// <summary>Reads the measures off a file's shapes.</summary>
    /// <param name="shapes">The file.</param>
    /// <param name="prefix">Prefix of the UNet's keys, with its dot.</param>
    /// <exception cref="FornoException">Keys that every such UNet has are missing.</exception>
    public static UNetLayout Detect(TensorShapes shapes, string prefix)
    {
        int channels = shapes.Side(prefix + "input_blocks.0.0.weight", 0);
        var mult = new List<int>();
        var depth = new List<int>();
        int blocksInLevel = 0;
        int numResBlocks = 0;
        int? context = null;
        bool linear = false;
        int count = shapes.CountBelow(prefix + "input_blocks.");
        for (int i = 1; i < count; i++)
        {
            string block = $"{prefix}input_blocks.{i}.";
            if (shapes.Has(block + "0.op.weight"))
            {
                blocksInLevel = 0;
                continue;
            }

            if (blocksInLevel++ == 0)
            {
                mult.Add(shapes.Side(block + "0.out_layers.3.weight", 0) / channels);
                depth.Add(shapes.CountBelow(block + "1.transformer_blocks."));
            }

            numResBlocks = Math.Max(numResBlocks, blocksInLevel);
            if (shapes.Has(block + "1.proj_in.weight"))
            {
                context ??= shapes.Side(block + "1.transformer_blocks.0.attn2.to_k.weight", 1);
                linear |= shapes[block + "1.proj_in.weight"]!.Count == 2;
            }
        }

        string middle = prefix + "middle_block.1.";
        if (shapes[middle + "proj_in.weight"] is { Count: 2 })
        {
            linear = true;
        }

        return new UNetLayout
        {
            InChannels = shapes.Side(prefix + "input_blocks.0.0.weight", 1),
            OutChannels = shapes.Side(prefix + "out.2.weight", 0),
            ModelChannels = channels,
            ChannelMult = mult,
            NumResBlocks = numResBlocks,
            Depth = depth,
            MiddleDepth = shapes.CountBelow(middle + "transformer_blocks."),
            ContextDim = context ?? shapes.Side(middle + "transformer_blocks.0.attn2.to_k.weight", 1),
            LinearProjections = linear,
            VectorDim = shapes[prefix + "label_emb.0.0.weight"] is { Count: 2 } label ? (int)label[1] : null,
        };
    }

    /// <summary>Every parameter with its shape.</summary>
    /// <param name="prefix">Prefix of the keys, with its dot.</param>
    public IReadOnlyDictionary<string, long[]> Keys(string prefix)
    {
        var keys = new KeyList(prefix);
        long embedding = 4L * ModelChannels;
        keys.Linear("time_embed.0", embedding, ModelChannels);
        keys.Linear("time_embed.2", embedding, embedding);
        if (VectorDim is { } vector)
        {
            keys.Linear("label_emb.0.0", embedding, vector);
            keys.Linear("label_emb.0.2", embedding, embedding);
        }

        keys.Conv("input_blocks.0.0", ModelChannels, InChannels);
        var skips = new Stack<long>([ModelChannels]);
        long width = ModelChannels;
        int index = 1;
        for (int level = 0; level < ChannelMult.Count; level++)
        {
            for (int j = 0; j < NumResBlocks; j++, index++)
            {
                long to = (long)ChannelMult[level] * ModelChannels;
                Residual(keys, $"input_blocks.{index}.0", to, width);
                Transformer(keys, $"input_blocks.{index}.1", to, Depth[level]);
                skips.Push(width = to);
            }

            if (level < ChannelMult.Count - 1)
            {
                keys.Conv($"input_blocks.{index++}.0.op", width, width);
                skips.Push(width);
            }
        }

        Residual(keys, "middle_block.0", width, width);
        Transformer(keys, "middle_block.1", width, MiddleDepth);
        Residual(keys, "middle_block.2", width, width);
        WayUp(keys, skips, width);
        keys.Norm("out.0", ModelChannels);
        keys.Conv("out.2", OutChannels, ModelChannels);
        return keys.Shapes;
    }

    private void WayUp(KeyList keys, Stack<long> skips, long width)
    {
        int index = 0;
        for (int level = ChannelMult.Count - 1; level >= 0; level--)
        {
            for (int j = 0; j <= NumResBlocks; j++, index++)
            {
                long to = (long)ChannelMult[level] * ModelChannels;
                Residual(keys, $"output_blocks.{index}.0", to, width + skips.Pop());
                Transformer(keys, $"output_blocks.{index}.1", to, Depth[level]);
                width = to;
                if (level > 0 && j == NumResBlocks)
                {
                    keys.Conv($"output_blocks.{index}.{(Depth[level] > 0 ? 2 : 1)}.conv", width, width);
                }
            }
        }
    }

    private void Residual(KeyList keys, string key, long to, long from)
    {
        keys.Norm(key + ".in_layers.0", from);
        keys.Conv(key + ".in_layers.2", to, from);
        keys.Linear(key + ".emb_layers.1", to, 4L * ModelChannels);
        keys.Norm(key + ".out_layers.0", to);
        keys.Conv(key + ".out_layers.3", to, to);
        if (to != from)
        {
            keys.Conv(key + ".skip_connection", to, from, kernel: 1);
        }
    }

    private void Transformer(KeyList keys, string key, long width, int depth)
    {
        if (depth == 0)
        {
            return;
        }

        keys.Norm(key + ".norm", width);
        foreach (string projection in (string[])["proj_in", "proj_out"])
        {
            if (LinearProjections)
            {
                keys.Linear($"{key}.{projection}", width, width);
            }
            else
            {
                keys.Conv($"{key}.{projection}", width, width, kernel: 1);
            }
        }

        for (int i = 0; i < depth; i++)
        {
            string block = $"{key}.transformer_blocks.{i}";
            foreach (var (attention, source) in (ReadOnlySpan<(string, long)>)[("attn1", width), ("attn2", ContextDim)])
            {
                keys.Linear($"{block}.{attention}.to_q", width, width, bias: false);
                keys.Linear($"{block}.{attention}.to_k", width, source, bias: false);
                keys.Linear($"{block}.{attention}.to_v", width, source, bias: false);
                keys.Linear($"{block}.{attention}.to_out.0", width, width);
            }

            keys.Linear(block + ".ff.net.0.proj", 8 * width, width);
            keys.Linear(block + ".ff.net.2", width, 4 * width);
            keys.Norm(block + ".norm1", width);
            keys.Norm(block + ".norm2", width);
            keys.Norm(block + ".norm3", width);
        }
    }
}
