using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Workspace;

namespace Forno.Studio.Captions;

/// <summary>Whose absorption table is made.</summary>
public sealed record AbsorptionRequest
{
    /// <summary>Folders of pictures; nothing in them is changed.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    /// <summary>The triggers.</summary>
    public TriggerSearch Triggers { get; init; } = new();

    /// <summary>Tags of the model's data, which base models know; null: those of Forno's lists.</summary>
    public TagList? KnownTags { get; init; }

    /// <summary>The extension of the captions; null: the usual ones.</summary>
    public string? Extension { get; init; }
}

/// <summary>Makes the absorption table: what each trigger will learn of what was pruned.</summary>
/// <param name="request">What is wanted.</param>
public sealed class AbsorptionJob(AbsorptionRequest request) : IJob<AbsorptionResult>
{
    /// <inheritdoc/>
    public AbsorptionResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        (PictureFolder folder, CaptionSet set) = CaptionReportJob.Read(
            request.Folders,
            request.Extension,
            progress,
            cancel
        );
        TraitLists traits = request.Triggers.Traits();
        var (pruned, problems) = TriggerScenes.ReadPruned(set, cancel);
        var table = AbsorptionTable.Make(
            TriggerScenes.Of(
                set,
                request.Triggers.Names(folder, request.Folders, set, traits),
                traits,
                pruned,
                request.KnownTags?.Names
            )
        );
        return new AbsorptionResult(table) { Folder = folder, Problems = [.. set.Problems, .. problems] };
    }
}
