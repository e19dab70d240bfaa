using Forno.Findings;
using Forno.Optim.Optimizers;

namespace Forno.Datasets.Repeats;

/// <summary>How repeats and epochs are reckoned.</summary>
public enum RepeatRecipe
{
    /// <summary>8 epochs of so many image steps for each concept and each sub-concept.</summary>
    Balanced,

    /// <summary>Pictures × repeats ≈ 900, then repeated pictures × epochs ÷ batch ≈ 2500.</summary>
    Simple,
}

/// <summary>What about a training decides how long it has to be.</summary>
public sealed record BakeSettings
{
    /// <summary>The recipe.</summary>
    public RepeatRecipe Recipe { get; init; } = RepeatRecipe.Balanced;

    /// <summary>
    /// The optimizer by kohya's name: Prodigy, DAdapt… find their rate themselves; all others count as AdamW.
    /// </summary>
    public string Optimizer { get; init; } = "Prodigy";

    /// <summary>Whether the base model is of SDXL's family.</summary>
    public bool Sdxl { get; init; }

    /// <summary>Whether <c>min_snr_gamma</c> is on.</summary>
    public bool MinSnrGamma { get; init; }

    /// <summary>Whether <c>ip_noise_gamma</c> is on.</summary>
    public bool IpNoiseGamma { get; init; }

    /// <summary>
    /// Whether the pictures are animation of the 1980s or 1990s, which is learnt three times as fast.
    /// </summary>
    public bool Retro { get; init; }

    /// <summary>Whether <c>scale_weight_norms</c> is on.</summary>
    public bool ScaleWeightNorms { get; init; }

    /// <summary><c>train_batch_size</c>.</summary>
    public int Batch { get; init; } = 1;

    /// <summary><c>gradient_accumulation_steps</c>.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>Epochs; null = the recipe's.</summary>
    public int? Epochs { get; init; }

    /// <summary>Image steps an epoch for each concept; null = the recipe's. A sub-concept gets a third.</summary>
    public int? StepsPerConcept { get; init; }

    /// <summary>kohya's <c>network_module</c>, or null; the balanced recipe is for plain LoRA.</summary>
    public string? Network { get; init; }

    /// <summary><c>network_dim</c>, or null; the balanced recipe is for 32.</summary>
    public int? Dim { get; init; }

    /// <summary><c>network_alpha</c>, or null; the balanced recipe is for 16.</summary>
    public double? Alpha { get; init; }

    /// <summary>Whether the optimizer finds its own rate.</summary>
    public bool IsProdigy => OptimizerRegistry.FindsItsOwnRate(Optimizer);

    /// <summary>Refuses numbers that make no sense.</summary>
    /// <exception cref="FornoException">One is below 1.</exception>
    public void Check()
    {
        foreach (
            var (name, value) in ((string, int?)[])
                [
                    ("batch", Batch),
                    ("accumulation", Accumulation),
                    ("epochs", Epochs),
                    ("steps per concept", StepsPerConcept),
                ]
        )
        {
            if (value is < 1 or > 1_000_000)
            {
                throw new FornoException(Invariant.Text($"{name} = {value} makes no sense; give at least 1"));
            }
        }
    }
}

/// <summary>The repeats of a folder.</summary>
/// <param name="Folder">Its path within the data set; empty for the data set's own folder.</param>
/// <param name="Concept">What it is for: its narrowest trigger, or its own name where captions have none.</param>
/// <param name="Main">Whether that is a concept of its own rather than a part of one.</param>
/// <param name="Pictures">Its pictures.</param>
/// <param name="Repeats">How often each is drawn in an epoch.</param>
/// <param name="Before">What its name says now, or null.</param>
/// <param name="Why">Where the number comes from.</param>
public sealed record FolderRepeats(
    string Folder,
    string Concept,
    bool Main,
    int Pictures,
    int Repeats,
    int? Before,
    string Why
)
{
    /// <summary>Image steps an epoch.</summary>
    public int ImageSteps => Pictures * Repeats;
}

/// <summary>How much a trigger is trained.</summary>
/// <param name="Trigger">The trigger, or the folder's name where captions have none.</param>
/// <param name="Main">Whether it is a concept of its own.</param>
/// <param name="PerEpoch">Image steps an epoch, of every folder whose captions have it.</param>
/// <param name="Total">Image steps of the whole training.</param>
public sealed record TriggerSteps(string Trigger, bool Main, int PerEpoch, long Total);

/// <summary>Repeats and epochs for a data set.</summary>
public sealed record RepeatPlan
{
    /// <summary>What it was made for.</summary>
    public required BakeSettings Settings { get; init; }

    /// <summary>Where the targets come from, a sentence each.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>The folders, in order of name.</summary>
    public required IReadOnlyList<FolderRepeats> Folders { get; init; }

    /// <summary>The triggers, concepts first.</summary>
    public required IReadOnlyList<TriggerSteps> Triggers { get; init; }

    /// <summary>Epochs.</summary>
    public required int Epochs { get; init; }

    /// <summary>Image steps an epoch: pictures × repeats.</summary>
    public int ImageSteps => Folders.Sum(f => f.ImageSteps);

    /// <summary>Image steps of the whole training.</summary>
    public long TotalImageSteps => (long)ImageSteps * Epochs;

    /// <summary>
    /// Optimizer steps an epoch, as if all pictures were of one bucket; each further bucket may add one.
    /// </summary>
    public int OptimizerSteps =>
        (((ImageSteps + Settings.Batch - 1) / Settings.Batch) + Settings.Accumulation - 1) / Settings.Accumulation;

    /// <summary>Optimizer steps of the whole training.</summary>
    public long TotalOptimizerSteps => (long)OptimizerSteps * Epochs;

    /// <summary>What to know about it, worst first.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }
}
