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
                    "no-trigger",
                    FindingLevel.Warning,
                    "no caption has a trigger",
                    "What is pruned goes to whatever words are left: there is no word to call it up with.",
                    "forno caption trigger FOLDER --character NAME"
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

    /// <summary>Triggers as they are told: <c>anna, outfit1</c>.</summary>
    internal static string Names(IEnumerable<Trigger> triggers) => List(triggers.Select(t => t.Name));

    /// <summary>Some names, the rest counted.</summary>
    internal static string List(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return string.Join(", ", all.Take(MostNamed))
            + (all.Length > MostNamed ? Invariant.Text($" and {all.Length - MostNamed} more") : "");
    }

    /// <summary>Text without a culture's commas.</summary>
    /// <summary>One picture or several.</summary>
    internal static string Pictures(int count) => Invariant.Text($"{count} {(count == 1 ? "picture" : "pictures")}");

    /// <summary>
    /// Triggers that stand for what runs through others' pictures: characters and styles as the user says, and those of
    /// unknown
    /// kind whose pictures hold all pictures of another and more.
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
                    "absent",
                    FindingLevel.Warning,
                    $"no caption has {Names(absent)}",
                    "A trigger without pictures learns nothing.",
                    "forno caption trigger for the folders that show it, or take it out of triggers.toml"
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
                    "same-extent",
                    FindingLevel.Warning,
                    Invariant.Text($"{Names(same)} have the same {Pictures(same[0].Extent.Count)}"),
                    "They learn the same and will do the same thing: each of them calls up all of it.",
                    $"{TellingApart(scene, same)}; or keep only one of them"
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
                        "nearly-same",
                        FindingLevel.Warning,
                        Invariant.Text($"only {Pictures(either - both)} of {either} tell {a.Name} and {b.Name} apart"),
                        "They will do nearly the same thing.",
                        $"{TellingApart(scene, [a, b])}; or keep only one of them"
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
                        "misc-missing",
                        FindingLevel.Warning,
                        how,
                        $"{wide.Name} alone will wear a mixture of them, and other clothes come hard.",
                        $"add pictures of {wide.Name} in other clothes in a folder of their own (misc): "
                            + $"{wide.Name} as their only trigger, the tags of clothes stay"
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
                        "never-apart",
                        of.Key ? FindingLevel.Note : FindingLevel.Warning,
                        $"{names} {are} never seen without {outer.Name}",
                        of.Key
                            ? $"On anybody else {(of.Count() > 1 ? "they bring" : "it brings")} something of "
                                + $"{outer.Name}; that is usual for what belongs to one character."
                            : $"{names} alone will bring {outer.Name}, too.",
                        $"add pictures with {(of.Count() > 1 ? "them" : names)} and without {outer.Name}"
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
                        "pair",
                        FindingLevel.Note,
                        $"{a.Name} and {b.Name} are never in one picture",
                        "Asked for together they melt into one another.",
                        $"for pictures of both add a folder {a.Name}+{b.Name} of pictures that show both, "
                            + "with both triggers and without person counts (2girls …)"
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
                found.Add(
                    new Finding(
                        "forgotten",
                        FindingLevel.Warning,
                        $"captions lack {trigger.Name}, and others of their folder have it: "
                            + $"{List(lack.Select(l => Invariant.Text($"{Folder(l.Group)} ({l.Without} of {l.Group.Extent.Count})")))}",
                        "There its features stick to other words.",
                        $"forno caption trigger {Places(lack.Select(l => l.Group))} {Option(trigger)} (those "
                            + "that have it keep it)"
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
                    "without-trigger",
                    FindingLevel.Note,
                    $"{Pictures(none.Count)} have no trigger: {where}",
                    "What their captions do not say goes into every picture that the LoRA draws.",
                    "right for pictures whose every tag stays; else forno caption trigger for those folders"
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
                    "known-tag",
                    FindingLevel.Note,
                    $"{trigger.Name} is a tag that base models know",
                    "It begins with what the tag already means. Wanted, if the trigger is to refine that; "
                        + "else it contaminates.",
                    "to avoid it choose a word that means nothing: forno caption edit FOLDER --replace \""
                        + $"{trigger.Name}=WORD\""
                )
            );
        }
    }

    // Folders as arguments, below the data set's own.
    private static string Places(IEnumerable<PictureGroup> groups) =>
        string.Join(' ', groups.Take(MostNamed).Select(g => g.Name.Length > 0 ? $"FOLDER/{Quoted(g.Name)}" : "FOLDER"))
        + (groups.Skip(MostNamed).Any() ? " …" : "");

    private static string Folder(PictureGroup group) => group.Name.Length > 0 ? group.Name : "the folder";

    private static string Quoted(string path) =>
        path.All(c => char.IsLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or '+') ? path : $"\"{path}\"";

    private static string Or(Trigger[] triggers) =>
        triggers.Length == 1
            ? triggers[0].Name
            : $"{string.Join(", ", triggers[..^1].Take(MostNamed).Select(t => t.Name))} or {triggers[^1].Name}";

    private static string Option(Trigger trigger) =>
        trigger.Kind == TriggerKind.Unknown
            ? $"--character \"{trigger.Name}\""
            : $"--{trigger.Kind.ToString().ToLowerInvariant()} \"{trigger.Name}\"";

    private static IEnumerable<(Trigger A, Trigger B)> PairsOf(Trigger[] triggers) =>
        triggers.SelectMany((a, i) => triggers.Skip(i + 1).Select(b => (a, b)));
}
