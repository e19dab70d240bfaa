using Forno.Kohya.Options;
using Forno.Toml;

namespace Forno.Kohya;

/// <summary>
/// A data set with every option resolved, by kohya's names: what a subset says, else its dataset, else [general], else
/// the training options, else kohya's default.
/// </summary>
public sealed class DatasetBlueprint
{
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
        SubsetKinds kind = DatasetSchema.KindOf(dataset, args["masked_loss"] is true);
        Dictionary<string, object?> resolved = Values(ConfigLevel.Dataset, kind, args, dataset, general);
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
            FineTuning = kind == SubsetKinds.Json,
            Params = resolved,
            Subsets = [.. DatasetSchema.Subsets(dataset).Select(s => ResolveSubset(s, dataset, general, args, kind))],
        };
    }

    private static Dictionary<string, object?> ResolveSubset(
        TomlTable subset,
        TomlTable dataset,
        TomlTable general,
        KohyaArgs args,
        SubsetKinds kind
    )
    {
        Dictionary<string, object?> resolved = Values(ConfigLevel.Subset, kind, args, subset, dataset, general);
        if (kind == SubsetKinds.Masked)
        {
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

    private static Dictionary<string, object?> Values(
        ConfigLevel level,
        SubsetKinds kind,
        KohyaArgs args,
        params TomlTable[] tables
    )
    {
        var resolved = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (KohyaOption option in KohyaOptions.Rows)
        {
            if ((option.Resolved & level) == 0 || ((option.ResolvedSubsets ?? option.Subsets) & kind) == 0)
            {
                continue;
            }

            object? value = Find(option, args, tables) ?? option.DefaultAt(level);
            if (value is not null || !option.Sparse)
            {
                resolved[option.ConfigName] = value;
            }
        }

        return resolved;
    }

    /// <summary>The first value that is there; 0, false and "" count as there.</summary>
    private static object? Find(KohyaOption option, KohyaArgs args, TomlTable[] tables)
    {
        foreach (TomlTable table in tables)
        {
            if (table.TryGetValue(option.ConfigName, out object? value))
            {
                bool number = option.Kind is OptionKind.Whole or OptionKind.Size || option.TakesWhole;
                return value is bool flag && number ? (flag ? 1L : 0L) : value;
            }
        }

        return option.IsArgument ? args.Values.GetValueOrDefault(option.Name) : null;
    }

    private static TomlTable FromArguments(
        KohyaArgs args,
        Func<string, IReadOnlyList<(string Path, int NumRepeats, string ClassTokens)>> subsetFolders
    )
    {
        var subsets = new List<object>();
        if (args["in_json"] is string { Length: > 0 } metadata)
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
