using Forno.Datasets.Captions;
using Forno.Workspace;

namespace Forno.Datasets.Triggers;

/// <summary>How triggers are added.</summary>
public sealed record TriggerSettings
{
    /// <summary>The triggers, each with its kind.</summary>
    public required IReadOnlyList<TriggerName> Add { get; init; }

    /// <summary>Which captions get them; null = all.</summary>
    public TagExpression? Where { get; init; }

    /// <summary>
    /// Whether <c>|||</c> goes behind them (else the trainer's <c>keep_tokens</c> has to say how many there are).
    /// </summary>
    public bool Separator { get; init; } = true;
}

/// <summary>A plan that adds triggers, and what the trainer must be told.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Least">The fewest triggers in front of a caption that was looked at; 0 if none was.</param>
/// <param name="Most">The most.</param>
public sealed record TriggerOutcome(ChangePlan Plan, int Least, int Most);

/// <summary>Puts triggers in front of captions, where shuffling does not reach.</summary>
public static class TriggerPlans
{
    private static readonly TriggerKind[] Order =
    [
        TriggerKind.Character,
        TriggerKind.Unknown,
        TriggerKind.Outfit,
        TriggerKind.Object,
        TriggerKind.Pose,
        TriggerKind.Situation,
        TriggerKind.Style,
    ];

    /// <summary>
    /// Makes the plan. What stands in front already stays in its order; a new trigger goes before the first known one
    /// of a later kind (character, outfit, object, pose, situation, style), else behind all of them. A trigger that
    /// stands among the other tags moves to the front. Pictures without a caption get one.
    /// </summary>
    /// <param name="set">The captions.</param>
    /// <param name="settings">What is added where.</param>
    /// <param name="known">Triggers that are known already.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="FornoException">A trigger cannot be one.</exception>
    public static TriggerOutcome Make(
        CaptionSet set,
        TriggerSettings settings,
        IReadOnlyList<TriggerName> known,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        foreach (TriggerName trigger in settings.Add)
        {
            Check(trigger.Name);
        }

        var kinds = new Dictionary<string, TriggerKind>(StringComparer.Ordinal);
        foreach (TriggerName trigger in known.Concat(settings.Add))
        {
            kinds[TagExpression.Normal(trigger.Name)] = trigger.Kind;
        }

        int least = int.MaxValue,
            most = 0;
        Lock gate = new();
        ChangePlan plan = CaptionPlans.Make(
            set,
            "trigger",
            picture =>
            {
                CaptionText before = picture.Caption ?? CaptionText.Empty;
                if (settings.Where?.Matches(before.Normal) == false)
                {
                    return null;
                }

                var reasons = new List<string>();
                int front = 0;
                CaptionText after = CaptionLines.Each(before, line => Front(line, settings, kinds, reasons, out front));
                lock (gate)
                {
                    (least, most) = (Math.Min(least, front), Math.Max(most, front));
                }

                return ReferenceEquals(after, before)
                    ? null
                    : new CaptionEdit(
                        after,
                        reasons.Count > 0
                            ? [.. reasons.Distinct()]
                            : [settings.Separator ? "||| behind the triggers" : "||| removed"]
                    );
            },
            progress,
            cancel
        );
        return new TriggerOutcome(plan, most == 0 ? 0 : least, most);
    }

    /// <summary>Refuses words that cannot be a trigger.</summary>
    /// <exception cref="FornoException">It is empty, or holds what captions are parted by.</exception>
    public static void Check(string name)
    {
        string? wrong =
            string.IsNullOrWhiteSpace(name) ? "it is empty"
            : name.Contains(',', StringComparison.Ordinal) ? "it contains a comma, which separates tags"
            : name.Contains(CaptionText.KeepSeparator, StringComparison.Ordinal)
                ? "it contains |||, which ends the triggers"
            : name.Any(char.IsControl) ? "it contains a line end or another control character"
            : name.IndexOfAny(['{', '}']) >= 0 ? "it contains a brace, which makes it a wildcard"
            : null;
        if (wrong is not null)
        {
            throw new FornoException($"'{name}' cannot be a trigger: {wrong}");
        }
    }

    private static CaptionText Front(
        CaptionText caption,
        TriggerSettings settings,
        Dictionary<string, TriggerKind> kinds,
        List<string> reasons,
        out int count
    )
    {
        int kept = caption.HasSeparator ? caption.Kept : 0;
        while (!caption.HasSeparator && kept < caption.Tags.Count && kinds.ContainsKey(caption.Normal[kept]))
        {
            kept++; // triggers that were put in front for keep_tokens
        }

        List<string> front = [.. caption.Tags.Take(kept)];
        var body = caption
            .Tags.Select(
                (tag, i) => (Tag: tag, Normal: caption.Normal[i], Ends: i >= caption.Tags.Count - caption.Ending)
            )
            .Skip(kept)
            .ToList();
        foreach (TriggerName trigger in settings.Add)
        {
            string normal = TagExpression.Normal(trigger.Name);
            if (front.Exists(t => TagExpression.Normal(t) == normal))
            {
                continue;
            }

            bool moved = body.RemoveAll(t => t.Normal == normal && !t.Ends) > 0;
            int place = front.FindIndex(t =>
                kinds.TryGetValue(TagExpression.Normal(t), out TriggerKind kind) && Rank(kind) > Rank(trigger.Kind)
            );
            front.Insert(place < 0 ? front.Count : place, trigger.Name.Trim());
            reasons.Add(moved ? $"{trigger.Name} to the front" : $"{trigger.Name} added");
        }

        count = front.Count;
        return caption.With([.. front, .. body.Select(t => t.Tag)], settings.Separator ? front.Count : 0);
    }

    private static int Rank(TriggerKind kind) => Array.IndexOf(Order, kind);
}
