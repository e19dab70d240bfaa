using System.Globalization;
using Forno.Data;
using Forno.Datasets.Duplicates;
using Forno.Datasets.Surveys;
using Forno.Findings;
using Forno.Imaging;
using Forno.Workspace;

namespace Forno.Datasets.Checks;

/// <summary>A data set, checked.</summary>
/// <param name="Pictures">The pictures that can be read, in order of path.</param>
/// <param name="Duplicates">Groups that show the same; places are those of <paramref name="Pictures"/>.</param>
/// <param name="Buckets">Buckets in use with the number of pictures in each, ascending.</param>
/// <param name="Findings">Findings about the set as a whole.</param>
/// <param name="Problems">Files that cannot be read, and why.</param>
public sealed record SetReport(
    IReadOnlyList<CheckedPicture> Pictures,
    IReadOnlyList<DuplicateGroup> Duplicates,
    IReadOnlyList<(Size Bucket, int Count)> Buckets,
    IReadOnlyList<Finding> Findings,
    IReadOnlyList<Problem> Problems
);

/// <summary>Rules about a data set as a whole. Pure.</summary>
public static class SetCheck
{
    /// <summary>More buckets than this make small batches.</summary>
    public const int ManyBuckets = 9;

    /// <summary>Fewer pictures than this in a folder are flagged.</summary>
    public const int FewPictures = 8;

    /// <summary>As many pictures a folder are advised.</summary>
    public const int AdvisedPictures = 20;

    private const int MostNamed = 6;
    private static readonly string[] Shots = ["portrait", "upper body", "cowboy shot", "full body"];

    /// <summary>Looks at a whole set.</summary>
    /// <param name="survey">Its pictures, measured.</param>
    /// <param name="duplicates">Its duplicates.</param>
    /// <param name="rules">How the trainer will sort it.</param>
    /// <exception cref="FornoException">The rules make no sense.</exception>
    public static SetReport Check(PictureSurvey survey, IReadOnlyList<DuplicateGroup> duplicates, BucketRules rules)
    {
        rules.Check();
        var buckets = new Buckets(rules);
        CheckedPicture[] pictures = [.. survey.Pictures.Select(p => PictureCheck.Check(p, rules, buckets))];
        foreach (DuplicateGroup group in duplicates)
        {
            foreach (Duplicate other in group.Others)
            {
                string kept = survey.Pictures[group.Kept].Item.Path;
                pictures[other.Id] = pictures[other.Id] with
                {
                    Findings = [.. pictures[other.Id].Findings, DuplicateFinding(other, kept)],
                };
            }
        }

        (Size, int)[] counts =
        [
            .. pictures
                .Where(p => p.Fit is not null)
                .GroupBy(p => p.Fit!.Bucket)
                .Select(g => (g.Key, g.Count()))
                .OrderBy(g => g.Key),
        ];
        var found = new List<Finding>();
        if (pictures.Length > 0)
        {
            Repetition(duplicates, found);
            Counts(pictures, counts, rules, found);
            Folders(pictures, found);
            Shares(pictures, found);
            Balance(pictures, found);
            Texts(pictures, found);
        }

        return new SetReport(pictures, duplicates, counts, found, survey.Problems);
    }

    private static void Texts(CheckedPicture[] pictures, List<Finding> found)
    {
        int texts = pictures.Count(p => p.Findings.Any(f => f.Kind == FindingKind.Text));
        if (texts * 4 > pictures.Length)
        {
            found.Add(
                new Finding(
                    FindingKind.MuchText,
                    FindingLevel.Warning,
                    Invariant.Text($"{texts} of {pictures.Length} pictures have text in them"),
                    "Anything so common sticks to the trigger: text and watermarks come with every picture "
                        + "that the LoRA draws.",
                    Fix.Run("dataset clean").OnDataSet().Changing().With("mark"),
                    Fix.ByHand("name it in the captions (text, speech bubble, watermark)")
                )
            );
        }
    }

