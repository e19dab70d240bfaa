using Forno.Adapters.Kinds;
using Forno.Data;
using Forno.Findings;
using Forno.Models;
using Forno.Models.Families;
using Forno.Nn;

namespace Forno.Training.Recipes;

/// <summary>
/// What options exclude each other: every rule over a recipe stands here, and nowhere else. The trainer throws what
/// they refuse, the doctor reports all. Pure; a rule over one option alone stands in its row.
/// </summary>
public static class RecipeRules
{
    // kohya's number of timesteps.
    private const int Timesteps = 1000;

    private static readonly Func<TrainRecipe, IEnumerable<RuleBreach>>[] All =
    [
        CachedTexts,
        CachedPictures,
        TimestepRange,
        Offset,
        VPrediction,
        ZeroSnr,
        NoSchedule,
        Prompts,
    ];

    // The layers of a model of each family, to see whether an adapter gets any.
    private static readonly Lazy<IReadOnlyList<PatchTarget>> Small = new(() => PatchTargets.FullSize(ModelFamily.Sd15)),
        Large = new(() => PatchTargets.FullSize(ModelFamily.Sdxl));

    /// <summary>The rules that a recipe breaks.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="sdxl">Whether the base model is of XL's family; null = not known, and what either takes is
    /// right.</param>
    public static IEnumerable<RuleBreach> Check(TrainRecipe recipe, bool? sdxl = null) =>
        All.SelectMany(rule => rule(recipe)).Concat(Adapter(recipe, sdxl is { } known ? [known] : [false, true]));

    // What depends on the family: the adapter's arguments, whether it has modules, their rates.
    private static IEnumerable<RuleBreach> Adapter(TrainRecipe recipe, bool[] families)
    {
        if (recipe.Network is { TrainUNet: false, TrainTextEncoder: false })
        {
            yield return Refuse(
                FindingKind.NothingTrained,
                "network_train_unet_only and network_train_text_encoder_only leave nothing to train",
                "give one of them at most",
                "network_train_unet_only",
                "network_train_text_encoder_only"
            );
        }

        var fitting = new List<bool>();
        string? problem = null;
        foreach (bool sdxl in families)
        {
            try
            {
                recipe.Network.For(sdxl);
                fitting.Add(sdxl);
            }
            catch (FornoException e)
            {
                problem ??= e.Message;
            }
        }

        if (fitting.Count == 0)
        {
            yield return Refuse(FindingKind.NetworkArgs, problem!, "", "network_args", "network_module");
            yield break;
        }

        if (
            recipe.Network is not { TrainUNet: false, TrainTextEncoder: false }
            && !fitting.Any(sdxl => Modules(recipe, sdxl, (sdxl ? Large : Small).Value).Any())
        )
        {
            yield return Refuse(
                FindingKind.NothingTrained,
                "no layer is left to train",
                "check text_encoder_lr = 0, network_train_text_encoder_only and the blocks and preset of network_args",
                "network_train_text_encoder_only",
                "network_args"
            );
        }

        if (OneRate(recipe, fitting[0]) is { } breach)
        {
            yield return breach;
        }
    }

    /// <summary>The modules that the adapter of a recipe gets.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="sdxl">Whether the base model is of XL's family.</param>
    /// <param name="targets">Its layers.</param>
    public static IEnumerable<AdapterModule> Modules(TrainRecipe recipe, bool sdxl, IEnumerable<PatchTarget> targets)
    {
        NetworkSettings network = recipe.Network;
        bool text = network.TrainTextEncoder && recipe.Optimizer.TextEncoderLrs.Any(lr => lr != 0);
        return network.Choose(sdxl, targets.Where(t => t.IsText ? text : network.TrainUNet));
    }

