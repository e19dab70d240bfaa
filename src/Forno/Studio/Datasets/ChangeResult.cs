using System.Text.Json.Serialization;
using Forno.Findings;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>What came of a change of a data set: it was done, or is described.</summary>
public abstract record ChangeResult
{
    /// <summary>The change's name in the journal, such as <c>trim</c>.</summary>
    [JsonPropertyOrder(-1)]
    public required string Command { get; init; }

    /// <summary>How many pictures (when importing: sources) were looked at.</summary>
    [JsonPropertyOrder(1)]
    public required int Looked { get; init; }

    /// <summary>
    /// How many steps are about pictures and change something, without those that only copy one into a new folder.
    /// </summary>
    [JsonPropertyOrder(1)]
    public required int Changed { get; init; }

    /// <summary>Files that were left out, and why.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<Problem> Problems { get; init; }

    /// <summary>Pictures that stay as they are though something was asked of them, and why.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<Problem> Kept { get; init; }

    /// <summary>What else to know, a line each.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>What the change found out about the data set.</summary>
    [JsonPropertyOrder(1)]
    public IReadOnlyList<Finding> Findings { get; init; } = [];

    /// <summary>The masks that were judged; null where the change is about other things.</summary>
    [JsonPropertyOrder(1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<MaskRow>? Masks { get; init; }

    /// <summary>Training configurations outside the work folder that were (or would be) written, too.</summary>
    [JsonPropertyOrder(1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ConfigWritten>? Configurations { get; init; }

    /// <summary>Whether there was something to do and nothing of it could be done.</summary>
    [JsonIgnore]
    public bool Failed => Problems.Count > 0 && (this is ChangeDone { Operation: null } or ChangePlanned { Steps: [] });
}

/// <summary>A change that was done.</summary>
public sealed record ChangeDone : ChangeResult
{
    /// <summary>The work folder, absolute.</summary>
    public required string WorkFolder { get; init; }

    /// <summary>The operation's number for undo; null if there was nothing to do.</summary>
    public required int? Operation { get; init; }

    /// <summary>How many of the plan's steps were done.</summary>
    public required int Steps { get; init; }

    /// <summary>How many files were changed.</summary>
    public required int Files { get; init; }

    /// <summary>How many pictures were only copied into the new work folder.</summary>
    public required int BroughtOver { get; init; }
}

/// <summary>A change that was only described.</summary>
public sealed record ChangePlanned : ChangeResult
{
    /// <summary>What would be done.</summary>
    public required IReadOnlyList<StepDescription> Steps { get; init; }
}
