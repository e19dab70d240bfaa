using Forno.Data;
using Forno.Diffusion.Losses;
using Forno.Diffusion.Noise;
using Forno.Torch;

namespace Forno.Training.Recipes;

/// <summary>
/// A training, complete and checked: what the options came to, in the engine's own records. Everything that does not
/// work was refused when it was read, so every property has its effect.
/// </summary>
public sealed record TrainRecipe
{
    /// <summary>The models it starts from.</summary>
    public ModelSettings Model { get; init; } = new();

    /// <summary>The data sets.</summary>
    public IReadOnlyList<DatasetSettings> Datasets { get; init; } = [];

    /// <summary>The adapter.</summary>
    public NetworkSettings Network { get; init; } = new();

    /// <summary>Optimizer and learning rates.</summary>
    public OptimizerSettings Optimizer { get; init; } = new();

    /// <summary>From the network's output to the loss. What the model predicts is known when it is loaded.</summary>
    public LossRecipe Loss { get; init; } = new();

    /// <summary>The noise that training adds, and the timesteps.</summary>
    public NoiseRecipe Noise { get; init; } = new();

    /// <summary>Length, precision, caches.</summary>
    public RunSettings Run { get; init; } = new();

    /// <summary>What is written, and when.</summary>
    public OutputSettings Output { get; init; } = new();

    /// <summary>What is said of sample pictures, whether there are any or not.</summary>
    public SampleSettings Sampling { get; init; } = new();

    /// <summary>Sample pictures, or null if there are none.</summary>
    public SampleSettings? Samples =>
        Sampling is { EveryNEpochs: null, EveryNSteps: null, AtFirst: false } ? null : Sampling;

    /// <summary>What was written, for the metadata of the adapter's files.</summary>
    public WrittenOptions Written { get; init; } = new();

    /// <summary>What the user should know, a line each.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];
}

/// <summary>The models a training starts from.</summary>
public sealed record ModelSettings
{
    /// <summary><c>pretrained_model_name_or_path</c>.</summary>
    public string Path { get; init; } = "";

    /// <summary><c>vae</c>, or null for the one in the model file.</summary>
    public string? Vae { get; init; }

    /// <summary><c>v2</c>: the file must be of the SD2 family.</summary>
    public bool V2 { get; init; }

    /// <summary><c>v_parameterization</c>.</summary>
    public bool VParameterization { get; init; }

    /// <summary><c>clip_skip</c>: the n-th hidden state from the end; null = the model's own.</summary>
    public int? ClipSkip { get; init; }

    /// <summary>
    /// <c>zero_terminal_snr</c>: noise and targets by the schedule whose last step is noise alone; weights by the
    /// original.
    /// </summary>
    public bool ZeroTerminalSnr { get; init; }
}

/// <summary>Length, precision and caches of a training.</summary>
public sealed record RunSettings
{
    /// <summary><c>max_train_steps</c> in optimizer steps; <see cref="MaxTrainEpochs"/> goes before it.</summary>
    public long MaxTrainSteps { get; init; }

    /// <summary><c>max_train_epochs</c>.</summary>
    public int? MaxTrainEpochs { get; init; }

    /// <summary><c>gradient_accumulation_steps</c>: batches per optimizer step.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary><c>seed</c>; null = the trainer draws one and says which.</summary>
    public ulong? Seed { get; init; }

    /// <summary><c>mixed_precision</c>: the frozen weights' type.</summary>
    public DType Precision { get; init; } = DType.Float32;

    /// <summary><c>gradient_checkpointing</c>.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary><c>cache_latents</c>.</summary>
    public bool CacheLatents { get; init; }

    /// <summary><c>cache_latents_to_disk</c>.</summary>
    public bool CacheLatentsToDisk { get; init; }

    /// <summary><c>vae_batch_size</c>: pictures encoded at once.</summary>
    public int VaeBatchSize { get; init; } = 1;

    /// <summary><c>cache_text_encoder_outputs</c>.</summary>
    public bool CacheTextOutputs { get; init; }

    /// <summary><c>cache_text_encoder_outputs_to_disk</c>.</summary>
    public bool CacheTextOutputsToDisk { get; init; }

    /// <summary><c>resume</c>: folder of a saved state.</summary>
    public string? Resume { get; init; }
}

/// <summary>What a training writes.</summary>
public sealed record OutputSettings
{
    /// <summary><c>output_dir</c>.</summary>
    public string Folder { get; init; } = "";

    /// <summary><c>output_name</c>; "last" if not given, as kohya's.</summary>
    public string Name { get; init; } = "last";

    /// <summary><c>save_precision</c>; null = that of the training.</summary>
    public DType? SavePrecision { get; init; }

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
    public bool SaveState { get; init; }

    /// <summary><c>save_state_on_train_end</c>.</summary>
    public bool SaveStateAtEnd { get; init; }

    /// <summary><c>save_last_n_epochs_state</c>; null = as <see cref="KeepLastNEpochs"/>.</summary>
    public int? KeepLastNEpochsState { get; init; }

    /// <summary><c>save_last_n_steps_state</c>; null = as <see cref="KeepLastNSteps"/>.</summary>
    public int? KeepLastNStepsState { get; init; }

    /// <summary><c>logging_dir</c>: TensorBoard event files; null = none.</summary>
    public string? LoggingFolder { get; init; }

    /// <summary><c>log_prefix</c> of the log's folder name.</summary>
    public string? LogPrefix { get; init; }
}

/// <summary>Sample pictures during training.</summary>
public sealed record SampleSettings
{
    /// <summary><c>sample_prompts</c>: file of prompts.</summary>
    public string PromptsPath { get; init; } = "";

    /// <summary><c>sample_every_n_epochs</c>; goes before the steps.</summary>
    public int? EveryNEpochs { get; init; }

    /// <summary><c>sample_every_n_steps</c>, in optimizer steps.</summary>
    public int? EveryNSteps { get; init; }

    /// <summary><c>sample_at_first</c>.</summary>
    public bool AtFirst { get; init; }

    /// <summary><c>sample_sampler</c> by kohya's name.</summary>
    public string Sampler { get; init; } = "ddim";
}

/// <summary>What was written in the configuration, for the metadata of the adapter's files.</summary>
public sealed record WrittenOptions
{
    /// <summary>Every training option's value in force, by kohya's name.</summary>
    public IReadOnlyDictionary<string, object?> Training { get; init; } = new Dictionary<string, object?>();

    /// <summary>The options of every subset in force, by data set.</summary>
    public IReadOnlyList<IReadOnlyList<IReadOnlyDictionary<string, object?>>> Subsets { get; init; } = [];

    /// <summary>Whether the data sets came from a dataset config (kohya's metadata differs).</summary>
    public bool HasDatasetConfig { get; init; }
}
