using System.Globalization;
using Forno.Datasets.Captions;
using Forno.Findings;

namespace Forno.Datasets.Triggers;

/// <summary>What triggers will do wrong, from their sets of pictures alone and from what they absorb. Pure.</summary>
internal static class TriggerFindings
{
    private const int MostNamed = 6,
        FewTenths = 1;

    /// <summary>Finds all, worst first, then in the order of kinds below.</summary>
    public static IReadOnlyList<Finding> Find(TriggerScene scene, IReadOnlyList<AbsorptionRow> rows)
    {
        var found = new List<Finding>();
        if (scene.Triggers.Count == 0)
        {
            found.Add(
                new Finding(
                    FindingKind.NoTrigger,
                    FindingLevel.Warning,
                    "no caption has a trigger",
                    "What is pruned goes to whatever words are left: there is no word to prompt it with.",
                    Fix.Run("caption trigger").OnDataSet().Changing().Asking("character", "NAME")
                )
            );
            return found;
        }

        Trigger[] used = [.. scene.Triggers.Where(t => !t.Extent.IsEmpty)];
        Absent(scene, found);
        SameExtent(scene, used, found);
        Within(scene, used, found);
        Pairs(used, found);
        Forgotten(scene, used, found);
        Contaminated(scene, found);
        FeatureFindings.Find(scene, used, rows, found);
        return [.. found.OrderByDescending(f => f.Level)];
    }

    /// <summary>Triggers as they are named: <c>anna, outfit1</c>.</summary>
    internal static string Names(IEnumerable<Trigger> triggers) => List(triggers.Select(t => t.Name));

    /// <summary>Some names, the rest counted.</summary>
    internal static string List(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return string.Join(", ", all.Take(MostNamed))
            + (all.Length > MostNamed ? Invariant.Text($" and {all.Length - MostNamed} more") : "");
    }

    /// <summary>One picture or several.</summary>
    internal static string Pictures(int count) => Invariant.Text($"{count} {(count == 1 ? "picture" : "pictures")}");

    /// <summary>
    /// Triggers that stand for what runs through others' pictures: characters and styles as the user says, and those of
    /// unknown kind whose pictures hold all pictures of another and more.
    /// </summary>
    internal static bool IsWide(Trigger trigger, IReadOnlyList<Trigger> all) =>
        trigger.Kind is TriggerKind.Character or TriggerKind.Style
        || (
            trigger.Kind == TriggerKind.Unknown
            && all.Any(o => o.Extent.Count < trigger.Extent.Count && o.Extent.IsWithin(trigger.Extent))
        );

