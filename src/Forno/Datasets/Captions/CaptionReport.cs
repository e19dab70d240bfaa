using Forno.Findings;
using Forno.Workspace;

namespace Forno.Datasets.Captions;

/// <summary>How to look at captions.</summary>
public sealed record CaptionReportOptions
{
    /// <summary>Only captions that fulfil it; null = all.</summary>
    public TagExpression? Where { get; init; }

    /// <summary>kohya's <c>keep_tokens</c>, for captions without <c>|||</c>: those tags are triggers.</summary>
    public int KeepTokens { get; init; }

    /// <summary>The tags of the model's data, or null.</summary>
    public TagList? Tags { get; init; }

    /// <summary>Tags with fewer uses in that list are named.</summary>
    public long FewUses { get; init; } = 500;
}

/// <summary>A tag and how often it stands.</summary>
/// <param name="Tag">As it is first written.</param>
/// <param name="Pictures">In how many captions.</param>
/// <param name="Folders">In how many folders.</param>
/// <param name="IsTrigger">Whether it stands among the tags that stay in place wherever it stands.</param>
public sealed record TagCount(string Tag, int Pictures, int Folders, bool IsTrigger);

/// <summary>A folder's captions.</summary>
/// <param name="Folder">Its path; empty at the top.</param>
/// <param name="Pictures">How many pictures.</param>
/// <param name="Captions">How many have a caption that can be read.</param>
/// <param name="MeanTags">Tags a caption.</param>
/// <param name="MostTokens">CLIP tokens of the longest caption; null where they were not counted.</param>
/// <param name="Tags">Its tags with the number of its captions they stand in, the most frequent first.</param>
public sealed record FolderTags(
    string Folder,
    int Pictures,
    int Captions,
    double MeanTags,
    int? MostTokens,
    IReadOnlyList<(string Tag, int Pictures)> Tags
);

/// <summary>What a frequent tag stands with.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Pictures">In how many captions it stands.</param>
/// <param name="With">The tags that stand with it most often, and in how many captions.</param>
public sealed record TagCompanions(string Tag, int Pictures, IReadOnlyList<(string Tag, int Pictures)> With);

/// <summary>Tags that stand in the same captions and never apart.</summary>
/// <param name="Tags">Two tags or more.</param>
/// <param name="Pictures">In how many captions.</param>
public sealed record TagGroup(IReadOnlyList<string> Tags, int Pictures);

/// <summary>A tag that the model hardly knows.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Pictures">In how many captions it stands.</param>
/// <param name="Uses">Its uses by the tag list; null if the list has not got it.</param>
/// <param name="AliasOf">The name that the list has it under, or null.</param>
public sealed record RareTag(string Tag, int Pictures, long? Uses, string? AliasOf);

/// <summary>The captions of a set, judged.</summary>
public sealed record CaptionReport
{
    /// <summary>How many pictures were looked at.</summary>
    public required int Pictures { get; init; }

    /// <summary>How many of them have a caption that can be read and is not empty.</summary>
    public required int Captions { get; init; }

    /// <summary>How many captions are in natural language.</summary>
    public required int Prose { get; init; }

    /// <summary>The folders, by path.</summary>
    public required IReadOnlyList<FolderTags> Folders { get; init; }

    /// <summary>All tags, the most frequent first; sentences are none.</summary>
    public required IReadOnlyList<TagCount> Tags { get; init; }

    /// <summary>What the most frequent tags stand with.</summary>
    public required IReadOnlyList<TagCompanions> Companions { get; init; }

    /// <summary>Tags that are never apart though they do not stand everywhere, the most frequent first.</summary>
    public required IReadOnlyList<TagGroup> Together { get; init; }

    /// <summary>Tags in one caption only, with that picture.</summary>
    public required IReadOnlyList<(string Tag, string Picture)> Singletons { get; init; }

    /// <summary>Pictures without a caption, or with an empty one.</summary>
    public required IReadOnlyList<string> Bare { get; init; }

    /// <summary>
    /// Captions of more than 75 CLIP tokens, the longest first; null where tokens could not be counted.
    /// </summary>
    public required IReadOnlyList<(string Picture, int Tokens)>? Long { get; init; }

