using System.Globalization;
using Forno.Imaging;
using Forno.Vision;
using Forno.Vision.Tagging;
using Forno.Workspace;

namespace Forno.Datasets.Captions;

/// <summary>Looks at pictures with taggers and makes captions of what they saw.</summary>
public static class Tagging
{
    /// <summary>Runs a tagger over pictures; the next ones are decoded while it is busy.</summary>
    /// <param name="items">The pictures.</param>
    /// <param name="tagger">The tagger.</param>
    /// <param name="least">Tags of less confidence are not noted; ratings always are.</param>
    /// <param name="batch">Pictures at once; as many as the model has, if that is fixed.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>What was seen by the picture's path, surest first; pictures that cannot be read are problems.</returns>
    /// <exception cref="FornoException">The network fails.</exception>
    public static (IReadOnlyDictionary<string, IReadOnlyList<SeenTag>> Seen, IReadOnlyList<Problem> Problems) Look(
        IReadOnlyList<PictureItem> items,
        Tagger tagger,
        double least,
        int batch,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        var seen = new Dictionary<string, IReadOnlyList<SeenTag>>(StringComparer.Ordinal);
        var problems = new List<Problem>();
        long done = 0;
        Prefetch.Run(
            items,
            tagger.Input.Batch > 0 ? (int)tagger.Input.Batch : batch,
            Prepare,
            ready =>
            {
                IReadOnlyList<float[]> confidences = tagger.Run([.. ready.Select(r => r.Ready)], cancel);
                for (int i = 0; i < ready.Count; i++)
                {
                    seen[ready[i].Item.Path] = Tags(tagger, confidences[i], least);
                }

                progress?.Report(done += ready.Count);
            },
            (item, e) => problems.Add(Problem.Of(item.Path, e, item.File)),
            cancel
        );
        return (seen, problems);

        float[] Prepare(PictureItem item)
        {
            var info = PictureFile.Inspect(item.File);
            using IDisposable share = PixelBudget.Take((long)info.Width * info.Height);
            using Picture picture = info.Decode();
            return tagger.Prepare(picture);
        }
    }

    /// <summary>
    /// What is known of a picture with a tagger's new look at it: its earlier one goes, those of others stay.
    /// </summary>
    /// <param name="old">What was known; null: nothing.</param>
    /// <param name="taggers">The names of the taggers that looked.</param>
    /// <param name="seen">What they saw.</param>
    public static TagSidecar Merge(TagSidecar? old, IReadOnlyCollection<string> taggers, IEnumerable<SeenTag> seen) =>
        (old ?? new TagSidecar()) with
        {
            Seen = [.. (old?.Seen ?? []).Where(s => !taggers.Contains(s.Tagger)), .. seen],
        };

    /// <summary>The edit of one picture's caption.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="sidecar">What was seen in it.</param>
    /// <param name="rules">What becomes of it.</param>
    /// <param name="write">Whether the sidecar is written too.</param>
    /// <returns>Null if nothing changes.</returns>
    public static CaptionEdit? Edit(CaptionedPicture picture, TagSidecar sidecar, TagRules rules, bool write)
    {
        CaptionText? old = picture.Caption;
        IReadOnlyList<string> chosen = rules.Choose(sidecar);
        (CaptionText text, string what) =
            old is null || old.Tags.Count == 0 ? (Write(old ?? CaptionText.Empty, chosen, 0), "new")
            : rules.Existing == ExistingCaption.Replace
                ? (Write(old, [.. old.Tags.Take(old.Kept), .. chosen], old.Kept), "replaced")
            : rules.Existing == ExistingCaption.Append
                ? (Appended(old, chosen, rules.Prefix.DistinctBy(TagExpression.Normal).Count()), "appended")
            : (old, "kept");
        string reason = Invariant.Text($"{chosen.Count} tags of {sidecar.Seen.Count} seen, caption {what}");
        return text.ToString() == (old?.ToString() ?? "") && !write
            ? null
            : new CaptionEdit(text, [reason]) { Sidecar = write ? sidecar : null };
    }

    private static CaptionText Write(CaptionText old, IReadOnlyList<string> tags, int kept) =>
        old.With([.. tags.DistinctBy(TagExpression.Normal)], kept);

    // The prefix goes to the front, the rest to the end, but before a second |||, whose ending stays the ending.
    private static CaptionText Appended(CaptionText old, IReadOnlyList<string> chosen, int prefix)
    {
        int end = old.Tags.Count - old.Ending;
        string[] front = [.. New(chosen.Take(prefix))],
            back = [.. New(chosen.Skip(prefix))];
        return front.Length + back.Length == 0
            ? old
            : old.With(
                [.. front, .. old.Tags.Take(end), .. back, .. old.Tags.Skip(end)],
                old.Kept > 0 ? old.Kept + front.Length : null
            );

        IEnumerable<string> New(IEnumerable<string> tags) =>
            tags.Where(t => !old.Normal.Contains(TagExpression.Normal(t)));
    }

    private static List<SeenTag> Tags(Tagger tagger, float[] confidences, double least)
    {
        var seen = new List<SeenTag>();
        for (int i = 0; i < confidences.Length; i++)
        {
            KnownTag tag = tagger.Tags[i];
            if (confidences[i] >= least || tag.Category == "rating")
            {
                seen.Add(new SeenTag(tag.Name, Math.Round(confidences[i], 4), tag.Category, tagger.Name));
            }
        }

        seen.Sort((a, b) => b.Confidence.CompareTo(a.Confidence));
        return seen;
    }
}
