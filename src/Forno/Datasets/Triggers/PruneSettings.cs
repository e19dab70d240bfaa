using System.Collections.Frozen;
using Forno.Files;
using Forno.Findings;
using Forno.Workspace;

namespace Forno.Datasets.Triggers;

/// <summary>How much is pruned.</summary>
public enum PruneLevel
{
    /// <summary>0: nothing; captions for a LoRA without triggers.</summary>
    None = 0,

    /// <summary>1: nothing; the trigger learns only what no tag says, and every trait can be changed.</summary>
    Fluid = 1,

    /// <summary>2: all intrinsic traits of what is trained.</summary>
    Static = 2,

    /// <summary>3: as 2, but traits marked as changeable stay.</summary>
    SemiStatic = 3,

    /// <summary>
    /// 4: for each trigger in a caption what belongs to its kind: traits to the character, clothes and ornaments to the
    /// outfit.
    /// </summary>
    MultiTrigger = 4,
}

/// <summary>What is pruned.</summary>
public sealed record PruneSettings
{
    /// <summary>The rules of the craft, each with what it is for; all are on unless switched off.</summary>
    public static readonly FrozenDictionary<string, string> Rules = new Dictionary<string, string>
    {
        ["body-size"] =
            "sizes of the body are never pruned: in a trigger they cannot be changed any more, and fight "
            + "every word for them",
        ["footwear"] =
            "footwear is never baked into an outfit: a trigger that brings shoes brings the whole figure "
            + "into the picture",
        ["pair"] = "counts of people are pruned where two characters are: the two triggers stand for them",
        ["monochrome"] = "monochrome is pruned where a black-and-white style has a trigger: the style is to take it",
        ["other-character"] =
            "other characters that a tagger recognised are reported: they share the features, or the tagger was wrong",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The level.</summary>
    public required PruneLevel Level { get; init; }

    /// <summary>
    /// Categories, or tags with <c>*</c>, that stay though the level says otherwise (level 3's changeable traits too).
    /// </summary>
    public IReadOnlyList<string> Keep { get; init; } = [];

    /// <summary>Categories, or tags with <c>*</c>, that are pruned besides, wherever there is a trigger.</summary>
    public IReadOnlyList<string> Also { get; init; } = [];

    /// <summary>Traits that fewer than this share of their trigger's pictures have stay, 0 to 100 percent.</summary>
    public double LeastShare { get; init; }

    /// <summary>Names of <see cref="Rules"/> that are off.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>Refuses what makes no sense.</summary>
    /// <exception cref="FornoException">A rule's name is unknown, a share out of range, or level 3 has nothing that is
    /// changeable.</exception>
    public void Check()
    {
        if (Without.FirstOrDefault(w => !Rules.ContainsKey(w)) is { } unknown)
        {
            throw new FornoException(
                $"there is no rule '{unknown}'{Spelling.DidYouMean(unknown, Rules.Keys)}; there are "
                    + $"{string.Join(", ", Rules.Keys.Order())}"
            );
        }

        if (LeastShare is not (>= 0 and <= 100))
        {
            throw new FornoException(Invariant.Text($"a share of {LeastShare} % makes no sense; give 0 to 100"));
        }

        if (Level == PruneLevel.SemiStatic && Keep.Count == 0)
        {
            throw new FornoException(
                "level 3 needs to know what to keep: categories such as hair-style, tags such as *_hair"
            );
        }
    }
}

/// <summary>A tag that is pruned, over the whole set.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Rule">What takes it out: a category, or a rule's name.</param>
/// <param name="Pictures">From how many captions.</param>
public sealed record PrunedCount(string Tag, string Rule, int Pictures);

/// <summary>A plan that prunes, and what is to be known about it.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Counts">What is pruned, most frequent first.</param>
/// <param name="Findings">What the rules did, and what to look at.</param>
public sealed record PruneOutcome(ChangePlan Plan, IReadOnlyList<PrunedCount> Counts, IReadOnlyList<Finding> Findings);
