using Forno.Data;
using Forno.Kohya;
using Forno.Optim.Rates;

namespace Forno.Training.Recipes;

/// <summary>
/// A training, complete and checked: what kohya's options came to. Everything that does not work yet was refused when
/// it
/// was read, so every property is meant to have its effect.
/// </summary>
public sealed record TrainRecipe
{
    /// <summary>The models it starts from.</summary>
    public required ModelSettings Model { get; init; }

    /// <summary>The data sets.</summary>
    public required IReadOnlyList<DatasetSettings> Datasets { get; init; }

    /// <summary>The same as kohya's resolved options, for the metadata.</summary>
    public required IReadOnlyList<DatasetBlueprint> Blueprints { get; init; }

    /// <summary>Whether the data sets came from a dataset config (kohya's metadata differs).</summary>
    public required bool HasDatasetConfig { get; init; }

    /// <summary>The adapter.</summary>
    public required NetworkSettings Network { get; init; }

    /// <summary>Optimizer and learning rates.</summary>
    public required OptimizerSettings Optimizer { get; init; }

    /// <summary>Loss and noise.</summary>
    public required LossSettings Loss { get; init; }

    /// <summary>Length, precision, caches.</summary>
    public required RunSettings Run { get; init; }

    /// <summary>What is written, and when.</summary>
    public required OutputSettings Output { get; init; }

    /// <summary>Sample pictures, or null if there are none.</summary>
    public SampleSettings? Samples { get; init; }

    /// <summary>
    /// Every option's effective value by kohya's name, as the metadata of the adapter file reports it.
    /// </summary>
    public required KohyaArgs Args { get; init; }

    /// <summary>What the user should know: options that another mechanism answers.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];
}

/// <summary>The models a training starts from.</summary>
public sealed record ModelSettings
{
    /// <summary><c>pretrained_model_name_or_path</c>.</summary>
    public required string Path { get; init; }

    /// <summary><c>vae</c>, or null for the one in the model file.</summary>
    public string? Vae { get; init; }

    /// <summary><c>v2</c>: the file must be of the SD2 family.</summary>
    public bool V2 { get; init; }

    /// <summary><c>v_parameterization</c>.</summary>
    public bool VParameterization { get; init; }

    /// <summary><c>clip_skip</c>: the n-th hidden state from the end; null = the model's own.</summary>
    public int? ClipSkip { get; init; }
}

/// <summary>The adapter that is trained.</summary>
public sealed record NetworkSettings
{
    /// <summary><c>network_module</c>: networks.lora.</summary>
    public required string Module { get; init; }

    /// <summary><c>network_dim</c>; 4 if not given.</summary>
    public required int Dim { get; init; }

    /// <summary><c>network_alpha</c>; 0 means the dim.</summary>
    public required double Alpha { get; init; }

    /// <summary><c>network_dropout</c>: probability on the adapter's input features; null = none.</summary>
    public double? Dropout { get; init; }

    /// <summary>Network argument <c>conv_dim</c>: rank on 3×3 convolutions; null = they have no adapter.</summary>
    public int? ConvDim { get; init; }

    /// <summary>Network argument <c>conv_alpha</c>; 1 if not given.</summary>
    public double ConvAlpha { get; init; } = 1;

    /// <summary>Network argument <c>rank_dropout</c>.</summary>
    public double? RankDropout { get; init; }

    /// <summary>Network argument <c>module_dropout</c>.</summary>
    public double? ModuleDropout { get; init; }

    /// <summary>Whether the U-Net has adapters (not <c>network_train_text_encoder_only</c>).</summary>
    public required bool TrainUNet { get; init; }

    /// <summary>Whether the text encoders have adapters (not <c>network_train_unet_only</c>).</summary>
    public required bool TrainTextEncoder { get; init; }
}

/// <summary>Optimizer, learning rates and their schedule.</summary>
public sealed record OptimizerSettings
{
    /// <summary><c>optimizer_type</c> by the name that the registry lists it under.</summary>
    public required string Type { get; init; }

    /// <summary><c>optimizer_args</c>: long, double, bool, string, null or <c>object?[]</c> by name.</summary>
    public required IReadOnlyDictionary<string, object?> Args { get; init; }

    /// <summary><c>learning_rate</c>.</summary>
    public required double LearningRate { get; init; }

    /// <summary><c>unet_lr</c>, or the learning rate.</summary>
    public required double UNetLr { get; init; }

    /// <summary>
    /// <c>text_encoder_lr</c>, one per encoder or one for all; the learning rate if not given. 0 freezes.
    /// </summary>
    public required IReadOnlyList<double> TextEncoderLrs { get; init; }

    /// <summary><c>max_grad_norm</c> over all trained tensors; 0 = no clipping.</summary>
    public required double MaxGradNorm { get; init; }

    /// <summary>The schedule for a number of optimizer steps.</summary>
    public required Func<long, LrScheduleSettings> Schedule { get; init; }
}

/// <summary>Loss and noise.</summary>
public sealed record LossSettings
{
    /// <summary><c>loss_type</c>: l2 or huber.</summary>
    public required string Type { get; init; }

