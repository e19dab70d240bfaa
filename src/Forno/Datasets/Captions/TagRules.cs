using Forno.Vision.Tagging;

namespace Forno.Datasets.Captions;

/// <summary>What is done for pictures that have a caption.</summary>
public enum ExistingCaption
{
    /// <summary>It stays as it is; what was seen is only noted.</summary>
    Keep,

    /// <summary>Tags that it does not have yet are put behind it.</summary>
    Append,

    /// <summary>A new one takes its place; what stands before <c>|||</c> stays.</summary>
    Replace,
}

/// <summary>Which of the tags that taggers saw become a caption, and in what form.</summary>
public sealed record TagRules
{
    /// <summary>Least confidence of tags of a category that has none of its own; 0 to 1.</summary>
    public double Threshold { get; init; } = 0.35;

    /// <summary>
    /// Least confidence by category (<see cref="TaggerTags.Categories"/>); above 1 leaves the category out.
    /// </summary>
    public IReadOnlyDictionary<string, double> Thresholds { get; init; } =
        new Dictionary<string, double> { ["character"] = 0.85 };

    /// <summary>Whether the surest rating is written, at the end; ratings are never taken by threshold.</summary>
    public bool Rating { get; init; }

    /// <summary>Tags that are left out, as <see cref="TagExpression.Normal"/> compares them.</summary>
    public IReadOnlySet<string> Exclude { get; init; } = new HashSet<string>();

    /// <summary>Tags in front of every new caption, such as the trigger.</summary>
    public IReadOnlyList<string> Prefix { get; init; } = [];

    /// <summary>Whether tags keep the underscores of the tagger's list; else they have spaces.</summary>
    public bool Underscores { get; init; }

    /// <summary>What is done for pictures that have a caption.</summary>
    public ExistingCaption Existing { get; init; }

    /// <summary>
    /// The tags of a caption: the prefix, characters, everything else, each by falling confidence, then the rating.
    /// What several taggers saw stands once, with the greatest confidence. Tags that were pruned from the caption
    /// stay out.
    /// </summary>
    /// <param name="sidecar">What was seen.</param>
    public IReadOnlyList<string> Choose(TagSidecar sidecar)
    {
        HashSet<string> pruned = [.. sidecar.Pruned.Select(p => TagExpression.Normal(p.Tag))];
        SeenTag[] best =
        [
            .. sidecar
                .Seen.GroupBy(s => TagExpression.Normal(s.Tag), StringComparer.Ordinal)
                .Where(g => g.Key.Length > 0 && !Exclude.Contains(g.Key) && !pruned.Contains(g.Key))
                .Select(g => g.MaxBy(s => s.Confidence)!),
        ];
        IEnumerable<SeenTag> sure = best.Where(s =>
                s.Category != "rating" && s.Confidence >= Thresholds.GetValueOrDefault(s.Category, Threshold)
            )
            .OrderBy(s => s.Category == "character" ? 0 : 1)
            .ThenByDescending(s => s.Confidence);
        SeenTag? rating = Rating ? best.Where(s => s.Category == "rating").MaxBy(s => s.Confidence) : null;
        return
        [
            .. Prefix
                .Concat((rating is null ? sure : sure.Append(rating)).Select(s => Written(s.Tag)))
                .DistinctBy(TagExpression.Normal),
        ];
    }

    private string Written(string tag) => Underscores ? tag : TagForms.Spaced(tag);
}
