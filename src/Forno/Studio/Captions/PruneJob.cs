using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Findings;
using Forno.Studio.Datasets;
using Forno.Workspace;

namespace Forno.Studio.Captions;

/// <summary>What triggers are to absorb.</summary>
public sealed record PruneRequest
{
    /// <summary>Where.</summary>
    public required ChangePlace Place { get; init; }

    /// <summary>What is pruned.</summary>
    public required PruneSettings Settings { get; init; }

    /// <summary>The triggers.</summary>
    public TriggerSearch Triggers { get; init; } = new();

    /// <summary>The extension of the captions; null: the usual ones.</summary>
    public string? Extension { get; init; }
}

/// <summary>Takes out of captions what triggers are to absorb; it is kept in the pictures' sidecars.</summary>
public sealed class PruneJob : ChangeJob
{
    private readonly PruneRequest request;
    private IReadOnlyList<Finding> findings = [];

    /// <summary>Takes the request.</summary>
    /// <param name="request">What is wanted.</param>
    /// <exception cref="FornoException">The settings make no sense.</exception>
    public PruneJob(PruneRequest request)
        : base(request.Place, request.Extension)
    {
        request.Settings.Check();
        this.request = request;
    }

    /// <inheritdoc/>
    protected override ChangePlan Plan(ChangeContext context)
    {
        var set = CaptionSet.Read(context.Folder, request.Extension, cancel: context.Cancel);
        TraitLists traits = request.Triggers.Traits();
        PruneOutcome outcome = PrunePlans.Make(
            set,
            request.Triggers.Names(context.Folder, request.Place.Folders, set, traits),
            traits,
            request.Settings,
            TagSidecar.Of,
            context.Progress,
            context.Cancel
        );
        findings = outcome.Findings;
        return outcome.Plan;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<Finding> Findings() => findings;
}
