using Forno.Toml;

namespace Forno.Kohya;

/// <summary>
/// A data set with every option resolved, by kohya's names: what a subset says, else its dataset, else [general], else
/// the training options, else kohya's default.
/// </summary>
public sealed class DatasetBlueprint
{
    private static readonly (string Name, object? Default)[] DatasetOptions =
    [
        ("resolution", null),
        ("network_multiplier", 1.0),
        ("debug_dataset", false),
        ("validation_seed", null),
        ("validation_split", 0.0),
        ("resize_interpolation", null),
        ("batch_size", 1L),
        ("enable_bucket", false),
        ("min_bucket_reso", 256L),
        ("max_bucket_reso", 1024L),
        ("bucket_reso_steps", 64L),
        ("bucket_no_upscale", false),
    ];

    private static readonly (string Name, object? Default)[] SubsetOptions =
    [
        ("image_dir", null),
        ("num_repeats", 1L),
        ("shuffle_caption", false),
        ("caption_separator", ","),
        ("keep_tokens", 0L),
        ("keep_tokens_separator", null),
        ("secondary_separator", null),
        ("enable_wildcard", false),
        ("color_aug", false),
        ("flip_aug", false),
        ("face_crop_aug_range", null),
        ("random_crop", false),
        ("caption_prefix", null),
        ("caption_suffix", null),
        ("caption_dropout_rate", 0.0),
        ("caption_dropout_every_n_epochs", 0L),
        ("caption_tag_dropout_rate", 0.0),
        ("token_warmup_min", 1L),
        ("token_warmup_step", 0L),
        ("custom_attributes", null),
        ("validation_seed", 0L),
        ("validation_split", 0.0),
        ("resize_interpolation", null),
        ("alpha_mask", false),
    ];

    private static readonly (string Name, object? Default)[] DreamBoothOptions =
    [
        ("is_reg", false),
        ("class_tokens", null),
        ("caption_extension", ".caption"),
        ("cache_info", false),
    ];

    /// <summary>Whether its subsets have a metadata_file (kohya's fine-tuning method).</summary>
    public required bool FineTuning { get; init; }

    /// <summary>The dataset's options.</summary>
    public required IReadOnlyDictionary<string, object?> Params { get; init; }

    /// <summary>The options of each subset.</summary>
    public required IReadOnlyList<IReadOnlyDictionary<string, object?>> Subsets { get; init; }

    /// <summary>Resolves the data sets of a training.</summary>
    /// <param name="config">The dataset config, or null: then the folders of train_data_dir and reg_data_dir are one
    /// data set.</param>
    /// <param name="file">The dataset config's name, for errors.</param>
    /// <param name="args">The training options.</param>
    /// <param name="subsetFolders">The <c>N_text</c> folders in a folder: path, repeats, class tokens.</param>
    /// <exception cref="FornoException">The config is not valid.</exception>
    public static IReadOnlyList<DatasetBlueprint> Resolve(
        TomlTable? config,
        string file,
        KohyaArgs args,
        Func<string, IReadOnlyList<(string Path, int NumRepeats, string ClassTokens)>> subsetFolders
    )
    {
        if (config is null)
        {
            config = FromArguments(args, subsetFolders);
        }
        else
        {
            DatasetSchema.Validate(config, file, args["masked_loss"] is true);
        }

        var general = config.TryGetValue("general", out object? g) ? (TomlTable)g : new TomlTable();
        var datasets = config.TryGetValue("datasets", out object? d) ? (List<object>)d : [];
        return [.. datasets.Cast<TomlTable>().Select(dataset => ResolveOne(dataset, general, args))];
    }

