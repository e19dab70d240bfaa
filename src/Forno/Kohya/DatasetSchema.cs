using System.Collections.Frozen;
using Forno.Files;
using Forno.Toml;

namespace Forno.Kohya;

/// <summary>
/// What may stand where in a dataset config (facts of kohya's <c>library/config_util.py</c>), and the refusal of the
/// rest.
/// </summary>
public static class DatasetSchema
{
    /// <summary>Options of a dataset; they may stand in [general] too.</summary>
    private static readonly FrozenDictionary<string, string> Dataset = Table(
        "batch_size int, bucket_no_upscale bool, bucket_reso_steps int, enable_bucket bool, max_bucket_reso "
            + "int, min_bucket_reso int, "
            + "validation_seed int, validation_split float, resolution size, network_multiplier float, "
            + "resize_interpolation str"
    );

    /// <summary>Options of a subset; they may stand in its dataset and in [general] too.</summary>
    private static readonly FrozenDictionary<string, string> Subset = Table(
        "color_aug bool, face_crop_aug_range reals, flip_aug bool, num_repeats int, random_crop bool, "
            + "shuffle_caption bool, keep_tokens int, "
            + "keep_tokens_separator str, secondary_separator str, caption_separator str, enable_wildcard "
            + "bool, token_warmup_min int, "
            + "token_warmup_step number, caption_prefix str, caption_suffix str, custom_attributes table, "
            + "resize_interpolation str, "
            + "caption_dropout_every_n_epochs int, caption_dropout_rate number, caption_tag_dropout_rate number"
    );

    /// <summary>The same, for subsets with caption files only.</summary>
    private static readonly FrozenDictionary<string, string> DreamBooth = Table(
        "caption_extension str, class_tokens str, cache_info bool"
    );

    private static readonly FrozenDictionary<string, string> DreamBoothOwn = Table(
        "image_dir str, is_reg bool, alpha_mask bool"
    );

    private static readonly FrozenDictionary<string, string> FineTuningOwn = Table(
        "metadata_file str, image_dir str, alpha_mask bool"
    );

    /// <summary>The same, for subsets with folders of masks.</summary>
    private static readonly FrozenDictionary<string, string> MaskedShared = Table(
        "caption_extension str, cache_info bool"
    );

    private static readonly FrozenDictionary<string, string> MaskedOwn = Table(
        "image_dir str, conditioning_data_dir str"
    );

    /// <summary>Whether the subsets of a dataset have a metadata_file.</summary>
    public static bool IsFineTuning(TomlTable dataset) => Subsets(dataset).Any(s => s.ContainsKey("metadata_file"));

    /// <summary>
    /// Whether all subsets of a dataset have masks of their own; kohya knows such datasets with masked_loss only.
    /// </summary>
    /// <param name="dataset">The dataset's table.</param>
    /// <param name="maskedLoss">Whether masked_loss is on.</param>
    public static bool IsMasked(TomlTable dataset, bool maskedLoss) =>
        maskedLoss && Subsets(dataset).All(s => s.ContainsKey("conditioning_data_dir"));

    /// <summary>Whether an option is a number; the validator takes switches for 0 and 1 there.</summary>
    public static bool IsNumber(string name) =>
        (Dataset.GetValueOrDefault(name) ?? Subset.GetValueOrDefault(name)) is "int" or "number" or "size";

    /// <summary>The subset tables of a dataset.</summary>
    public static IEnumerable<TomlTable> Subsets(TomlTable dataset) =>
        dataset.TryGetValue("subsets", out object? list) && list is List<object> items ? items.OfType<TomlTable>() : [];

    /// <summary>Refuses what kohya's validator refuses.</summary>
    /// <param name="config">The dataset config.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <param name="maskedLoss">Whether masked_loss is on: then datasets may name folders of masks.</param>
    /// <exception cref="FornoException">With file, line, option and what would be valid.</exception>
    public static void Validate(TomlTable config, string file, bool maskedLoss = false)
    {
        foreach (var (key, value) in config)
        {
            switch (key)
            {
                case "general" when value is TomlTable general:
                    Options(general, file, "[general]", Dataset, Subset, DreamBooth);
                    break;
                case "datasets" when value is List<object> list && list.All(d => d is TomlTable):
                    foreach (var dataset in list.Cast<TomlTable>())
                    {
                        ValidateDataset(dataset, file, maskedLoss);
                    }

                    break;
                case "general" or "datasets":
                    throw new FornoException(
                        $"{file} line {config.LineOf(key)}: '{key}' must be written as "
                            + $"{(key == "general" ? "[general]" : "[[datasets]]")}"
                    );
                default:
                    throw new FornoException(
                        $"{file} line {config.LineOf(key)}: unknown table or key '{key}'; a dataset config "
                            + "has [general] and [[datasets]] with [[datasets.subsets]]"
                    );
            }
        }
    }

