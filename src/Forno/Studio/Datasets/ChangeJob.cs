using Forno.Findings;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>
/// A change of a data set: opens the work folder, looks at the pictures, makes a plan, and does or describes it.
/// </summary>
/// <param name="place">Where.</param>
/// <param name="captionExtension">A further extension of captions, or null.</param>
public abstract class ChangeJob(ChangePlace place, string? captionExtension = null) : IJob<ChangeResult>
{
    /// <inheritdoc/>
    /// <exception cref="NeedsOutputException">The pictures are originals, and no output is named.</exception>
    public ChangeResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        var events = new JobProgress(progress);
        string? root = Root();
        if (place.DryRun && place.Output is null && root is not null && WorkFolder.Unfinished(root) is { } unfinished)
        {
            events.Say($"an interrupted '{unfinished}' would be rolled back first");
        }

        using WorkFolder? work =
            place.DryRun || root is null ? null
            : place.Output is null ? WorkFolder.Open(root)
            : WorkFolder.OpenOrCreate(root);
        Changes.SayRecovered(events, work);
        var folder = PictureFolder.Scan(place.Folders, captionExtension: captionExtension);
        ChangePlan plan = events.Count(
            "look",
            folder.Pictures.Count,
            "pictures",
            looked => Plan(new ChangeContext(folder, looked, events, cancel))
        );
        plan = place.Output is null ? plan : plan.BringingOver(folder);
        return Complete(Changes.Finish(plan, work, folder.Pictures.Count, Findings(), events, cancel));
    }

    /// <summary>Makes the plan as if the pictures were changed in place.</summary>
    protected abstract ChangePlan Plan(ChangeContext context);

    /// <summary>What else there is to report, once the plan is made.</summary>
    protected virtual IReadOnlyList<Finding> Findings() => [];

    /// <summary>Adds to the result, or does what comes after the plan.</summary>
    protected virtual ChangeResult Complete(ChangeResult result) => result;

    // The work folder that is changed or made; null if the folders that were named are absent, which the scan reports.
    private string? Root()
    {
        string?[] works =
        [
            .. place
                .Folders.Where(Path.Exists)
                .Select(f => WorkFolder.Find(Directory.Exists(f) ? f : Path.GetDirectoryName(Path.GetFullPath(f))!))
                .Distinct(),
        ];
        if (place.Output is { } output)
        {
            Changes.RequireApart(place.Folders, output);
            WorkFolder.RequireUsable(output);
            return output;
        }

        return works is [not null] or []
            ? works.FirstOrDefault()
            : throw new NeedsOutputException(
                place.Folders[0],
                "it is no work folder of Forno, and originals are never changed",
                "Choose a new folder that takes the changed copies."
            );
    }
}