    private static RuleBreach? OneRate(TrainRecipe recipe, bool sdxl)
    {
        OptimizerSettings optimizer = recipe.Optimizer;
        if (!optimizer.FindsItsOwnRate)
        {
            return null;
        }

        IEnumerable<double> weights = recipe.Network.For(sdxl).Blocks?.LrWeights ?? [1];
        double[] rates =
        [
            .. (recipe.Network.TrainUNet ? weights.Select(w => w * optimizer.UNetLr) : [])
                .Concat(recipe.Network.TrainTextEncoder ? optimizer.TextEncoderLrs.Take(1) : [])
                .Where(rate => rate > 0)
                .Distinct(),
        ];
        return rates.Length < 2
            ? null
            : Refuse(
                FindingKind.Rates,
                Invariant.Text($"rates of {string.Join(" and ", rates)} with {optimizer.Type}, which has one for all"),
                "unet_lr = 1 and text_encoder_lr = 1 (or 0, which leaves the text encoder as it is)",
                "text_encoder_lr",
                "unet_lr",
                "network_args"
            ) with
            {
                Remedies =
                [
                    Fix.All(Fix.Set("unet_lr", 1), Fix.Set("text_encoder_lr", 1)),
                    Fix.All(Fix.Set("unet_lr", 1), Fix.Set("text_encoder_lr", 0))
                        .Noting("leaves the text encoder as it is"),
                ],
            };
    }

    private static IEnumerable<RuleBreach> CachedTexts(TrainRecipe recipe)
    {
        if (!recipe.Run.CacheTextOutputs)
        {
            yield break;
        }

        if (recipe.Network.TrainTextEncoder)
        {
            yield return Refuse(
                FindingKind.CachedTextEncoder,
                "cache_text_encoder_outputs without network_train_unet_only: a text encoder whose outputs are kept "
                    + "cannot learn",
                "set network_train_unet_only = true, or cache_text_encoder_outputs = false",
                "cache_text_encoder_outputs",
                "network_train_unet_only"
            ) with
            {
                Remedies = [Fix.Set("network_train_unet_only", true), Fix.Set("cache_text_encoder_outputs", false)],
            };
        }

        Subset[] varying = [.. recipe.Datasets.SelectMany(d => d.Subsets).Where(s => s.Captions.Varies)];
        if (varying.Length > 0)
        {
            string[] named = [.. varying.SelectMany(s => s.Captions.Varying).Distinct()];
            string options = string.Join(", ", named);
            yield return Refuse(
                FindingKind.CachedCaptions,
                $"cache_text_encoder_outputs with {options}: captions that vary cannot be kept (those of "
                    + $"{varying[0].ImageDir} vary)",
                $"set cache_text_encoder_outputs = false, or remove {options}",
                "cache_text_encoder_outputs"
            ) with
            {
                Remedies = [Fix.Set("cache_text_encoder_outputs", false), Fix.Remove(named)],
            };
        }
    }

    private static IEnumerable<RuleBreach> CachedPictures(TrainRecipe recipe)
    {
        if (recipe.Run.CacheLatents && recipe.Datasets.SelectMany(d => d.Subsets).Any(s => s.RandomCrop))
        {
            yield return Refuse(
                FindingKind.CachedLatents,
                "cache_latents with random_crop: pictures that vary cannot be kept",
                "set cache_latents = false, or remove random_crop",
                "cache_latents",
                "random_crop"
            ) with
            {
                Remedies = [Fix.Set("cache_latents", false), Fix.Remove("random_crop")],
            };
        }
    }

    private static IEnumerable<RuleBreach> TimestepRange(TrainRecipe recipe)
    {
        (int min, int max) = (recipe.Noise.MinTimestep ?? 0, recipe.Noise.MaxTimestep ?? Timesteps);
        if (min >= max)
        {
            yield return Refuse(
                FindingKind.Timesteps,
                Invariant.Text($"min_timestep = {min} and max_timestep = {max} leave no timestep"),
                "min_timestep must be below max_timestep, which is not drawn itself",
                "min_timestep",
                "max_timestep"
            );
        }
    }

