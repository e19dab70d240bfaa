using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Data;
using Forno.Imaging;
using Forno.Kohya;
using Forno.Models.Families;

namespace Forno.Advice;

/// <summary>What is known of the base model that a configuration names.</summary>
/// <param name="Family">sd15, sd21 or sdxl by the file's own keys, else by what the configuration says or the name
/// tells; null = not known.</param>
/// <param name="PredictsV">Why it seems to predict v; null = it does not, or nothing tells.</param>
public sealed record ConfigModel(string? Family, string? PredictsV)
{
    /// <summary>Whether the family was read from the file's keys; otherwise it is a guess.</summary>
    public bool IsRead { get; private init; }

    /// <summary>Looks at the file, if it is there.</summary>
    public static ConfigModel Of(ConfigEdit config)
    {
        if (config.Args["pretrained_model_name_or_path"] is not string { Length: > 0 } model)
        {
            return new ConfigModel(null, null);
        }

        try
        {
            string file = config.Input(model);
            if (File.Exists(file))
            {
                using ITensorSource checkpoint = Checkpoint.Open(file);
                var family = ModelFamily.Detect(checkpoint);
                var hint = PredictionHint.Of(checkpoint, family);
                return new ConfigModel(family.Name.Split('-')[0], hint.PredictsV ? hint.Reason : null)
                {
                    IsRead = true,
                };
            }
        }
        catch (FornoException)
        {
            // The trainer will say what is wrong with it.
        }

        return new ConfigModel(
            model.Contains("xl", StringComparison.OrdinalIgnoreCase) ? "sdxl"
                : config.Args["v2"] is true ? "sd21"
                : null,
            null
        );
    }

    /// <summary>What a configuration says, as the doctor looks at it.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="folders">The folders that it trains.</param>
    /// <param name="buckets">How it sorts pictures into sizes, or null.</param>
    public static ConfigFacts Facts(ConfigEdit config, IReadOnlyList<TrainedFolder> folders, BucketRules? buckets)
    {
        ConfigModel model = Of(config);
        return new ConfigFacts
        {
            Values = config.Args.Values,
            Given = config.Args.Given,
            Breaches = config.Read(model.IsRead ? model.Family == "sdxl" : null).Breaches,
            Folders = folders,
            Family = model.Family,
            PredictsV = model.PredictsV,
            Resolution =
                buckets?.Resolution
                ?? (
                    config.Args["resolution"] is List<object> { Count: 2 } sides
                        ? new Size((int)(long)sides[0], (int)(long)sides[1])
                        : null
                ),
        };
    }
}
