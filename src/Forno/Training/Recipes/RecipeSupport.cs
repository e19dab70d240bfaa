using System.Globalization;
using Forno.Data;
using Forno.Imaging;
using Forno.Kohya;

namespace Forno.Training.Recipes;

/// <summary>What works now: every option that does not is refused by name, never ignored.</summary>
internal static class RecipeSupport
{
    /// <summary>Subset options that do not work yet, with the values that leave them off.</summary>
    private static readonly (string Name, object? Off)[] LaterSubsetOptions =
    [
        ("color_aug", false),
        ("face_crop_aug_range", null),
        ("random_crop", false),
        ("custom_attributes", null),
        ("resize_interpolation", null),
        ("validation_split", 0.0),
        ("metadata_file", null),
    ];

    private static readonly (string Name, object? Off)[] LaterDatasetOptions =
    [
        ("network_multiplier", 1.0),
        ("resize_interpolation", null),
        ("validation_split", 0.0),
        ("debug_dataset", false),
    ];

    /// <summary>
    /// Refuses given options that do not work; returns notices about those that another mechanism answers.
    /// </summary>
    public static IReadOnlyList<string> Check(KohyaArgs args)
    {
        var (problems, notices) = (new List<string>(), new List<string>());
        foreach (var (name, where) in args.Given)
        {
            var option = KohyaOptions.All[name];
            object? value = args[name];
            if (Same(value, option.Default) || (name == "max_token_length" && value is 75L))
            {
                continue;
            }

            if (option.Support is OptionSupport.Later)
            {
                problems.Add(
                    $"{where}: not yet supported: {name}; remove it or set it to its default ({Shown(option.Default)})"
                );
            }
            else if (option.Support is OptionSupport.Foreign)
            {
                problems.Add(
                    $"{where}: {name} is about machinery that Forno does not have; remove it or set it to "
                        + $"its default ({Shown(option.Default)})"
                );
            }
            else if (option.Usable is { } usable && value is string text && !usable.Contains(text))
            {
                problems.Add(
                    $"{where}: not yet supported: {name} = \"{text}\"; choose one of: {string.Join(", ", usable)}"
                );
            }
            else if (option.Support is OptionSupport.Note)
            {
                notices.Add($"{name}: {option.Why}");
            }
        }

        return problems.Count == 0 ? notices : throw new FornoException(string.Join("\n", problems));
    }

    /// <summary>A resolved data set as settings, refusing options that do not work yet.</summary>
    public static DatasetSettings ToDataset(
        DatasetBlueprint blueprint,
        string where,
        PathRules paths,
        MaskFolders masks
    )
    {
        Refuse(blueprint.Params, LaterDatasetOptions, where);
        foreach (var subset in blueprint.Subsets)
        {
            Refuse(subset, LaterSubsetOptions, where);
        }

        var p = blueprint.Params;
        if (p["resolution"] is not List<object> resolution)
        {
            throw new FornoException(
                $"{where}: resolution is missing; set it to \"512\" or \"512,768\" (width, height) in the "
                    + "training configuration or a dataset config"
            );
        }

        if (Int(p["batch_size"], "batch_size", where) < 1)
        {
            throw new FornoException($"{where}: batch_size (train_batch_size) must be at least 1");
        }

        var settings = new DatasetSettings
        {
            Buckets = new BucketRules
            {
                Resolution = new Size(Int(resolution[0], "resolution", where), Int(resolution[1], "resolution", where)),
                Enabled = p["enable_bucket"] is true,
                MinReso = Int(p["min_bucket_reso"], "min_bucket_reso", where),
                MaxReso = Int(p["max_bucket_reso"], "max_bucket_reso", where),
                Steps = Int(p["bucket_reso_steps"], "bucket_reso_steps", where),
                NoUpscale = p["bucket_no_upscale"] is true,
            },
            BatchSize = Int(p["batch_size"], "batch_size", where),
            PriorLossWeight = Real(p["prior_loss_weight"]),
            Subsets = [.. blueprint.Subsets.Select(s => ToSubset(s, where, paths, masks))],
        };
        _ = new Buckets(settings.Buckets);
        settings.Buckets.Check();
        foreach (int side in new[] { settings.Buckets.Resolution.Width, settings.Buckets.Resolution.Height })
        {
            if (!settings.Buckets.Enabled && side % 8 != 0)
            {
                throw new FornoException(
                    $"{where}: resolution {settings.Buckets.Resolution} must have sides that are multiples of 8"
                );
            }
        }

        return settings.Buckets.Enabled && settings.Buckets.Steps % 8 != 0
            ? throw new FornoException($"{where}: bucket_reso_steps = {settings.Buckets.Steps} must be a multiple of 8")
            : settings;
    }