    /// <summary><c>huber_schedule</c>: constant, exponential or snr.</summary>
    public required string HuberSchedule { get; init; }

    /// <summary><c>huber_c</c>.</summary>
    public required double HuberC { get; init; }

    /// <summary><c>huber_scale</c>.</summary>
    public required double HuberScale { get; init; }

    /// <summary><c>min_snr_gamma</c>; null = off.</summary>
    public double? MinSnrGamma { get; init; }

    /// <summary><c>noise_offset</c>; null = off.</summary>
    public double? NoiseOffset { get; init; }
}

/// <summary>Length, precision and caches of a training.</summary>
public sealed record RunSettings
{
    /// <summary><c>max_train_steps</c> in optimizer steps; <see cref="MaxTrainEpochs"/> goes before it.</summary>
    public required long MaxTrainSteps { get; init; }

    /// <summary><c>max_train_epochs</c>.</summary>
    public int? MaxTrainEpochs { get; init; }

    /// <summary><c>gradient_accumulation_steps</c>: batches per optimizer step.</summary>
    public required int Accumulation { get; init; }

    /// <summary><c>seed</c>; null = the trainer draws one and says which.</summary>
    public ulong? Seed { get; init; }

    /// <summary><c>mixed_precision</c>.</summary>
    public required Precision Precision { get; init; }

    /// <summary><c>gradient_checkpointing</c>.</summary>
    public required bool GradientCheckpointing { get; init; }

    /// <summary><c>cache_latents</c>.</summary>
    public required bool CacheLatents { get; init; }

    /// <summary><c>cache_latents_to_disk</c>.</summary>
    public required bool CacheLatentsToDisk { get; init; }

    /// <summary><c>vae_batch_size</c>: pictures encoded at once.</summary>
    public required int VaeBatchSize { get; init; }

    /// <summary><c>cache_text_encoder_outputs</c>.</summary>
    public required bool CacheTextOutputs { get; init; }

    /// <summary><c>cache_text_encoder_outputs_to_disk</c>.</summary>
    public required bool CacheTextOutputsToDisk { get; init; }

    /// <summary><c>resume</c>: folder of a saved state.</summary>
    public string? Resume { get; init; }
}

/// <summary>What a training writes.</summary>
public sealed record OutputSettings
{
    /// <summary><c>output_dir</c>.</summary>
    public required string Folder { get; init; }

    /// <summary><c>output_name</c>; "last" if not given, as kohya's.</summary>
    public required string Name { get; init; }

    /// <summary><c>save_precision</c>; null = that of the training.</summary>
    public Precision? SavePrecision { get; init; }

    /// <summary><c>save_every_n_epochs</c>.</summary>
    public int? SaveEveryNEpochs { get; init; }

    /// <summary><c>save_every_n_steps</c>, in optimizer steps.</summary>
    public int? SaveEveryNSteps { get; init; }

    /// <summary><c>save_n_epoch_ratio</c>: see <see cref="StepCounts.SaveEveryNEpochs"/>.</summary>
    public int? SaveNEpochRatio { get; init; }

    /// <summary><c>save_last_n_epochs</c>: keep the files of so many epochs.</summary>
    public int? KeepLastNEpochs { get; init; }

    /// <summary><c>save_last_n_steps</c>: keep the files of so many steps back.</summary>
    public int? KeepLastNSteps { get; init; }

    /// <summary><c>save_state</c>: keep the run's state with every save.</summary>
    public required bool SaveState { get; init; }

    /// <summary><c>save_state_on_train_end</c>.</summary>
    public required bool SaveStateAtEnd { get; init; }

    /// <summary><c>save_last_n_epochs_state</c>; null = as <see cref="KeepLastNEpochs"/>.</summary>
    public int? KeepLastNEpochsState { get; init; }

    /// <summary><c>save_last_n_steps_state</c>; null = as <see cref="KeepLastNSteps"/>.</summary>
    public int? KeepLastNStepsState { get; init; }

    /// <summary><c>no_metadata</c>.</summary>
    public required bool NoMetadata { get; init; }

    /// <summary><c>logging_dir</c>: TensorBoard event files; null = none.</summary>
    public string? LoggingFolder { get; init; }

    /// <summary><c>log_prefix</c> of the log's folder name.</summary>
    public string? LogPrefix { get; init; }
}

/// <summary>Sample pictures during training.</summary>
public sealed record SampleSettings
{
    /// <summary><c>sample_prompts</c>: file of prompts.</summary>
    public required string PromptsPath { get; init; }

    /// <summary><c>sample_every_n_epochs</c>; goes before the steps.</summary>
    public int? EveryNEpochs { get; init; }

    /// <summary><c>sample_every_n_steps</c>, in optimizer steps.</summary>
    public int? EveryNSteps { get; init; }

    /// <summary><c>sample_at_first</c>.</summary>
    public required bool AtFirst { get; init; }

    /// <summary><c>sample_sampler</c> by kohya's name.</summary>
    public required string Sampler { get; init; }
}
