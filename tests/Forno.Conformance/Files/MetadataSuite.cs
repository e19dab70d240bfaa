using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Forno.Adapters;
using Forno.Checkpoints;
using Forno.Data;
using Forno.Imaging;
using Forno.Kohya;
using Forno.Kohya.Options;
using Forno.Python;

namespace Forno.Conformance.Files;

/// <summary>The metadata that kohya writes into adapter files, the hashes of model files, and modelspec.</summary>
public sealed partial class MetadataSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "metadata";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        Comparison comparison = new(golden);
        switch (golden.Params.GetProperty("kind").GetString())
        {
            case "train":
                Train(golden, comparison);
                break;
            case "hashes":
                Hashes(golden, comparison);
                break;
            case "modelspec":
                ModelSpecs(golden, comparison);
                break;
            case var kind:
                return CaseResult.Unknown($"kind {kind}");
        }

        return comparison.Result();
    }

    private static void Hashes(GoldenCase golden, Comparison comparison)
    {
        string path = golden.PathOf(golden.Params.GetProperty("file").GetString()!);
        using var file = SafetensorsFile.Open(path);
        IReadOnlyCollection<TensorToWrite> tensors = ModelHash.Tensors(file);
        (string model, string legacy) = ModelHash.Adapter(tensors, file.Metadata);
        foreach (JsonProperty want in golden.Expect.EnumerateObject())
        {
            switch (want.Name)
            {
                case "sshs_model_hash":
                    comparison.Same(want.Name, model, want.Value.GetString());
                    comparison.Same(want.Name + " of the file", ModelHash.DataSha256(path), want.Value.GetString());
                    break;
                case "sshs_legacy_hash":
                    comparison.Same(want.Name, legacy, want.Value.GetString());
                    break;
                case "webui_model_hash":
                    comparison.Same(want.Name, ModelHash.WebUi(path), want.Value.GetString());
                    break;
                case "file_sha256":
                    comparison.Same(want.Name, ModelHash.FileSha256(path), want.Value.GetString());
                    break;
                case "autov3_or_data_sha256":
                    comparison.Same(want.Name, ModelHash.DataSha256(path), want.Value.GetString());
                    break;
                case "serialized_bytes_for_legacy_hash":
                    var training = file
                        .Metadata.Where(pair => pair.Key.StartsWith("ss_", StringComparison.Ordinal))
                        .ToDictionary();
                    comparison.Same(want.Name, SafetensorsWriter.Measure(tensors, training), want.Value.GetInt64());
                    break;
                case "lycoris_sshs_model_hash":
                    IEnumerable<string> order = golden
                        .Params.GetProperty("lycoris_tensor_order")
                        .EnumerateArray()
                        .Select(name => name.GetString()!);
                    comparison.Same(want.Name, ModelHash.Lycoris(file, order), want.Value.GetString());
                    break;
                default:
                    comparison.Fail($"{want.Name} is not known");
                    break;
            }
        }
    }

    private static void ModelSpecs(GoldenCase golden, Comparison comparison)
    {
        double timestamp = golden.Params.GetProperty("timestamp").GetDouble();
        var zone = TimeZoneInfo.FindSystemTimeZoneById(golden.Params.GetProperty("timezone").GetString()!);
        int index = 0;
        foreach (JsonElement row in golden.Expect.GetProperty("rows").EnumerateArray())
        {
            var given = row.EnumerateObject().ToDictionary(pair => pair.Name, pair => Value(pair.Value));
            ModelSpec spec = new()
            {
                Kind =
                    Flag(row, "lora") ? ModelSpecKind.Lora
                    : Flag(row, "textual_inversion") ? ModelSpecKind.TextualInversion
                    : ModelSpecKind.Checkpoint,
                V2 = Flag(row, "v2"),
                VParameterization = Flag(row, "v_parameterization"),
                Sdxl = Flag(row, "sdxl"),
                Timestamp = timestamp,
                Zone = zone,
                Title = given.GetValueOrDefault("title") as string,
                Resolution = ModelSpec.ParseResolution(given.GetValueOrDefault("reso")),
                Timesteps = Timesteps(given.GetValueOrDefault("timesteps")),
                ClipSkip = given.GetValueOrDefault("clip_skip") as long?,
                Fields = new[] { "author", "description", "license", "tags", "merged_from" }
                    .Where(field => given.GetValueOrDefault(field) is string)
                    .ToDictionary(field => field, field => (string)given[field]!),
            };
            comparison.Json($"rows[{index++}]", spec.ToMetadata(), row.GetProperty("metadata"));
        }
    }

    private static void Train(GoldenCase golden, Comparison comparison)
    {
        string? copied = null;
        try
        {
            var options = KohyaOptions.All.Values.ToDictionary(option => option.Name, option => option.Default);
            foreach (JsonProperty given in golden.Params.GetProperty("args").EnumerateObject())
            {
                options[given.Name] = Value(given.Value);
            }

            if (golden.Params.TryGetProperty("base_model_file", out JsonElement baseModel))
            {
                copied = Directory.CreateTempSubdirectory("forno-metadata").FullName;
                string[] parts = baseModel.GetString()!.Split(" copied as ");
                string path = Path.Combine(copied, parts[^1]);
                File.Copy(golden.PathOf(parts[0]), path);
                options["pretrained_model_name_or_path"] = path;
            }

            Compare(golden, MetadataOf(golden, options, comparison), comparison);
        }
        finally
        {
            if (copied is not null)
            {
                Directory.Delete(copied, recursive: true);
            }
        }
    }

    private static Dictionary<string, string> MetadataOf(
        GoldenCase golden,
        Dictionary<string, object?> options,
        Comparison comparison
    )
    {
        JsonElement p = golden.Params;
        DatasetFacts[] datasets =
        [
            .. p.GetProperty("datasets").EnumerateArray().Select(dataset => Facts(dataset, options)),
        ];
        int batches = datasets.Sum(dataset => dataset.Dataset.BatchesPerEpoch);
        comparison.Same(
            "num_batches_per_epoch",
            batches,
            golden.Expect.GetProperty("num_batches_per_epoch").GetInt32()
        );
        var steps = StepCounts.For(
            batches,
            (int)(long)options["gradient_accumulation_steps"]!,
            (long)options["max_train_steps"]!,
            (int?)(long?)options["max_train_epochs"]
        );
        AdapterMetadata metadata = new(
            new TrainingFacts
            {
                Options = options,
                Sdxl = p.GetProperty("arch").GetString() == "sdxl",
                FromDatasetConfig = p.GetProperty("use_user_config").GetBoolean(),
                Datasets = datasets,
                Steps = steps,
                SessionId = p.GetProperty("session_id").GetInt64(),
                StartedAt = p.GetProperty("training_started_at").GetDouble(),
            }
        );
        Dictionary<string, string> result = metadata.At(
            steps.TotalSteps,
            steps.Epochs,
            p.GetProperty("saved_at").GetDouble(),
            TimeZoneInfo.Utc
        );
        if (result.ContainsKey("ss_training_finished_at"))
        {
            // the trainer notes this time just before the file's
            result["ss_training_finished_at"] = PythonFormat.Float(p.GetProperty("training_finished_at").GetDouble());
        }

        return result;
    }

    private static DatasetFacts Facts(JsonElement dataset, Dictionary<string, object?> options)
    {
        JsonElement[] subsets = [.. dataset.GetProperty("subsets").EnumerateArray()];
        bool fineTuning = subsets.Any(subset => subset.TryGetProperty("metadata_file", out _));
        Dictionary<string, object?>[] own = [.. subsets.Select(subset => SubsetOptions(subset, options))];
        DatasetSettings settings = new()
        {
            Buckets = new BucketRules
            {
                Resolution = new Size(
                    dataset.GetProperty("resolution")[0].GetInt32(),
                    dataset.GetProperty("resolution")[1].GetInt32()
                ),
                Enabled = dataset.GetProperty("enable_bucket").GetBoolean(),
                MinReso = dataset.GetProperty("min_bucket_reso").GetInt32(),
                MaxReso = dataset.GetProperty("max_bucket_reso").GetInt32(),
                Steps = dataset.GetProperty("bucket_reso_steps").GetInt32(),
                NoUpscale = dataset.GetProperty("bucket_no_upscale").GetBoolean(),
            },
            BatchSize = dataset.GetProperty("batch_size").GetInt32(),
            Subsets =
            [
                .. own.Select(subset => new Subset
                {
                    ImageDir = subset.GetValueOrDefault("image_dir") as string ?? "",
                    NumRepeats = (int)(long)subset["num_repeats"]!,
                    IsReg = subset.GetValueOrDefault("is_reg") is true,
                    ClassTokens = subset.GetValueOrDefault("class_tokens") as string,
                }),
            ],
        };
        Example[][] examples =
        [
            .. subsets.Select(subset =>
                subset
                    .GetProperty("images")
                    .EnumerateArray()
                    .Select(image => Example(subset, image, fineTuning))
                    .ToArray()
            ),
        ];
        return new DatasetFacts(fineTuning, own, new Dataset(settings, examples));
    }

    private static Dictionary<string, object?> SubsetOptions(JsonElement subset, Dictionary<string, object?> options)
    {
        // What a subset does not say comes from the trainer's arguments.
        Dictionary<string, object?> own = new[]
        {
            "shuffle_caption",
            "keep_tokens",
            "color_aug",
            "flip_aug",
            "random_crop",
            "enable_wildcard",
            "caption_prefix",
            "caption_suffix",
            "keep_tokens_separator",
            "secondary_separator",
            "resize_interpolation",
        }.ToDictionary(
            name => name,
            name => options.GetValueOrDefault(name) is "" ? null : options.GetValueOrDefault(name)
        );
        if (subset.TryGetProperty("options", out JsonElement given))
        {
            foreach (JsonProperty option in given.EnumerateObject())
            {
                own[option.Name] = Value(option.Value);
            }
        }

        foreach (
            (string name, string key) in new[]
            {
                ("dir", "image_dir"),
                ("metadata_file", "metadata_file"),
                ("num_repeats", "num_repeats"),
                ("class_tokens", "class_tokens"),
                ("is_reg", "is_reg"),
            }
        )
        {
            if (subset.TryGetProperty(name, out JsonElement value))
            {
                own[key] = Value(value);
            }
        }

        own.TryAdd("num_repeats", 1L);
        return own;
    }

    private static Example Example(JsonElement subset, JsonElement image, bool fineTuning)
    {
        string? Text(JsonElement element, string name) =>
            element.TryGetProperty(name, out JsonElement text) ? text.GetString() : null;
        string caption = fineTuning
            ? Text(image, "tags") ?? ""
            : Text(image, "caption") ?? Text(subset, "class_tokens") ?? "";
        return new Example(
            image.GetProperty("file").GetString()!,
            caption,
            new Size(image.GetProperty("width").GetInt32(), image.GetProperty("height").GetInt32())
        );
    }

    private static void Compare(GoldenCase golden, Dictionary<string, string> got, Comparison comparison)
    {
        HashSet<string> volatileKeys =
        [
            .. golden.Expect.GetProperty("volatile").EnumerateArray().Select(key => key.GetString()!),
        ];
        HashSet<string> json =
        [
            .. golden.Expect.GetProperty("json_valued").EnumerateArray().Select(key => key.GetString()!),
        ];
        JsonElement want = golden.Expect.GetProperty("metadata");
        foreach (JsonProperty pair in want.EnumerateObject())
        {
            if (!got.TryGetValue(pair.Name, out string? value))
            {
                comparison.Fail($"{pair.Name}: absent");
            }
            else if (pair.Name is "ss_sd_scripts_commit_hash" or "modelspec.implementation_version")
            {
                comparison.Same($"{pair.Name} has its form ({value})", VersionForm().IsMatch(value), true);
            }
            else if (volatileKeys.Contains(pair.Name) && pair.Name == "modelspec.date")
            {
                comparison.Same($"{pair.Name} has its form ({value})", DateForm().IsMatch(value), true);
            }
            else if (json.Contains(pair.Name))
            {
                comparison.Same(
                    $"{pair.Name} is written as by Python",
                    value,
                    PythonFormat.Json(Value(JsonSerializer.Deserialize<JsonElement>(value)))
                );
                comparison.Json(
                    pair.Name,
                    JsonSerializer.Deserialize<JsonElement>(value),
                    JsonSerializer.Deserialize<JsonElement>(pair.Value.GetString()!)
                );
            }
            else
            {
                comparison.Same(pair.Name, value, pair.Value.GetString());
            }
        }

        foreach (string key in got.Keys.Where(key => !want.TryGetProperty(key, out _)))
        {
            comparison.Fail($"{key}: not expected");
        }
    }

    private static object? Value(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Array => value.EnumerateArray().Select(Value).ToList(),
            JsonValueKind.Object => value.EnumerateObject().ToDictionary(pair => pair.Name, pair => Value(pair.Value)),
            _ => value.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') < 0 && value.TryGetInt64(out long whole)
                ? (object)whole
                : value.GetDouble(),
        };

    // One alone is first and last.
    private static (long First, long Last)? Timesteps(object? given) =>
        given switch
        {
            null => null,
            long step => (step, step),
            List<object?> steps => ((long)steps[0]!, (long)steps[^1]!),
            _ => throw new FornoException(
                $"timesteps = {PythonFormat.Str(given)}: a number, or first and last, is wanted"
            ),
        };

    private static bool Flag(JsonElement row, string name) =>
        row.TryGetProperty(name, out JsonElement flag) && flag.GetBoolean();

    [GeneratedRegex(@"^([0-9a-f]{40}|\(unknown\)|[\w.-]+/[\w.()-]+)$")]
    private static partial Regex VersionForm();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")]
    private static partial Regex DateForm();
}
