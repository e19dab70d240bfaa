using Forno.Data;
using Forno.Imaging;
using Forno.Python;

namespace Forno.Kohya;

/// <summary>The part of the metadata that tells of the data sets: folders, buckets, tags.</summary>
internal sealed class DatasetMetadata(TrainingFacts facts, MetadataOptions options)
{
    /// <summary>Adds the entries.</summary>
    public void AddTo(Dictionary<string, string> metadata)
    {
        if (facts.FromDatasetConfig)
        {
            AddConfig(metadata);
        }
        else
        {
            AddSingle(metadata, facts.Datasets.Single());
        }
    }

    private void AddConfig(Dictionary<string, string> metadata)
    {
        var datasets = new List<object>();
        var frequencies = new Dictionary<string, object>(StringComparer.Ordinal);
        var folders = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var set in facts.Datasets)
        {
            var rules = set.Dataset.Settings.Buckets;
            var own = TagFrequencies(set);
            datasets.Add(
                new Dictionary<string, object?>
                {
                    ["is_dreambooth"] = !set.FineTuning,
                    ["batch_size_per_device"] = set.Dataset.Settings.BatchSize,
                    ["num_train_images"] = set.Dataset.TrainImages,
                    ["num_reg_images"] = set.Dataset.RegImages,
                    ["resolution"] = Pair(rules.Resolution),
                    ["enable_bucket"] = rules.Enabled,
                    ["min_bucket_reso"] = rules.Enabled ? rules.EffectiveMin : null,
                    ["max_bucket_reso"] = rules.Enabled ? rules.EffectiveMax : null,
                    ["tag_frequency"] = own,
                    ["bucket_info"] = BucketInfo(set.Dataset),
                    ["resize_interpolation"] = options["resize_interpolation"],
                    ["subsets"] = set.Subsets.Select((_, index) => DescribeSubset(set, index)).ToList(),
                }
            );
            if (set.Dataset.Settings.SkipUpTo is { } limit)
            {
                ((Dictionary<string, object?>)datasets[^1])["skip_image_resolution"] = Pair(limit);
            }

            for (int i = 0; i < set.Subsets.Count; i++)
            {
                if (FolderName(set, i) is { } name && !IsReg(set, i))
                {
                    // a folder may be used several times
                    string unique = name;
                    for (int n = 2; folders.ContainsKey(unique); n++)
                    {
                        unique = $"{name} ({n})";
                    }

                    folders.Add(unique, FolderInfo(set, i));
                }
            }

            foreach (var (folder, counts) in own)
            {
                frequencies.TryAdd(folder, counts);
            }
        }

