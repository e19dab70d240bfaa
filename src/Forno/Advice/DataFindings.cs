using System.Globalization;
using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Findings;

namespace Forno.Advice;

/// <summary>
/// What a training configuration does to these captions and pictures without a word of the trainer. Pure.
/// </summary>
public static class DataFindings
{
    private const int FewSided = 3;

    // What is on one side only; text, too, is wrong when it is mirrored.
    private static readonly string[] OneSided =
    [
        "heterochromia",
        "eyepatch",
        "medical eyepatch",
        "hair over one eye",
        "one side up",
        "side ponytail",
        "side braid",
        "asymmetrical hair",
        "asymmetrical bangs",
        "asymmetrical clothes",
        "asymmetrical legwear",
        "single thighhigh",
        "single glove",
        "single pauldron",
        "single gauntlet",
        "single earring",
        "single sleeve",
        "single bare shoulder",
        "single mechanical arm",
        "single wing",
        "single horn",
        "scar across eye",
        "scar on cheek",
        "mole under eye",
        "mole on cheek",
        "prosthetic arm",
        "text",
        "english text",
        "japanese text",
        "speech bubble",
        "signature",
    ];

    /// <summary>Finds all, worst first.</summary>
    /// <param name="facts">The configuration.</param>
    /// <param name="set">The captions as the trainer reads them.</param>
    /// <param name="triggers">The triggers.</param>
    /// <param name="traits">The lists of traits.</param>
    /// <param name="pruned">What was pruned from a picture's caption.</param>
    public static IReadOnlyList<Finding> Find(
        ConfigFacts facts,
        CaptionSet set,
        IReadOnlyList<TriggerName> triggers,
        TraitLists traits,
        Func<CaptionedPicture, IReadOnlyList<PrunedTag>> pruned
    )
    {
        var found = new List<Finding>();
        var folders = facts
            .Folders.Where(f => !f.IsReg)
            .DistinctBy(f => f.Path)
            .ToDictionary(f => f.Path, StringComparer.Ordinal);
        (CaptionedPicture Picture, TrainedFolder Folder)[] drawn =
        [
            .. set
                .Pictures.Select(p =>
                    (Picture: p, Folder: folders.GetValueOrDefault(Path.GetDirectoryName(p.Picture.File)!)!)
                )
                .Where(p => p.Folder is not null),
        ];
        KeepTokens(drawn, triggers, found);
        Sentences(drawn, found);
        Masks(facts, drawn, found);
        Mirrored(drawn, pruned, found);
        Anime(facts, drawn, traits, found);
        return [.. found.OrderByDescending(f => f.Level)];
    }

