using System.Text.Json.Serialization;
using Forno.Advice;
using Forno.Data;
using Forno.Datasets.Captions;
using Forno.Studio.Captions;
using Forno.Workspace;

namespace Forno.Studio.Training;

/// <summary>A data set, with or without the configuration that trains it, to look through.</summary>
public sealed record DiagnoseRequest
{
    /// <summary>Folders of pictures; nothing in them is changed.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    /// <summary>The training configuration, or null.</summary>
    public string? Configuration { get; init; }

    /// <summary>The extension of the captions; null: the usual ones.</summary>
    public string? Extension { get; init; }

    /// <summary>The triggers.</summary>
    public TriggerSearch Triggers { get; init; } = new();

    /// <summary>Tags of the model's data; null: those of Forno's lists.</summary>
    public TagList? KnownTags { get; init; }

    /// <summary>What about the training is to be other than in the configuration.</summary>
    public BakeChoice Settings { get; init; } = new();

    /// <summary>How the trainer will sort pictures, where the configuration does not say.</summary>
    public required BucketRules Buckets { get; init; }

    /// <summary>Whether the pictures themselves are looked into, which takes longest.</summary>
    public bool LooksIntoPictures { get; init; } = true;
}

/// <summary>What was found; the answer of <c>doctor FOLDER --json</c>.</summary>
/// <param name="Pictures">How many pictures there are.</param>
/// <param name="Triggers">The triggers' names.</param>
/// <param name="Findings">All findings, worst first.</param>
/// <param name="Problems">Files that cannot be used, and why.</param>
/// <param name="Folder">The pictures.</param>
public sealed record DiagnoseResult(
    int Pictures,
    IReadOnlyList<string> Triggers,
    IReadOnlyList<Diagnosis> Findings,
    IReadOnlyList<Problem> Problems,
    [property: JsonIgnore] PictureFolder Folder
)
{
    /// <summary>Whether the configuration's options stand in several files.</summary>
    [JsonIgnore]
    public bool SeveralFiles { get; init; }
}