    /// <summary>Refuses options that contradict each other.</summary>
    public static void CheckTogether(TrainRecipe recipe)
    {
        if (!recipe.Run.CacheTextOutputs)
        {
            return;
        }

        if (recipe.Network.TrainTextEncoder)
        {
            throw new FornoException(
                "cache_text_encoder_outputs keeps the text encoders frozen; set network_train_unet_only = "
                    + "true, or do not cache"
            );
        }

        if (recipe.Datasets.SelectMany(d => d.Subsets).FirstOrDefault(s => s.Captions.Varies) is { } subset)
        {
            throw new FornoException(
                $"cache_text_encoder_outputs needs captions that stay the same, but those of {subset.ImageDir} vary; "
                    + "remove shuffle_caption, caption dropout, caption_tag_dropout_rate, token_warmup_step "
                    + "and enable_wildcard, or do not cache"
            );
        }
    }

    private static Subset ToSubset(
        IReadOnlyDictionary<string, object?> s,
        string where,
        PathRules paths,
        MaskFolders masks
    ) =>
        new()
        {
            ImageDir = paths.Input((string)s["image_dir"]!),
            IsReg = s["is_reg"] is true,
            NumRepeats = Int(s["num_repeats"], "num_repeats", where),
            ClassTokens = s["class_tokens"] as string,
            CaptionExtension = (string)s["caption_extension"]!,
            FlipAug = s["flip_aug"] is true,
            AlphaMask = s["alpha_mask"] is true,
            MaskDir = masks.Of(
                paths.Input((string)s["image_dir"]!),
                s.GetValueOrDefault("conditioning_data_dir") as string,
                s["alpha_mask"] is true
            ),
            Captions = new CaptionRules
            {
                Shuffle = s["shuffle_caption"] is true,
                Separator = (string)s["caption_separator"]!,
                KeepTokens = Int(s["keep_tokens"], "keep_tokens", where),
                KeepTokensSeparator = s["keep_tokens_separator"] as string,
                SecondarySeparator = s["secondary_separator"] as string,
                Wildcard = s["enable_wildcard"] is true,
                Prefix = s["caption_prefix"] as string,
                Suffix = s["caption_suffix"] as string,
                DropoutRate = Real(s["caption_dropout_rate"]),
                DropoutEveryNEpochs = Int(s["caption_dropout_every_n_epochs"], "caption_dropout_every_n_epochs", where),
                TagDropoutRate = Real(s["caption_tag_dropout_rate"]),
                WarmupMin = Int(s["token_warmup_min"], "token_warmup_min", where),
                WarmupStep = Real(s["token_warmup_step"]),
            },
        };

    private static void Refuse(
        IReadOnlyDictionary<string, object?> options,
        (string Name, object? Off)[] later,
        string where
    )
    {
        foreach (var (name, off) in later)
        {
            if (options.TryGetValue(name, out object? value) && !Same(value, off))
            {
                throw new FornoException(
                    $"{where}: not yet supported: {name}; remove it or set it to its default ({Shown(off)})"
                );
            }
        }
    }

    private static bool Same(object? a, object? b) =>
        (a, b) switch
        {
            (long or double, long or double) => Real(a) == Real(b),
            (List<object> { Count: 0 }, null) or ("", null) => true,
            _ => Equals(a, b),
        };

    private static int Int(object? value, string name, string where) =>
        value is long whole && whole == (int)whole
            ? (int)whole
            : throw new FornoException($"{where}: {name} = {value} is out of range");

    private static double Real(object? value) => Convert.ToDouble(value, CultureInfo.InvariantCulture);

    private static string Shown(object? value) =>
        value switch
        {
            null => "not set",
            bool flag => flag ? "true" : "false",
            string text => $"\"{text}\"",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
}
