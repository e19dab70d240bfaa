using System.Collections.Concurrent;

namespace Forno.Datasets.Captions;

/// <summary>A tag as written, and as it is compared.</summary>
internal sealed class PooledTag
{
    /// <summary>As written.</summary>
    public required string Text { get; init; }

    /// <summary>As <see cref="TagExpression.Normal"/> makes it.</summary>
    public required string Normal { get; init; }

    /// <summary>
    /// Whether it is one tag wherever it stands in a caption: no sentence, nor a part of one, and without signs that
    /// part tags.
    /// </summary>
    public required bool IsPlain { get; init; }

    /// <summary>Its number in the pool, small and its own; −1 if it is not kept there.</summary>
    public required int Id { get; init; }

    /// <summary>Whether two are written alike.</summary>
    public static bool Same(PooledTag a, PooledTag b) => ReferenceEquals(a, b) || a.Text == b.Text;
}

/// <summary>
/// Tags that were seen before: the captions of a set share a few thousand, so each is stored and normalised once.
/// Bounded; long texts are not kept. Safe for several threads.
/// </summary>
internal static class TagPool
{
    private const int MostTags = 200_000,
        Longest = 80;
    private static readonly ConcurrentDictionary<string, PooledTag> Tags = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, PooledTag>.AlternateLookup<ReadOnlySpan<char>> BySpan =
        Tags.GetAlternateLookup<ReadOnlySpan<char>>();
    private static int lastId = -1;

    /// <summary>A tag.</summary>
    /// <param name="text">As written, without white space around.</param>
    public static PooledTag Get(ReadOnlySpan<char> text) =>
        BySpan.TryGetValue(text, out var known) ? known : Make(text.ToString());

    /// <summary>A tag.</summary>
    /// <param name="text">As written, without white space around.</param>
    public static PooledTag Get(string text) => Tags.TryGetValue(text, out var known) ? known : Make(text);

    private static PooledTag Make(string text)
    {
        // Counting is slow, so it is asked for new tags only.
        bool keep = text.Length <= Longest && Tags.Count < MostTags;
        string normal = TagExpression.Normal(text);
        var made = new PooledTag
        {
            Text = text,
            Normal = normal == text ? text : normal,
            IsPlain =
                text.Length > 0
                && text.AsSpan().IndexOfAny(",|{\r\n") < 0
                && text.AsSpan().Count(' ') <= 2
                && !CaptionUnits.EndsSentence(text)
                && !char.IsWhiteSpace(text[0])
                && !char.IsWhiteSpace(text[^1]),
            Id = keep ? Interlocked.Increment(ref lastId) : -1,
        };
        return keep ? Tags.GetOrAdd(text, made) : made;
    }
}

/// <summary>
/// What is known of pooled tags, found by their number; those without one are asked anew. Safe for several threads.
/// </summary>
/// <typeparam name="T">What is known.</typeparam>
/// <param name="find">Finds it out for a tag that is asked about for the first time, perhaps on several threads at
/// once.</param>
internal sealed class TagLookup<T>(Func<PooledTag, T> find)
    where T : class
{
    private const int Least = 1024;
    private T?[] known = new T?[Least];

    /// <summary>What is known of a tag.</summary>
    public T Get(PooledTag tag)
    {
        var all = known;
        if ((uint)tag.Id < (uint)all.Length && all[tag.Id] is { } value)
        {
            return value;
        }

        value = find(tag);
        if (tag.Id >= 0)
        {
            lock (this)
            {
                if (tag.Id >= known.Length)
                {
                    Array.Resize(ref known, Math.Max(tag.Id + 1, known.Length * 2));
                }

                known[tag.Id] = value;
            }
        }

        return value;
    }
}