    private static void ValidateDataset(TomlTable dataset, string file, bool maskedLoss)
    {
        bool masked = IsMasked(dataset, maskedLoss);
        bool tuning = !masked && IsFineTuning(dataset);
        Options(
            dataset,
            file,
            "[[datasets]]",
            masked ? [Dataset, Subset, MaskedShared]
                : tuning ? [Dataset, Subset]
                : [Dataset, Subset, DreamBooth]
        );
        if (
            dataset.TryGetValue("subsets", out object? subsets)
            && (subsets is not List<object> list || !list.All(s => s is TomlTable))
        )
        {
            throw new FornoException(
                $"{file} line {dataset.LineOf("subsets")}: 'subsets' must be written as [[datasets.subsets]]"
            );
        }

        foreach (var subset in Subsets(dataset))
        {
            if (!masked && subset.ContainsKey("conditioning_data_dir"))
            {
                throw new FornoException(
                    $"{file} line {subset.LineOf("conditioning_data_dir")}: conditioning_data_dir "
                        + (
                            maskedLoss
                                ? "stands in some subsets only; put those without masks into [[datasets]] of their own"
                                : "is for masked training; set masked_loss = true in the training configuration"
                        )
                );
            }

            Options(
                subset,
                file,
                "[[datasets.subsets]]",
                masked ? [Subset, MaskedShared, MaskedOwn]
                    : tuning ? [Subset, FineTuningOwn]
                    : [Subset, DreamBooth, DreamBoothOwn]
            );
            string needed = tuning ? "metadata_file" : "image_dir";
            if (!subset.ContainsKey(needed))
            {
                int line = subset.Keys.Select(subset.LineOf).FirstOrDefault();
                throw new FornoException(
                    $"{file} line {line}: a [[datasets.subsets]] has no {needed}"
                        + (
                            tuning
                                ? " though another subset of its dataset has one; put the two kinds into "
                                    + "datasets of their own"
                                : "; name the folder of its pictures"
                        )
                );
            }
        }
    }

    private static void Options(
        TomlTable table,
        string file,
        string where,
        params FrozenDictionary<string, string>[] valid
    )
    {
        foreach (var (key, value) in table)
        {
            if (key == "subsets" && where == "[[datasets]]")
            {
                continue;
            }

            string at = $"{file} line {table.LineOf(key)}";
            string? type = valid.Select(v => v.GetValueOrDefault(key)).FirstOrDefault(t => t is not null);
            if (type is null)
            {
                string level = new[] { Dataset, Subset, DreamBooth, DreamBoothOwn, FineTuningOwn, MaskedOwn }.Any(v =>
                    v.ContainsKey(key)
                )
                    ? $"'{key}' cannot stand in {where}"
                    : $"unknown option '{key}' in {where}{Spelling.DidYouMean(key, valid.SelectMany(v => v.Keys))}";
                throw new FornoException($"{at}: {level}");
            }

            if (!Fits(type, value))
            {
                throw new FornoException($"{at}: {key} must be {Described(type)}");
            }
        }
    }

    // a switch is a whole number to the reference's validator, as in its language
    private static bool Fits(string type, object value) =>
        type switch
        {
            "bool" => value is bool,
            "int" => value is long or bool,
            "float" => value is double,
            "number" => value is double or long or bool,
            "str" => value is string,
            "table" => value is TomlTable,
            "size" => value is long or bool
                || (value is List<object> { Count: 2 } pair && pair.All(v => v is long or bool)),
            "reals" => value is List<object> { Count: 2 } pair && pair.All(v => v is double),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown type"),
        };

    private static string Described(string type) =>
        type switch
        {
            "bool" => "true or false",
            "int" => "a whole number",
            "float" => "a number with a decimal point",
            "number" => "a number",
            "str" => "text in quotes",
            "table" => "a table",
            "size" => "a whole number or [width, height]",
            _ => "a pair of numbers with decimal points, [1.0, 2.0]",
        };

    private static FrozenDictionary<string, string> Table(string text) =>
        text.Split(", ").Select(e => e.Split(' ')).ToFrozenDictionary(e => e[0], e => e[1], StringComparer.Ordinal);
}