    // Triggers in front that neither ||| nor keep_tokens holds there.
    private static void KeepTokens(
        (CaptionedPicture Picture, TrainedFolder Folder)[] drawn,
        IReadOnlyList<TriggerName> triggers,
        List<Finding> found
    )
    {
        HashSet<string> names = [.. triggers.Select(t => TagExpression.Normal(t.Name))];
        var (count, most, kept, shuffles, drops) = (0, 0, 0, false, false);
        foreach (var (picture, folder) in drawn)
        {
            bool moves = folder.Shuffles || folder.Number("caption_tag_dropout_rate") > 0;
            if (
                !moves
                || picture.Caption is not { HasSeparator: false } caption
                || (
                    folder.KeepSeparator is { Length: > 0 } wall
                    && caption.Line.Contains(wall, StringComparison.Ordinal)
                )
            )
            {
                continue;
            }

            int front = caption.Normal.TakeWhile(names.Contains).Count();
            if (front > folder.KeepTokens)
            {
                (count, most, kept) = (count + 1, Math.Max(most, front), folder.KeepTokens);
                (shuffles, drops) = (
                    shuffles || folder.Shuffles,
                    drops || folder.Number("caption_tag_dropout_rate") > 0
                );
            }
        }

        if (count > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.KeepTokens,
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"triggers in front of {Counted(count, "caption")} are "
                            + $"{(shuffles ? drops ? "shuffled and dropped" : "shuffled" : "dropped")} like any "
                            + $"other tag: keep_tokens = {kept}"
                    ),
                    "The words in front weigh most, and a long caption loses its end: the trigger learns "
                        + "less reliably.",
                    Fix.Set("keep_tokens", most),
                    Fix.Run("caption trigger")
                        .OnDataSet()
                        .Changing()
                        .Asking("character", "NAME")
                        .WithConfig()
                        .Noting("puts ||| behind them")
                )
            );
        }
    }

    private static void Sentences((CaptionedPicture Picture, TrainedFolder Folder)[] drawn, List<Finding> found)
    {
        int count = drawn.Count(d =>
            d.Folder.Shuffles
            && d.Picture.Caption is { HasSentences: true } caption
            && Enumerable
                .Range(0, caption.Tags.Count)
                .Any(i => caption.IsSentence(i) && caption.Tags[i].Contains(',', StringComparison.Ordinal))
        );
        if (count > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.ShuffledSentences,
                    FindingLevel.Warning,
                    Invariant.Text($"shuffle_caption with sentences in {Counted(count, "caption")}"),
                    "The trainer cuts captions at commas and shuffles the pieces: half sentences in any order.",
                    Fix.Set("shuffle_caption", false)
                        .Noting("for those folders, as subsets of their own in a dataset config")
                )
            );
        }
    }

    private static void Masks(
        ConfigFacts facts,
        (CaptionedPicture Picture, TrainedFolder Folder)[] drawn,
        List<Finding> found
    )
    {
        int masks = drawn.Count(d => d.Picture.Picture.Mask is not null);
        bool others =
            drawn.Any(d =>
                d.Folder.On("alpha_mask")
                || d.Folder.Options.GetValueOrDefault("conditioning_data_dir") is string { Length: > 0 }
            ) || facts.Says("conditioning_data_dir");
        if (facts.On("masked_loss") && masks == 0 && !others && drawn.Length > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.MaskedLoss,
                    FindingLevel.Warning,
                    $"masked_loss is on, and no picture has a mask{facts.Where("masked_loss")}",
                    "Forno stops at it; kohya's scripts train all of every picture, as without it.",
                    Fix.Run("dataset mask").OnDataSet().Changing().Noting("makes masks"),
                    Fix.Remove("masked_loss")
                )
            );
        }
        else if (!facts.On("masked_loss") && masks > 0 && !others)
        {
            found.Add(
                new Finding(
                    FindingKind.MaskedLoss,
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{Counted(masks, "picture")} of {drawn.Length} "
                            + $"{(masks == 1 ? "has a mask" : "have masks")}, and masked_loss is not on"
                    ),
                    "The masks are not used: backgrounds are learnt with the subject.",
                    Fix.Set("masked_loss", true)
                )
            );
        }
    }

    private static void Mirrored(
        (CaptionedPicture Picture, TrainedFolder Folder)[] drawn,
        Func<CaptionedPicture, IReadOnlyList<PrunedTag>> pruned,
        List<Finding> found
    )
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        int pictures = 0;
        foreach (var (picture, _) in drawn.Where(d => d.Folder.On("flip_aug")))
        {
            string[] sided =
            [
                .. (picture.Caption?.Normal ?? [])
                    .Concat(pruned(picture).Select(p => TagExpression.Normal(p.Tag)))
                    .Distinct()
                    .Where(OneSided.Contains),
            ];
            pictures += sided.Length > 0 ? 1 : 0;
            foreach (string tag in sided)
            {
                counts[tag] = counts.GetValueOrDefault(tag) + 1;
            }
        }

        if (pictures >= FewSided)
        {
            string tags = TriggerFindings.List(
                counts
                    .OrderByDescending(c => c.Value)
                    .ThenBy(c => c.Key, StringComparer.Ordinal)
                    .Select(c => Invariant.Text($"{c.Key} ({c.Value})"))
            );
            found.Add(
                new Finding(
                    FindingKind.FlipAug,
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"flip_aug, and {Counted(pictures, "picture")} have what is on one side only: {tags}"
                    ),
                    "Mirrored it is on the other side: the LoRA learns it on either, or on both.",
                    Fix.Set("flip_aug", false)
                )
            );
        }
    }

    // Captions in booru's tags go with models that were trained on the last layer but one.
    private static void Anime(
        ConfigFacts facts,
        (CaptionedPicture Picture, TrainedFolder Folder)[] drawn,
        TraitLists traits,
        List<Finding> found
    )
    {
        int people = drawn.Count(d => d.Picture.Caption?.Normal.Any(t => traits.Has(TraitLists.People, t)) == true);
        if (facts.Family == "sd15" && !facts.Says("clip_skip") && people * 2 > drawn.Length)
        {
            found.Add(
                new Finding(
                    FindingKind.ClipSkip,
                    FindingLevel.Note,
                    "no clip_skip: it is 1, with captions in booru tags",
                    "Nearly all anime models of SD 1.5 were trained with 2, and are drawn with 2.",
                    Fix.Set("clip_skip", 2).Noting("if the base is one of them")
                )
            );
        }
    }

    private static string Counted(int count, string what) => Invariant.Text($"{count} {what}{(count == 1 ? "" : "s")}");
}
