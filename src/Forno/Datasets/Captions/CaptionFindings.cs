using System.Globalization;
using Forno.Files;
using Forno.Findings;

namespace Forno.Datasets.Captions;

/// <summary>What the figures of a caption set mean for a LoRA.</summary>
internal static class CaptionFindings
{
    private const int MostNamed = 6;

    /// <summary>Folders of fewer captions say nothing about what is always there.</summary>
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
                    FindingKind.NoCaption,
                    all ? FindingLevel.Bad : FindingLevel.Warning,
                    $"{Of(none, report.Pictures, "picture")} {Have(none)} no {set.Extension ?? "caption"}"
                        + $"{(set.Extension is null ? "" : " file")}",
                    "Such a picture is trained on its folder's name alone: everything in it sticks to the trigger.",
                    Fix.Run("caption tag").OnDataSet().Changing()
                )
            );
        }

        if (empty > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.EmptyCaption,
                    FindingLevel.Bad,
                    $"{Of(empty, report.Pictures, "picture")} {Have(empty)} an empty caption",
                    "kohya's trainer stops at an empty file; else the picture is trained without any word.",
                    Fix.Run("caption tag").OnDataSet().Changing(),
                    Fix.ByHand("remove the files")
                )
            );
        }

        if (unreadable > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.UnreadableCaption,
                    FindingLevel.Bad,
                    $"{Of(unreadable, report.Pictures, "caption")} cannot be read",
                    "The trainer stops there.",
                    Fix.ByHand("save them as UTF-8; they are named at the end")
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
                    FindingKind.Extensions,
                    FindingLevel.Warning,
                    $"captions have several extensions: {list}",
                    "The trainer reads one of them (caption_extension): the pictures of the others count as without "
                        + "caption.",
                    Fix.Run("dataset import").OnDataSet().IntoNew().With("caption-extension", ".txt"),
                    Fix.ByHand("rename them all to .txt")
                )
            );
        }

        if (report.Prose > 0 && report.Prose < report.Captions)
        {
            found.Add(
                new Finding(
                    FindingKind.MixedLanguage,
                    FindingLevel.Note,
                    $"{Of(report.Prose, report.Captions, "caption")} {(report.Prose == 1 ? "is" : "are")} "
                        + "sentences, the others tags",
                    "The LoRA answers to the words of one kind for a part of its pictures only.",
                    Fix.ByHand("write them all in one way")
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
                    FindingKind.Encoding,
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{encoded} "
                            + $"{(encoded == 1 ? "caption is UTF-16 or starts" : "captions are UTF-16 or start")} "
                            + $"with a byte order mark"
                    ),
                    "Forno reads them, kohya's trainer does not: it stops, or takes the mark for a part of "
                        + "the first tag.",
                    Fix.Run("caption edit").OnDataSet().Changing().With("utf8")
                )
            );
        }

        if (survey.SeveralLines > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.SeveralLines,
                    FindingLevel.Note,
                    Invariant.Text(
                        $"{survey.SeveralLines} "
                            + $"{(survey.SeveralLines == 1 ? "caption has" : "captions have")} several lines"
                    ),
                    "Only the first line is trained, unless enable_wildcard is on: then each drawing takes "
                        + "one of them.",
                    Fix.ByHand("join the lines if they are not meant as variants"),
                    Fix.Set("enable_wildcard", true).Noting("if they are")
                )
            );
        }

        if (survey.SpaceParted > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.NoCommas,
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{survey.SpaceParted} "
                            + $"{(survey.SpaceParted == 1 ? "caption seems" : "captions seem")} to be tags without "
                            + $"commas between them"
                    ),
                    "They count as one long tag: nothing of it can be shuffled, dropped or pruned.",
                    Fix.Run("dataset import").OnDataSet().IntoNew().Noting("puts commas in")
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
                FindingKind.Long,
                FindingLevel.Warning,
                Invariant.Text($"captions of many CLIP tokens: {list}; the longest has {most}"),
                "What is behind max_token_length (75 by default) is cut off and never trained.",
                most > 225
                    ? Fix.All(
                        Fix.Run("caption edit").OnDataSet().Changing().With("truncate-tokens", 225),
                        Fix.Set("max_token_length", 225)
                    )
                    : Fix.Set("max_token_length", most > 150 ? 225 : 150)
            )
        );
    }

    private static void Tags(CaptionReport report, CaptionSurvey survey, List<Finding> found)
    {
        if (survey.Repeating > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.Repeated,
                    FindingLevel.Note,
                    $"{Of(survey.Repeating, report.Captions, "caption")} {Have(survey.Repeating)} a tag twice",
                    "It counts double and uses up tokens.",
                    Fix.Run("caption edit").OnDataSet().Changing().With("dedupe")
                )
            );
        }

        TagEntry[] spelt = [.. survey.Tags.Where(t => t.Spellings > 1).OrderByDescending(t => t.Pictures)];
        if (spelt.Length > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.Spellings,
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{spelt.Length} {(spelt.Length == 1 ? "tag is" : "tags are")} written in several "
                            + $"ways: {Named(spelt.Select(t => t.Text))}"
                    ),
                    "With and without underscores or backslashes, a tag has other tokens: each form learns its "
                        + "own share.",
                    Fix.Run("caption edit").OnDataSet().Changing().With("spaces").With("escape"),
                    Fix.Run("caption edit").OnDataSet().Changing().With("underscores").With("unescape")
                )
            );
        }

        if (report.Singletons.Count > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.Singletons,
                    FindingLevel.Note,
                    Invariant.Text(
                        $"{report.Singletons.Count} "
                            + $"{(report.Singletons.Count == 1 ? "tag is" : "tags are")} on one picture "
                            + $"only: {Named(report.Singletons.Select(s => s.Tag))}"
                    ),
                    "The LoRA sees such a tag once a round: it learns that picture, not the tag. "
                        + "Misspellings show up here.",
                    Fix.Run("caption edit")
                        .OnDataSet()
                        .Changing()
                        .Asking("replace", "OLD=NEW")
                        .Noting("where they are misspelt"),
                    Fix.Run("caption edit").OnDataSet().Changing().Asking("remove", "TAG")
                )
            );
        }

        if (report.Together.Count > 0)
        {
            string groups = Named(
                report.Together.Select(g => string.Join(" + ", g.Tags.Take(3)) + (g.Tags.Count > 3 ? " …" : ""))
            );
            found.Add(
                new Finding(
                    FindingKind.Together,
                    FindingLevel.Note,
                    Invariant.Text(
                        $"{report.Together.Count} "
                            + $"{(report.Together.Count == 1 ? "group of tags is" : "groups of tags are")} never "
                            + $"seen apart: {groups}"
                    ),
                    "Nothing distinguishes them, so each of them comes to mean the whole group.",
                    Fix.Run("caption clean").OnDataSet().Changing().Noting("where they mean the same"),
                    Fix.ByHand("add pictures that have only one of them")
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
                        FindingKind.Always,
                        FindingLevel.Note,
                        Invariant.Text(
                            $"in every caption of {(folder.Name.Length > 0 ? folder.Name : "the folder")}: "
                                + $"{Named(always.Select(t => t.Text))}"
                        ),
                        "Such tags share with the trigger what all pictures show: the look then needs all of "
                            + "them in the prompt.",
                        Fix.Run("caption trigger")
                            .OnParts(folder.Name)
                            .Changing()
                            .Asking("character", "NAME")
                            .Noting("for the one that is the trigger"),
                        Fix.Run("caption prune").OnParts(folder.Name).Changing().Noting("for traits of the trigger")
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
                    FindingKind.Aliases,
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{aliases.Length} {(aliases.Length == 1 ? "tag has" : "tags have")} another name in "
                            + $"the tag list: {Named(aliases.Select(a => $"{a.Tag} → {a.AliasOf}"))}"
                    ),
                    "The model knows the main name; under the other one it starts from nothing.",
                    aliases.Length > MostNamed ? Renames(aliases).Noting("and so on") : Renames(aliases)
                )
            );
        }

        if (unknown.Length > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.Unknown,
                    FindingLevel.Note,
                    Invariant.Text(
                        $"{unknown.Length} {(unknown.Length == 1 ? "tag is" : "tags are")} not in the tag "
                            + $"list: {Named(unknown.Select(u => u.Tag))}"
                    ),
                    "A model trained on such tags does not know them. A trigger is meant to be one; other "
                        + "words have to be learnt from your few pictures.",
                    Fix.Run("caption edit")
                        .OnDataSet()
                        .Changing()
                        .Asking("replace", "OLD=NEW")
                        .Noting("by a tag of the list")
                )
            );
        }

        if (few.Length > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.Rare,
                    FindingLevel.Note,
                    Invariant.Text(
                        $"{few.Length} {(few.Length == 1 ? "tag has" : "tags have")} fewer than "
                            + $"{options.FewUses} uses: {Named(few.Select(u => u.Tag))}"
                    ),
                    "The model has hardly learnt them.",
                    Fix.Run("caption edit")
                        .OnDataSet()
                        .Changing()
                        .Asking("replace", "OLD=NEW")
                        .Noting("by a common tag"),
                    Fix.ByHand("keep them if the LoRA is to teach them")
                )
            );
        }
    }

    private static Remedy Renames(RareTag[] aliases) =>
        aliases
            .Take(MostNamed)
            .Aggregate(
                Fix.Run("caption edit").OnDataSet().Changing(),
                (command, alias) => command.With("replace", $"{alias.Tag}={alias.AliasOf}")
            );

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
