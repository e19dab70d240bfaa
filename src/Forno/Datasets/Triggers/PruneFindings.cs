using Forno.Datasets.Captions;
using Forno.Findings;

namespace Forno.Datasets.Triggers;

/// <summary>What pruning did by which rule of the craft, and what to look at.</summary>
internal static class PruneFindings
{
    public static IReadOnlyList<Finding> Find(
        CaptionSet set,
        TriggerScene scene,
        PruneRules rules,
        PruneSettings settings,
        IReadOnlyList<PrunedCount> sums,
        int untriggered,
        IReadOnlyDictionary<string, int> others
    )
    {
        var found = new List<Finding>();
        if (settings.Level < PruneLevel.Static)
        {
            found.Add(
                new Finding(
                    FindingKind.Level,
                    FindingLevel.Note,
                    settings.Level == PruneLevel.None
                        ? "level 0: nothing is pruned"
                        : "level 1 (fluid): nothing is pruned",
                    settings.Level == PruneLevel.None
                        ? "Captions stay as they are."
                        : "The trigger learns only what no tag says; every trait stays changeable, and has to "
                            + "be prompted.",
                    Instead().With("level", 2).Noting("for a fixed character"),
                    Instead().With("level", 4).Noting("for a character with outfits")
                )
            );
            return found;
        }

        if (untriggered > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.WithoutTrigger,
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{TriggerFindings.Pictures(untriggered)} without a trigger: nothing was pruned there"
                    ),
                    "Without a trigger nothing could absorb it.",
                    Fix.Run("caption trigger")
                        .OnDataSet()
                        .Changing()
                        .Asking("character", "NAME")
                        .Noting("before pruning"),
                    Fix.ByHand("leave them: their tags take what they show")
                )
            );
        }

        var triggered = Extent.Union(scene.Pictures, scene.Triggers.Select(t => t.Extent));
        int sentences = triggered.Members.Count(i => set.Pictures[i].Caption?.HasSentences == true);
        if (sentences > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.Sentences,
                    FindingLevel.Note,
                    Invariant.Text(
                        $"{sentences} {(sentences == 1 ? "caption has" : "captions have")} sentences, "
                            + $"which are left as they are"
                    ),
                    "What a sentence says goes to its words, not to the trigger.",
                    Fix.ByHand("take traits out of them by hand, if the trigger is to have them")
                )
            );
        }

        foreach (
            var by in sums.Where(s => !PruneSettings.Rules.ContainsKey(s.Rule))
                .GroupBy(s => s.Rule)
                .OrderByDescending(g => g.Sum(s => s.Pictures))
        )
        {
            found.Add(
                new Finding(
                    FindingKind.Pruned,
                    FindingLevel.Note,
                    $"{by.Key}: "
                        + $"{TriggerFindings.List(by.Select(s => Invariant.Text($"{s.Tag} ({s.Pictures})")))}",
                    "Out of the captions, so that the triggers absorb them; kept in name.tags.json beside "
                        + "each picture.",
                    Instead().Asking("keep", "TAG").Noting("a tag or a category that is to stay changeable")
                )
            );
        }

        Stays(set, scene, rules, "body-size", FindingKind.BodySize, TraitLists.BodySize, found);
        if (settings.Level == PruneLevel.MultiTrigger || !scene.Triggers.Any(t => t.Kind == TriggerKind.Character))
        {
            Stays(set, scene, rules, "footwear", FindingKind.Footwear, TraitLists.Footwear, found);
        }

        foreach (string rule in (string[])["pair", "monochrome"])
        {
            PrunedCount[] by = [.. sums.Where(s => s.Rule == rule)];
            if (by.Length > 0)
            {
                found.Add(
                    new Finding(
                        rule == "pair" ? FindingKind.PairPruned : FindingKind.MonochromePruned,
                        FindingLevel.Note,
                        $"{TriggerFindings.List(by.Select(b => b.Tag))}: pruned by the rule '{rule}'",
                        Sentence(PruneSettings.Rules[rule]),
                        Instead().With("without", rule).Noting("leaves them")
                    )
                );
            }
        }

        if (others.Count > 0)
        {
            string list = TriggerFindings.List(
                others
                    .OrderByDescending(o => o.Value)
                    .ThenBy(o => o.Key, StringComparer.Ordinal)
                    .Select(o => Invariant.Text($"{o.Key} ({o.Value})"))
            );
            found.Add(
                new Finding(
                    FindingKind.OtherCharacter,
                    FindingLevel.Warning,
                    $"characters that a tagger recognised: {list}",
                    Sentence(PruneSettings.Rules["other-character"]),
                    Fix.ByHand("leave their names, if they are in the pictures"),
                    Fix.Run("caption edit").OnDataSet().Changing().Asking("remove", "NAME")
                )
            );
        }

        Rare(scene, sums, found);
        return [.. found.OrderByDescending(f => f.Level)];
    }

    // What stayed because a rule protects it, in captions that have a trigger.
    private static void Stays(
        CaptionSet set,
        TriggerScene scene,
        PruneRules rules,
        string rule,
        FindingKind kind,
        string category,
        List<Finding> found
    )
    {
        var triggered = Extent.Union(scene.Pictures, scene.Triggers.Select(t => t.Extent));
        string[] tags = !rules.On(rule)
            ? []
            :
            [
                .. triggered
                    .Members.SelectMany(i => set.Pictures[i].Caption?.Normal ?? [])
                    .Where(t => rules.Traits.Of(t) == category)
                    .GroupBy(t => t)
                    .OrderByDescending(g => g.Count())
                    .ThenBy(g => g.Key, StringComparer.Ordinal)
                    .Select(g => Invariant.Text($"{g.Key} ({g.Count()})")),
            ];
        if (tags.Length > 0)
        {
            found.Add(
                new Finding(
                    kind,
                    FindingLevel.Note,
                    $"{TriggerFindings.List(tags)}: left by the rule '{rule}'",
                    Sentence(PruneSettings.Rules[rule]),
                    Instead().With("without", rule).Noting("prunes them, too")
                )
            );
        }
    }

    private static void Rare(TriggerScene scene, IReadOnlyList<PrunedCount> sums, List<Finding> found)
    {
        int most = scene.Triggers.Select(t => t.Extent.Count).DefaultIfEmpty().Max();
        // Of the pictures of any trigger, fewer than a tenth of the smallest one's.
        int few = scene.Triggers.Where(t => !t.Extent.IsEmpty).Select(t => t.Extent.Count).DefaultIfEmpty().Min() / 10;
        PrunedCount[] rare =
        [
            .. sums.Where(s => s.Pictures <= few && s.Rule is not ("pair" or "monochrome" or "asked for")),
        ];
        if (rare.Length > 0 && most >= 10)
        {
            found.Add(
                new Finding(
                    FindingKind.PrunedRarely,
                    FindingLevel.Note,
                    "pruned from few captions: "
                        + $"{TriggerFindings.List(rare.Select(r => Invariant.Text($"{r.Tag} ({r.Pictures})")))}",
                    "What a trigger's pictures seldom show appears now and then: no word adds or removes "
                        + "it. It may also be another character's, or the tagger's mistake.",
                    Instead().With("least-share", 10).Noting("leaves what fewer than 10 % of a trigger's pictures have")
                )
            );
        }
    }

    // What to prune by in place of this run.
    private static RunCommand Instead() => Fix.Run("caption prune").OnDataSet().Changing();

    private static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..] + ".";
}
