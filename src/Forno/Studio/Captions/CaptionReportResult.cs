using System.Text.Json.Serialization;
using Forno.Datasets.Captions;
using Forno.Findings;
using Forno.Workspace;

namespace Forno.Studio.Captions;

/// <summary>Which words stand in captions.</summary>
/// <param name="Report">The same as the library has it.</param>
/// <param name="Scanned">How many pictures were found, whether or not their captions fulfil the condition.</param>
public sealed record CaptionReportResult(
    [property: JsonIgnore] CaptionReport Report,
    [property: JsonIgnore] int Scanned
)
{
    /// <summary>How many pictures were looked at.</summary>
    public int Pictures => Report.Pictures;

    /// <summary>How many of them have a caption that can be read and is not empty.</summary>
    public int Captions => Report.Captions;

    /// <summary>How many captions are in natural language.</summary>
    public int NaturalLanguage => Report.Prose;

    /// <summary>What follows for a LoRA, the worst first.</summary>
    public IReadOnlyList<Finding> Findings => Report.Findings;

    /// <summary>The folders, by path.</summary>
    public IEnumerable<FolderRow> Folders =>
        Report.Folders.Select(f => new FolderRow(
            f.Folder,
            f.Pictures,
            f.Captions,
            Math.Round(f.MeanTags, 2),
            f.MostTokens,
            [.. f.Tags.Select(t => new TagPictures(t.Tag, t.Pictures))]
        ));

    /// <summary>All tags, the most frequent first; sentences are none.</summary>
    public IReadOnlyList<TagCount> Tags => Report.Tags;

    /// <summary>What the most frequent tags stand with.</summary>
    public IEnumerable<CompanionsRow> Companions =>
        Report.Companions.Select(c => new CompanionsRow(
            c.Tag,
            c.Pictures,
            [.. c.With.Select(w => new TagPictures(w.Tag, w.Pictures))]
        ));

    /// <summary>Tags that are never apart though they do not stand everywhere, the most frequent first.</summary>
    public IReadOnlyList<TagGroup> NeverApart => Report.Together;

    /// <summary>Tags in one caption only, with that picture.</summary>
    public IEnumerable<SingletonRow> Singletons => Report.Singletons.Select(s => new SingletonRow(s.Tag, s.Picture));

    /// <summary>Pictures without a caption, or with an empty one.</summary>
    public IReadOnlyList<string> WithoutCaption => Report.Bare;

    /// <summary>Captions of more than 75 CLIP tokens, the longest first; null where none were counted.</summary>
    public IEnumerable<TokensRow>? Over75Tokens => Report.Long?.Select(l => new TokensRow(l.Picture, l.Tokens));

    /// <summary>Tags that the tag list has not got, or with few uses; null without a list.</summary>
    public IReadOnlyList<RareTag>? UnknownOrRare => Report.Rare;

    /// <summary>What could not be read, and why.</summary>
    public IReadOnlyList<Problem> Problems => Report.Problems;
}

/// <summary>A tag and in how many captions it stands.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Pictures">In how many captions.</param>
public sealed record TagPictures(string Tag, int Pictures);

/// <summary>A folder's captions.</summary>
/// <param name="Folder">Its path; empty at the top.</param>
/// <param name="Pictures">How many pictures.</param>
/// <param name="Captions">How many have a caption that can be read.</param>
/// <param name="MeanTags">Tags a caption.</param>
/// <param name="MostTokens">CLIP tokens of the longest caption; null where they were not counted.</param>
/// <param name="Tags">Its tags, the most frequent first.</param>
public sealed record FolderRow(
    string Folder,
    int Pictures,
    int Captions,
    double MeanTags,
    int? MostTokens,
    IReadOnlyList<TagPictures> Tags
);

/// <summary>What a frequent tag stands with.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Pictures">In how many captions it stands.</param>
/// <param name="With">The tags that stand with it most often.</param>
public sealed record CompanionsRow(string Tag, int Pictures, IReadOnlyList<TagPictures> With);

/// <summary>A tag that stands in one caption only.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Picture">The picture.</param>
public sealed record SingletonRow(string Tag, string Picture);

/// <summary>A long caption.</summary>
/// <param name="Picture">The picture.</param>
/// <param name="Tokens">Its CLIP tokens.</param>
public sealed record TokensRow(string Picture, int Tokens);
