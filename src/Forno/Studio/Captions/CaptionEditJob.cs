using Forno.Datasets.Captions;
using Forno.Studio.Datasets;
using Forno.Workspace;

namespace Forno.Studio.Captions;

/// <summary>Tags to add, remove, replace, sort or cut.</summary>
/// <param name="Place">Where.</param>
/// <param name="Edit">What is done with each caption.</param>
/// <param name="Extension">The extension of the captions; null: the usual ones.</param>
public sealed record CaptionEditRequest(ChangePlace Place, TagEditSettings Edit, string? Extension = null);

/// <summary>Changes the tags of many captions at once.</summary>
/// <param name="request">What is wanted.</param>
public sealed class CaptionEditJob(CaptionEditRequest request) : ChangeJob(request.Place, request.Extension)
{
    /// <inheritdoc/>
    protected override ChangePlan Plan(ChangeContext context)
    {
        var set = CaptionSet.Read(context.Folder, request.Extension, null, context.Cancel);
        var edits = new TagEdits(request.Edit, set);
        ChangePlan plan = CaptionPlans.Make(set, "caption edit", edits.Edit, context.Progress, context.Cancel);
        return plan with { Notes = [.. edits.Notes, .. plan.Notes] };
    }
}