    private static IEnumerable<RuleBreach> Offset(TrainRecipe recipe)
    {
        if (recipe.Noise is { AdaptiveScale: not null, Offset: null })
        {
            yield return Refuse(
                FindingKind.NoiseOffset,
                "adaptive_noise_scale without noise_offset",
                "give noise_offset, or remove adaptive_noise_scale",
                "adaptive_noise_scale",
                "noise_offset"
            );
        }

        if (recipe is { Model.ZeroTerminalSnr: true, Noise.Offset: { } offset })
        {
            yield return new RuleBreach(
                FindingKind.NoiseOffset,
                BreachLevel.Warn,
                Invariant.Text($"noise_offset = {offset} with zero_terminal_snr"),
                "remove noise_offset"
            )
            {
                Effect = "Both teach very dark and very bright pictures; together they overshoot.",
                Remedies = [Fix.Remove("noise_offset")],
                Options = ["noise_offset", "zero_terminal_snr"],
            };
        }
    }

    private static IEnumerable<RuleBreach> VPrediction(TrainRecipe recipe)
    {
        if (recipe is { Loss.ScaleVPredLoss: true, Model.VParameterization: false })
        {
            yield return Refuse(
                FindingKind.Loss,
                "scale_v_pred_loss_like_noise_pred without v_parameterization",
                "set v_parameterization = true for a base model that predicts v, or remove it",
                "scale_v_pred_loss_like_noise_pred",
                "v_parameterization"
            );
        }

        if (recipe is { Loss.VPredLikeLoss: not null, Model.VParameterization: true })
        {
            yield return Refuse(
                FindingKind.Loss,
                "v_pred_like_loss with v_parameterization: the loss is that of v already",
                "remove v_pred_like_loss",
                "v_pred_like_loss",
                "v_parameterization"
            );
        }
    }

    private static IEnumerable<RuleBreach> ZeroSnr(TrainRecipe recipe)
    {
        if (recipe.Model is { ZeroTerminalSnr: true, VParameterization: false })
        {
            yield return new RuleBreach(
                FindingKind.ZeroSnr,
                BreachLevel.Warn,
                "zero_terminal_snr without v_parameterization",
                "set v_parameterization = true with a base model that predicts v, else remove zero_terminal_snr"
            )
            {
                Effect = "Where only noise is left, predicting the noise teaches nothing.",
                Remedies =
                [
                    Fix.Set("v_parameterization", true).Noting("with a base model that predicts v"),
                    Fix.Remove("zero_terminal_snr"),
                ],
                Options = ["zero_terminal_snr", "v_parameterization"],
            };
        }
    }

    private static IEnumerable<RuleBreach> NoSchedule(TrainRecipe recipe)
    {
        if (recipe.Optimizer is { IsScheduleFree: true, Rates.Scheduler: not "constant" } optimizer)
        {
            yield return new RuleBreach(
                FindingKind.LrScheduler,
                BreachLevel.Warn,
                $"lr_scheduler = {optimizer.Rates.Scheduler} with {optimizer.Type}, which takes no schedule",
                "remove lr_scheduler"
            )
            {
                Effect = "The rate stays constant, as in kohya's trainer.",
                Options = ["lr_scheduler", "lr_scheduler_type"],
                Remedies = [Fix.Remove("lr_scheduler")],
            };
        }
    }

    private static IEnumerable<RuleBreach> Prompts(TrainRecipe recipe)
    {
        if (recipe.Samples is { PromptsPath: "" })
        {
            yield return Refuse(
                FindingKind.SamplePrompts,
                "sample_prompts is missing",
                "name the file of prompts for the sample pictures, or remove sample_at_first and sample_every_n_…",
                "sample_every_n_epochs",
                "sample_every_n_steps",
                "sample_at_first"
            );
        }
    }

    private static RuleBreach Refuse(FindingKind kind, string what, string wayOut, params string[] options) =>
        new(kind, BreachLevel.Refuse, what, wayOut) { Options = options };
}