    private static Finding DuplicateFinding(Duplicate other, string kept) =>
        new(
            FindingKind.Duplicate,
            FindingLevel.Warning,
            other.Exact
                ? $"the same file as {kept}"
                : Invariant.Text($"{other.Similarity:0} % like {kept}{(other.Mirrored ? ", mirrored" : "")}"),
            "It is trained more often than the rest and burns in.",
            Fix.Run("dataset dedupe").OnDataSet().Changing()
        );

    private static void Repetition(IReadOnlyList<DuplicateGroup> duplicates, List<Finding> found)
    {
        if (duplicates.Count > 0)
        {
            int more = duplicates.Sum(g => g.Others.Count);
            found.Add(
                new Finding(
                    FindingKind.Duplicates,
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{more} {(more == 1 ? "picture is a duplicate" : "pictures are duplicates")} of "
                            + $"{(duplicates.Count == 1 ? "another" : Invariant.Text($"{duplicates.Count} others"))}"
                    ),
                    "What is there several times is trained several times as often and burns in.",
                    Fix.Run("dataset dedupe").OnDataSet().Changing()
                )
            );
        }
    }

    private static void Counts(
        CheckedPicture[] pictures,
        (Size Bucket, int Count)[] counts,
        BucketRules rules,
        List<Finding> found
    )
    {
        if (counts.Length > ManyBuckets)
        {
            found.Add(
                new Finding(
                    FindingKind.ManyBuckets,
                    FindingLevel.Warning,
                    Invariant.Text($"{counts.Length} buckets for {pictures.Length} pictures"),
                    "A batch never mixes buckets: most batches will be short, and the step count and "
                        + "learning rate no longer mean what they say.",
                    Fix.Run("dataset buckets").OnDataSet().Noting("shows them; then crop odd shapes"),
                    Fix.Set("bucket_reso_steps", rules.Steps * 2)
                )
            );
        }

        int alone = counts.Count(c => c.Count == 1);
        if (alone > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.Alone,
                    FindingLevel.Note,
                    alone == 1
                        ? "1 picture is alone in its bucket"
                        : Invariant.Text($"{alone} pictures are alone in their buckets"),
                    "A picture alone is always trained as a batch of one.",
                    Fix.Run("dataset buckets").OnDataSet().Noting("shows them")
                )
            );
        }
    }

    private static void Folders(CheckedPicture[] pictures, List<Finding> found)
    {
        var counts = pictures
            .GroupBy(p => p.Picture.Item.Folder)
            .Select(g => (Name: g.Key.Length > 0 ? g.Key : "the folder", Count: g.Count()))
            .Where(f => f.Count < AdvisedPictures)
            .OrderBy(f => f.Count)
            .ThenBy(f => f.Name, StringComparer.Ordinal)
            .ToLookup(f => f.Count < FewPictures);
        foreach (bool few in (bool[])[true, false])
        {
            var folders = counts[few].ToArray();
            if (folders.Length > 0)
            {
                string list =
                    string.Join(", ", folders.Take(MostNamed).Select(f => Invariant.Text($"{f.Name} ({f.Count})")))
                    + (folders.Length > MostNamed ? ", …" : "");
                found.Add(
                    new Finding(
                        FindingKind.FewPictures,
                        few ? FindingLevel.Warning : FindingLevel.Note,
                        Invariant.Text(
                            $"fewer than {(few ? FewPictures : AdvisedPictures)} pictures"
                                + $"{(few ? Invariant.Text($" ({AdvisedPictures} are advised)") : "")}: {list}"
                        ),
                        few
                            ? "With fewer than 8 of an outfit the LoRA copies them instead of learning."
                            : "20 of an outfit and more make it flexible.",
                        Fix.ByHand("add pictures"),
                        Fix.Run("dataset crop").OnDataSet().Changing().Noting("cuts large ones into several shots")
                    )
                );
            }
        }
    }

    private static void Shares(CheckedPicture[] pictures, List<Finding> found)
    {
        int monochrome = pictures.Count(p => p.Picture.Measures.IsMonochrome),
            retro = pictures.Count(p => p.Findings.Any(f => f.Kind == FindingKind.Retro));
        if (monochrome * 2 > pictures.Length)
        {
            found.Add(
                new Finding(
                    FindingKind.MostlyMonochrome,
                    FindingLevel.Warning,
                    Invariant.Text($"{monochrome} of {pictures.Length} pictures have no colour"),
                    "The LoRA draws grey unless prompted otherwise.",
                    Fix.ByHand("add coloured pictures"),
                    ToFewRepeats("1_grey: monochrome")
                )
            );
        }

        if (retro > 0 && retro < pictures.Length)
        {
            found.Add(
                new Finding(
                    FindingKind.RetroMix,
                    FindingLevel.Note,
                    Invariant.Text($"{retro} of {pictures.Length} pictures are tagged as of the 1980s or 1990s"),
                    "They train about three times faster than the rest: their look wins.",
                    ToFewRepeats("1_retro: TAG")
                )
            );
        }

        var kinds = pictures
            .Where(p => p.Picture.Item.Caption is not null)
            .GroupBy(p => Path.GetExtension(p.Picture.Item.CaptionPath).ToLowerInvariant())
            .OrderByDescending(g => g.Count())
            .ToArray();
        if (kinds.Length > 1)
        {
            found.Add(
                new Finding(
                    FindingKind.Extensions,
                    FindingLevel.Warning,
                    $"captions have {kinds.Length} extensions: "
                        + $"{string.Join(", ", kinds.Select(k => Invariant.Text($"{k.Count()} {k.Key}")))}",
                    "The trainer reads one of them (caption_extension): the pictures of the others count "
                        + "as without caption.",
                    Fix.Run("dataset import").OnDataSet().IntoNew().With("caption-extension", ".txt")
                )
            );
        }

        int bare = pictures.Count(p => p.Findings.Any(f => f.Kind == FindingKind.NoCaption));
        if (bare > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.CaptionsMissing,
                    FindingLevel.Note,
                    Invariant.Text($"{bare} of {pictures.Length} pictures have no caption"),
                    "Without captions everything in a picture sticks to the trigger.",
                    Fix.Run("caption tag").OnDataSet().Changing(),
                    Fix.ByHand("write a .txt beside each picture")
                )
            );
        }
    }

    // A folder of its own, by captions, for pictures that are to be trained less.
    private static Remedy ToFewRepeats(string rule) =>
        Fix.Run("dataset sort").OnDataSet().Changing().Asking("rule", rule).Noting("fewer repeats for them");

    private static void Balance(CheckedPicture[] pictures, List<Finding> found)
    {
        int[] counts = new int[Shots.Length];
        foreach (CheckedPicture picture in pictures)
        {
            int shot = Array.FindIndex(Shots, s => PictureCheck.Tags(picture.Picture.Caption).Contains(s));
            if (shot >= 0)
            {
                counts[shot]++;
            }
        }

        int told = counts.Sum();
        if (told < FewPictures)
        {
            return; // captions do not say
        }

        string list = string.Join(", ", Shots.Select((s, i) => Invariant.Text($"{counts[i]} {s}")));
        if (counts.Max() * 10 > told * 6 || counts.Contains(0))
        {
            found.Add(
                new Finding(
                    FindingKind.Shots,
                    FindingLevel.Warning,
                    $"one-sided shots: {list}",
                    "The LoRA can only draw well what it has seen: close faces or whole figures, not both.",
                    Fix.ByHand("add the missing kind"),
                    Fix.Run("dataset crop").OnDataSet().Changing().Noting("cuts closer shots out of full ones")
                )
            );
        }
    }
}
