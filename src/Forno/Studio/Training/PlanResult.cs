using System.Text.Json.Serialization;
using Forno.Datasets.Repeats;
using Forno.Findings;
using Forno.Kohya;
using Forno.Workspace;

namespace Forno.Studio.Training;

/// <summary>Repeats and epochs of a data set; the answer of <c>plan --json</c>.</summary>
/// <param name="Plan">The same as the library has it.</param>
/// <param name="Targets">The folders' new paths by their old ones.</param>
/// <param name="Folder">The pictures.</param>
public sealed record PlanResult(
    [property: JsonIgnore] RepeatPlan Plan,
    [property: JsonIgnore] IReadOnlyDictionary<string, string> Targets,
    [property: JsonIgnore] PictureFolder Folder
)
{
    /// <summary>The training configuration, or null.</summary>
    [JsonIgnore]
    public ConfigEdit? Configuration { get; init; }

    /// <summary>The recipe.</summary>
    [JsonConverter(typeof(LowerName<RepeatRecipe>))]
    public RepeatRecipe Recipe => Settings.Recipe;

    /// <summary>The optimizer by kohya's name.</summary>
    public string Optimizer => Settings.Optimizer;

    /// <summary>Whether the base model is of SDXL's family.</summary>
    public bool Sdxl => Settings.Sdxl;

    /// <summary>Whether <c>min_snr_gamma</c> is on.</summary>
    public bool MinSnrGamma => Settings.MinSnrGamma;

    /// <summary>Whether <c>ip_noise_gamma</c> is on.</summary>
    public bool IpNoiseGamma => Settings.IpNoiseGamma;

    /// <summary>Whether the pictures are animation of the 1980s or 1990s.</summary>
    public bool Retro => Settings.Retro;

    /// <summary><c>network_module</c>, or null.</summary>
    public string? Network => Settings.Network;

    /// <summary><c>network_dim</c>, or null.</summary>
    public int? Dim => Settings.Dim;

    /// <summary><c>network_alpha</c>, or null.</summary>
    public double? Alpha => Settings.Alpha;

    /// <summary>Pictures a batch.</summary>
    public int Batch => Settings.Batch;

    /// <summary>Batches a step.</summary>
    public int Accumulation => Settings.Accumulation;

    /// <summary>Image steps an epoch that a concept is to have.</summary>
    public int StepsPerConcept => RepeatPlanner.Targets(Settings).Concept;

    /// <summary>Image steps an epoch that a part of a concept is to have.</summary>
    public int StepsPerSubConcept => RepeatPlanner.Targets(Settings).Sub;

    /// <summary>The fewest image steps of the whole training that suit a concept.</summary>
    public int TotalLow => RepeatPlanner.Range(Settings).Low;

    /// <summary>The most that suit it.</summary>
    public int TotalHigh => RepeatPlanner.Range(Settings).High;

    /// <summary>The most that it stands.</summary>
    public int Cap => RepeatPlanner.Cap(Settings);

    /// <summary>Epochs.</summary>
    public int Epochs => Plan.Epochs;

    /// <summary>Image steps an epoch.</summary>
    public int ImageSteps => Plan.ImageSteps;

    /// <summary>Image steps of the whole training.</summary>
    public long TotalImageSteps => Plan.TotalImageSteps;

    /// <summary>Optimizer steps an epoch.</summary>
    public int OptimizerSteps => Plan.OptimizerSteps;

    /// <summary>Optimizer steps of the whole training.</summary>
    public long TotalOptimizerSteps => Plan.TotalOptimizerSteps;

    /// <summary>Where the numbers come from, a sentence each.</summary>
    public IReadOnlyList<string> Reasons => Plan.Reasons;

    /// <summary>The folders, in order of name.</summary>
    public IEnumerable<PlannedFolder> Folders =>
        Plan.Folders.Select(f => new PlannedFolder(
            f.Folder,
            Targets.GetValueOrDefault(f.Folder, f.Folder),
            f.Concept,
            f.Main,
            f.Pictures,
            f.Repeats,
            f.Before,
            f.ImageSteps,
            f.Why
        ));

    /// <summary>The triggers, concepts first.</summary>
    public IReadOnlyList<TriggerSteps> Triggers => Plan.Triggers;

    /// <summary>What to know about it, worst first.</summary>
    public IReadOnlyList<Finding> Findings => Plan.Findings;

    private BakeSettings Settings => Plan.Settings;
}

/// <summary>A folder and what becomes of it.</summary>
/// <param name="Folder">Its path within the data set; empty for the data set's own folder.</param>
/// <param name="NewFolder">Its path with the repeats in its name.</param>
/// <param name="Concept">What it is for.</param>
/// <param name="Main">Whether that is a concept of its own rather than a part of one.</param>
/// <param name="Pictures">Its pictures.</param>
/// <param name="Repeats">How often each is drawn in an epoch.</param>
/// <param name="Before">What its name says now, or null.</param>
/// <param name="ImageSteps">Image steps an epoch.</param>
/// <param name="Why">Where the number comes from.</param>
public sealed record PlannedFolder(
    string Folder,
    string NewFolder,
    string Concept,
    bool Main,
    int Pictures,
    int Repeats,
    int? Before,
    int ImageSteps,
    string Why
);