    private static void Absent(TriggerScene scene, List<Finding> found)
    {
        Trigger[] absent = [.. scene.Triggers.Where(t => t.Extent.IsEmpty)];
        if (absent.Length > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.Absent,
                    FindingLevel.Warning,
                    $"no caption has {Names(absent)}",
                    "A trigger without pictures learns nothing.",
                    Fix.ByHand("add it to the captions of the folders that show it"),
                    Fix.ByHand("take it out of triggers.toml")
                )
            );
        }
    }

    private static void SameExtent(TriggerScene scene, Trigger[] used, List<Finding> found)
    {
        foreach (Trigger[] same in used.GroupBy(t => t.Extent).Select(g => g.ToArray()).Where(g => g.Length > 1))
        {
            found.Add(
                new Finding(
                    FindingKind.SameExtent,
                    FindingLevel.Warning,
                    Invariant.Text($"{Names(same)} have the same {Pictures(same[0].Extent.Count)}"),
                    "They learn the same and will do the same thing: each of them calls up all of it.",
                    Fix.ByHand(TellingApart(scene, same)),
                    Fix.ByHand("keep only one of them")
                )
            );
        }

        Trigger[] first = [.. used.DistinctBy(t => t.Extent)];
        foreach (var (a, b) in PairsOf(first))
        {
            int both = a.Extent.Overlap(b.Extent),
                either = a.Extent.Count + b.Extent.Count - both;
            if (Absorption.Nearly(both, either))
            {
                found.Add(
                    new Finding(
                        FindingKind.NearlySame,
                        FindingLevel.Warning,
                        Invariant.Text($"only {Pictures(either - both)} of {either} distinguish {a.Name} and {b.Name}"),
                        "They will do nearly the same thing.",
                        Fix.ByHand(TellingApart(scene, [a, b])),
                        Fix.ByHand("keep only one of them")
                    )
                );
            }
        }
    }

    // What pictures would give each of them something of its own.
    private static string TellingApart(TriggerScene scene, IReadOnlyList<Trigger> same)
    {
        Trigger? wide = same.FirstOrDefault(t => t.Kind is TriggerKind.Character or TriggerKind.Style);
        Trigger? narrow = same.FirstOrDefault(t =>
            t != wide && t.Kind is not (TriggerKind.Character or TriggerKind.Style)
        );
        string needed =
            wide is not null && narrow is not null
                ? narrow.Kind is TriggerKind.Outfit or TriggerKind.Unknown
                    ? $"add pictures of {wide.Name} in other clothes, whose tags stay, with {wide.Name} and "
                        + $"without {narrow.Name}"
                    : $"add pictures with {wide.Name} and without {narrow.Name}"
                : $"add pictures with {same[0].Name} and without {same[1].Name}, or the other way round";
        var theirs = Extent.Union(scene.Pictures, same.Select(t => t.Extent));
        string[] free =
        [
            .. scene
                .Groups.Where(g => g.Extent.Count > 0 && g.Extent.Overlap(theirs) == 0)
                .Select(g => Invariant.Text($"{g.Name} ({g.Extent.Count})")),
        ];
        return free.Length > 0 ? $"{needed}; folders with none of them: {List(free)}" : needed;
    }

    private static void Within(TriggerScene scene, Trigger[] used, List<Finding> found)
    {
        foreach (Trigger wide in used.Where(t => IsWide(t, used) && t.Kind != TriggerKind.Style))
        {
            Trigger[] inner =
            [
                .. used.Where(t =>
                    t != wide
                    && t.Kind is not (TriggerKind.Style or TriggerKind.Character)
                    && !t.Extent.Equals(wide.Extent)
                    && t.Extent.Overlap(wide.Extent) > 0
                ),
            ];
            // What matters is clothes: a pose or a thing is always in some pictures, and not in others.
            Trigger[] clothes = [.. inner.Where(t => t.Kind is TriggerKind.Outfit or TriggerKind.Unknown)];
            Extent bare = wide.Extent.Minus(Extent.Union(scene.Pictures, clothes.Select(t => t.Extent)));
            if (clothes.Length > 0 && bare.Count * 10 < wide.Extent.Count * FewTenths)
            {
                string how = bare.IsEmpty
                    ? $"{wide.Name} is never seen without {Or(clothes)}"
                    : Invariant.Text(
                        $"only {Pictures(bare.Count)} of {wide.Extent.Count} show {wide.Name} without {Or(clothes)}"
                    );
                found.Add(
                    new Finding(
                        FindingKind.MiscMissing,
                        FindingLevel.Warning,
                        how,
                        $"{wide.Name} alone will wear a mixture of them, and other clothes are hard to draw.",
                        Fix.ByHand(
                            $"add pictures of {wide.Name} in other clothes in a folder of their own (misc): "
                                + $"{wide.Name} as their only trigger, the tags of clothes stay"
                        )
                    )
                );
            }
        }

        Apart(used, found);
    }

    private static void Apart(Trigger[] used, List<Finding> found)
    {
        foreach (Trigger outer in used.Where(o => o.Kind != TriggerKind.Style))
        {
            // Of triggers within triggers only the tightest: a sword within a dress within anna.
            Trigger[] inner =
            [
                .. used.Where(i =>
                    Inside(i, outer) && !used.Any(m => m.Kind != TriggerKind.Style && Inside(i, m) && Inside(m, outer))
                ),
            ];
            foreach (var of in inner.GroupBy(i => IsWide(outer, used) && i.Kind != TriggerKind.Character))
            {
                string names = Names(of),
                    are = of.Count() > 1 ? "are" : "is";
                found.Add(
                    new Finding(
                        FindingKind.NeverApart,
                        of.Key ? FindingLevel.Note : FindingLevel.Warning,
                        $"{names} {are} never seen without {outer.Name}",
                        of.Key
                            ? $"On anybody else {(of.Count() > 1 ? "they bring" : "it brings")} something of "
                                + $"{outer.Name}; that is usual for what belongs to one character."
                            : $"{names} alone will bring {outer.Name}, too.",
                        Fix.ByHand($"add pictures with {(of.Count() > 1 ? "them" : names)} and without {outer.Name}")
                    )
                );
            }
        }
    }

    private static bool Inside(Trigger inner, Trigger outer) =>
        inner.Extent.Count < outer.Extent.Count && inner.Extent.IsWithin(outer.Extent);

    private static void Pairs(Trigger[] used, List<Finding> found)
    {
        foreach (var (a, b) in PairsOf([.. used.Where(t => t.Kind == TriggerKind.Character)]))
        {
            if (a.Extent.Overlap(b.Extent) == 0)
            {
                found.Add(
                    new Finding(
                        FindingKind.Pair,
                        FindingLevel.Note,
                        $"{a.Name} and {b.Name} are never in one picture",
                        "Prompted together, they blend into each other.",
                        Fix.ByHand(
                            $"for pictures of both add a folder {a.Name}+{b.Name} of pictures that show both, "
                                + "with both triggers and without person counts (2girls …)"
                        )
                    )
                );
            }
        }
    }

    private static void Forgotten(TriggerScene scene, Trigger[] used, List<Finding> found)
    {
        foreach (Trigger trigger in used)
        {
            (PictureGroup Group, int Without)[] lack =
            [
                .. scene
                    .Groups.Select(g => (g, g.Extent.Count - trigger.Extent.Overlap(g.Extent)))
                    .Where(g => g.Item2 > 0 && (g.g.Extent.Count - g.Item2) * 10 >= g.g.Extent.Count * 8),
            ];
            if (lack.Length > 0)
            {
                string folders = List(
                    lack.Select(l => Invariant.Text($"{Folder(l.Group)} ({l.Without} of {l.Group.Extent.Count})"))
                );
                found.Add(
                    new Finding(
                        FindingKind.Forgotten,
                        FindingLevel.Warning,
                        $"captions lack {trigger.Name}, and others of their folder have it: {folders}",
                        "There its features stick to other words.",
                        Fix.Run("caption trigger")
                            .OnParts(lack.Select(l => l.Group.Name))
                            .Changing()
                            .With(OptionOf(trigger.Kind), trigger.Name)
                            .Noting("captions that have it keep it")
                    )
                );
            }
        }

        Extent none = Extent.All(scene.Pictures).Minus(Extent.Union(scene.Pictures, used.Select(t => t.Extent)));
        if (!none.IsEmpty)
        {
            string where = List(
                scene
                    .Groups.Where(g => g.Extent.Overlap(none) > 0)
                    .Select(g => Invariant.Text($"{g.Name} ({g.Extent.Overlap(none)})"))
            );
            found.Add(
                new Finding(
                    FindingKind.WithoutTrigger,
                    FindingLevel.Note,
                    $"{Pictures(none.Count)} have no trigger: {where}",
                    "What their captions do not say goes into every picture that the LoRA draws.",
                    Fix.ByHand("leave them, if all of their tags stay"),
                    Fix.Run("caption trigger")
                        .OnParts(scene.Groups.Where(g => g.Extent.Overlap(none) > 0).Select(g => g.Name))
                        .Changing()
                        .Asking("character", "NAME")
                )
            );
        }
    }

    private static void Contaminated(TriggerScene scene, List<Finding> found)
    {
        foreach (Trigger trigger in scene.Triggers.Where(t => scene.KnownTags.Contains(TagExpression.Normal(t.Name))))
        {
            found.Add(
                new Finding(
                    FindingKind.KnownTag,
                    FindingLevel.Note,
                    $"{trigger.Name} is a tag that base models know",
                    "It starts with what the tag already means, which mixes with what it learns.",
                    Fix.ByHand("keep it, if the trigger is to refine what it means"),
                    Fix.Run("caption edit")
                        .OnDataSet()
                        .Changing()
                        .Asking("replace", $"{trigger.Name}=WORD")
                        .Noting("a word that means nothing")
                )
            );
        }
    }

    private static string Folder(PictureGroup group) => group.Name.Length > 0 ? group.Name : "the folder";

    private static string Or(Trigger[] triggers) =>
        triggers.Length == 1
            ? triggers[0].Name
            : $"{string.Join(", ", triggers[..^1].Take(MostNamed).Select(t => t.Name))} or {triggers[^1].Name}";

    private static string OptionOf(TriggerKind kind) =>
        (kind == TriggerKind.Unknown ? TriggerKind.Character : kind).ToString().ToLowerInvariant();

    private static IEnumerable<(Trigger A, Trigger B)> PairsOf(Trigger[] triggers) =>
        triggers.SelectMany((a, i) => triggers.Skip(i + 1).Select(b => (a, b)));
}
