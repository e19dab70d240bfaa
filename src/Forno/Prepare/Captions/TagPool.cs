using System.Collections.Concurrent;

namespace Forno.Prepare.Captions;

/// <summary>A tag as written, and as it is compared.</summary>
/// <param name="Text">As written.</param>
/// <param name="Normal">As <see cref="TagExpression.Normal"/> makes it.</param>
/// <param name="IsPlain">Whether it is one tag wherever it stands in a caption: no sentence, nor a part of one, and without signs that part tags.</param>
internal sealed record PooledTag(string Text, string Normal, bool IsPlain);

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
    public static PooledTag Get(ReadOnlySpan<char> text) => BySpan.TryGetValue(text, out var known) ? known : Make(text.ToString());

    /// <summary>A tag.</summary>
    /// <param name="text">As written, without white space around.</param>
    public static PooledTag Get(string text) => Tags.TryGetValue(text, out var known) ? known : Make(text);

    private static PooledTag Make(string text)
    {
        var normal = TagExpression.Normal(text);
        var plain = text.Length > 0 && text.AsSpan().IndexOfAny(",|{\r\n") < 0 && text.AsSpan().Count(' ') <= 2 && !CaptionUnits.EndsSentence(text)
            && !char.IsWhiteSpace(text[0]) && !char.IsWhiteSpace(text[^1]);
        var made = new PooledTag(text, normal == text ? text : normal, plain);
        // Counting is slow, so it is asked for new tags only.
        return text.Length > Longest || Tags.Count >= MostTags ? made : Tags.GetOrAdd(text, made);
    }
}
