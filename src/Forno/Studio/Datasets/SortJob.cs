using Forno.Datasets.Sorting;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>How pictures are sorted into folders.</summary>
/// <param name="Place">Where.</param>
/// <param name="Rules">The rules; the first that holds counts.</param>
/// <param name="Rest">Folder for pictures that no rule moves; null: they stay.</param>
public sealed record SortRequest(ChangePlace Place, IReadOnlyList<SortRule> Rules, string? Rest = null);

/// <summary>Sorts pictures into folders.</summary>
/// <param name="request">What is wanted.</param>
public sealed class SortJob(SortRequest request) : ChangeJob(request.Place)
{
    /// <inheritdoc/>
    protected override ChangePlan Plan(ChangeContext context) =>
        SortPlan.Make(context.Folder, request.Rules, request.Rest, context.Progress, context.Cancel);
}
