using System.Text.Json.Serialization;
using Forno.Datasets.Triggers;
using Forno.Findings;
using Forno.Workspace;

namespace Forno.Studio.Captions;

/// <summary>What each trigger will learn of what was pruned.</summary>
public sealed record AbsorptionResult
{
    /// <summary>Takes a table.</summary>
    /// <param name="table">The table.</param>
    public AbsorptionResult(AbsorptionTable table)
    {
        Table = table;
        Findings = table.Findings;
    }

    /// <summary>The same as the library has it.</summary>
    [JsonIgnore]
    public AbsorptionTable Table { get; }

    /// <summary>The pictures.</summary>
    [JsonIgnore]
    public PictureFolder? Folder { get; init; }

    /// <summary>How many pictures there are.</summary>
    public int Pictures => Table.Scene.Pictures;

    /// <summary>The folders.</summary>
    public IEnumerable<GroupRow> Groups => Table.Scene.Groups.Select(g => new GroupRow(g.Name, g.Extent.Count));

    /// <summary>The triggers, widest first.</summary>
    public IEnumerable<TriggerRow> Triggers =>
        Table.Scene.Triggers.Select(t => new TriggerRow(
            t.Name,
            t.Kind,
            t.Extent.Count,
            [.. Table.Of(t.Name).Where(f => f.Cell.Takes).Select(f => f.Feature.Tag)],
            Tags(t, AbsorptionVerdict.Leaks),
            Tags(t, AbsorptionVerdict.Partly)
        ));

    /// <summary>What was pruned, widest first.</summary>
    public IEnumerable<FeatureRow> Features =>
        Table.Rows.Select(r => new FeatureRow(
            r.Feature.Tag,
            r.Feature.Category,
            r.Feature.Hidden.Count,
            r.Feature.Told.Count,
            r.Unclaimed,
            [
                .. r.Cells.Select(c => new CellRow(
                    c.Trigger.Name,
                    c.Verdict,
                    c.Pictures,
                    Math.Round(c.Grip, 4),
                    Math.Round(c.Share, 4)
                )),
            ]
        ));

    /// <summary>The pictures by which triggers they have: every combination that occurs, the largest first.</summary>
    public IEnumerable<RegionRow> Regions =>
        Table
            .Regions()
            .Select(r => new RegionRow(
                [.. r.Triggers.Select(t => t.Name)],
                r.Extent.Count,
                [.. Table.GroupsOf(r.Extent)]
            ));

    /// <summary>What to know about the triggers, worst first.</summary>
    public IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>Captions and sidecars that could not be read, and why.</summary>
    public IReadOnlyList<Problem> Problems { get; init; } = [];

    private string[] Tags(Trigger trigger, AbsorptionVerdict verdict) =>
        [.. Table.Of(trigger.Name).Where(f => f.Cell.Verdict == verdict).Select(f => f.Feature.Tag)];
}

/// <summary>A folder.</summary>
/// <param name="Name">Its path; empty at the top.</param>
/// <param name="Pictures">How many pictures it has.</param>
public sealed record GroupRow(string Name, int Pictures);

/// <summary>A trigger.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Pictures">How many pictures have it.</param>
/// <param name="Takes">The pruned tags that it will mean.</param>
/// <param name="Leaks">Those that it lets in.</param>
/// <param name="Partly">Those that it shows now and then.</param>
public sealed record TriggerRow(
    string Name,
    [property: JsonConverter(typeof(LowerName<TriggerKind>))] TriggerKind Kind,
    int Pictures,
    IReadOnlyList<string> Takes,
    IReadOnlyList<string> Leaks,
    IReadOnlyList<string> Partly
);

/// <summary>A pruned tag.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Category">Its category.</param>
/// <param name="Pictures">From how many captions it was pruned.</param>
/// <param name="Told">In how many it still stands.</param>
/// <param name="Unclaimed">How many pictures have it that no trigger claims.</param>
/// <param name="Triggers">What each trigger has of it.</param>
public sealed record FeatureRow(
    string Tag,
    string? Category,
    int Pictures,
    int Told,
    int Unclaimed,
    IReadOnlyList<CellRow> Triggers
);

/// <summary>What a trigger has of a pruned tag.</summary>
/// <param name="Name">The trigger.</param>
/// <param name="Verdict">What comes of it.</param>
/// <param name="Pictures">How many pictures have both.</param>
/// <param name="Grip">The share of the trigger's pictures that have the tag, 0 to 1.</param>
/// <param name="Share">The share of the tag's pictures that have the trigger, 0 to 1.</param>
public sealed record CellRow(
    string Name,
    [property: JsonConverter(typeof(LowerName<AbsorptionVerdict>))] AbsorptionVerdict Verdict,
    int Pictures,
    double Grip,
    double Share
);

/// <summary>Pictures that have the same triggers.</summary>
/// <param name="Triggers">The triggers; empty: those without.</param>
/// <param name="Pictures">How many.</param>
/// <param name="Groups">Their folders.</param>
public sealed record RegionRow(IReadOnlyList<string> Triggers, int Pictures, IReadOnlyList<string> Groups);
