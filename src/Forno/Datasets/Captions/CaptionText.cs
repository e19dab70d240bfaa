using System.Text;

namespace Forno.Datasets.Captions;

/// <summary>
/// One caption as an ordered list of tags. The first line is the caption, as for kohya's trainer; further lines
/// (<c>enable_wildcard</c>) are kept as they are. Immutable; unchanged it is the text it was read from, changed it
/// keeps line ends and everything behind the first line, and the way tags are parted (<c>, </c> or <c>,</c>).
/// <para>A tag is what stands between commas; <c>{a, b|c}</c> is one, and so is a whole sentence with its commas (see
/// <see cref="IsSentence"/>). <c>|||</c> (kohya's <c>keep_tokens_separator</c>) ends the tags that shuffling leaves in
/// place, and a second one begins an ending that it leaves in place too.</para>
/// </summary>
public sealed partial class CaptionText
{
    /// <summary>What parts tags that stay in place from those that are shuffled.</summary>
    public const string KeepSeparator = "|||";

    private const string DefaultBarrier = " ||| ";

    [ThreadStatic]
    private static StringBuilder? built;

    private readonly string text;
    private readonly int lineEnd;
    private readonly PooledTag[] pooled;
    private readonly bool[]? sentences;
    private readonly string? join;
    private readonly string? barrier;
    private string[]? texts,
        normals;

    private CaptionText(string text, int lineEnd, Reader read)
    {
        this.text = text;
        this.lineEnd = lineEnd;
        pooled = [.. read.Tags];
        sentences = read.Sentences.Contains(true) ? [.. read.Sentences] : null;
        (join, barrier, HasSeparator, Kept, Ending) = (
            read.Join,
            read.Barrier,
            read.Kept >= 0,
            Math.Max(0, read.Kept),
            read.Ending < 0 ? 0 : pooled.Length - read.Ending
        );
        PartedByBlanks = HasSeparator || read.PartedByBlanks;
    }

    private CaptionText(string text, int lineEnd, PooledTag[] pooled, string? join, string? barrier, int kept)
    {
        (this.text, this.lineEnd, this.pooled, this.join, this.barrier) = (text, lineEnd, pooled, join, barrier);
        (HasSeparator, Kept, PartedByBlanks) = (kept >= 0, Math.Max(0, kept), kept >= 0 || join is null or ", ");
    }

    /// <summary>A caption without tags.</summary>
    public static CaptionText Empty { get; } = Parse("");

    /// <summary>
    /// The tags of the first line in order, as written, without white space around; empty ones are left out.
    /// </summary>
    public IReadOnlyList<string> Tags => texts ??= Array.ConvertAll(pooled, p => p.Text);

    /// <summary>The same tags as they are compared: <see cref="TagExpression.Normal"/>.</summary>
    public IReadOnlyList<string> Normal => NormalArray;

    /// <summary>How many tags stand before <c>|||</c>; 0 without it.</summary>
    public int Kept { get; }

    /// <summary>How many tags stand behind a second <c>|||</c>.</summary>
    public int Ending { get; }

    /// <summary>Whether there is a <c>|||</c>.</summary>
    public bool HasSeparator { get; }

    /// <summary>Whether any of it is a sentence.</summary>
    public bool HasSentences => sentences is not null;

    /// <summary>
    /// Whether all of it, but for the tags before <c>|||</c>, is sentences: a caption in natural language.
    /// </summary>
    public bool IsProse => sentences is not null && Kept < pooled.Length && !sentences.AsSpan(Kept).Contains(false);

    /// <summary>Whether there are lines behind the first that are not blank.</summary>
    public bool HasMoreLines => lineEnd < text.Length && !text.AsSpan(lineEnd).IsWhiteSpace();

    /// <summary>The first line, without white space around.</summary>
    public string Line => text[..lineEnd].Trim();

    /// <summary>The first line as shuffling joins it: <c>|||</c> becomes a comma.</summary>
    public string Trained => HasSeparator ? string.Join(", ", Tags) : Line;

    /// <summary>Whether a comma and blank stand between all tags of <see cref="Trained"/>, and nothing else.</summary>
    internal bool PartedByBlanks { get; }

    /// <summary>The tags with all that is known of them.</summary>
    internal ReadOnlySpan<PooledTag> Pooled => pooled;

    /// <summary>The normal tags for conditions: <see cref="Normal"/> as the collection that it is.</summary>
    internal string[] NormalArray => normals ??= Array.ConvertAll(pooled, p => p.Normal);

    /// <summary>Reads a caption.</summary>
    /// <param name="text">The whole text of its file, or a line of it; any text.</param>
    public static CaptionText Parse(string text)
    {
        int end = text.AsSpan().IndexOfAny('\r', '\n');
        int lineEnd = end < 0 ? text.Length : end;
        var reader = Reader.Shared();
        reader.Read(text.AsSpan(0, lineEnd));
        return new CaptionText(text, lineEnd, reader);
    }