    private static DatasetBlueprint ResolveOne(TomlTable dataset, TomlTable general, KohyaArgs args)
    {
        bool masked = DatasetSchema.IsMasked(dataset, args["masked_loss"] is true);
        bool tuning = !masked && DatasetSchema.IsFineTuning(dataset);
        var options = tuning ? DatasetOptions : [.. DatasetOptions, ("prior_loss_weight", 1.0)];
        var resolved = options.ToDictionary(
            o => o.Name,
            o => Find(o.Name, args, dataset, general) ?? o.Default,
            StringComparer.Ordinal
        );
        resolved["resolution"] = resolved["resolution"] is long side
            ? new List<object> { side, side }
            : resolved["resolution"];
        long steps = (long)resolved["bucket_reso_steps"]!;
        if (resolved["enable_bucket"] is true && steps > 0)
        {
            var (min, max) = ((long)resolved["min_bucket_reso"]!, (long)resolved["max_bucket_reso"]!);
            resolved["min_bucket_reso"] = min - (min % steps);
            resolved["max_bucket_reso"] = max + ((steps - (max % steps)) % steps);
        }

        return new DatasetBlueprint
        {
            FineTuning = tuning,
            Params = resolved,
            Subsets =
            [
                .. DatasetSchema.Subsets(dataset).Select(s => ResolveSubset(s, dataset, general, args, tuning, masked)),
            ],
        };
    }

    private static Dictionary<string, object?> ResolveSubset(
        TomlTable subset,
        TomlTable dataset,
        TomlTable general,
        KohyaArgs args,
        bool tuning,
        bool masked
    )
    {
        (string Name, object? Default)[] options = tuning
            ? [.. SubsetOptions, ("metadata_file", null)]
            : [.. SubsetOptions, .. DreamBoothOptions];
        var resolved = options.ToDictionary(
            o => o.Name,
            o => Find(o.Name, args, subset, dataset, general) ?? o.Default,
            StringComparer.Ordinal
        );
        if (masked)
        {
            resolved["conditioning_data_dir"] = subset["conditioning_data_dir"];
            resolved["alpha_mask"] = false; // masks of their own are the only ones there, as in the reference
        }

        if (
            resolved.TryGetValue("caption_extension", out object? value)
            && value is string extension
            && !extension.StartsWith('.')
        )
        {
            resolved["caption_extension"] = "." + extension;
        }

        return resolved;
    }

    /// <summary>The first value that is there; 0, false and "" count as there.</summary>
    private static object? Find(string name, KohyaArgs args, params ReadOnlySpan<TomlTable> levels)
    {
        foreach (var level in levels)
        {
            if (level.TryGetValue(name, out object? value))
            {
                return value is bool flag && DatasetSchema.IsNumber(name) ? (flag ? 1L : 0L) : value;
            }
        }

        string argument = name switch
        {
            "batch_size" => "train_batch_size",
            "num_repeats" => "dataset_repeats",
            _ => name,
        };
        return args.Values.GetValueOrDefault(argument);
    }

    private static TomlTable FromArguments(
        KohyaArgs args,
        Func<string, IReadOnlyList<(string Path, int NumRepeats, string ClassTokens)>> subsetFolders
    )
    {
        var subsets = new List<object>();
        if (args["in_json"] is string metadata)
        {
            subsets.Add(
                new TomlTable { ["image_dir"] = args["train_data_dir"] as string ?? "", ["metadata_file"] = metadata }
            );
        }
        else
        {
            foreach (var (option, isReg) in new[] { ("train_data_dir", false), ("reg_data_dir", true) })
            {
                foreach (
                    var (path, repeats, tokens) in args[option] is string { Length: > 0 } folder
                        ? subsetFolders(folder)
                        : []
                )
                {
                    subsets.Add(
                        new TomlTable
                        {
                            ["image_dir"] = path,
                            ["num_repeats"] = repeats,
                            ["class_tokens"] = tokens,
                            ["is_reg"] = isReg,
                        }
                    );
                }
            }
        }

        return new TomlTable { ["datasets"] = new List<object> { new TomlTable { ["subsets"] = subsets } } };
    }
}
