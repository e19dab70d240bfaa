namespace Forno.Models.Layouts;

/// <summary>
/// The measures of the KL autoencoder that decide its checkpoint keys and shapes, and those keys under their
/// single-file names. Follows Encoder and Decoder in Stability-AI/generative-models
/// (sgm/modules/diffusionmodules/model.py).
/// </summary>
public sealed record VaeLayout
{
    /// <summary>Channels of the first level.</summary>
    public int Channels { get; init; } = 128;

    /// <summary>Width of each level as a multiple of <see cref="Channels"/>, from the highest resolution.</summary>
    public IReadOnlyList<int> ChannelMult { get; init; } = [1, 2, 4, 4];

    /// <summary>Residual blocks a level of the encoder; the decoder has one more.</summary>
    public int NumResBlocks { get; init; } = 2;

    /// <summary>Latent channels.</summary>
    public int LatentChannels { get; init; } = 4;

    /// <summary>Channels of the pictures.</summary>
    public int PictureChannels { get; init; } = 3;

    /// <summary>Reads the measures off a file's shapes (single-file names).</summary>
    /// <param name="shapes">The file.</param>
    /// <param name="prefix">Prefix of the autoencoder's keys, with its dot; empty for a stand-alone file.</param>
    /// <exception cref="FornoException">Keys that every such autoencoder has are missing.</exception>
    public static VaeLayout Detect(TensorShapes shapes, string prefix)
    {
        int channels = shapes.Side(prefix + "encoder.conv_in.weight", 0);
        int levels = shapes.CountBelow(prefix + "encoder.down.");
        return new VaeLayout
        {
            Channels = channels,
            ChannelMult =
            [
                .. Enumerable
                    .Range(0, levels)
                    .Select(i => shapes.Side($"{prefix}encoder.down.{i}.block.0.conv1.weight", 0) / channels),
            ],
            NumResBlocks = shapes.CountBelow(prefix + "encoder.down.0.block."),
            LatentChannels = shapes.Side(prefix + "decoder.conv_in.weight", 1),
            PictureChannels = shapes.Side(prefix + "encoder.conv_in.weight", 1),
        };
    }

    /// <summary>Every parameter with its shape.</summary>
    /// <param name="prefix">Prefix of the keys, with its dot; empty for a stand-alone file.</param>
    public IReadOnlyDictionary<string, long[]> Keys(string prefix)
    {
        var keys = new KeyList(prefix);
        long deepest = (long)ChannelMult[^1] * Channels;
        keys.Conv("encoder.conv_in", Channels, PictureChannels);
        long width = Channels;
        for (int level = 0; level < ChannelMult.Count; level++)
        {
            for (int j = 0; j < NumResBlocks; j++)
            {
                Residual(keys, $"encoder.down.{level}.block.{j}", (long)ChannelMult[level] * Channels, ref width);
            }

            if (level < ChannelMult.Count - 1)
            {
                keys.Conv($"encoder.down.{level}.downsample.conv", width, width);
            }
        }

        Middle(keys, "encoder.mid", deepest);
        keys.Norm("encoder.norm_out", deepest);
        keys.Conv("encoder.conv_out", 2L * LatentChannels, deepest);
        keys.Conv("quant_conv", 2L * LatentChannels, 2L * LatentChannels, kernel: 1);
        keys.Conv("post_quant_conv", LatentChannels, LatentChannels, kernel: 1);

        keys.Conv("decoder.conv_in", deepest, LatentChannels);
        Middle(keys, "decoder.mid", deepest);
        width = deepest;
        for (int level = ChannelMult.Count - 1; level >= 0; level--)
        {
            for (int j = 0; j <= NumResBlocks; j++)
            {
                Residual(keys, $"decoder.up.{level}.block.{j}", (long)ChannelMult[level] * Channels, ref width);
            }

            if (level > 0)
            {
                keys.Conv($"decoder.up.{level}.upsample.conv", width, width);
            }
        }

        keys.Norm("decoder.norm_out", width);
        keys.Conv("decoder.conv_out", PictureChannels, width);
        return keys.Shapes;
    }

    private static void Middle(KeyList keys, string key, long width)
    {
        Residual(keys, key + ".block_1", width, ref width);
        keys.Norm(key + ".attn_1.norm", width);
        foreach (string part in (string[])["q", "k", "v", "proj_out"])
        {
            keys.Conv($"{key}.attn_1.{part}", width, width, kernel: 1);
        }

        Residual(keys, key + ".block_2", width, ref width);
    }

    private static void Residual(KeyList keys, string key, long to, ref long width)
    {
        keys.Norm(key + ".norm1", width);
        keys.Conv(key + ".conv1", to, width);
        keys.Norm(key + ".norm2", to);
        keys.Conv(key + ".conv2", to, to);
        if (to != width)
        {
            keys.Conv(key + ".nin_shortcut", to, width, kernel: 1);
        }

        width = to;
    }
}
