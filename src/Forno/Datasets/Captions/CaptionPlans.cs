using System.Globalization;
using Forno.Files;
using Forno.Workspace;

namespace Forno.Datasets.Captions;

/// <summary>What is to become of a caption.</summary>
/// <param name="Text">The caption as it is to be.</param>
/// <param name="Reasons">The rule behind each change, in a few words.</param>
public sealed record CaptionEdit(CaptionText Text, IReadOnlyList<string> Reasons)
{
    /// <summary>How to store it; null = as it is stored now, UTF-8 for a new one.</summary>
    public TextEncoding? Encoding { get; init; }

    /// <summary>
    /// Tags seen and pruned to be written beside it, in the same step; null leaves those that are there.
    /// </summary>
    public TagSidecar? Sidecar { get; init; }
}

/// <summary>From edits in memory to a plan that changes files.</summary>
public static class CaptionPlans
{
    /// <summary>
    /// Makes the plan of an edit: a step a picture, with the caption before and after. Captions that the edit leaves as
    /// they are have none, so that their bytes stay; so do captions that cannot be read. Pictures that share a caption
    /// are asked for once; those of other names that borrow it (<see cref="PictureItem.Borrowed"/>) get their own
    /// sidecar, where the edit makes one. What is written into or beside shared captions and those of other extensions
    /// is told in notes.
    /// </summary>
    /// <param name="set">The captions; its problems become the plan's.</param>
    /// <param name="name">The command, for the journal.</param>
    /// <param name="edit">
    /// Decides about one picture, in any order and on several threads; null leaves it. For a picture without a caption
    /// a new file is made. A <see cref="FornoException"/> becomes a problem.
    /// </param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="own">
    /// Whether a caption is about its one picture: then one that borrows a caption gets its own file, and what it
    /// borrowed stays. Else the caption that it borrows is changed, for all that share it.
    /// </param>
    public static ChangePlan Make(
        CaptionSet set,
        string name,
        Func<CaptionedPicture, CaptionEdit?> edit,
        IProgress<long>? progress = null,
        CancellationToken cancel = default,
        bool own = false
    )
    {
        var pictures = set.Pictures;
        var (steps, problems, aside) = (
            new PlanStep?[pictures.Count],
            new Problem?[pictures.Count],
            new bool[pictures.Count]
        );
        int[] first = Firsts(set, own);
        var options = new ParallelOptions
        {
            CancellationToken = cancel,
            MaxDegreeOfParallelism = Environment.ProcessorCount,
        };
        long done = 0;
        Parallel.For(
            0,
            pictures.Count,
            options,
            i =>
            {
                if (first[i] == i)
                {
                    Ask(i);
                }

                progress?.Report(Interlocked.Increment(ref done));
            }
        );
        foreach (
            int i in Enumerable
                .Range(0, pictures.Count)
                .Where(i => first[i] != i && pictures[i].IsBorrowed && aside[first[i]])
        )
        {
            Ask(i);
        }

        return new ChangePlan
        {
            Name = name,
            Steps = [.. steps.OfType<PlanStep>()],
            Problems = [.. set.Problems, .. problems.OfType<Problem>()],
            Notes = Notes(set, steps),
        };

        void Ask(int i)
        {
            var picture = pictures[i];
            if (picture.Caption is null && picture.File is not null)
            {
                return;
            }

            try
            {
                var change = edit(picture);
                steps[i] = change is null ? null : Step(set, picture, change, first[i] == i, own);
                aside[i] = change?.Sidecar is not null;
            }
            catch (FornoException e)
            {
                problems[i] = Problem.Of(set.PathOf(picture), e);
            }
        }
    }

    // Of pictures of one name (a.jpg, a.png), and of those that borrow from one, the first stands for all.
    private static int[] Firsts(CaptionSet set, bool own)
    {
        int[] first = new int[set.Pictures.Count];
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < first.Length; i++)
        {
            string path = own ? set.OwnPathOf(set.Pictures[i]) : set.PathOf(set.Pictures[i]);
            first[i] = seen.TryAdd(path, i) ? i : seen[path];
        }

