using Forno.Torch;
using Forno.Training.Recipes;
using static Forno.Kohya.Options.Rows;

namespace Forno.Kohya.Options;

/// <summary>Options of files that are written: adapters, states, logs, metadata.</summary>
internal static class OutputOptions
{
    public static KohyaOption[] Rows { get; } =
    [
        Output("output_dir").Lands((r, v) => Written(r, o => o with { Folder = v })),
        Str("output_name").Lands((r, v) => Written(r, o => o with { Name = v })).InMetadata(),
        Choice("save_precision", null, ("float", DType.Float32), ("fp16", DType.Float16), ("bf16", DType.BFloat16))
            .Lands((r, v) => Written(r, o => o with { SavePrecision = v })),
        Str("save_model_as", "safetensors")
            .OneOf("ckpt", "safetensors", "diffusers", "diffusers_safetensors")
            .Only("safetensors"),
        Flag("use_safetensors").For(OptionScript.Neither).Accepted("files are saved as safetensors"),
        Whole("save_every_n_epochs").From(1).Lands((r, v) => Written(r, o => o with { SaveEveryNEpochs = v })),
        Whole("save_every_n_steps").From(1).Lands((r, v) => Written(r, o => o with { SaveEveryNSteps = v })),
        Whole("save_n_epoch_ratio").From(1).Lands((r, v) => Written(r, o => o with { SaveNEpochRatio = v })),
        Whole("save_last_n_epochs").From(1).Lands((r, v) => Written(r, o => o with { KeepLastNEpochs = v })),
        Whole("save_last_n_epochs_state").From(1).Lands((r, v) => Written(r, o => o with { KeepLastNEpochsState = v })),
        Whole("save_last_n_steps").From(1).Lands((r, v) => Written(r, o => o with { KeepLastNSteps = v })),
        Whole("save_last_n_steps_state").From(1).Lands((r, v) => Written(r, o => o with { KeepLastNStepsState = v })),
        Flag("save_state").Lands((r, v) => Written(r, o => o with { SaveState = v })),
        Flag("save_state_on_train_end").Lands((r, v) => Written(r, o => o with { SaveStateAtEnd = v })),
        Input("resume").Lands((r, v) => r with { Run = r.Run with { Resume = v } }),
        Flag("skip_until_initial_step").Later(),
        Whole("initial_epoch").Later(),
        Whole("initial_step").Later(),
        Output("logging_dir").Lands((r, v) => Written(r, o => o with { LoggingFolder = v })),
        Str("log_prefix").Lands((r, v) => Written(r, o => o with { LogPrefix = v })),
        Str("log_with").OneOf("tensorboard", "wandb", "all").Only("tensorboard"),
        Str("log_tracker_name").Foreign(),
        Str("log_tracker_config").Foreign(),
        Str("wandb_run_name").Foreign(),
        Str("wandb_api_key").Foreign(),
        Flag("log_config").Later(),
        Str("config_file"),
        Flag("output_config").Later(),
        // metadata, which AdapterMetadata writes
        Flag("no_metadata"),
        Str("training_comment").InMetadata(),
        Str("metadata_title"),
        Str("metadata_author").InSpec("author"),
        Str("metadata_description").InSpec("description"),
        Str("metadata_license").InSpec("license"),
        Str("metadata_tags").InSpec("tags"),
        Str("metadata_usage_hint").InSpec("usage_hint"),
        Str("metadata_thumbnail").InSpec("thumbnail"),
        Str("metadata_merged_from").InSpec("merged_from"),
        Str("metadata_trigger_phrase").InSpec("trigger_phrase"),
        Str("metadata_preprocessor").InSpec("preprocessor"),
        Str("metadata_is_negative_embedding").InSpec("is_negative_embedding"),
        Str("huggingface_repo_id").Foreign(),
        Str("huggingface_repo_type").Foreign(),
        Str("huggingface_path_in_repo").Foreign(),
        Str("huggingface_token").Foreign(),
        Str("huggingface_repo_visibility").Foreign(),
        Flag("save_state_to_huggingface").Foreign(),
        Flag("resume_from_huggingface").Foreign(),
        Flag("async_upload").Foreign(),
    ];

    private static TrainRecipe Written(TrainRecipe recipe, Func<OutputSettings, OutputSettings> change) =>
        recipe with
        {
            Output = change(recipe.Output),
        };
}