    /// <summary>A caption of these tags.</summary>
    /// <param name="tags">The tags.</param>
    /// <param name="kept">How many of them stand before <c>|||</c>; 0 = no <c>|||</c>.</param>
    public static CaptionText Of(IReadOnlyList<string> tags, int kept = 0) => Empty.With(tags, kept);

    /// <summary>
    /// Whether a tag is a sentence, a unit of natural language that edits of tags leave alone: it ends in a full stop,
    /// or has so many words and an article, verb or pronoun that it is none of a booru's tags.
    /// </summary>
    /// <param name="tag">Its place in <see cref="Tags"/>.</param>
    public bool IsSentence(int tag) => sentences is not null && sentences[tag];

    /// <summary>
    /// The same caption with other tags: the first line is written anew, line ends and further lines stay. Without a
    /// change it is this caption.
    /// </summary>
    /// <param name="tags">The tags; white space around them is taken off, empty ones are left out.</param>
    /// <param name="kept">How many of them stand before <c>|||</c>; 0 takes it away; null leaves it behind as many tags
    /// as now.</param>
    /// <param name="ending">How many of them stand behind a second <c>|||</c>; null = as many as now.</param>
    /// <exception cref="FornoException">A tag contains a line end.</exception>
    public CaptionText With(IReadOnlyList<string> tags, int? kept = null, int? ending = null)
    {
        var (given, front) = (new List<PooledTag>(tags.Count), kept ?? Kept);
        for (int i = 0; i < tags.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(tags[i]))
            {
                front -= i < (kept ?? Kept) ? 1 : 0;
            }
            else
            {
                given.Add(TagPool.Get(tags[i].Trim()));
            }
        }

        return With(
            [.. given],
            kept is null ? HasSeparator : kept > 0 || (ending ?? Ending) > 0,
            Math.Min(front, given.Count),
            ending ?? Ending
        );
    }

    /// <inheritdoc/>
    public override string ToString() => text;

    /// <summary>The same caption with other tags.</summary>
    /// <param name="given">The tags.</param>
    /// <param name="keeps">Whether there is to be a <c>|||</c>.</param>
    /// <param name="before">How many tags stand before it.</param>
    /// <param name="after">How many tags stand behind a second one.</param>
    internal CaptionText With(PooledTag[] given, bool keeps, int before, int after)
    {
        if (keeps == HasSeparator && (!keeps || before == Kept) && after == Ending && Same(given))
        {
            return this;
        }

        after = Math.Min(after, given.Length - before);
        var line = built ??= new StringBuilder();
        line.Clear();
        string wall = barrier ?? DefaultBarrier;
        bool plain =
            after == 0
            && (!keeps || (before > 0 && before < given.Length && !wall.Contains(',', StringComparison.Ordinal)));
        bool joined = false;
        for (int i = 0; i <= given.Length; i++)
        {
            // A caption may consist of kept tags only, or of an ending.
            if ((keeps && i == before) || (after > 0 && i == given.Length - after))
            {
                bool twice = keeps && i == before && after > 0 && i == given.Length - after;
                line.Append(
                        line.Length == 0 ? wall.TrimStart(' ', ',')
                        : i == given.Length ? wall.TrimEnd(' ', ',')
                        : wall
                    )
                    .Append(twice ? wall.TrimStart(' ', ',') : "");
            }
            else if (i > 0 && i < given.Length)
            {
                line.Append(join ?? ", ");
                joined = true;
            }

            if (i < given.Length)
            {
                var tag = given[i];
                plain &= tag.IsPlain;
                line.Append(
                    tag.IsPlain || tag.Text.AsSpan().IndexOfAny('\r', '\n') < 0
                        ? tag.Text
                        : throw new FornoException($"the tag '{tag.Text}' contains a line end; a tag is on one line")
                );
            }
        }

        int length = line.Length;
        string whole = line.Append(text, lineEnd, text.Length - lineEnd).ToString();
        // Plain tags are read back as they are written; whatever else may come of others is found by reading.
        return plain
            ? new CaptionText(
                whole,
                length,
                given,
                joined ? join ?? ", " : null,
                keeps ? wall : null,
                keeps ? before : -1
            )
            : Parse(whole);
    }

    private bool Same(PooledTag[] given)
    {
        if (given.Length != pooled.Length)
        {
            return false;
        }

        for (int i = 0; i < given.Length; i++)
        {
            if (!PooledTag.Same(given[i], pooled[i]))
            {
                return false;
            }
        }

        return true;
    }
}