        metadata["ss_datasets"] = PythonFormat.Json(datasets);
        metadata["ss_tag_frequency"] = PythonFormat.Json(frequencies);
        metadata["ss_dataset_dirs"] = PythonFormat.Json(folders);
    }

    private void AddSingle(Dictionary<string, string> metadata, DatasetFacts set)
    {
        var rules = set.Dataset.Settings.Buckets;
        var folders = new Dictionary<string, object>(StringComparer.Ordinal);
        var regular = new Dictionary<string, object>(StringComparer.Ordinal);
        for (int i = 0; i < set.Subsets.Count; i++)
        {
            (IsReg(set, i) ? regular : folders)[FolderName(set, i) ?? ""] = FolderInfo(set, i);
        }

        long batch = options["train_batch_size"] as long? ?? 1;
        void Add(string key, object? value) => metadata["ss_" + key] = PythonFormat.Str(value);
        Add("batch_size_per_device", batch);
        Add("total_batch_size", batch * facts.Steps.Accumulation);
        Add("resolution", options.Resolution() is var (width, height) ? new object[] { width, height } : null);
        foreach (string flag in (string[])["color_aug", "flip_aug", "random_crop", "shuffle_caption"])
        {
            Add(flag, options.Flag(flag));
        }

        Add("enable_bucket", rules.Enabled);
        Add("bucket_no_upscale", rules is { Enabled: true, NoUpscale: true });
        Add("min_bucket_reso", rules.Enabled ? rules.EffectiveMin : null);
        Add("max_bucket_reso", rules.Enabled ? rules.EffectiveMax : null);
        Add("keep_tokens", options["keep_tokens"] ?? 0L);
        Add("dataset_dirs", PythonFormat.Json(folders));
        Add("reg_dataset_dirs", PythonFormat.Json(regular));
        Add("tag_frequency", PythonFormat.Json(TagFrequencies(set)));
        Add("bucket_info", PythonFormat.Json(BucketInfo(set.Dataset)));
    }

    private static Dictionary<string, object?> DescribeSubset(DatasetFacts set, int index)
    {
        var own = new MetadataOptions(set.Subsets[index]);
        var subset = new Dictionary<string, object?>
        {
            ["img_count"] = ImageCount(set, index),
            ["num_repeats"] = own["num_repeats"],
            ["color_aug"] = own.Flag("color_aug"),
            ["flip_aug"] = own.Flag("flip_aug"),
            ["random_crop"] = own.Flag("random_crop"),
            ["shuffle_caption"] = own.Flag("shuffle_caption"),
            ["keep_tokens"] = own["keep_tokens"] ?? 0L,
            ["keep_tokens_separator"] = own["keep_tokens_separator"],
            ["secondary_separator"] = own["secondary_separator"],
            ["enable_wildcard"] = own.Flag("enable_wildcard"),
            ["caption_prefix"] = own["caption_prefix"],
            ["caption_suffix"] = own["caption_suffix"],
            ["resize_interpolation"] = own["resize_interpolation"],
        };
        if (own["image_dir"] is string { Length: > 0 } folder)
        {
            subset["image_dir"] = BaseName(folder);
        }

        if (set.FineTuning)
        {
            subset["metadata_file"] = BaseName((string)own["metadata_file"]!);
        }
        else
        {
            subset["class_tokens"] = own["class_tokens"];
            subset["is_reg"] = own.Flag("is_reg");
        }

        return subset;
    }

    /// <summary>Tags by folder (or JSON file); subsets of one name add up.</summary>
    private static Dictionary<string, Dictionary<string, int>> TagFrequencies(DatasetFacts set)
    {
        var result = new Dictionary<string, Dictionary<string, int>>(StringComparer.Ordinal);
        for (int i = 0; i < set.Subsets.Count; i++)
        {
            string name = FolderName(set, i) ?? "";
            if (!result.TryGetValue(name, out var counts))
            {
                result.Add(name, counts = new Dictionary<string, int>(StringComparer.Ordinal));
            }

            foreach (
                var (tag, count) in Caption.TagFrequency(
                    set.Dataset.Items.Where(item => item.SubsetIndex == i).Select(item => item.Example.Caption)
                )
            )
            {
                counts[tag] = counts.GetValueOrDefault(tag) + count;
            }
        }

        return result;
    }

    private static Dictionary<string, object>? BucketInfo(Dataset dataset)
    {
        if (!dataset.Settings.Buckets.Enabled)
        {
            return null;
        }

        var buckets = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var (size, count) in dataset.Buckets)
        {
            buckets.Add(
                PythonFormat.Str(buckets.Count),
                new Dictionary<string, object> { ["resolution"] = Pair(size), ["count"] = count }
            );
        }

        return new() { ["buckets"] = buckets, ["mean_img_ar_error"] = dataset.MeanAspectError };
    }

    private static Dictionary<string, object> FolderInfo(DatasetFacts set, int index) =>
        new()
        {
            ["n_repeats"] = set.Dataset.Settings.Subsets[index].NumRepeats,
            ["img_count"] = ImageCount(set, index),
        };

    private static int ImageCount(DatasetFacts set, int index) =>
        set.Dataset.Items.Count(item => item.SubsetIndex == index);

    private static bool IsReg(DatasetFacts set, int index) => set.Subsets[index].GetValueOrDefault("is_reg") is true;

    private static string? FolderName(DatasetFacts set, int index) =>
        set.Subsets[index].GetValueOrDefault(set.FineTuning ? "metadata_file" : "image_dir")
            is string { Length: > 0 } path
            ? BaseName(path)
            : null;

    private static string BaseName(string path) => Path.GetFileName(path);

    private static int[] Pair(Size size) => [size.Width, size.Height];
}
