using System.Globalization;
using Forno.Datasets.Checks;
using Forno.Datasets.Triggers;
using Forno.Workspace;

namespace Forno.Datasets.Repeats;

/// <summary>
/// Reckons repeats and epochs by one of two recipes. Pure.
/// <list type="bullet">
/// <item><b>balanced</b>: 8 epochs (at dim 32, alpha 16) of 300 image steps for each concept and 100 for each
/// sub-concept with Prodigy at rate 1, twice that with AdamW at 1e-4; × 3/5 with both min_snr_gamma and ip_noise_gamma,
/// × 1/2 for SDXL, × 1/3 for animation of the 1980s and 1990s. All is rounded down. The character's own folder fills up
/// what its sub-concepts leave of its share.</item>
/// <item><b>simple</b>: the fewest repeats that reach 900 image steps an epoch over all concepts, and the fewest epochs
/// that reach 2500 image steps ÷ batch.</item>
/// </list>
/// </summary>
public static class RepeatPlanner
{
    /// <summary>Fewer pictures than this of an outfit are copied rather than learnt.</summary>
    public const int FewPictures = SetCheck.FewPictures;

    /// <summary>The rank that the balanced recipe is for.</summary>
    public const int Dim = 32;

    /// <summary>The alpha that it is for.</summary>
    public const double Alpha = 16;

    private const int Epochs = 8,
        PerConcept = 300,
        SubConcepts = 3,
        SimpleSteps = 900,
        SimpleBatches = 2500;

    /// <summary>Reckons.</summary>
    /// <param name="scene">Folders (as groups) and triggers. A folder is for its narrowest trigger that at least half
    /// of its captions have.</param>
    /// <param name="settings">The training.</param>
    /// <param name="before">What folders' names say now; null = nothing.</param>
    /// <exception cref="FornoException">There is no picture, or settings make no sense.</exception>
    public static RepeatPlan Make(
        TriggerScene scene,
        BakeSettings settings,
        IReadOnlyDictionary<string, int>? before = null
    )
    {
        settings.Check();
        PictureGroup[] groups =
        [
            .. scene.Groups.Where(g => !g.Extent.IsEmpty).OrderBy(g => g.Name, StringComparer.Ordinal),
        ];
        if (groups.Length == 0)
        {
            throw new FornoException("there are no pictures to plan for");
        }

        Trigger[] triggers = [.. scene.Triggers.Where(t => !t.Extent.IsEmpty)];
        Concept[] concepts =
        [
            .. groups
                .GroupBy(g => Narrowest(g, triggers)?.Name ?? "\0" + g.Name)
                .Select(g => Of(g.Key, [.. g], triggers)),
        ];
        var reasons = new List<string>();
        int epochs =
            settings.Recipe == RepeatRecipe.Simple
                ? Simple(concepts, settings, reasons)
                : Balanced(concepts, settings, reasons);
        FolderRepeats[] folders =
        [
            .. concepts
                .SelectMany(c =>
                    c.Groups.Select(g => new FolderRepeats(
                        g.Name,
                        c.Name,
                        c.Main,
                        g.Extent.Count,
                        c.Repeats,
                        before?.TryGetValue(g.Name, out int n) == true ? n : null,
                        c.Why
                    ))
                )
                .OrderBy(f => f.Folder, StringComparer.Ordinal),
        ];
        var plan = new RepeatPlan
        {
            Settings = settings,
            Reasons = reasons,
            Folders = folders,
            Epochs = epochs,
            Findings = [],
            Triggers =
            [
                .. Steps(concepts, triggers, epochs)
                    .OrderByDescending(t => t.Main)
                    .ThenByDescending(t => t.PerEpoch)
                    .ThenBy(t => t.Trigger, StringComparer.Ordinal),
            ],
        };
        return plan with { Findings = RepeatFindings.Find(plan) };
    }

    /// <summary>
    /// Image steps an epoch for a concept and for a sub-concept, rounded down, by the balanced recipe.
    /// </summary>
    public static (int Concept, int Sub) Targets(BakeSettings settings)
    {
        var (top, bottom) = Factor(settings);
        int concept = settings.StepsPerConcept ?? PerConcept * top / bottom;
        return (
            Math.Max(1, concept),
            Math.Max(
                1,
                settings.StepsPerConcept is { } given ? given / SubConcepts : PerConcept / SubConcepts * top / bottom
            )
        );
    }

