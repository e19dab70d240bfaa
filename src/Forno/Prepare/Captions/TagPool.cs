using System.Collections.Concurrent;

namespace Forno.Prepare.Captions;

/// <summary>A tag as written, and as it is compared.</summary>
/// <param name="Text">As written.</param>
/// <param name="Normal">As <see cref="TagExpression.Normal"/> makes it.</param>
internal sealed record PooledTag(string Text, string Normal);

/// <summary>
/// Tags that were seen before: the captions of a set share a few thousand, so each is stored and normalised once. Bounded;
/// long texts are not kept. Safe for several threads.
/// </summary>
internal static class TagPool
{
    private const int MostTags = 200_000, Longest = 80;
    private static readonly ConcurrentDictionary<string, PooledTag> Tags = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, PooledTag>.AlternateLookup<ReadOnlySpan<char>> BySpan = Tags.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>A tag.</summary>
    /// <param name="text">As written, without white space around.</param>
    public static PooledTag Get(ReadOnlySpan<char> text)
    {
        if (BySpan.TryGetValue(text, out PooledTag? known))
        {
            return known;
        }

        var own = text.ToString();
        var normal = TagExpression.Normal(own);
        var made = new PooledTag(own, normal == own ? own : normal);
        // Counting is slow, so it is asked for new tags only.
        return text.Length > Longest || Tags.Count >= MostTags ? made : Tags.GetOrAdd(own, made);
    }
}
