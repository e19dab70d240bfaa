using System.Globalization;
using Forno.Files;
using Forno.Findings;

namespace Forno.Datasets.Captions;

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

/// <summary>What the figures of a caption set mean for a LoRA.</summary>
internal static class CaptionFindings
{
    private const int MostNamed = 6;

    /// <summary>Folders of fewer captions tell nothing about what is always there.</summary>
    private const int FewCaptions = 8;

    public static IReadOnlyList<Finding> Of(
        CaptionReport report,
        CaptionSurvey survey,
        CaptionSet set,
        CaptionReportOptions options
    )
    {
        var found = new List<Finding>();
        if (report.Pictures > 0)
        {
            Missing(report, survey, set, found);
            Files(survey, found);
            Lengths(report, found);
            Tags(report, survey, found);
            Always(survey, found);
            Known(report, options, found);
        }

        return [.. found.OrderByDescending(f => f.Level)];
    }

    private static void Missing(CaptionReport report, CaptionSurvey survey, CaptionSet set, List<Finding> found)
    {
        int empty = survey.Bare.Count(b => b.Caption is not null),
            unreadable = survey.Bare.Count(b => b.Caption is null && b.File is not null);
        int none = survey.Bare.Count - empty - unreadable;
        if (none > 0)
        {
            bool all = none == report.Pictures;
            found.Add(
                new Finding(
                    "no-caption",
                    all ? FindingLevel.Bad : FindingLevel.Warning,
                    $"{Of(none, report.Pictures, "picture")} {Have(none)} no {set.Extension ?? "caption"}"
                        + $"{(set.Extension is null ? "" : " file")}",
                    "Such a picture is trained on its folder's name alone: everything in it sticks to the trigger.",
                    "forno caption tag FOLDER"
                )
            );
        }

        if (empty > 0)
        {
            found.Add(
                new Finding(
                    "empty-caption",
                    FindingLevel.Bad,
                    $"{Of(empty, report.Pictures, "picture")} {Have(empty)} an empty caption",
                    "kohya's trainer stops at an empty file; else the picture is trained without any word.",
                    "forno caption tag FOLDER, or remove the files"
                )
            );
        }

        if (unreadable > 0)
        {
            found.Add(
                new Finding(
                    "unreadable-caption",
                    FindingLevel.Bad,
                    $"{Of(unreadable, report.Pictures, "caption")} cannot be read",
                    "The trainer stops there.",
                    "save them as UTF-8; they are named at the end"
                )
            );
        }

        if (set.Extension is null && survey.Extensions.Count > 1)
        {
            string list = string.Join(
                ", ",
                survey.Extensions.OrderByDescending(e => e.Value).Select(e => Invariant.Text($"{e.Value} {e.Key}"))
            );
            found.Add(
                new Finding(
                    "extensions",
                    FindingLevel.Warning,
                    $"captions have several extensions: {list}",
                    "A training reads one kind, caption_extension; the other pictures count as without caption.",
                    "rename the files of one kind"
                )
            );
        }

        if (report.Prose > 0 && report.Prose < report.Captions)
        {
            found.Add(
                new Finding(
                    "mixed-language",
                    FindingLevel.Note,
                    $"{Of(report.Prose, report.Captions, "caption")} {(report.Prose == 1 ? "is" : "are")} "
                        + "sentences, the others tags",
                    "The LoRA answers to the words of one kind for a part of its pictures only.",
                    "write them all in one way"
                )
            );
        }
    }

    private static void Files(CaptionSurvey survey, List<Finding> found)
    {
        int encoded = survey.Encodings.Where(e => e.Key != TextEncoding.Utf8).Sum(e => e.Value);
        if (encoded > 0)
        {
            found.Add(
                new Finding(
                    "encoding",
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{encoded} "
                            + $"{(encoded == 1 ? "caption is UTF-16 or begins" : "captions are UTF-16 or begin")} "
                            + $"with a byte order mark"
                    ),
                    "Forno reads them, kohya's trainer does not: it stops, or takes the mark for a part of "
                        + "the first tag.",
                    "forno caption edit FOLDER --utf8"
                )
            );
        }