    /// <summary>Image steps of a whole training that suit a concept, by the balanced recipe; rounded down.</summary>
    public static (int Low, int High) Range(BakeSettings settings)
    {
        var (low, high) = settings.Sdxl ? (1500, 2500) : (2000, 3000);
        var (top, bottom) = Factor(settings with { Sdxl = false }); // the range is given for each family
        return (low * top / bottom, high * top / bottom);
    }

    /// <summary>The most image steps of a whole training that a main concept stands.</summary>
    public static int Cap(BakeSettings settings) => settings.IsProdigy ? 3000 : 6000;

    private static (int Top, int Bottom) Factor(BakeSettings settings) =>
        (
            (settings.IsProdigy ? 1 : 2) * (settings.MinSnrGamma && settings.IpNoiseGamma ? 3 : 1),
            (settings.MinSnrGamma && settings.IpNoiseGamma ? 5 : 1) * (settings.Sdxl ? 2 : 1) * (settings.Retro ? 3 : 1)
        );

    private static int Balanced(Concept[] concepts, BakeSettings settings, List<string> reasons)
    {
        var (main, sub) = Targets(settings);
        reasons.Add(
            settings.StepsPerConcept is { } given
                ? Invariant.Text(
                    $"{given} image steps an epoch for each concept, as asked, and a third for each "
                        + $"sub-concept: {main} and {sub}."
                )
                : Invariant.Text(
                    $"{PerConcept} image steps an epoch for each concept, {PerConcept / SubConcepts} for "
                        + $"each sub-concept (Prodigy, SD 1.5){Factors(settings)}: {main} and {sub}, rounded down."
                )
        );
        foreach (Concept concept in concepts.Where(c => !c.Main))
        {
            Set(concept, sub, Invariant.Text($"sub-concept of {concept.Parent}: {sub}"));
        }

        foreach (Concept concept in concepts.Where(c => c.Main))
        {
            // What its outfits train anyway counts.
            int fed = concept.Trigger is null
                ? 0
                : concepts.Where(c => !c.Main).Sum(c => c.Repeats * concept.Trigger.Extent.Overlap(c.Extent));
            int left = fed == 0 ? main : Math.Max(sub, main - fed);
            Set(
                concept,
                left,
                fed == 0 ? Invariant.Text($"concept: {main}")
                    : main - fed >= sub ? Invariant.Text($"concept: {main}, of which sub-concepts give {fed}: {left}")
                    : Invariant.Text($"concept, of which sub-concepts give {fed} already: {left}, as one of them")
            );
        }

        if (settings.Epochs is null)
        {
            reasons.Add(
                Invariant.Text(
                    $"{Epochs} epochs; the recipe is for dim {Dim}, alpha {Alpha} and "
                        + $"{(settings.IsProdigy ? "rate 1" : "rate 1e-4")}."
                )
            );
        }

        return settings.Epochs ?? Epochs;
    }

    private static int Simple(Concept[] concepts, BakeSettings settings, List<string> reasons)
    {
        int share = SimpleSteps / concepts.Length;
        reasons.Add(
            concepts.Length == 1
                ? Invariant.Text($"The fewest repeats that reach {SimpleSteps} image steps an epoch.")
                : Invariant.Text(
                    $"The fewest repeats that reach {SimpleSteps} image steps an epoch over {concepts.Length}"
                        + $" concepts: {share} each."
                )
        );
        foreach (Concept concept in concepts)
        {
            concept.Repeats = Math.Max(1, (share + concept.Extent.Count - 1) / concept.Extent.Count);
            concept.Why = Invariant.Text($"{share} ÷ {concept.Extent.Count}, rounded up");
        }

        int steps = concepts.Sum(c => c.Repeats * c.Extent.Count);
        long wanted = (long)SimpleBatches * settings.Batch;
        int epochs = settings.Epochs ?? (int)((wanted + steps - 1) / steps);
        reasons.Add(
            settings.Epochs is null
                ? Invariant.Text(
                    $"The fewest epochs that reach {SimpleBatches} image steps ÷ batch: {steps} × {epochs} ÷ "
                        + $"{settings.Batch} = {(long)steps * epochs / settings.Batch}."
                )
                : Invariant.Text(
                    $"{epochs} epochs, as asked: {steps} × {epochs} ÷ {settings.Batch} = "
                        + $"{(long)steps * epochs / settings.Batch} ({SimpleBatches} are the recipe's)."
                )
        );
        return epochs;
    }

