using System.Globalization;
using Forno.Adapters;
using Forno.Checkpoints;
using Forno.Data;
using Forno.Kohya.Options;
using Forno.Python;

namespace Forno.Kohya;

/// <summary>A data set as the metadata tells of it.</summary>
/// <param name="FineTuning">Whether its subsets are JSON files (kohya's fine-tuning method) rather than
/// folders.</param>
/// <param name="Subsets">Each subset's resolved options by kohya's names.</param>
/// <param name="Dataset">The pictures found. Captions of fine-tuning subsets are their tags.</param>
public sealed record DatasetFacts(
    bool FineTuning,
    IReadOnlyList<IReadOnlyDictionary<string, object?>> Subsets,
    Dataset Dataset
);

/// <summary>What a training run tells the metadata of its adapter.</summary>
public sealed record TrainingFacts
{
    /// <summary>Every training option by kohya's names, defaults included (see KohyaArgs).</summary>
    public required IReadOnlyDictionary<string, object?> Options { get; init; }

    /// <summary>Whether the base model is SDXL.</summary>
    public required bool Sdxl { get; init; }

    /// <summary>Whether the data sets come from a dataset config file; otherwise there is exactly one.</summary>
    public required bool FromDatasetConfig { get; init; }

    /// <summary>The data sets.</summary>
    public required IReadOnlyList<DatasetFacts> Datasets { get; init; }

    /// <summary>Steps and epochs.</summary>
    public required StepCounts Steps { get; init; }

    /// <summary>A random number that the files of one run share.</summary>
    public required long SessionId { get; init; }

    /// <summary>When training began, in seconds since 1970.</summary>
    public required double StartedAt { get; init; }
}

/// <summary>
/// The <c>__metadata__</c> of adapter files, key for key as kohya's train_network.py and sdxl_train_network.py write it
/// (February 2026). Hashes of the tensors (<c>sshs_…</c>) are added when the file is written.
/// </summary>
public sealed class AdapterMetadata
{
    private static readonly string[] Minimum =
    [
        "ss_v2",
        "ss_base_model_version",
        "ss_network_module",
        "ss_network_dim",
        "ss_network_alpha",
        "ss_network_args",
    ];

    private readonly TrainingFacts facts;
    private readonly MetadataOptions options;
    private readonly Dictionary<string, string> @fixed = new(StringComparer.Ordinal);

    /// <summary>Gathers what does not change during the run. Hashes the base model's file, once.</summary>
    /// <exception cref="FornoException">The base model's file or the thumbnail cannot be read.</exception>
    public AdapterMetadata(TrainingFacts facts)
    {
        this.facts = facts;
        options = new MetadataOptions(facts.Options);
        AddOptions();
        AddRun();
        new DatasetMetadata(facts, options).AddTo(@fixed);
        AddNetworkArguments();
        AddModel("pretrained_model_name_or_path", "sd_model");
        AddModel("vae", "vae");
    }

    /// <summary>The metadata of a file that is saved now.</summary>
    /// <param name="step">Optimizer steps taken.</param>
    /// <param name="epoch">The epoch, counted from 1.</param>
    /// <param name="now">The time, in seconds since 1970.</param>
    /// <param name="zone">Where the date is told; null is here.</param>
    public Dictionary<string, string> At(long step, int epoch, double now, TimeZoneInfo? zone = null)
    {
        var metadata = options.Flag("no_metadata")
            ? @fixed.Where(pair => Minimum.Contains(pair.Key)).ToDictionary(StringComparer.Ordinal)
            : new Dictionary<string, string>(@fixed, StringComparer.Ordinal)
            {
                ["ss_training_finished_at"] = PythonFormat.Float(now),
                ["ss_steps"] = PythonFormat.Str(step),
                ["ss_epoch"] = PythonFormat.Str(epoch),
            };
        foreach (var (key, value) in Spec(now, zone ?? TimeZoneInfo.Local).ToMetadata())
        {
            metadata[key] = value;
        }

        return metadata;
    }

    private void Add(string key, object? value) => @fixed["ss_" + key] = PythonFormat.Str(value);

