using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace Forno.Datasets.Captions;

/// <summary>A tag as words.</summary>
/// <param name="Head">What it is about: its last word, or last words where they are one.</param>
/// <param name="Words">The words before it.</param>
internal sealed record TagWords(string Head, string[] Words)
{
    /// <summary>Whether it says all that another says, and more.</summary>
    public bool Includes(TagWords other) =>
        Head == other.Head
        && Words.Length > other.Words.Length
        && Array.TrueForAll(other.Words, w => Words.Contains(w));

    /// <summary>Whether it says the same in another order.</summary>
    public bool Repeats(TagWords other) =>
        Head == other.Head
        && Words.Length == other.Words.Length
        && Array.TrueForAll(other.Words, w => Words.Contains(w))
        && Array.TrueForAll(Words, w => other.Words.Contains(w));
}

/// <summary>The lists that captions are cleaned by, looked up by normal tags. Safe for several threads.</summary>
internal sealed class CleanLists
{
    private readonly FrozenDictionary<string, WordEntry> uselessTags;
    private readonly (TagPattern Pattern, WordEntry Entry)[] uselessPatterns;
    private readonly FrozenSet<string> compounds,
        loose,
        negations,
        nouns;
    private readonly TagPattern[] several;
    private readonly FrozenDictionary<string, int> classes;
    private readonly ConcurrentDictionary<string, WordEntry?> uselessKnown = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TagWords?> wordsKnown = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> severalKnown = new(StringComparer.Ordinal);

    /// <summary>Reads the lists.</summary>
    /// <param name="folder">The user's, or null.</param>
    /// <exception cref="FornoException">One cannot be read, or leads round in a circle.</exception>
    public CleanLists(string? folder)
    {
        var useless = WordLists
            .Read("useless", folder)
            .SelectMany(e => e.Words.Select(w => (Pattern: TagPattern.Parse(w), Word: w, Entry: e)))
            .ToArray();
        uselessTags = useless
            .Where(u => u.Pattern.IsExact)
            .DistinctBy(u => TagExpression.Normal(u.Word))
            .ToFrozenDictionary(u => TagExpression.Normal(u.Word), u => u.Entry);
        uselessPatterns = [.. useless.Where(u => !u.Pattern.IsExact).Select(u => (u.Pattern, u.Entry))];
        Synonyms = ReadSynonyms(WordLists.Read("synonyms", folder));
        Splits = ReadSplits(WordLists.Read("split", folder));
        var redundancy = WordLists.Read("redundancy", folder);
        (compounds, loose, negations) = (
            Words(redundancy, "compound"),
            Words(redundancy, "loose"),
            Words(redundancy, "negation")
        );
        Implied = ReadImplied([.. redundancy.Where(e => e.Section == "implied")]);
        var consolidation = WordLists.Read("consolidation", folder);
        nouns = Words(consolidation, "noun");
        several =
        [
            .. consolidation.Where(e => e.Section == "several").SelectMany(e => e.Words).Select(TagPattern.Parse),
        ];
        string[] sections =
        [
            .. consolidation.Select(e => e.Section).Distinct().Where(s => s is not ("noun" or "several")),
        ];
        classes = consolidation
            .Where(e => sections.Contains(e.Section))
            .SelectMany(e =>
                e.Words.Select(w => (Word: TagExpression.Normal(w), Class: Array.IndexOf(sections, e.Section)))
            )
            .DistinctBy(w => w.Word)
            .ToFrozenDictionary(w => w.Word, w => w.Class);
    }

    /// <summary>Another word → the chosen one, with the entry.</summary>
    public FrozenDictionary<string, (string Chosen, WordEntry Entry)> Synonyms { get; }

    /// <summary>Generic tag → its parts.</summary>
    public FrozenDictionary<string, WordEntry> Splits { get; }

    /// <summary>Tag → all that it says as well.</summary>
    public FrozenDictionary<string, FrozenDictionary<string, WordEntry>> Implied { get; }

    /// <summary>The entry that calls a tag useless, or null.</summary>
    public WordEntry? Useless(string tag, string normal) =>
        uselessKnown.GetOrAdd(
            normal,
            _ =>
                uselessTags.GetValueOrDefault(normal)
                ?? Array.Find(uselessPatterns, p => p.Pattern.Matches(tag, normal)).Entry
        );

    /// <summary>Whether a tag tells of several people.</summary>
    public bool IsSeveral(string normal) =>
        severalKnown.GetOrAdd(normal, n => Array.Exists(several, p => p.Matches(n, n)));

    /// <summary>Whether tags of this noun are put together.</summary>
    public bool IsGarment(string noun) => nouns.Contains(noun);

