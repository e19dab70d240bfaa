using Forno.Data;
using Forno.Findings;
using Forno.Kohya.Options;
using Forno.Training.Recipes;

namespace Forno.Kohya;

/// <summary>Turns resolved data sets into the engine's settings; what is wrong is noted, not thrown.</summary>
/// <param name="args">The training options.</param>
/// <param name="paths">Where relative paths start from.</param>
/// <param name="where">Where the data sets are written down.</param>
/// <param name="breaches">Receives what is wrong.</param>
internal sealed class DatasetReading(KohyaArgs args, PathRules paths, string where, List<RuleBreach> breaches)
{
    /// <summary>The data sets.</summary>
    public IReadOnlyList<DatasetSettings> Read(IReadOnlyList<DatasetBlueprint> blueprints)
    {
        DatasetSettings[] all = [.. blueprints.Select(ReadOne)];
        var masks = new MaskFolders(args, paths);
        all = [.. all.Zip(blueprints, masks.With)];
        breaches.AddRange(masks.Check(all));
        return all;
    }

    private DatasetSettings ReadOne(DatasetBlueprint blueprint)
    {
        var settings = new DatasetSettings
        {
            Buckets = new BucketRules { Resolution = default },
            Subsets = [],
        };
        foreach (var (option, value) in Usable(blueprint.Params, ConfigLevel.Dataset))
        {
            settings = option.Land(settings, value, paths);
        }

        settings = settings with { Subsets = [.. blueprint.Subsets.Select(ReadSubset)] };
        Buckets(settings.Buckets);
        return settings;
    }

    private Subset ReadSubset(IReadOnlyDictionary<string, object?> options)
    {
        var subset = new Subset { ImageDir = "" };
        foreach (var (option, value) in Usable(options, ConfigLevel.Subset))
        {
            subset = option.Land(subset, value, paths);
        }

        if (!Directory.Exists(subset.ImageDir))
        {
            Refuse(FindingKind.EmptyFolder, $"{subset.ImageDir}: no such folder", "check image_dir");
        }

        return subset;
    }

    // What can land. A training option that is wrong for all data sets was reported as such.
    private IEnumerable<(KohyaOption Option, object? Value)> Usable(
        IReadOnlyDictionary<string, object?> options,
        ConfigLevel level
    )
    {
        foreach (var (name, value) in options)
        {
            KohyaOption option = KohyaOptions.InConfigs[name];
            if (option.Problem(value) is not null)
            {
                continue; // a config's were refused when it was read
            }

            if (option.State.IsRefused && !option.IsDefault(value, level))
            {
                if (!option.IsArgument || option.IsDefault(args[option.Name]))
                {
                    Refuse(
                        FindingKind.UnsupportedOption,
                        $"{name} {option.State.Reason}",
                        $"remove it or set it to its default ({KohyaOption.Shown(option.DefaultAt(level))})"
                    );
                }

                continue;
            }

            yield return (option, value);
        }
    }

    private void Buckets(BucketRules rules)
    {
        if (rules.Resolution == default)
        {
            if (args["resolution"] is null)
            {
                Refuse(
                    FindingKind.Resolution,
                    "no resolution",
                    "set it to \"512\" or \"512,768\" (width, height) in the training configuration or a dataset config"
                );
            }

            return;
        }

        try
        {
            _ = new Buckets(rules);
            rules.Check();
        }
        catch (FornoException e)
        {
            Refuse(FindingKind.Buckets, e.Message, "");
            return;
        }

        if (!rules.Enabled && (rules.Resolution.Width % 8 != 0 || rules.Resolution.Height % 8 != 0))
        {
            Refuse(
                FindingKind.Resolution,
                $"resolution {rules.Resolution} must have sides that are multiples of 8",
                "change it, or set enable_bucket = true"
            );
        }

        if (rules.Enabled && rules.Steps % 8 != 0)
        {
            Refuse(
                FindingKind.Buckets,
                Invariant.Text($"bucket_reso_steps = {rules.Steps} must be a multiple of 8"),
                "64 is usual"
            );
        }
    }

    private void Refuse(FindingKind kind, string what, string wayOut)
    {
        var breach = new RuleBreach(kind, BreachLevel.Refuse, what, wayOut) { Where = where };
        if (!breaches.Contains(breach))
        {
            breaches.Add(breach);
        }
    }
}
