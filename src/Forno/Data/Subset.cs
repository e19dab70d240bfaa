using Forno.Imaging;

namespace Forno.Data;

/// <summary>One folder of pictures and how it is used; names and defaults are kohya's.</summary>
public sealed record Subset
{
    /// <summary><c>image_dir</c>.</summary>
    public required string ImageDir { get; init; }

    /// <summary><c>is_reg</c>: regularisation pictures.</summary>
    public bool IsReg { get; init; }

    /// <summary><c>num_repeats</c>: draws per picture and epoch.</summary>
    public int NumRepeats { get; init; } = 1;

    /// <summary><c>class_tokens</c>: the caption of pictures without a caption file.</summary>
    public string? ClassTokens { get; init; }

    /// <summary><c>caption_extension</c>, with its dot.</summary>
    public string CaptionExtension { get; init; } = ".caption";

    /// <summary>What is done with captions.</summary>
    public CaptionRules Captions { get; init; } = new();

    /// <summary><c>flip_aug</c>: each draw is mirrored with probability one half.</summary>
    public bool FlipAug { get; init; }

    /// <summary><c>alpha_mask</c>: the loss counts by the opacity of the picture.</summary>
    public bool AlphaMask { get; init; }

    /// <summary>
    /// <c>conditioning_data_dir</c> with <c>masked_loss</c>: the folder of masks (white trains, black is passed over),
    /// or null.
    /// </summary>
    public string? MaskDir { get; init; }

    /// <summary><c>random_crop</c>: the crop's place is drawn instead of centred.</summary>
    public bool RandomCrop { get; init; }
}

/// <summary>A data set: subsets that share resolution, buckets and batch size.</summary>
public sealed record DatasetSettings
{
    /// <summary>Resolution and buckets.</summary>
    public required BucketRules Buckets { get; init; }

    /// <summary><c>batch_size</c>.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary><c>prior_loss_weight</c>: loss weight of regularisation pictures.</summary>
    public double PriorLossWeight { get; init; } = 1;

    /// <summary>
    /// <c>skip_image_resolution</c>: pictures of no larger area are left out, so that data sets of several resolutions
    /// can share a folder; null = none.
    /// </summary>
    public Size? SkipUpTo { get; init; }

    /// <summary>The folders.</summary>
    public required IReadOnlyList<Subset> Subsets { get; init; }
}

/// <summary>Folders named <c>N_text</c> below <c>train_data_dir</c> and <c>reg_data_dir</c>.</summary>
public static class SubsetFolders
{
    /// <summary>Reads a folder's name.</summary>
    /// <returns>Repeats and class tokens, or null if the name does not start with a number of at least 1.</returns>
    public static (int NumRepeats, string ClassTokens)? ParseName(string name)
    {
        string[] parts = name.Split('_');
        return PyText.TryInteger(parts[0], out long repeats) && repeats is >= 1 and <= int.MaxValue
            ? ((int)repeats, string.Join('_', parts[1..]))
            : null;
    }

    /// <summary>The subfolders that are subsets, by name (ordinal); others are ignored.</summary>
    /// <param name="folder">The folder, or null or "" for none.</param>
    /// <exception cref="FornoException">The folder does not exist.</exception>
    public static IReadOnlyList<(string Path, int NumRepeats, string ClassTokens)> Find(string? folder)
    {
        if (string.IsNullOrEmpty(folder))
        {
            return [];
        }

        if (!Directory.Exists(folder))
        {
            throw new FornoException(
                $"{folder}: no such folder; it should hold folders named N_text (repeats, underscore, class)"
            );
        }

        var found = new List<(string, int, string)>();
        foreach (
            string? name in Directory
                .EnumerateDirectories(folder)
                .Select(d => Path.GetFileName(d)!)
                .Order(StringComparer.Ordinal)
        )
        {
            if (ParseName(name) is var (repeats, tokens))
            {
                found.Add((Path.Combine(folder, name), repeats, tokens));
            }
        }

        return found;
    }
}