        return first;
    }

    private static PlanStep? Step(CaptionSet set, CaptionedPicture picture, CaptionEdit edit, bool first, bool own)
    {
        var (before, after) = (picture.Caption?.ToString(), edit.Text.ToString());
        var encoding = edit.Encoding ?? picture.Encoding;
        var changes = new List<FileChange>();
        // A picture without a caption is not given an empty one, which trainers refuse.
        if (first && ((before ?? "") != after || (before is not null && encoding != picture.Encoding)))
        {
            var content = FileContent.Bytes("caption", () => EncodedText.Encode(after, encoding));
            string path = own ? set.OwnPathOf(picture) : set.PathOf(picture);
            changes.Add(
                before is null || (own && picture.IsBorrowed)
                    ? new AddFile(path, content)
                    : new ReplaceFile(path, content)
            );
        }

        if (edit.Sidecar is { } sidecar)
        {
            var content = FileContent.Bytes("tags", sidecar.ToBytes);
            string path = picture.Picture.TagsPath;
            changes.Add(picture.Picture.Tags is null ? new AddFile(path, content) : new ReplaceFile(path, content));
        }

        return changes.Count == 0
            ? null
            : new PlanStep
            {
                Subject = picture.Picture.Path,
                What = string.Join("; ", edit.Reasons),
                Changes = changes,
                Text = !first || (before ?? "") == after ? null : new TextChange(before, after),
            };
    }

    // A file that shadows another, or that others read too, is not written in silence.
    private static List<string> Notes(CaptionSet set, PlanStep?[] steps)
    {
        var shared = new HashSet<string>(StringComparer.Ordinal);
        var (shadows, beside, kinds) = (0, 0, new SortedSet<string>(StringComparer.Ordinal));
        for (int i = 0; i < steps.Length; i++)
        {
            var picture = set.Pictures[i];
            if (steps[i] is { } step && picture.File is { Lent: true } lent)
            {
                shadows +=
                    picture.IsBorrowed
                    && step.Changes.Any(c => c is AddFile && PictureFiles.IsCaption(c.Path, set.Extension))
                        ? 1
                        : 0;
                shared.UnionWith(step.Changes.OfType<ReplaceFile>().Select(c => c.Path).Where(p => p == lent.Path));
            }
            else if (
                picture.File is null
                && picture.Picture.Captions.Count > 0
                && steps[i]?.Changes.Any(c => c is AddFile && PictureFiles.IsCaption(c.Path, set.Extension)) == true
            )
            {
                beside++;
                kinds.UnionWith(picture.Picture.Captions.Select(c => Path.GetExtension(c.Path)));
            }
        }

        int pictures =
            shared.Count == 0 ? 0 : set.Pictures.Count(p => p.File is { } file && shared.Contains(file.Path));
        var notes = new List<string>();
        if (shared.Count > 0)
        {
            notes.Add(
                Invariant.Text(
                    $"{shared.Count} of these captions {(shared.Count == 1 ? "serves" : "serve")} {pictures} "
                        + $"pictures (name.txt is read for name_1_2_3_4.png, too): all of them see the change"
                )
            );
        }

        if (shadows > 0)
        {
            string own =
                shadows == 1
                    ? "picture gets a caption of its own and no longer reads"
                    : "pictures get captions of their own and no longer read";
            notes.Add(Invariant.Text($"{shadows} {own} the one that was shared (name.txt for name_1_2_3_4.png)"));
        }

        if (beside > 0)
        {
            notes.Add(
                Invariant.Text(
                    $"{beside} new {set.Extension} {(beside == 1 ? "file is" : "files are")} beside "
                        + $"captions of another extension ({string.Join(", ", kinds)}), which stay as they are"
                )
            );
        }

        return notes;
    }
}
