using System.Globalization;

namespace Forno.Models;

/// <summary>Sizes of a KL autoencoder.</summary>
public sealed record VaeConfig
{
    /// <summary>Channels of the first level; SD: 128.</summary>
    public required int Channels { get; init; }

    /// <summary>Channel factors, one a level; SD: 1, 2, 4, 4. The downsampling factor is 2 to the levels less one.</summary>
    public required int[] Multipliers { get; init; }

    /// <summary>Residual blocks a level in the encoder (the decoder has one more); SD: 2.</summary>
    public required int BlocksPerLevel { get; init; }

    /// <summary>Channels of the latent; SD and SDXL: 4.</summary>
    public int LatentChannels { get; init; } = 4;

    /// <summary>Groups of the norms; SD: 32. Weights cannot tell: other numbers come from the file's metadata.</summary>
    public int NormGroups { get; init; } = 32;

    /// <summary>Pixels a latent cell stands for, per side.</summary>
    public int Factor => 1 << (Multipliers.Length - 1);

    /// <summary>The autoencoder of a file: shapes first, then metadata.</summary>
    /// <param name="shapes">The file's shapes under the usual single-file names.</param>
    /// <param name="metadata">The file's metadata.</param>
    /// <exception cref="FornoException">The file has no such autoencoder.</exception>
    public static VaeConfig Detect(TensorShapes shapes, IReadOnlyDictionary<string, string> metadata)
    {
        VaeLayout layout = VaeLayout.Detect(shapes, ModelFamily.VaePrefix);
        return new VaeConfig
        {
            Channels = layout.Channels,
            Multipliers = [.. layout.ChannelMult],
            BlocksPerLevel = layout.NumResBlocks,
            LatentChannels = layout.LatentChannels,
            NormGroups = UNetConfig.Number(metadata, UNetConfig.GroupsKey) ?? 32,
        };
    }

    /// <summary>What weights cannot tell, for the metadata of a file: <c>forno.norm_groups</c>.</summary>
    public Dictionary<string, string> Metadata() => new()
    {
        [UNetConfig.GroupsKey] = NormGroups.ToString(CultureInfo.InvariantCulture),
    };
}
