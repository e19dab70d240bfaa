using Forno.Data;
using static Forno.Kohya.Options.Rows;
using static Forno.Kohya.Options.SubsetKinds;

namespace Forno.Kohya.Options;

/// <summary>Options of data sets: folders, pictures, buckets.</summary>
internal static class DatasetOptions
{
    public static KohyaOption[] Rows { get; } =
    [
        Str("train_data_dir"),
        Str("reg_data_dir"),
        Str("dataset_config"),
        Str("in_json").Later(),
        Input("image_dir").InSubsetOnly((s, v) => s with { ImageDir = v }).ConfigOnly(),
        Flag("is_reg").InSubsetOnly((s, v) => s with { IsReg = v }).Of(Folder).ConfigOnly() with
        {
            ResolvedSubsets = Folder | Masked,
        },
        Str("metadata_file").InSubsetOnly().Of(Json).ConfigOnly().Later(),
        Whole("dataset_repeats", 1).InSubset((s, v) => s with { NumRepeats = v }) with
        {
            ConfigName = "num_repeats",
        },
        Flag("flip_aug").InSubset((s, v) => s with { FlipAug = v }),
        Flag("random_crop").InSubset((s, v) => s with { RandomCrop = v }),
        Flag("color_aug").InSubset().Later(),
        Span("face_crop_aug_range").InSubset().Later(),
        // masks
        Flag("masked_loss"),
        Str("conditioning_data_dir").InSubsetOnly().Of(Masked),
        Flag("alpha_mask").InSubsetOnly((s, v) => s with { AlphaMask = v }).Of(Folder | Json) with
        {
            ResolvedSubsets = All,
        },
        // sizes
        Sides("resolution").InDataset((d, v) => d with { Buckets = d.Buckets with { Resolution = v } }),
        Whole("train_batch_size", 1).From(1).InDataset((d, v) => d with { BatchSize = v }) with
        {
            ConfigName = "batch_size",
        },
        Flag("enable_bucket").InDataset((d, v) => d with { Buckets = d.Buckets with { Enabled = v } }),
        Whole("min_bucket_reso", 256).From(1).InDataset((d, v) => d with { Buckets = d.Buckets with { MinReso = v } }),
        Whole("max_bucket_reso", 1024).From(1).InDataset((d, v) => d with { Buckets = d.Buckets with { MaxReso = v } }),
        Whole("bucket_reso_steps", 64).From(1).InDataset((d, v) => d with { Buckets = d.Buckets with { Steps = v } }),
        Flag("bucket_no_upscale").InDataset((d, v) => d with { Buckets = d.Buckets with { NoUpscale = v } }),
        Str("resize_interpolation")
            .OneOf("lanczos", "nearest", "bilinear", "linear", "bicubic", "cubic", "area")
            .InDataset()
            .InSubset()
            .InMetadata()
            .Later(),
        Sides("skip_image_resolution").InDataset((d, v) => d with { SkipUpTo = v }) with
        {
            Sparse = true,
        },
        // losses and validation
        Real("prior_loss_weight", 1).InDataset((d, v) => d with { PriorLossWeight = v }).InMetadata() with
        {
            Level = ConfigLevel.None,
            ResolvedSubsets = Folder | Masked,
        },
        Real("network_multiplier", 1).InDataset().ConfigOnly().Later(),
        Real("validation_split", 0).InDataset().InSubset().InMetadata().Later() with
        {
            Level = ConfigLevel.Dataset,
        },
        Whole("validation_seed").InDataset().InSubset().InMetadata().Later() with
        {
            Level = ConfigLevel.Dataset,
            SubsetDefault = 0L,
        },
        Whole("validate_every_n_steps").InMetadata().Later(),
        Whole("validate_every_n_epochs").InMetadata().Later(),
        Whole("max_validation_steps").InMetadata().Later(),
        // caches and reading
        Flag("cache_latents").Lands((r, v) => r with { Run = r.Run with { CacheLatents = v } }).InMetadata(),
        Flag("cache_latents_to_disk").Lands((r, v) => r with { Run = r.Run with { CacheLatentsToDisk = v } }) with
        {
            TurnsOn = "cache_latents",
        },
        Whole("vae_batch_size", 1).From(1).Lands((r, v) => r with { Run = r.Run with { VaeBatchSize = v } }),
        Flag("skip_cache_check").Accepted("cached latents are always checked; it costs next to nothing"),
        Flag("cache_info").InSubset().Of(Folder | Masked).Accepted("sizes are always read from the files"),
        Flag("debug_dataset").InDataset().Foreign() with
        {
            Level = ConfigLevel.None,
        },
        Str("dataset_class").Foreign(),
        Flag("support_dreambooth").For(OptionScript.Neither).Foreign(),
        Flag("support_finetuning").For(OptionScript.Neither).Foreign(),
        Flag("support_controlnet").For(OptionScript.Neither).Foreign(),
        Flag("support_dropout").For(OptionScript.Neither).Foreign(),
    ];
}
