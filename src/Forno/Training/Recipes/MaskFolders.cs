using Forno.Data;
using Forno.Kohya;

namespace Forno.Training.Recipes;

/// <summary>
/// Which folder holds the masks of a folder of pictures. A dataset config names it per subset
/// (<c>conditioning_data_dir</c>);
/// otherwise, with <c>masked_loss</c>, the option of that name, or <c>masks</c> beside the pictures, where
/// <c>forno dataset mask</c> writes. kohya's trainer looks at the first only and trains without a mask, silently, in
/// the
/// other cases.
/// </summary>
internal sealed class MaskFolders
{
    private readonly bool on;
    private readonly string? common;
    private readonly PathRules paths;

    /// <exception cref="FornoException">Masks are given though <c>masked_loss</c> is off.</exception>
    public MaskFolders(KohyaArgs args, PathRules paths)
    {
        (on, common, this.paths) = (args["masked_loss"] is true, args["conditioning_data_dir"] as string, paths);
        if (common is { Length: > 0 } && !on)
        {
            throw new FornoException(
                $"{args.Given.GetValueOrDefault("conditioning_data_dir", "conditioning_data_dir")}: "
                    + "conditioning_data_dir is for masked training; set masked_loss = true, or remove it"
            );
        }
    }

    /// <summary>The masks of a subset, or null.</summary>
    /// <param name="imageDir">The folder of its pictures, full path.</param>
    /// <param name="named">What the dataset config names.</param>
    /// <param name="alphaMask">Whether opacity is its mask.</param>
    public string? Of(string imageDir, string? named, bool alphaMask)
    {
        if (named is not null)
        {
            return paths.Input(named);
        }

        if (!on || alphaMask)
        {
            return null;
        }

        if (common is { Length: > 0 })
        {
            var (common, own) = (
                paths.Input(this.common),
                paths.Input(Path.Combine(this.common, Path.GetFileName(imageDir.TrimEnd('/'))))
            );
            return Directory.Exists(own) ? own : common;
        }

        string beside = Path.Combine(imageDir, MaskFiles.FolderName);
        return Directory.Exists(beside) ? beside : null;
    }

    /// <summary>What should be said of the data sets; refuses <c>masked_loss</c> without a single mask.</summary>
    /// <exception cref="FornoException">There is no mask.</exception>
    public IEnumerable<string> Notices(IReadOnlyList<DatasetSettings> datasets)
    {
        if (!on)
        {
            return [];
        }

        var bare = datasets.SelectMany(d => d.Subsets).Where(s => s.MaskDir is null && !s.AlphaMask).ToArray();
        return bare.Length == datasets.Sum(d => d.Subsets.Count) && bare.Length > 0
            ? throw new FornoException(
                "masked_loss = true, but no folder has masks: make them with forno dataset mask (they go to "
                    + "masks/ beside the pictures), "
                    + "name their folder as conditioning_data_dir, or train by transparency with alpha_mask = true"
            )
            : bare.Select(s => $"{s.ImageDir}: no masks, so the whole pictures are trained");
    }
}
