using Forno.Files;
using Forno.Kohya.Options;
using Forno.Toml;

namespace Forno.Kohya;

/// <summary>
/// What may stand where in a dataset config, by the option table (facts of kohya's <c>library/config_util.py</c>), and
/// the refusal of the rest.
/// </summary>
public static class DatasetSchema
{
    /// <summary>Whether the subsets of a dataset have a metadata_file.</summary>
    public static bool IsFineTuning(TomlTable dataset) => Subsets(dataset).Any(s => s.ContainsKey("metadata_file"));

    /// <summary>
    /// Whether all subsets of a dataset have masks of their own; kohya knows such datasets with masked_loss only.
    /// </summary>
    /// <param name="dataset">The dataset's table.</param>
    /// <param name="maskedLoss">Whether masked_loss is on.</param>
    public static bool IsMasked(TomlTable dataset, bool maskedLoss) =>
        maskedLoss && Subsets(dataset).All(s => s.ContainsKey("conditioning_data_dir"));

    /// <summary>The subset tables of a dataset.</summary>
    public static IEnumerable<TomlTable> Subsets(TomlTable dataset) =>
        dataset.TryGetValue("subsets", out object? list) && list is List<object> items ? items.OfType<TomlTable>() : [];

    /// <summary>The kind of a dataset's subsets.</summary>
    /// <param name="dataset">The dataset's table.</param>
    /// <param name="maskedLoss">Whether masked_loss is on.</param>
    public static SubsetKinds KindOf(TomlTable dataset, bool maskedLoss) =>
        IsMasked(dataset, maskedLoss) ? SubsetKinds.Masked
        : IsFineTuning(dataset) ? SubsetKinds.Json
        : SubsetKinds.Folder;

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
                    Options(general, file, "[general]", ConfigLevel.Dataset | ConfigLevel.Subset, SubsetKinds.All);
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
        SubsetKinds kind = KindOf(dataset, maskedLoss);
        bool tuning = kind == SubsetKinds.Json;
        Options(dataset, file, "[[datasets]]", ConfigLevel.Dataset | ConfigLevel.Subset, kind);
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
            if (kind != SubsetKinds.Masked && subset.ContainsKey("conditioning_data_dir"))
            {
                throw new FornoException(
                    $"{file} line {subset.LineOf("conditioning_data_dir")}: conditioning_data_dir "
                        + (
                            maskedLoss
                                ? "is in some subsets only; put those without masks into [[datasets]] of their own"
                                : "is for masked training; set masked_loss = true in the training configuration"
                        )
                );
            }

            Options(subset, file, "[[datasets.subsets]]", ConfigLevel.Subset | ConfigLevel.Own, kind);
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

    private static void Options(TomlTable table, string file, string where, ConfigLevel levels, SubsetKinds kind)
    {
        foreach (var (key, value) in table)
        {
            if (key == "subsets" && where == "[[datasets]]")
            {
                continue;
            }

            string at = $"{file} line {table.LineOf(key)}";
            KohyaOption? option = KohyaOptions.InConfigs.GetValueOrDefault(key);
            if (option is null || option.Level == ConfigLevel.None)
            {
                IEnumerable<string> valid = KohyaOptions
                    .InConfigs.Where(o => May(o.Value, levels, kind))
                    .Select(o => o.Key);
                throw new FornoException($"{at}: unknown option '{key}' in {where}{Spelling.DidYouMean(key, valid)}");
            }

            if (!May(option, levels, kind))
            {
                throw new FornoException($"{at}: '{key}' is not allowed in {where}");
            }

            if (!Fits(option, value))
            {
                throw new FornoException($"{at}: {key} must be {Described(option)}");
            }

            if (
                option.Problem(value is bool flag && option.Kind == OptionKind.Whole ? (flag ? 1L : 0L) : value) is
                { } wrong
            )
            {
                throw new FornoException($"{at}: {wrong}");
            }
        }
    }

    // What only some kinds of subsets know may stand above them only where all below are of such a kind.
    private static bool May(KohyaOption option, ConfigLevel levels, SubsetKinds kind) =>
        (option.Level & levels) != 0 && (option.Subsets & kind) != 0;

    // a switch is a whole number to the reference's validator, as in its language
    private static bool Fits(KohyaOption option, object value) =>
        option.Kind switch
        {
            OptionKind.Flag => value is bool,
            OptionKind.Whole => value is long or bool,
            OptionKind.Real => value is double || (option.TakesWhole && value is long or bool),
            OptionKind.Text => value is string,
            OptionKind.Table => value is TomlTable,
            OptionKind.Size => value is long or bool
                || (value is List<object> { Count: 2 } pair && pair.All(v => v is long or bool)),
            OptionKind.Span => value is List<object> { Count: 2 } pair && pair.All(v => v is double),
            _ => false,
        };

    private static string Described(KohyaOption option) =>
        option.Kind switch
        {
            OptionKind.Flag => "true or false",
            OptionKind.Whole => "a whole number",
            OptionKind.Real => option.TakesWhole ? "a number" : "a number with a decimal point",
            OptionKind.Text => "text in quotes",
            OptionKind.Table => "a table",
            OptionKind.Size => "a whole number or [width, height]",
            _ => "a pair of numbers with decimal points, [1.0, 2.0]",
        };
}
