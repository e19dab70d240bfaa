using Forno.Data;
using Forno.Findings;
using Forno.Kohya.Options;
using Forno.Training.Recipes;

namespace Forno.Kohya;

/// <summary>
/// Which folder holds the masks of a folder of pictures. A dataset config names it per subset
/// (<c>conditioning_data_dir</c>); otherwise, with <c>masked_loss</c>, the option of that name, or <c>masks</c> beside
/// the pictures, where <c>forno dataset mask</c> writes. kohya's trainer looks at the first only and trains without a
/// mask, silently, in the other cases.
/// </summary>
internal sealed class MaskFolders(KohyaArgs args, PathRules paths)
{
    private readonly bool on = args["masked_loss"] is true;
    private readonly string? common = args["conditioning_data_dir"] as string;

    /// <summary>A data set with the masks of its folders.</summary>
    /// <param name="settings">The data set.</param>
    /// <param name="blueprint">What its dataset config names.</param>
    public DatasetSettings With(DatasetSettings settings, DatasetBlueprint blueprint) =>
        settings with
        {
            Subsets =
            [
                .. settings.Subsets.Zip(
                    blueprint.Subsets,
                    (subset, options) =>
                        subset with
                        {
                            MaskDir = Of(subset, options.GetValueOrDefault("conditioning_data_dir") as string),
                        }
                ),
            ],
        };

    /// <summary>What is wrong: masks without <c>masked_loss</c>, and the other way round.</summary>
    public IEnumerable<RuleBreach> Check(IReadOnlyList<DatasetSettings> datasets)
    {
        if (!on)
        {
            if (common is { Length: > 0 })
            {
                yield return new RuleBreach(
                    FindingKind.MaskedLoss,
                    BreachLevel.Refuse,
                    "conditioning_data_dir is for masked training",
                    "set masked_loss = true, or remove it"
                )
                {
                    Where = args.Given.GetValueOrDefault("conditioning_data_dir"),
                    Options = ["conditioning_data_dir", "masked_loss"],
                };
            }

            yield break;
        }

        Subset[] all = [.. datasets.SelectMany(d => d.Subsets)];
        Subset[] bare = [.. all.Where(s => s.MaskDir is null && !s.AlphaMask)];
        if (bare.Length == all.Length && bare.Length > 0)
        {
            yield return new RuleBreach(
                FindingKind.MaskedLoss,
                BreachLevel.Refuse,
                "masked_loss = true, but no folder has masks",
                "make masks (they go to masks/ beside the pictures), name their folder as "
                    + "conditioning_data_dir, or train by transparency with alpha_mask = true"
            )
            {
                Where = args.Given.GetValueOrDefault("masked_loss"),
                Options = ["masked_loss", "conditioning_data_dir", "alpha_mask"],
                Remedies =
                [
                    Fix.Run("dataset mask").OnDataSet().Changing(),
                    Fix.Set("alpha_mask", true).Noting("trains by transparency"),
                    Fix.Set("masked_loss", false),
                ],
            };
            yield break;
        }

        foreach (Subset subset in bare)
        {
            yield return new RuleBreach(
                FindingKind.MaskedLoss,
                BreachLevel.Note,
                $"{subset.ImageDir}: no masks, so the whole pictures are trained",
                ""
            );
        }
    }

    private string? Of(Subset subset, string? named)
    {
        if (named is not null)
        {
            return paths.Input(named);
        }

        if (!on || subset.AlphaMask)
        {
            return null;
        }

        if (common is { Length: > 0 })
        {
            string own = paths.Input(Path.Combine(common, Path.GetFileName(subset.ImageDir.TrimEnd('/'))));
            return Directory.Exists(own) ? own : paths.Input(common);
        }

        string beside = Path.Combine(subset.ImageDir, MaskFiles.FolderName);
        return Directory.Exists(beside) ? beside : null;
    }
}
