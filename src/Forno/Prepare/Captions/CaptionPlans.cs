using Forno.Io;

namespace Forno.Prepare.Captions;

/// <summary>What is to become of a caption.</summary>
/// <param name="Text">The caption as it is to be.</param>
/// <param name="Reasons">The rule behind each change, in a few words.</param>
public sealed record CaptionEdit(CaptionText Text, IReadOnlyList<string> Reasons)
{
    /// <summary>How to store it; null = as it is stored now, UTF-8 for a new one.</summary>
    public TextEncoding? Encoding { get; init; }

    /// <summary>Tags seen and pruned to be written beside it, in the same step; null leaves those that are there.</summary>
    public TagSidecar? Sidecar { get; init; }
}

/// <summary>From edits in memory to a plan that changes files.</summary>
public static class CaptionPlans
{
    /// <summary>
    /// Makes the plan of an edit: a step a picture, with the caption before and after. Captions that the edit leaves as
    /// they are have none, so that their bytes stay; so do captions that cannot be read. Pictures that share a caption are
    /// asked for once.
    /// </summary>
    /// <param name="set">The captions; its problems become the plan's.</param>
    /// <param name="name">The command, for the journal.</param>
    /// <param name="edit">
    /// Decides about one picture, in any order and on several threads; null leaves it. For a picture without a caption a new
    /// file is made. A <see cref="FornoException"/> becomes a problem.
    /// </param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    public static Plan Make(CaptionSet set, string name, Func<CaptionedPicture, CaptionEdit?> edit, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        var pictures = set.Pictures;
        var (steps, problems) = (new PlanStep?[pictures.Count], new Problem?[pictures.Count]);
        var first = Firsts(set);
        long done = 0;
        Parallel.For(0, pictures.Count, new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
        {
            var picture = pictures[i];
            if (first[i] && (picture.Caption is not null || picture.File is null))
            {
                try
                {
                    steps[i] = edit(picture) is { } change ? Step(set, picture, change) : null;
                }
                catch (FornoException e)
                {
                    problems[i] = Problem.Of(set.PathOf(picture), e);
                }
            }

            progress?.Report(Interlocked.Increment(ref done));
        });
        return new Plan { Name = name, Steps = [.. steps.OfType<PlanStep>()], Problems = [.. set.Problems, .. problems.OfType<Problem>()] };
    }

    // Of pictures of one name (a.jpg, a.png) the first stands for all.
    private static bool[] Firsts(CaptionSet set)
    {
        var first = new bool[set.Pictures.Count];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < first.Length; i++)
        {
            first[i] = seen.Add(set.PathOf(set.Pictures[i]));
        }

        return first;
    }

    private static PlanStep? Step(CaptionSet set, CaptionedPicture picture, CaptionEdit edit)
    {
        var (before, after) = (picture.Caption?.ToString(), edit.Text.ToString());
        var encoding = edit.Encoding ?? picture.Encoding;
        var changes = new List<FileChange>();
        // A picture without a caption is not given an empty one, which trainers refuse.
        if ((before ?? "") != after || (before is not null && encoding != picture.Encoding))
        {
            var content = FileContent.Bytes("caption", () => EncodedText.Encode(after, encoding));
            var path = set.PathOf(picture);
            changes.Add(before is null ? new AddFile(path, content) : new ReplaceFile(path, content));
        }

        if (edit.Sidecar is { } sidecar)
        {
            var content = FileContent.Bytes("tags", sidecar.ToBytes);
            var path = picture.Picture.TagsPath;
            changes.Add(picture.Picture.Tags is null ? new AddFile(path, content) : new ReplaceFile(path, content));
        }

        return changes.Count == 0 ? null : new PlanStep
        {
            Subject = picture.Picture.Path,
            What = string.Join("; ", edit.Reasons),
            Changes = changes,
            Text = (before ?? "") == after ? null : new TextChange(before, after),
        };
    }
}