    private void AddRun()
    {
        var (o, steps) = (options, facts.Steps);
        Add("session_id", facts.SessionId);
        Add("training_started_at", facts.StartedAt);
        Add("num_train_images", facts.Datasets.Sum(d => d.Dataset.TrainImages));
        Add("num_validation_images", 0);
        Add("num_reg_images", facts.Datasets.Sum(d => d.Dataset.RegImages));
        Add("num_batches_per_epoch", steps.BatchesPerEpoch);
        Add("num_epochs", steps.Epochs);
        Add("max_train_steps", steps.TotalSteps);
        Add(
            "base_model_version",
            facts.Sdxl
                ? "sdxl_base_v1-0"
                : (o.Flag("v2") ? "sd_v2" : "sd_v1") + (o.Flag("v_parameterization") ? "_v" : "")
        );
        Add("sd_scripts_commit_hash", "(unknown)"); // what kohya's scripts write outside of their repository
        var (optimizer, arguments, adafactor) = OptimizerNames.Describe(o);
        Add("optimizer", arguments.Length > 0 ? $"{optimizer}({arguments})" : optimizer);
        if (adafactor)
        {
            // it chooses its own rates, and the schedule is its own
            Add("learning_rate", null);
            Add("unet_lr", null);
            Add("lr_scheduler", $"adafactor:{PythonFormat.Str(o.Real("learning_rate"))}");
        }

        Add(
            "face_crop_aug_range",
            o["face_crop_aug_range"] is string range
                ? range.Split(',').Select(part => (object)double.Parse(part, CultureInfo.InvariantCulture)).ToArray()
                : null
        );
    }

    private void AddOptions()
    {
        foreach (KohyaOption option in KohyaOptions.Rows)
        {
            if (option.Metadata is { } name)
            {
                Add(name, options.Of(option));
            }
        }
    }

    private void AddNetworkArguments()
    {
        if (options.List("network_args") is not { Count: > 0 } given)
        {
            return;
        }

        var arguments = PythonLiteral.Arguments(given, "network_args", literals: false);
        if (!options.Flag("dim_from_weights"))
        {
            arguments.TryAdd("dropout", options.Real("network_dropout"));
        }

        @fixed["ss_network_args"] = PythonFormat.Json(arguments);
    }

    /// <summary>A model's name, and its hashes where it is a file.</summary>
    private void AddModel(string option, string name)
    {
        if (options[option] is not string path)
        {
            return;
        }

        if (Directory.Exists(path))
        {
            // kohya's hash functions say so of a folder in diffusers' layout
            @fixed[$"ss_{name}_hash"] = @fixed[$"ss_new_{name}_hash"] = "IsADirectory";
            path = Path.GetFileName(path);
        }
        else if (File.Exists(path))
        {
            @fixed[$"ss_{name}_hash"] = ModelHash.WebUi(path);
            @fixed[$"ss_new_{name}_hash"] = ModelHash.FileSha256(path);
            path = Path.GetFileName(path);
        }

        @fixed[$"ss_{name}_name"] = path;
    }

    private ModelSpec Spec(double now, TimeZoneInfo zone)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["implementation_version"] = $"forno/{typeof(AdapterMetadata).Assembly.GetName().Version!.ToString(3)}",
        };
        foreach (KohyaOption option in KohyaOptions.Rows)
        {
            if (option.SpecField is { } name && options[option.Name] is string value)
            {
                fields[name] =
                    name == "thumbnail" && value.Length > 0 && !value.StartsWith("data:", StringComparison.Ordinal)
                        ? DataUrl(value)
                        : value;
            }
        }

        return new ModelSpec
        {
            Kind = ModelSpecKind.Lora,
            V2 = options.Flag("v2"),
            VParameterization = options.Flag("v_parameterization"),
            Sdxl = facts.Sdxl,
            Timestamp = now,
            Zone = zone,
            Title = options["metadata_title"] as string ?? options["output_name"] as string,
            Resolution = options.Resolution(),
            Timesteps = (options["min_timestep"], options["max_timestep"]) is (null, null)
                ? null
                : (options["min_timestep"] as long? ?? 0, options["max_timestep"] as long? ?? 1000),
            ClipSkip = options["clip_skip"] as long?,
            Fields = fields,
        };
    }

    private static string DataUrl(string path)
    {
        string type = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".png" => "image/png",
            ".jpg" or ".jpeg" => "image/jpeg",
            ".webp" => "image/webp",
            ".gif" => "image/gif",
            ".bmp" => "image/bmp",
            _ => "application/octet-stream",
        };
        try
        {
            return $"data:{type};base64,{Convert.ToBase64String(File.ReadAllBytes(path))}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FornoException.ForFile(
                path,
                "the thumbnail of metadata_thumbnail cannot be read",
                "Check the path.",
                e
            );
        }
    }
}
