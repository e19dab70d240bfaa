using Forno.Datasets.Duplicates;
using Forno.Datasets.Sorting;
using Forno.Datasets.Surveys;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>How duplicates are moved out of the way.</summary>
/// <param name="Place">Where.</param>
/// <param name="Duplicates">What counts as one.</param>
public sealed record DedupeRequest(ChangePlace Place, DuplicateOptions Duplicates);

/// <summary>Moves pictures that show the same as a better one out of the way.</summary>
/// <param name="request">What is wanted.</param>
public sealed class DedupeJob(DedupeRequest request) : ChangeJob(request.Place)
{
    /// <inheritdoc/>
    protected override ChangePlan Plan(ChangeContext context)
    {
        // In a work folder nothing may be overwritten; a new one is empty.
        string? root = request.Place.Output is null ? context.Folder.Work : null;
        PictureSurvey survey = Surveys.Look(context.Folder, request.Place.Folders[0], context.Events, context.Cancel);
        return DedupePlan.Make(
            survey,
            Surveys.Compare(survey, request.Duplicates, context.Events, context.Cancel),
            path => root is not null && Path.Exists(Path.Join(root, path))
        );
    }
}
