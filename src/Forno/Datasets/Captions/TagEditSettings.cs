namespace Forno.Datasets.Captions;

/// <summary>How tags are put in order.</summary>
public enum TagOrder
{
    /// <summary>The most frequent of the whole set first; of equally frequent ones by alphabet.</summary>
    Frequency,

    /// <summary>By alphabet, upper and lower case alike.</summary>
    Alphabet,
}

/// <summary>
/// Edits of captions. They are made in this order: remove, replace, underscores or spaces, escape or unescape,
/// deduplicate, sort, truncate, add. What is added is found at its place at the end, and truncating leaves room for it.
/// <para>Tags that stay in place (before <c>|||</c>, or the first <see cref="KeepTokens"/>) and sentences are changed
/// only by their exact names: patterns, forms, sorting and truncating pass them by.</para>
/// </summary>
public sealed record TagEditSettings
{
    /// <summary>Which captions; null = all.</summary>
    public TagExpression? Where { get; init; }

    /// <summary>Tags to take out.</summary>
    public IReadOnlyList<TagPattern> Remove { get; init; } = [];

    /// <summary>
    /// Tags to replace, asked in turn; the first that names a tag counts. The text may hold several tags between
    /// commas.
    /// </summary>
    public IReadOnlyList<(TagPattern From, string To)> Replace { get; init; } = [];

    /// <summary>True: spaces become underscores; false: underscores become spaces.</summary>
    public bool? Underscores { get; init; }

    /// <summary>True: parentheses are escaped; false: unescaped.</summary>
    public bool? Escape { get; init; }

    /// <summary>Whether repetitions are taken out; the first stays.</summary>
    public bool Deduplicate { get; init; }

    /// <summary>The order of the tags; null leaves it.</summary>
    public TagOrder? Sort { get; init; }

    /// <summary>The most tags of a caption, the last ones are dropped; null = any number.</summary>
    public int? MostTags { get; init; }

    /// <summary>
    /// The most CLIP tokens of a caption (without start and end), the last tags are dropped; null = any number.
    /// </summary>
    public int? MostTokens { get; init; }

    /// <summary>Tags at the very front, in this order; one that is further behind moves there.</summary>
    public IReadOnlyList<string> AddFirst { get; init; } = [];

    /// <summary>Tags right behind those that stay in place.</summary>
    public IReadOnlyList<string> AddKept { get; init; } = [];

    /// <summary>Tags at the end.</summary>
    public IReadOnlyList<string> AddLast { get; init; } = [];

    /// <summary>kohya's <c>keep_tokens</c>, for captions without <c>|||</c>.</summary>
    public int KeepTokens { get; init; }

    /// <summary>Whether captions that are nothing but sentences are edited too.</summary>
    public bool Prose { get; init; }

    /// <summary>
    /// Whether all lines of a caption are edited, as <c>enable_wildcard</c> trains them; else the first.
    /// </summary>
    public bool AllLines { get; init; }

    /// <summary>Whether pictures without a caption get one.</summary>
    public bool Create { get; init; }

    /// <summary>
    /// Whether captions are stored as UTF-8 without a byte order mark, as kohya's trainer wants them.
    /// </summary>
    public bool Utf8 { get; init; }

    /// <summary>Whether any change is asked for.</summary>
    public bool AsksForSomething =>
        Remove.Count + Replace.Count + AddFirst.Count + AddKept.Count + AddLast.Count > 0
        || Underscores is not null
        || Escape is not null
        || Deduplicate
        || Sort is not null
        || MostTags is not null
        || MostTokens is not null
        || Utf8;
}