    /// <summary>
    /// A tag's words; null where it is a phrase, a negation, or has signs in it: then it is like nothing else.
    /// </summary>
    public TagWords? WordsOf(string normal) =>
        wordsKnown.GetOrAdd(
            normal,
            n =>
            {
                string[] words = n.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (
                    words.Length == 0
                    || n.AsSpan().IndexOfAny("():{}|/;=<>") >= 0
                    || words.Any(w => loose.Contains(w) || negations.Contains(w))
                )
                {
                    return null;
                }

                int head =
                    words.Length > 2 && compounds.Contains(string.Join(' ', words[^3..])) ? 3
                    : words.Length > 1 && compounds.Contains(string.Join(' ', words[^2..])) ? 2
                    : 1;
                return new TagWords(string.Join(' ', words[^head..]), words[..^head]);
            }
        );

    /// <summary>
    /// The words beside a garment's noun, each with its class in the order they are written; null if one is unknown.
    /// </summary>
    public List<(string Word, int Class)>? Classified(string[] words)
    {
        var classified = new List<(string, int)>();
        for (int i = 0; i < words.Length; i++)
        {
            string? two = i + 1 < words.Length ? $"{words[i]} {words[i + 1]}" : null;
            if (two is not null && classes.TryGetValue(two, out int kind))
            {
                classified.Add((two, kind));
                i++;
            }
            else if (classes.TryGetValue(words[i], out kind))
            {
                classified.Add((words[i], kind));
            }
            else
            {
                return null;
            }
        }

        return classified;
    }

    private static FrozenSet<string> Words(IReadOnlyList<WordEntry> list, string section) =>
        list.Where(e => e.Section == section)
            .SelectMany(e => e.Words)
            .Select(TagExpression.Normal)
            .ToFrozenSet(StringComparer.Ordinal);

    private static FrozenDictionary<string, (string Chosen, WordEntry Entry)> ReadSynonyms(
        IReadOnlyList<WordEntry> list
    )
    {
        var chosen = new Dictionary<string, (string Chosen, WordEntry Entry)>(StringComparer.Ordinal);
        foreach (var entry in list)
        {
            foreach (string other in entry.Words)
            {
                // A later line, the user's, counts.
                chosen[TagExpression.Normal(other)] = (
                    TagExpression.Normal(
                        entry.Left ?? throw new FornoException($"{entry.Source}: write it as chosen = other, other")
                    ),
                    entry
                );
            }
        }

        return chosen.ToFrozenDictionary(c => c.Key, c => (End(c.Key), c.Value.Entry), StringComparer.Ordinal);

        string End(string word)
        {
            var (at, steps) = (word, 0);
            while (chosen.TryGetValue(at, out var next))
            {
                at =
                    ++steps <= chosen.Count
                        ? next.Chosen
                        : throw new FornoException(
                            $"{next.Entry.Source}: the choice leads in a circle, back to '{word}'; "
                                + $"take one of the lines out (-{word})"
                        );
            }

            return at;
        }
    }

    private static FrozenDictionary<string, WordEntry> ReadSplits(IReadOnlyList<WordEntry> list)
    {
        var splits = new Dictionary<string, WordEntry>(StringComparer.Ordinal);
        foreach (var entry in list)
        {
            splits[
                TagExpression.Normal(
                    entry.Left ?? throw new FornoException($"{entry.Source}: write it as generic = part, part")
                )
            ] = entry;
        }

        foreach (var (generic, entry) in splits)
        {
            if (
                Below(generic, g => splits.GetValueOrDefault(g)?.Words.Select(TagExpression.Normal) ?? [])
                    .Contains(generic)
            )
            {
                throw new FornoException(
                    $"{entry.Source}: '{generic}' would be a part of itself; take it out of the parts"
                );
            }
        }

        return splits.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static FrozenDictionary<string, FrozenDictionary<string, WordEntry>> ReadImplied(
        IReadOnlyList<WordEntry> list
    )
    {
        var byLeft = list.ToLookup(e =>
            TagExpression.Normal(
                e.Left ?? throw new FornoException($"{e.Source}: write it as tag = what it says as well")
            )
        );
        return byLeft.ToFrozenDictionary(
            g => g.Key,
            g =>
                Below(g.Key, t => byLeft[t].SelectMany(e => e.Words).Select(TagExpression.Normal))
                    .Where(t => t != g.Key)
                    .ToFrozenDictionary(t => t, _ => g.First(), StringComparer.Ordinal),
            StringComparer.Ordinal
        );
    }

    private static HashSet<string> Below(string start, Func<string, IEnumerable<string>> next)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var left = new Stack<string>([start]);
        while (left.TryPop(out string? at))
        {
            foreach (string one in next(at))
            {
                if (found.Add(one))
                {
                    left.Push(one);
                }
            }
        }

        return found;
    }
}