    /// <summary>Tags that the tag list has not got, or with few uses; null without a list.</summary>
    public required IReadOnlyList<RareTag>? Rare { get; init; }

    /// <summary>What follows for a LoRA, the worst first.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>
    /// Captions that cannot be read, rows of the tag list that cannot, and what could not be looked into.
    /// </summary>
    public required IReadOnlyList<Problem> Problems { get; init; }
}

/// <summary>Judges a caption set.</summary>
public static class CaptionReporter
{
    private const int CompanionTags = 40,
        CompanionsEach = 6,
        LeastTogether = 3;

    /// <summary>Counts and judges.</summary>
    /// <param name="set">The captions.</param>
    /// <param name="options">How to look at them.</param>
    public static CaptionReport Make(CaptionSet set, CaptionReportOptions options)
    {
        var survey = CaptionSurvey.Of(set, options);
        TagEntry[] tags =
        [
            .. survey.Tags.OrderByDescending(t => t.Pictures).ThenBy(t => t.Normal, StringComparer.Ordinal),
        ];
        TagGroup[] together =
        [
            .. survey
                .SameExtents(LeastTogether)
                .Where(g => g[0].Pictures < survey.Captions && !g.All(t => t.IsTrigger))
                .OrderByDescending(g => g[0].Pictures)
                .ThenBy(g => g[0].Normal, StringComparer.Ordinal)
                .Select(g => new TagGroup(
                    [
                        .. g.OrderByDescending(t => t.IsTrigger)
                            .ThenBy(t => t.Normal, StringComparer.Ordinal)
                            .Select(t => t.Text),
                    ],
                    g[0].Pictures
                )),
        ];
        var report = new CaptionReport
        {
            Pictures = survey.Pictures,
            Captions = survey.Captions,
            Prose = survey.Prose,
            Folders = [.. survey.Folders.Select(f => Folder(f, survey.HasTokens))],
            Tags = [.. tags.Select(t => new TagCount(t.Text, t.Pictures, t.Folders, t.IsTrigger))],
            Companions =
            [
                .. survey
                    .MostSeenWith(CompanionsEach)
                    .Take(CompanionTags)
                    .Select(c => new TagCompanions(
                        c.Tag.Text,
                        c.Tag.Pictures,
                        [.. c.Most.Select(m => (m.With.Text, m.Together))]
                    )),
            ],
            Together = together,
            Singletons =
            [
                .. tags.Where(t => t.Pictures == 1 && !t.IsTrigger).Select(t => (t.Text, t.Example!.Picture.Path)),
            ],
            Bare = [.. survey.Bare.Select(b => b.Picture.Path)],
            Long = survey.HasTokens
                ? [.. survey.Long.OrderByDescending(l => l.Tokens).ThenBy(l => l.Picture, StringComparer.Ordinal)]
                : null,
            Rare = options.Tags is { } list ? [.. Rare(tags, list, options.FewUses)] : null,
            Findings = [],
            Problems = [.. set.Problems, .. options.Tags?.Problems ?? []],
        };
        return report with { Findings = CaptionFindings.Of(report, survey, set, options) };
    }

    private static FolderTags Folder(FolderEntry folder, bool hasTokens) =>
        new(
            folder.Name,
            folder.Pictures,
            folder.Captions,
            folder.Captions == 0 ? 0 : (double)folder.AllTags / folder.Captions,
            hasTokens ? folder.MostTokens : null,
            [
                .. folder
                    .Counts.OrderByDescending(c => c.Pictures)
                    .ThenBy(c => c.Tag.Normal, StringComparer.Ordinal)
                    .Select(c => (c.Tag.Text, c.Pictures)),
            ]
        );

    private static IEnumerable<RareTag> Rare(TagEntry[] tags, TagList list, long few) =>
        tags.Where(t => !t.IsTrigger)
            .Select(t =>
                list.Find(t.Normal, out bool isAlias) is { } listed
                    ? isAlias || listed.Uses < few
                        ? new RareTag(t.Text, t.Pictures, listed.Uses, isAlias ? listed.Name : null)
                        : null
                    : new RareTag(t.Text, t.Pictures, null, null)
            )
            .OfType<RareTag>();
}
