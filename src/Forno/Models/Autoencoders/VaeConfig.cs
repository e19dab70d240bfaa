using System.Globalization;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Models.UNets;

namespace Forno.Models.Autoencoders;

/// <summary>Everything that makes a KL autoencoder out of weights: their layout and what they cannot tell.</summary>
public sealed record VaeConfig
{
    /// <summary>What the weights' shapes tell.</summary>
    public required VaeLayout Layout { get; init; }

    /// <summary>
    /// Groups of the norms; SD: 32. Weights cannot tell: other numbers come from the file's metadata.
    /// </summary>
    public int NormGroups { get; init; } = 32;

    /// <summary>Pixels a latent cell stands for, per side.</summary>
    public int Factor => 1 << (Layout.ChannelMult.Count - 1);

    /// <summary>The autoencoder of a file: shapes first, then metadata.</summary>
    /// <param name="shapes">The file's shapes under the usual single-file names.</param>
    /// <param name="metadata">The file's metadata.</param>
    /// <exception cref="FornoException">The file has no such autoencoder.</exception>
    public static VaeConfig Detect(TensorShapes shapes, IReadOnlyDictionary<string, string> metadata) =>
        new()
        {
            Layout = VaeLayout.Detect(shapes, ModelFamily.VaePrefix),
            NormGroups = UNetConfig.Number(metadata, UNetConfig.GroupsKey) ?? 32,
        };

    /// <summary>What weights cannot tell, for the metadata of a file: <c>forno.norm_groups</c>.</summary>
    public Dictionary<string, string> Metadata() =>
        new() { [UNetConfig.GroupsKey] = NormGroups.ToString(CultureInfo.InvariantCulture) };
}
