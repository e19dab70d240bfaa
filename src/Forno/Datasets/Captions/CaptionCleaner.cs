using System.Collections.Concurrent;
using Forno.Files;

namespace Forno.Datasets.Captions;

/// <summary>How captions are cleaned.</summary>
public sealed record CleanSettings
{
    /// <summary>The rules that are on by default.</summary>
    public static IReadOnlyList<string> DefaultRules { get; } = ["useless", "synonyms", "redundancy", "consolidation"];

    /// <summary>All rules.</summary>
    public static IReadOnlyList<string> AllRules { get; } = [.. DefaultRules, "split"];

    /// <summary>The rules to go by.</summary>
    public IReadOnlyCollection<string> Rules { get; init; } = DefaultRules;

    /// <summary>Which captions; null = all.</summary>
    public TagExpression? Where { get; init; }

    /// <summary>kohya's <c>keep_tokens</c>, for captions without <c>|||</c>.</summary>
    public int KeepTokens { get; init; }

    /// <summary>Tags that no rule touches.</summary>
    public IReadOnlyList<TagPattern> Keep { get; init; } = [];

    /// <summary>The user's folder of word lists, or null.</summary>
    public string? Lists { get; init; }
}

/// <summary>A change that cleaning made, and how often.</summary>
/// <param name="Rule">The rule: <c>redundancy</c>.</param>
/// <param name="What">What was done: <c>shirt: white_shirt says it</c>.</param>
/// <param name="Captions">In how many captions.</param>
public sealed record CleanChange(string Rule, string What, int Captions);

/// <summary>
/// Cleans captions by lists of words: useless tags, synonyms, redundancy, consolidation of one garment's tags, and on
/// request the splitting of generic tags. Tags that stay in place (before <c>|||</c>, the first <c>keep_tokens</c>), an
/// ending and sentences are left alone; the others keep their order, and what takes the place of several tags stands
/// where the first of them stood. Cleaning what is clean changes nothing. Safe for several threads.
/// </summary>
public sealed class CaptionCleaner
{
    // Every rule takes tags away or puts a final form in their place; a few rounds are enough for any list.
    private const int MostRounds = 16;

    private readonly CleanSettings settings;
    private readonly CleanLists lists;
    private readonly ConcurrentDictionary<(string Rule, string What), int> changes = new();

    /// <summary>Makes ready.</summary>
    /// <param name="settings">How to clean.</param>
    /// <exception cref="FornoException">A rule or list is unknown, or a list cannot be read.</exception>
    public CaptionCleaner(CleanSettings settings)
    {
        this.settings = settings;
        if (settings.Rules.FirstOrDefault(r => !CleanSettings.AllRules.Contains(r)) is { } unknown)
        {
            throw new FornoException(
                $"there is no rule '{unknown}'{Spelling.DidYouMean(unknown, CleanSettings.AllRules)}; there "
                    + $"are {string.Join(", ", CleanSettings.AllRules)}"
            );
        }

        lists = new CleanLists(settings.Lists);
    }

    /// <summary>What was changed so far, by rule and then the most frequent first.</summary>
    public IReadOnlyList<CleanChange> Changes =>
        [
            .. changes
                .Select(c => new CleanChange(c.Key.Rule, c.Key.What, c.Value))
                .OrderBy(c => CleanSettings.AllRules.ToList().IndexOf(c.Rule))
                .ThenByDescending(c => c.Captions)
                .ThenBy(c => c.What, StringComparer.Ordinal),
        ];

    /// <summary>Cleans a picture's caption.</summary>
    /// <returns>The clean caption with the rule behind each change; null if it is clean.</returns>
    public CaptionEdit? Clean(CaptionedPicture picture)
    {
        if (picture.Caption is not { } caption || (settings.Where is { } where && !where.Matches(caption)))
        {
            return null;
        }

        var done = new List<(string Rule, string What)>();
        var clean = Clean(caption, done);
        if (clean == caption)
        {
            return null;
        }

        foreach (var change in done.Distinct())
        {
            changes.AddOrUpdate(change, 1, (_, n) => n + 1);
        }

        return new CaptionEdit(clean, [.. done.Select(d => $"{d.What} [{d.Rule}]")]);
    }

    /// <summary>Cleans a caption.</summary>
    /// <param name="caption">The caption.</param>
    public CaptionText Clean(CaptionText caption) => Clean(caption, []);

    private CaptionText Clean(CaptionText caption, List<(string Rule, string What)> done)
    {
        int kept = caption.HasSeparator ? caption.Kept : Math.Min(settings.KeepTokens, caption.Tags.Count);
        var line = new CleanedLine(caption, kept, settings.Keep, lists, done);
        for (int before = -1, round = 0; before != done.Count && round < MostRounds; round++)
        {
            before = done.Count;
            foreach (string? rule in CleanSettings.AllRules.Where(settings.Rules.Contains))
            {
                line.Apply(rule);
            }
        }

        return done.Count == 0 ? caption : caption.With(line.Tags, caption.HasSeparator ? kept : null);
    }
}
