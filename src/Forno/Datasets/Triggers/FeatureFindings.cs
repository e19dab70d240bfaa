using Forno.Findings;

namespace Forno.Datasets.Triggers;

/// <summary>What pruned features will do wrong. Pure.</summary>
internal static class FeatureFindings
{
    // What belongs to the person itself is meant to be in every outfit folder.
    private static readonly HashSet<string> Intrinsic = new(
        ["hair-colour", "hair-style", "eyes", "skin", "face", "body", "style"],
        StringComparer.Ordinal
    );

    /// <summary>Adds the findings about features.</summary>
    public static void Find(
        TriggerScene scene,
        IReadOnlyList<Trigger> used,
        IReadOnlyList<AbsorptionRow> rows,
        List<Finding> found
    )
    {
        EveryOutfit(used, rows, found);
        HashSet<string> everywhere = [.. rows.Where(r => InEvery(r, used, out _)).Select(r => r.Feature.Tag)];
        AbsorptionRow[] split =
        [
            .. rows.Where(r =>
                !everywhere.Contains(r.Feature.Tag) && r.Takers.Any(c => c.Verdict == AbsorptionVerdict.Split)
            ),
        ];
        foreach (var same in split.GroupBy(r => TriggerFindings.Names(r.Takers.Select(c => c.Trigger))))
        {
            found.Add(
                new Finding(
                    FindingKind.Split,
                    FindingLevel.Note,
                    $"{Features(same)}: split between {same.Key}",
                    "Each of them learns it from fewer pictures; none calls it up without the rest of what "
                        + "it stands for.",
                    Fix.ByHand("leave it so, if it belongs to each"),
                    Fix.ByHand("give it a trigger of its own"),
                    Fix.ByHand("leave its tag in the captions")
                )
            );
        }

        Grouped(
            rows,
            AbsorptionVerdict.Leaks,
            found,
            (features, trigger) =>
                new Finding(
                    FindingKind.Leak,
                    FindingLevel.Note,
                    $"{features}: will turn up with {trigger.Name}, too",
                    "Other triggers take it, but many of this trigger's pictures show it.",
                    Fix.ByHand($"add pictures with {trigger.Name} that do not show it"),
                    Fix.ByHand("leave its tag in the captions")
                )
        );
        Grouped(
            rows,
            AbsorptionVerdict.Partly,
            found,
            (features, trigger) =>
                new Finding(
                    FindingKind.ComesAndGoes,
                    FindingLevel.Warning,
                    $"{features}: in some pictures of {trigger.Name} only",
                    "No trigger always shows it: it will appear now and then, and no word adds or removes it.",
                    Fix.All(
                            Fix.Run("dataset undo").OnDataSet(),
                            Fix.Run("caption prune").OnDataSet().Changing().Asking("keep", "TAG")
                        )
                        .Noting("if pruning was the last change")
                )
        );
        AbsorptionRow[] unclaimed = [.. rows.Where(r => r.Unclaimed > 0)];
        if (unclaimed.Length > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.Unclaimed,
                    FindingLevel.Warning,
                    $"{Features(unclaimed)}: pruned in pictures without a trigger",
                    "No word takes it: it goes into everything that the LoRA draws.",
                    Fix.ByHand("give those pictures a trigger"),
                    Fix.ByHand("prune only folders with a trigger")
                )
            );
        }

        if (rows.Count > 0)
        {
            Trigger[] idle = [.. used.Where(t => !rows.Any(r => r.Takers.Any(c => c.Trigger == t)))];
            foreach (
                var of in idle.GroupBy(t => t.Kind is TriggerKind.Object or TriggerKind.Pose or TriggerKind.Situation)
            )
            {
                found.Add(
                    new Finding(
                        FindingKind.TakesNothing,
                        FindingLevel.Note,
                        $"no pruned feature goes to {TriggerFindings.Names(of)}",
                        of.Key
                            ? "As long as captions name it by a tag, that tag takes it, and the trigger learns "
                                + "only the rest."
                            : "It learns only what no tag says.",
                        of.Key
                            ? Fix.Run("caption prune")
                                .OnDataSet()
                                .Changing()
                                .Asking("also", "TAG")
                                .Noting("the tag that names it")
                            : Fix.Run("caption prune")
                                .OnDataSet()
                                .Changing()
                                .With("level", 4)
                                .Noting("levels 0 and 1 do so on purpose")
                    )
                );
            }
        }

        Half(scene, rows, found);
    }

    private static void EveryOutfit(IReadOnlyList<Trigger> used, IReadOnlyList<AbsorptionRow> rows, List<Finding> found)
    {
        var byTaker = new Dictionary<string, List<AbsorptionRow>>(StringComparer.Ordinal);
        var outfitsOf = new Dictionary<string, Trigger[]>(StringComparer.Ordinal);
        foreach (AbsorptionRow row in rows)
        {
            if (!Intrinsic.Contains(row.Feature.Category ?? "") && InEvery(row, used, out Trigger[] outfits))
            {
                string taker =
                    row.Cells.FirstOrDefault(c =>
                        !outfits.Contains(c.Trigger) && (c.Takes || c.Verdict == AbsorptionVerdict.Leaks)
                    )?.Trigger.Name
                    ?? "";
                byTaker.TryAdd(taker, []);
                byTaker[taker].Add(row);
                outfitsOf[taker] = outfits;
            }
        }

        foreach (var (taker, theirs) in byTaker.OrderBy(b => b.Key, StringComparer.Ordinal))
        {
            found.Add(
                new Finding(
                    FindingKind.EveryOutfit,
                    FindingLevel.Warning,
                    $"{Features(theirs)}: in every outfit ({TriggerFindings.Names(outfitsOf[taker])})"
                        + $"{(taker.Length > 0 ? $", so {taker} takes it" : "")}",
                    taker.Length > 0
                        ? $"{taker} brings it in any clothes; no outfit can be drawn without it."
                        : "All outfits bring it.",
                    Fix.ByHand("leave it so, if it is part of the character"),
                    Fix.ByHand("leave its tag in the captions"),
                    Fix.ByHand("add pictures without it")
                )
            );
        }
    }

    // Whether two outfits or more always show it untold, and there is no other outfit.
    private static bool InEvery(AbsorptionRow row, IReadOnlyList<Trigger> used, out Trigger[] outfits)
    {
        outfits =
        [
            .. used.Where(t =>
                t.Kind == TriggerKind.Outfit
                || (
                    t.Kind == TriggerKind.Unknown
                    && !TriggerFindings.IsWide(t, used)
                    && used.Any(w => w != t && TriggerFindings.IsWide(w, used) && t.Extent.IsWithin(w.Extent))
                )
            ),
        ];
        return outfits.Length > 1
            && outfits.All(o => row.Cells.Any(c => c.Trigger == o && Absorption.Nearly(c.Pictures, o.Extent.Count)));
    }

    // Told in some pictures of its taker and untold in others: neither the tag nor the trigger gets all of it.
    private static void Half(TriggerScene scene, IReadOnlyList<AbsorptionRow> rows, List<Finding> found)
    {
        AbsorptionRow[] half =
        [
            .. rows.Where(r => scene.Groups.Any(g => Much(r.Feature.Hidden, g) && Much(r.Feature.Told, g))),
        ];
        if (half.Length > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.HalfPruned,
                    FindingLevel.Warning,
                    $"{Features(half)}: pruned from some captions of a folder and left in others",
                    "Trigger and tag each learn half of it.",
                    Fix.Run("caption prune").OnDataSet().Changing().Noting("all of it"),
                    Fix.Run("dataset undo").OnDataSet()
                )
            );
        }
    }

    private static bool Much(Extent part, PictureGroup of) =>
        part.Overlap(of.Extent) is > 0 and var both && both * 10 >= of.Extent.Count;

    private static void Grouped(
        IReadOnlyList<AbsorptionRow> rows,
        AbsorptionVerdict verdict,
        List<Finding> found,
        Func<string, Trigger, Finding> finding
    )
    {
        foreach (
            var of in rows.SelectMany(r => r.Cells.Where(c => c.Verdict == verdict).Select(c => (Row: r, c.Trigger)))
                .GroupBy(r => r.Trigger)
        )
        {
            found.Add(finding(Features(of.Select(o => o.Row)), of.Key));
        }
    }

    private static string Features(IEnumerable<AbsorptionRow> rows) =>
        TriggerFindings.List(rows.Select(r => r.Feature.Tag));
}
