using System.Globalization;
using Forno.Models.Families;
using Forno.Models.Layouts;

namespace Forno.Models.UNets;

/// <summary>A denoising UNet: what its shapes tell, and what they cannot.</summary>
public sealed record UNetConfig
{
    /// <summary>Metadata key for the number of heads, in files whose heads are not the family's.</summary>
    public const string HeadsKey = "forno.num_heads";

    /// <summary>Metadata key for the groups of the norms, in files with other than SD's 32.</summary>
    public const string GroupsKey = "forno.norm_groups";

    /// <summary>Channels, levels, blocks.</summary>
    public required UNetLayout Layout { get; init; }

    /// <summary>Heads of every transformer; null where <see cref="HeadChannels"/> is fixed instead.</summary>
    public int? Heads { get; init; }

    /// <summary>Channels of a head; null where <see cref="Heads"/> is fixed instead.</summary>
    public int? HeadChannels { get; init; }

    /// <summary>Groups of the group norms.</summary>
    public int NormGroups { get; init; } = 32;

    /// <summary>The network of a file: shapes first, then metadata, then the family's rule for heads.</summary>
    /// <param name="shapes">The file's shapes under the usual single-file names.</param>
    /// <param name="metadata">The file's metadata.</param>
    /// <param name="family">Its family.</param>
    public static UNetConfig Detect(
        TensorShapes shapes,
        IReadOnlyDictionary<string, string> metadata,
        ModelFamily family
    )
    {
        int? heads = Number(metadata, HeadsKey);
        return new UNetConfig
        {
            Layout = UNetLayout.Detect(shapes, ModelFamily.UNetPrefix),
            Heads = heads ?? family.Heads,
            HeadChannels = heads is null ? family.HeadChannels : null,
            NormGroups = Number(metadata, GroupsKey) ?? 32,
        };
    }

    /// <summary>Heads of a transformer of that many channels.</summary>
    /// <exception cref="FornoException">The channels cannot be divided so.</exception>
    public int HeadsAt(int channels)
    {
        int part = Heads ?? HeadChannels ?? throw new InvalidOperationException("neither heads nor head width");
        return channels % part != 0
            ? throw new FornoException(
                $"a transformer of {channels} channels cannot have heads by the family's rule "
                    + $"({(Heads is null ? $"{part} channels each" : $"{part} of them")}). A file with other "
                    + $"widths must give its number of heads in its metadata: {HeadsKey}."
            )
            : Heads ?? (channels / part);
    }

    /// <summary>What shapes cannot tell, for the metadata of a file.</summary>
    public Dictionary<string, string> Metadata()
    {
        var told = new Dictionary<string, string> { [GroupsKey] = NormGroups.ToString(CultureInfo.InvariantCulture) };
        if (Heads is { } heads)
        {
            told[HeadsKey] = heads.ToString(CultureInfo.InvariantCulture);
        }
        return told;
    }

    internal static int? Number(IReadOnlyDictionary<string, string> metadata, string key) =>
        metadata.TryGetValue(key, out string? text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int n)
        && n > 0
            ? n
            : null;
}
