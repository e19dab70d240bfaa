using Forno.Datasets.Captions;
using Forno.Studio.Datasets;
using Forno.Workspace;

namespace Forno.Studio.Captions;

/// <summary>What is taken out of captions since it teaches nothing.</summary>
/// <param name="Place">Where.</param>
/// <param name="Rules">By which rules.</param>
/// <param name="Extension">The extension of the captions; null: the usual ones.</param>
public sealed record CaptionCleanRequest(ChangePlace Place, CleanSettings Rules, string? Extension = null);

/// <summary>Takes out of captions what teaches nothing, by lists that anybody can read and extend.</summary>
public sealed class CaptionCleanJob : ChangeJob
{
    private const int MostChanges = 12;
    private readonly CaptionCleanRequest request;
    private readonly CaptionCleaner cleaner;

    /// <summary>Reads the word lists.</summary>
    /// <param name="request">What is wanted.</param>
    /// <exception cref="FornoException">A rule is unknown, or a list cannot be read.</exception>
    public CaptionCleanJob(CaptionCleanRequest request)
        : base(request.Place, request.Extension)
    {
        this.request = request;
        cleaner = new CaptionCleaner(request.Rules);
    }

    /// <inheritdoc/>
    protected override ChangePlan Plan(ChangeContext context)
    {
        var set = CaptionSet.Read(context.Folder, request.Extension, null, context.Cancel);
        ChangePlan plan = CaptionPlans.Make(set, "caption clean", cleaner.Clean, context.Progress, context.Cancel);
        return plan with { Notes = [.. Notes(cleaner.Changes), .. plan.Notes] };
    }

    private static IEnumerable<string> Notes(IReadOnlyList<CleanChange> changes)
    {
        foreach (var rule in changes.GroupBy(c => c.Rule))
        {
            int captions = rule.Sum(c => c.Captions);
            yield return Invariant.Text($"{rule.Key}: {captions} {(captions == 1 ? "change" : "changes")}");
            foreach (CleanChange change in rule.Take(MostChanges))
            {
                yield return Invariant.Text($"{change.Captions, 6}  {change.What}");
            }

            if (rule.Count() > MostChanges)
            {
                yield return Invariant.Text($"        … and {rule.Count() - MostChanges} more kinds");
            }
        }
    }
}
