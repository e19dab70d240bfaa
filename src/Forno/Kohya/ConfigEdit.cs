using System.Text;
using Forno.Data;
using Forno.Imaging;
using Forno.Kohya.Options;
using Forno.Toml;

namespace Forno.Kohya;

/// <summary>A configuration file with its text as it is to be.</summary>
/// <param name="File">Its full path.</param>
/// <param name="Before">Its text as it is.</param>
/// <param name="After">Its text as it is to be.</param>
/// <param name="Mark">Whether a byte order mark leads it.</param>
public sealed record ConfigText(string File, string Before, string After, bool Mark)
{
    /// <summary>The changed file's bytes.</summary>
    public byte[] ToBytes() => [.. Mark ? Encoding.UTF8.Preamble.ToArray() : [], .. Encoding.UTF8.GetBytes(After)];
}

/// <summary>
/// Changes numbers in a training configuration and the dataset config it names; comments, order and all other keys
/// stay. Nothing is written: <see cref="Changed"/> says what the files are to hold.
/// </summary>
public sealed class ConfigEdit
{
    private readonly ConfigText[] texts;
    private readonly PathRules paths;

    private ConfigEdit(ConfigText[] texts, KohyaArgs args, PathRules paths)
    {
        this.texts = texts;
        this.paths = paths;
        Args = args;
    }

    /// <summary>The options as they stand in the file.</summary>
    public KohyaArgs Args { get; }

    /// <summary>The training configuration's full path.</summary>
    public string File => texts[0].File;

    /// <summary>The dataset config's full path, or null.</summary>
    public string? DatasetFile => texts.Length > 1 ? texts[1].File : null;

    /// <summary>The files whose text is another now.</summary>
    public IEnumerable<ConfigText> Changed => texts.Where(t => t.After != t.Before);

    /// <summary>
    /// The folders that are trained on, with what the configuration says of each; those of <c>train_data_dir</c> and
    /// <c>reg_data_dir</c> too.
    /// </summary>
    /// <exception cref="FornoException">A folder that it names does not exist.</exception>
    public IReadOnlyList<ConfigFolder> Folders =>
        [
            .. Blueprints.SelectMany(
                (d, dataset) =>
                    d.Subsets.Select(
                        (s, subset) =>
                            new ConfigFolder(
                                dataset,
                                subset,
                                paths.Input((string?)s["image_dir"] ?? ""),
                                (string?)s["image_dir"] ?? "",
                                s.GetValueOrDefault("is_reg") is true,
                                (string?)s.GetValueOrDefault("caption_extension") ?? ".caption",
                                (int)(long)s["num_repeats"]!,
                                (int)(long)s["keep_tokens"]!,
                                s["keep_tokens_separator"] as string,
                                s["shuffle_caption"] is true
                            )
                            {
                                Options = s,
                            }
                    )
            ),
        ];

    /// <summary>
    /// How it sorts pictures into sizes, by its first data set; null if it does not say a resolution.
    /// </summary>
    /// <exception cref="FornoException">As <see cref="Folders"/>.</exception>
    public BucketRules? Buckets =>
        Blueprints.FirstOrDefault()?.Params is { } p
        && p["resolution"] is List<object> { Count: 2 } sides
        && sides.All(s => s is long)
            ? new BucketRules
            {
                Resolution = new Size((int)(long)sides[0], (int)(long)sides[1]),
                Enabled = p["enable_bucket"] is true,
                MinReso = (int)(long)p["min_bucket_reso"]!,
                MaxReso = (int)(long)p["max_bucket_reso"]!,
                Steps = (int)(long)p["bucket_reso_steps"]!,
                NoUpscale = p["bucket_no_upscale"] is true,
            }
            : null;

    private IReadOnlyList<DatasetBlueprint> Blueprints =>
        DatasetBlueprint.Resolve(
            DatasetFile is null ? null : TomlFile.Parse(texts[1].After, Path.GetFileName(DatasetFile)),
            DatasetFile is null ? "" : Path.GetFileName(DatasetFile),
            Args,
            f => SubsetFolders.Find(paths.Input(f))
        );

    /// <summary>Reads a training configuration and the dataset config that it names.</summary>
    /// <param name="path">The training configuration, TOML in kohya's form, found by
    /// <see cref="ConfigPath.Find"/>.</param>
    /// <param name="workingFolder">What relative paths start from; null = the current folder.</param>
    /// <exception cref="FornoException">One cannot be read, or an option has a value of the wrong kind.</exception>
    public static ConfigEdit Open(string path, string? workingFolder = null)
    {
        string full = ConfigPath.Find(path, workingFolder);
        ConfigText train = Read(full);
        TomlTable table = TomlFile.Parse(train.Before, Path.GetFileName(full));
        TrainRecipeReader.RefuseOthers(table, path);
        var args = KohyaArgs.Read(table, Path.GetFileName(full));
        var rules = new PathRules(workingFolder ?? Directory.GetCurrentDirectory(), Path.GetDirectoryName(full)!);
        return new ConfigEdit(
            args["dataset_config"] is string { Length: > 0 } dataset ? [train, Read(rules.Input(dataset))] : [train],
            args,
            rules
        );
    }

