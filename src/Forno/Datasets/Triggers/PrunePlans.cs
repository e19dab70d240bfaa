using System.Collections.Concurrent;
using Forno.Datasets.Captions;
using Forno.Workspace;

namespace Forno.Datasets.Triggers;

/// <summary>Takes out of captions what their triggers are to absorb; it is kept in the pictures' sidecars.</summary>
public static class PrunePlans
{
    /// <summary>
    /// Makes the plan. Triggers, what stands before <c>|||</c>, and sentences stay; captions without a trigger are left
    /// alone.
    /// </summary>
    /// <param name="set">The captions.</param>
    /// <param name="triggers">The triggers.</param>
    /// <param name="traits">The lists of traits.</param>
    /// <param name="settings">What is pruned.</param>
    /// <param name="sidecar">Reads a picture's sidecar; null if it has none.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="FornoException">The settings make no sense.</exception>
    public static PruneOutcome Make(
        CaptionSet set,
        IReadOnlyList<TriggerName> triggers,
        TraitLists traits,
        PruneSettings settings,
        Func<PictureItem, TagSidecar?> sidecar,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        settings.Check();
        TriggerScene scene = TriggerScenes.Of(set, triggers, traits, _ => []);
        var rules = new PruneRules(scene, traits, settings);
        rules.Judge(set);
        int untriggered = 0;
        var counts = new ConcurrentDictionary<(string Normal, string Rule), (string Tag, int Count)>();
        var others = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        var place = set
            .Pictures.Select((p, i) => (p.Picture.Path, i))
            .ToDictionary(p => p.Path, p => p.i, StringComparer.Ordinal);
        if (settings.LeastShare > 0)
        {
            for (int i = 0; i < set.Pictures.Count; i++)
            {
                rules.Count(i, set.Pictures[i].Caption?.Normal ?? []);
            }
        }

        ChangePlan plan = CaptionPlans.Make(
            set,
            "prune",
            picture =>
            {
                int at = place[picture.Picture.Path];
                if (picture.Caption is not { } caption || settings.Level < PruneLevel.Static)
                {
                    return null;
                }

                PictureRules here = rules.For(at, picture.Picture);
                if (!here.HasTrigger)
                {
                    Interlocked.Increment(ref untriggered);
                    return null;
                }

                TagSidecar? old = sidecar(picture.Picture);
                foreach (string other in rules.OtherCharacters(caption, old))
                {
                    others.AddOrUpdate(other, 1, (_, n) => n + 1);
                }

                var pruned = new List<PrunedTag>();
                CaptionText after = CaptionLines.Each(caption, line => Pruned(line, here, pruned));
                if (ReferenceEquals(after, caption))
                {
                    return null;
                }

                pruned = [.. pruned.DistinctBy(p => TagExpression.Normal(p.Tag))];
                foreach (PrunedTag tag in pruned)
                {
                    counts.AddOrUpdate(
                        (TagExpression.Normal(tag.Tag), tag.Rule),
                        (tag.Tag, 1),
                        (_, c) => (c.Tag, c.Count + 1)
                    );
                }

                TagSidecar all = old ?? new TagSidecar();
                return new CaptionEdit(after, [.. pruned.Select(p => $"{p.Tag} ({p.Rule})")])
                {
                    Sidecar = all with
                    {
                        Pruned = [.. all.Pruned.Concat(pruned).DistinctBy(p => TagExpression.Normal(p.Tag))],
                    },
                };
            },
            progress,
            cancel
        );
        PrunedCount[] sums =
        [
            .. counts
                .Select(c => new PrunedCount(c.Value.Tag, c.Key.Rule, c.Value.Count))
                .OrderByDescending(c => c.Pictures)
                .ThenBy(c => c.Tag, StringComparer.Ordinal),
        ];
        return new PruneOutcome(plan, sums, PruneFindings.Find(set, scene, rules, settings, sums, untriggered, others));
    }

    private static CaptionText Pruned(CaptionText line, PictureRules here, List<PrunedTag> pruned)
    {
        var left = new List<string>(line.Tags.Count);
        for (int i = 0; i < line.Tags.Count; i++)
        {
            bool free =
                (line.HasSeparator && i < line.Kept) || i >= line.Tags.Count - line.Ending || line.IsSentence(i);
            if (!free && here.RuleFor(line.Normal[i]) is { } rule)
            {
                pruned.Add(new PrunedTag(line.Tags[i], rule));
            }
            else
            {
                left.Add(line.Tags[i]);
            }
        }

        return left.Count == line.Tags.Count ? line : line.With(left);
    }
}