    private static void Set(Concept concept, int target, string why)
    {
        concept.Repeats = Math.Max(1, target / concept.Extent.Count);
        concept.Why =
            target < concept.Extent.Count
                ? Invariant.Text($"{why}; {concept.Extent.Count} pictures are more than that, and 1 is the least")
                : Invariant.Text($"{why} ÷ {concept.Extent.Count}");
    }

    private static string Factors(BakeSettings settings) =>
        (settings.IsProdigy ? "" : $" × 2 for {settings.Optimizer}")
        + (settings.MinSnrGamma && settings.IpNoiseGamma ? " × 3/5 for min_snr_gamma and ip_noise_gamma" : "")
        + (settings.Sdxl ? " × 1/2 for SDXL" : "")
        + (settings.Retro ? " × 1/3 for animation of the 1980s and 1990s" : "");

    private static Trigger? Narrowest(PictureGroup group, Trigger[] triggers) =>
        triggers
            .Where(t => t.Extent.Overlap(group.Extent) * 2 >= group.Extent.Count && t.Kind != TriggerKind.Style)
            .OrderBy(t => t.Extent.Count)
            .ThenBy(t => t.Kind == TriggerKind.Character)
            .ThenBy(t => t.Name, StringComparer.Ordinal)
            .FirstOrDefault()
        ?? triggers.FirstOrDefault(t => t.Extent.Overlap(group.Extent) * 2 >= group.Extent.Count);

    private static Concept Of(string key, PictureGroup[] groups, Trigger[] triggers)
    {
        Trigger? trigger = triggers.FirstOrDefault(t => t.Name == key);
        Trigger? parent = trigger is null ? null : Parent(trigger, triggers);
        return new Concept(
            trigger?.Name ?? ClassOf(groups[0].Name),
            trigger,
            parent?.Name,
            groups,
            Extent.Union(groups[0].Extent.Size, groups.Select(g => g.Extent))
        );
    }

    // The tightest trigger of a wider set that nearly all of its pictures have, too.
    private static Trigger? Parent(Trigger trigger, Trigger[] triggers) =>
        triggers
            .Where(t =>
                t.Extent.Count > trigger.Extent.Count
                && t.Kind != TriggerKind.Style
                && trigger.Kind != TriggerKind.Character
                && Absorption.Nearly(t.Extent.Overlap(trigger.Extent), trigger.Extent.Count)
            )
            .OrderBy(t => t.Extent.Count)
            .ThenBy(t => t.Name, StringComparer.Ordinal)
            .FirstOrDefault();

    private static string ClassOf(string folder)
    {
        string name = RelativePath.Name(folder);
        return name.Length == 0 ? "all pictures"
            : RelativePath.Repeats(name) is null ? name
            : name[(name.IndexOf('_', StringComparison.Ordinal) + 1)..];
    }

    private static IEnumerable<TriggerSteps> Steps(Concept[] concepts, Trigger[] triggers, int epochs)
    {
        foreach (Trigger trigger in triggers)
        {
            int steps = concepts.Sum(c => c.Repeats * trigger.Extent.Overlap(c.Extent));
            yield return new TriggerSteps(trigger.Name, Parent(trigger, triggers) is null, steps, (long)steps * epochs);
        }

        foreach (Concept concept in concepts.Where(c => c.Trigger is null))
        {
            int steps = concept.Repeats * concept.Extent.Count;
            yield return new TriggerSteps(concept.Name, true, steps, (long)steps * epochs);
        }
    }

    private sealed class Concept(string name, Trigger? trigger, string? parent, PictureGroup[] groups, Extent extent)
    {
        public string Name { get; } = name;

        public Trigger? Trigger { get; } = trigger;

        public string? Parent { get; } = parent;

        public bool Main => Parent is null;

        public PictureGroup[] Groups { get; } = groups;

        public Extent Extent { get; } = extent;

        public int Repeats { get; set; }

        public string Why { get; set; } = "";
    }
}
