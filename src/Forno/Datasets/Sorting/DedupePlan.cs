using System.Globalization;
using System.Text;
using Forno.Datasets.Duplicates;
using Forno.Datasets.Surveys;
using Forno.Workspace;

namespace Forno.Datasets.Sorting;

/// <summary>Moves duplicates out of the way. Pure.</summary>
public static class DedupePlan
{
    /// <summary>The folder that duplicates go to; trainers and Forno's tools pass it over.</summary>
    public const string Folder = "_duplicates";

    /// <summary>
    /// Every duplicate goes to <see cref="Folder"/> with its captions and mask, its own path below that, and a list
    /// says of what each is one. A caption that only a duplicate has is copied to the picture that stays.
    /// </summary>
    /// <param name="survey">The pictures.</param>
    /// <param name="groups">Their duplicates.</param>
    /// <param name="taken">Whether a path within the data set is taken already.</param>
    public static ChangePlan Make(PictureSurvey survey, IReadOnlyList<DuplicateGroup> groups, Func<string, bool> taken)
    {
        var steps = new List<PlanStep>();
        var list = new StringBuilder("file,duplicate_of,similarity_percent,mirrored,same_bytes,was\n");
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (DuplicateGroup group in groups)
        {
            PictureItem kept = survey.Pictures[group.Kept].Item;
            bool needsCaption = kept.Caption is null;
            foreach (Duplicate other in group.Others)
            {
                PictureItem item = survey.Pictures[other.Id].Item;
                string to = Free(RelativePath.Join(Folder, item.Path), path => taken(path) || !given.Add(path));
                var changes = new List<FileChange> { new MoveFile(item.Path, to) };
                foreach (Companion companion in item.Companions.Where(c => !c.Shared))
                {
                    changes.Add(new MoveFile(companion.Path, item.PathFor(companion, to)));
                }

                string more = "";
                if (
                    needsCaption
                    && item.Caption is { } caption
                    && (caption.Lent || !caption.Shared)
                    && item.PathFor(caption, kept.Path) is var path
                    && !taken(path)
                    && given.Add(path)
                )
                {
                    changes.Insert(0, new AddFile(path, FileContent.CopyOf(caption.File))); // before it is moved
                    (needsCaption, more) = (false, ", whose caption it leaves there");
                }

                string how = other.Exact
                    ? "the same file as"
                    : Invariant.Text($"{other.Similarity:0} % like{(other.Mirrored ? " (mirrored)" : "")}");
                steps.Add(
                    new PlanStep
                    {
                        Subject = item.Path,
                        What = $"{how} {kept.Path}{more}",
                        Changes = changes,
                    }
                );
                list.Append(
                    Invariant.Text(
                        $"{Quoted(to)},{Quoted(kept.Path)},{other.Similarity:0.0},{Yes(other.Mirrored)},"
                            + $"{Yes(other.Exact)},{Quoted(item.Path)}\n"
                    )
                );
            }
        }

        if (steps.Count > 0)
        {
            string path = Free(RelativePath.Join(Folder, "duplicates.csv"), taken);
            steps.Add(
                new PlanStep
                {
                    IsList = true,
                    Subject = path,
                    What = "the list of what each is a duplicate of",
                    Changes = [new AddFile(path, FileContent.Text(list.ToString()))],
                }
            );
        }

        return new ChangePlan
        {
            Name = "dedupe",
            Steps = steps,
            Problems = survey.Problems,
        };
    }

    private static string Free(string path, Func<string, bool> taken)
    {
        string free = path;
        for (int n = 2; taken(free); n++)
        {
            free = RelativePath.Join(
                RelativePath.Folder(path),
                Invariant.Text($"{RelativePath.Stem(path)}-{n}{Path.GetExtension(path)}")
            );
        }

        return free;
    }

    private static string Quoted(string text) =>
        text.IndexOfAny([',', '"', '\n', '\r']) < 0
            ? text
            : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Yes(bool yes) => yes ? "yes" : "no";
}