    /// <summary>What it comes to as a training, with every rule that it breaks.</summary>
    /// <param name="sdxl">Whether the base model is of XL's family; null = not known.</param>
    public RecipeReading Read(bool? sdxl = null) => RecipeReading.Of(Args, paths, sdxl);

    /// <summary>A path of the configuration as a full one.</summary>
    public string Input(string path) => paths.Input(path);

    /// <summary>Sets a training option where it stands, or behind the last key outside of sections.</summary>
    /// <param name="option">kohya's name.</param>
    /// <param name="value">A value as <see cref="TomlTable"/> takes it.</param>
    public void Set(string option, object value)
    {
        TomlTable root = TomlFile.Parse(texts[0].After, Path.GetFileName(File));
        string? section = root.ContainsKey(option)
            ? null
            : root.FirstOrDefault(e => e.Value is TomlTable t && t.ContainsKey(option)).Key;
        Edit(0, section is null ? [option] : [section, option], value);
    }

    /// <summary>Sets a training option that the dataset config may overrule: there, too, wherever it stands.</summary>
    /// <param name="option">kohya's name.</param>
    /// <param name="value">A value as <see cref="TomlTable"/> takes it.</param>
    public void SetEverywhere(string option, object value)
    {
        Set(option, value);
        if (DatasetFile is null)
        {
            return;
        }

        TomlTable root = TomlFile.Parse(texts[1].Before, Path.GetFileName(DatasetFile));
        if (root.TryGetValue("general", out object? general) && general is TomlTable g && g.ContainsKey(option))
        {
            Edit(1, ["general", option], value);
        }

        TomlTable[] datasets = root.TryGetValue("datasets", out object? list)
            ? [.. ((List<object>)list).Cast<TomlTable>()]
            : [];
        for (int d = 0; d < datasets.Length; d++)
        {
            if (datasets[d].ContainsKey(option))
            {
                Edit(1, ["datasets", d, option], value);
            }

            foreach (
                var (_, s) in DatasetSchema
                    .Subsets(datasets[d])
                    .Select((table, i) => (table, i))
                    .Where(t => t.table.ContainsKey(option))
            )
            {
                Edit(1, ["datasets", d, "subsets", s, option], value);
            }
        }
    }

    /// <summary>Sets an option of a folder in the dataset config.</summary>
    /// <param name="folder">One of <see cref="Folders"/>.</param>
    /// <param name="option">kohya's name.</param>
    /// <param name="value">A value as <see cref="TomlTable"/> takes it.</param>
    /// <exception cref="FornoException">There is no dataset config.</exception>
    public void SetFolder(ConfigFolder folder, string option, object value)
    {
        if (DatasetFile is null)
        {
            throw new FornoException($"{File}: it has no dataset_config to write {option} into");
        }

        Edit(1, ["datasets", folder.Dataset, "subsets", folder.Subset, option], value);
    }

    private void Edit(int file, IReadOnlyList<object> path, object value) =>
        texts[file] = texts[file] with
        {
            After = TomlEdit.Set(texts[file].After, Path.GetFileName(texts[file].File), path, value),
        };

    private static ConfigText Read(string file)
    {
        byte[] bytes;
        try
        {
            bytes = System.IO.File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FornoException.ForFile(
                file,
                $"cannot be read ({e.Message})",
                "Check the name of the configuration.",
                e
            );
        }

        string text = Caption.ReadText(file);
        return new ConfigText(file, text, text, bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble));
    }
}

/// <summary>A folder that a configuration trains on.</summary>
/// <param name="Dataset">Place of its data set in the dataset config.</param>
/// <param name="Subset">Its place there.</param>
/// <param name="Path">Its full path.</param>
/// <param name="Written">The same as the configuration writes it.</param>
/// <param name="IsReg">Whether it holds regularisation pictures.</param>
/// <param name="CaptionExtension">The extension of its captions, with its dot.</param>
/// <param name="Repeats">Its repeats.</param>
/// <param name="KeepTokens"><c>keep_tokens</c>.</param>
/// <param name="KeepSeparator"><c>keep_tokens_separator</c>, or null.</param>
/// <param name="Shuffles"><c>shuffle_caption</c>.</param>
public sealed record ConfigFolder(
    int Dataset,
    int Subset,
    string Path,
    string Written,
    bool IsReg,
    string CaptionExtension,
    int Repeats,
    int KeepTokens,
    string? KeepSeparator,
    bool Shuffles
)
{
    /// <summary>All that is said of it, by kohya's names.</summary>
    public IReadOnlyDictionary<string, object?> Options { get; init; } = new Dictionary<string, object?>();
}