        if (survey.SeveralLines > 0)
        {
            found.Add(
                new Finding(
                    "several-lines",
                    FindingLevel.Note,
                    Invariant.Text(
                        $"{survey.SeveralLines} "
                            + $"{(survey.SeveralLines == 1 ? "caption has" : "captions have")} several lines"
                    ),
                    "Only the first line is trained, unless enable_wildcard is on: then each drawing takes "
                        + "one of them.",
                    "join the lines if they are not meant as variants"
                )
            );
        }

        if (survey.SpaceParted > 0)
        {
            found.Add(
                new Finding(
                    "no-commas",
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{survey.SpaceParted} "
                            + $"{(survey.SpaceParted == 1 ? "caption seems" : "captions seem")} to be tags without "
                            + $"commas between them"
                    ),
                    "They count as one long tag: nothing of it can be shuffled, dropped or pruned.",
                    "forno dataset import FOLDER -o NEW, which puts commas in"
                )
            );
        }
    }

    private static void Lengths(CaptionReport report, List<Finding> found)
    {
        if (report.Long is not { Count: > 0 } longer)
        {
            return;
        }

        int Over(int tokens) => longer.Count(l => l.Tokens > tokens);
        var (most, list) = (
            longer[0].Tokens,
            Invariant.Text($"{longer.Count} over 75, {Over(150)} over 150, {Over(225)} over 225")
        );
        found.Add(
            new Finding(
                "long",
                FindingLevel.Warning,
                Invariant.Text($"captions of many CLIP tokens: {list}; the longest has {most}"),
                "What is behind max_token_length (75 by default) is cut off and never trained.",
                most > 225
                    ? "forno caption edit FOLDER --truncate-tokens 225, and max_token_length = 225"
                    : $"max_token_length = {(most > 150 ? 225 : 150)} in the training's configuration"
            )
        );
    }

    private static void Tags(CaptionReport report, CaptionSurvey survey, List<Finding> found)
    {
        if (survey.Repeating > 0)
        {
            found.Add(
                new Finding(
                    "repeated",
                    FindingLevel.Note,
                    $"{Of(survey.Repeating, report.Captions, "caption")} {Have(survey.Repeating)} a tag twice",
                    "It weighs double and uses up tokens.",
                    "forno caption edit FOLDER --dedupe"
                )
            );
        }

        TagEntry[] spelt = [.. survey.Tags.Where(t => t.Spellings > 1).OrderByDescending(t => t.Pictures)];
        if (spelt.Length > 0)
        {
            found.Add(
                new Finding(
                    "spellings",
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{spelt.Length} {(spelt.Length == 1 ? "tag is" : "tags are")} written in several "
                            + $"ways: {Named(spelt.Select(t => t.Text))}"
                    ),
                    "With and without underscores or backslashes, a tag is other tokens: each way learns its "
                        + "own share.",
                    "forno caption edit FOLDER --spaces --escape (or --underscores, --unescape)"
                )
            );
        }

        if (report.Singletons.Count > 0)
        {
            found.Add(
                new Finding(
                    "singletons",
                    FindingLevel.Note,
                    Invariant.Text(
                        $"{report.Singletons.Count} "
                            + $"{(report.Singletons.Count == 1 ? "tag stands" : "tags stand")} on one picture "
                            + $"only: {Named(report.Singletons.Select(s => s.Tag))}"
                    ),
                    "The LoRA sees such a tag once a round: it learns that picture, not the tag. "
                        + "Misspellings show up here.",
                    "forno caption edit FOLDER --remove TAG (or --replace OLD=NEW), where they are slips"
                )
            );
        }

        if (report.Together.Count > 0)
        {
            found.Add(
                new Finding(
                    "together",
                    FindingLevel.Note,
                    Invariant.Text(
                        $"{report.Together.Count} "
                            + $"{(report.Together.Count == 1 ? "group of tags is" : "groups of tags are")} never "
                            + $"seen apart: "
                            + $"{Named(report.Together.Select(g => string.Join(" + ", g.Tags.Take(3)) + (g.Tags.Count > 3 ? " …" : "")))}"
                    ),
                    "Nothing tells them apart, so each of them comes to mean the whole group.",
                    "forno caption clean FOLDER where they say the same; else add pictures that have only one"
                )
            );
        }
    }

    private static void Always(CaptionSurvey survey, List<Finding> found)
    {
        foreach (var folder in survey.Folders.Where(f => f.Captions >= FewCaptions))
        {
            TagEntry[] always =
            [
                .. folder
                    .Counts.Where(c => c.Pictures == folder.Captions && !c.Tag.IsTrigger)
                    .Select(c => c.Tag)
                    .OrderBy(t => t.Normal, StringComparer.Ordinal),
            ];
            if (always.Length > 0)
            {
                found.Add(
                    new Finding(
                        "always",
                        FindingLevel.Note,
                        Invariant.Text(
                            $"in every caption of {(folder.Name.Length > 0 ? folder.Name : "the folder")}: "
                                + $"{Named(always.Select(t => t.Text))}"
                        ),
                        "Such tags share with the trigger what all pictures show: the look then needs all of "
                            + "them in the prompt.",
                        "forno caption trigger FOLDER for the one that is the trigger, forno caption prune "
                            + "FOLDER for traits that belong to it"
                    )
                );
            }
        }
    }

    private static void Known(CaptionReport report, CaptionReportOptions options, List<Finding> found)
    {
        if (report.Rare is not { Count: > 0 } rare)
        {
            return;
        }

        RareTag[] aliases = [.. rare.Where(r => r.AliasOf is not null)],
            unknown = [.. rare.Where(r => r.Uses is null)],
            few = [.. rare.Where(r => r.AliasOf is null && r.Uses is not null)];
        if (aliases.Length > 0)
        {
            found.Add(
                new Finding(
                    "aliases",
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{aliases.Length} {(aliases.Length == 1 ? "tag has" : "tags have")} another name in "
                            + $"the tag list: {Named(aliases.Select(a => $"{a.Tag} → {a.AliasOf}"))}"
                    ),
                    "The model knows the main name; under the other one it begins from nothing.",
                    $"forno caption edit FOLDER --replace \"{aliases[0].Tag}={aliases[0].AliasOf}\", and so on"
                )
            );
        }

        if (unknown.Length > 0)
        {
            found.Add(
                new Finding(
                    "unknown",
                    FindingLevel.Note,
                    Invariant.Text(
                        $"{unknown.Length} {(unknown.Length == 1 ? "tag is" : "tags are")} not in the tag "
                            + $"list: {Named(unknown.Select(u => u.Tag))}"
                    ),
                    "A model trained on such tags does not know them. A trigger is meant to be one; other "
                        + "words have to be learnt from your few pictures.",
                    "forno caption edit FOLDER --replace OLD=NEW with a tag that the list has"
                )
            );
        }

        if (few.Length > 0)
        {
            found.Add(
                new Finding(
                    "rare",
                    FindingLevel.Note,
                    Invariant.Text(
                        $"{few.Length} {(few.Length == 1 ? "tag has" : "tags have")} fewer than "
                            + $"{options.FewUses} uses: {Named(few.Select(u => u.Tag))}"
                    ),
                    "The model has hardly learnt them.",
                    "forno caption edit FOLDER --replace OLD=NEW with a common tag, or keep them if the LoRA "
                        + "is to teach them"
                )
            );
        }
    }

    private static string Of(int count, int all, string what) =>
        count < all ? Invariant.Text($"{count} of {all} {what}s")
        : all == 1 ? $"the {what}"
        : Invariant.Text($"all {all} {what}s");

    private static string Have(int count) => count == 1 ? "has" : "have";

    private static string Named(IEnumerable<string> names)
    {
        string[] first = [.. names.Take(MostNamed + 1)];
        return string.Join(", ", first.Take(MostNamed)) + (first.Length > MostNamed ? ", …" : "");
    }
}
