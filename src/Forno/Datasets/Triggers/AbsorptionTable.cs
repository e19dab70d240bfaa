using Forno.Findings;

namespace Forno.Datasets.Triggers;

/// <summary>
/// The absorption table: which trigger will learn which pruned feature, and what about the triggers will go wrong.
/// Pure; the order of pictures, folders, triggers and features does not matter.
/// </summary>
public sealed class AbsorptionTable
{
    private AbsorptionTable(TriggerScene scene)
    {
        Scene = scene with
        {
            Triggers =
            [
                .. scene.Triggers.OrderByDescending(t => t.Extent.Count).ThenBy(t => t.Name, StringComparer.Ordinal),
            ],
            Features =
            [
                .. scene
                    .Features.Where(f => !f.Hidden.IsEmpty)
                    .OrderByDescending(f => f.Hidden.Count)
                    .ThenBy(f => f.Tag, StringComparer.Ordinal),
            ],
            Groups = [.. scene.Groups.OrderBy(g => g.Name, StringComparer.Ordinal)],
        };
        Trigger[] used = [.. Scene.Triggers.Where(t => !t.Extent.IsEmpty)];
        Rows = [.. Scene.Features.Select(f => Absorption.Judge(f, used))];
        Findings = TriggerFindings.Find(Scene, Rows);
    }

    /// <summary>
    /// What it was made from, sorted: triggers and features by their number of pictures, widest first.
    /// </summary>
    public TriggerScene Scene { get; }

    /// <summary>One for each feature that some caption hides, those of most pictures first.</summary>
    public IReadOnlyList<AbsorptionRow> Rows { get; }

    /// <summary>What to know about the triggers, worst first.</summary>
    public IReadOnlyList<Finding> Findings { get; }

    /// <summary>Makes the table.</summary>
    /// <param name="scene">The data set.</param>
    /// <exception cref="ArgumentException">An extent is of another size.</exception>
    public static AbsorptionTable Make(TriggerScene scene) => new(scene);

    /// <summary>What a trigger has of each feature, those it takes first.</summary>
    /// <param name="trigger">Its name.</param>
    public IEnumerable<(Feature Feature, AbsorptionCell Cell)> Of(string trigger) =>
        Rows.SelectMany(r => r.Cells.Where(c => c.Trigger.Name == trigger).Select(c => (r.Feature, c)))
            .Where(r => r.c.Verdict != AbsorptionVerdict.None)
            .OrderByDescending(r => r.c.Takes)
            .ThenByDescending(r => r.c.Pictures)
            .ThenBy(r => r.Feature.Tag, StringComparer.Ordinal);

    /// <summary>The names of the folders of some pictures, those that have most of them first.</summary>
    /// <param name="extent">The pictures.</param>
    public IEnumerable<string> GroupsOf(Extent extent) =>
        Scene
            .Groups.Where(g => g.Extent.Overlap(extent) > 0)
            .OrderByDescending(g => g.Extent.Overlap(extent))
            .Select(g => g.Name.Length > 0 ? g.Name : "(top)");

    /// <summary>
    /// The pictures by which triggers they have: every combination that occurs, the largest first. Each picture is in
    /// exactly one; the empty combination is the pictures without a trigger.
    /// </summary>
    public IReadOnlyList<(IReadOnlyList<Trigger> Triggers, Extent Extent)> Regions()
    {
        List<(IReadOnlyList<Trigger> Triggers, Extent Extent)> regions = [([], Extent.All(Scene.Pictures))];
        foreach (Trigger trigger in Scene.Triggers)
        {
            regions =
            [
                .. regions
                    .SelectMany(r =>
                        new (IReadOnlyList<Trigger>, Extent)[]
                        {
                            ([.. r.Triggers, trigger], r.Extent.And(trigger.Extent)),
                            (r.Triggers, r.Extent.Minus(trigger.Extent)),
                        }
                    )
                    .Where(r => !r.Item2.IsEmpty),
            ];
        }

        return
        [
            .. regions
                .OrderByDescending(r => r.Extent.Count)
                .ThenBy(r => string.Join('\n', r.Triggers.Select(t => t.Name)), StringComparer.Ordinal),
        ];
    }
}
