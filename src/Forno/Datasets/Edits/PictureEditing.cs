using Forno.Imaging;
using Forno.Workspace;

namespace Forno.Datasets.Edits;

/// <summary>What is to be done with one picture.</summary>
/// <param name="What">For people: <c>trim 160×120 to 110×80</c>.</param>
/// <param name="Apply">Makes the new picture of the old one, which is upright 8-bit sRGB.</param>
/// <param name="Mask">Makes the new mask of the old one; null leaves it as it is.</param>
internal sealed record PictureEdit(string What, Func<Picture, Picture> Apply, Func<Picture, Picture>? Mask = null);

/// <summary>
/// Turns decisions about single pictures into a plan: where the new files go, and what goes with them.
/// </summary>
internal static class PictureEditing
{
    /// <summary>Makes a plan.</summary>
    /// <param name="name">The command.</param>
    /// <param name="folder">The pictures.</param>
    /// <param name="decide">What to do with one; null leaves it as it is.</param>
    /// <param name="extension">The new extension; null keeps .png and .webp (without loss) and makes .png of the
    /// others.</param>
    /// <param name="quality">See <see cref="PictureContent.Edited"/>.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    public static ChangePlan Plan(
        string name,
        PictureFolder folder,
        Func<PictureItem, PictureEdit?> decide,
        string? extension,
        int? quality,
        IProgress<long>? progress,
        CancellationToken cancel
    )
    {
        var (edits, problems) = ChangePlan.ForEach(folder.Pictures, decide, progress, cancel);
        var files = folder.Pictures.Select(p => p.Path).ToHashSet(StringComparer.Ordinal);
        var names = new FreeNames([
            .. files,
            .. folder.Pictures.SelectMany(p => p.Needed).Select(c => c.Path),
            .. folder.Others.Select(o => Relative(folder, o)),
        ]);
        var masks = new HashSet<string>(StringComparer.Ordinal);
        var steps = new List<PlanStep>();
        for (int i = 0; i < edits.Length; i++)
        {
            if (edits[i] is { } edit)
            {
                var item = folder.Pictures[i];
                steps.Add(
                    new PlanStep
                    {
                        Subject = item.Path,
                        What = edit.What,
                        Changes =
                        [
                            .. Changes(item, edit, extension, quality, files, names),
                            .. Mask(item, edit, masks),
                        ],
                    }
                );
            }
        }

        return new ChangePlan
        {
            Name = name,
            Steps = steps,
            Problems = [.. folder.Problems, .. problems],
        };
    }

    private static string Relative(PictureFolder folder, string file) =>
        folder.Work is null ? Path.GetFileName(file) : RelativePath.Of(folder.Work, file);

    private static IEnumerable<FileChange> Changes(
        PictureItem item,
        PictureEdit edit,
        string? extension,
        int? quality,
        HashSet<string> files,
        FreeNames names
    )
    {
        string old = Path.GetExtension(item.Path).ToLowerInvariant();
        bool stays = extension is null
            ? old is ".png" or ".webp"
            : extension == old || (extension == ".jpg" && old == ".jpeg");
        string target = stays ? item.Path : RelativePath.WithExtension(item.Path, extension ?? ".png");
        if (target == item.Path)
        {
            yield return new ReplaceFile(item.Path, PictureContent.Edited(item.File, target, edit.Apply, quality));
            yield break;
        }

        // Another picture may have the name already (a.jpg beside a.png): then this one gets one of its own.
        bool alone = files.Add(target);
        target = alone ? target : names.Take(item.Folder, item.Stem) + Path.GetExtension(target);
        yield return new AddFile(target, PictureContent.Edited(item.File, target, edit.Apply, quality));
        yield return new RemoveFile(item.Path);
        foreach (var companion in item.Companions)
        {
            string path = item.PathFor(companion, target);
            if (path != companion.Path)
            {
                yield return companion.Shared || !alone
                    ? new AddFile(path, FileContent.CopyOf(companion.File))
                    : new MoveFile(companion.Path, path);
            }
        }
    }

    private static IEnumerable<FileChange> Mask(PictureItem item, PictureEdit edit, HashSet<string> masks)
    {
        if (edit.Mask is { } change && item.Mask is { } mask && masks.Add(mask.Path))
        {
            yield return new ReplaceFile(mask.Path, PictureContent.Edited(mask.File, mask.Path, change));
        }
    }
}
