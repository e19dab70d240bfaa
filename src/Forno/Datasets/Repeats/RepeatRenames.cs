using System.Globalization;
using Forno.Datasets.Triggers;
using Forno.Workspace;

namespace Forno.Datasets.Repeats;

/// <summary>Gives folders the repeats of a plan: <c>10_name</c> becomes <c>3_name</c>, <c>name</c> too. Pure.</summary>
public static class RepeatRenames
{
    /// <summary>The folders' new paths.</summary>
    /// <param name="plan">The repeats.</param>
    /// <param name="top">The name that pictures outside of any folder get.</param>
    /// <returns>New path by old one, for every folder of the plan; equal where the name is right already.</returns>
    public static IReadOnlyDictionary<string, string> Targets(RepeatPlan plan, string top)
    {
        var targets = new Dictionary<string, string>(StringComparer.Ordinal);
        HashSet<string> taken = [.. plan.Folders.Where(f => f.Before == f.Repeats).Select(f => f.Folder)];
        foreach (FolderRepeats folder in plan.Folders)
        {
            string name = folder.Folder.Length == 0 ? top : RelativePath.Name(folder.Folder);
            string bare = RelativePath.Repeats(name) is null
                ? name
                : name[(name.IndexOf('_', StringComparison.Ordinal) + 1)..];
            string wanted = RelativePath.Join(
                    RelativePath.Folder(folder.Folder),
                    Invariant.Text($"{folder.Repeats}_{bare}")
                ),
                free = wanted;
            for (int n = 2; folder.Before != folder.Repeats && !taken.Add(free); n++)
            {
                free = Invariant.Text($"{wanted}-{n}");
            }

            targets[folder.Folder] = folder.Before == folder.Repeats ? folder.Folder : free;
        }

        return targets;
    }

    /// <summary>
    /// Makes the plan: every file of a folder goes along, in a work folder also those that are no pictures.
    /// </summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="targets">What <see cref="Targets"/> gives.</param>
    public static ChangePlan Make(PictureFolder folder, IReadOnlyDictionary<string, string> targets)
    {
        var steps = new List<PlanStep>();
        var moved = new HashSet<string>(StringComparer.Ordinal);
        foreach (PictureItem item in folder.Pictures)
        {
            string from = TriggerScenes.FolderOf(item);
            if (targets.TryGetValue(from, out string? to) && to != from)
            {
                // A caption that several pictures share goes with the first.
                string[] files = [.. ((string[])[item.Path, .. item.Needed.Select(c => c.Path)]).Where(moved.Add)];
                steps.Add(
                    new PlanStep
                    {
                        Subject = item.Path,
                        What = $"{(from.Length > 0 ? from : "top")} to {to}",
                        Changes = [.. files.Select(f => new MoveFile(f, Moved(f, from, to)))],
                    }
                );
            }
        }

        foreach (string path in folder.Work is { } work ? folder.Others.Select(o => RelativePath.Of(work, o)) : [])
        {
            string? from = targets
                .Keys.Where(k => k.Length > 0 && path.StartsWith(k + "/", StringComparison.Ordinal))
                .MaxBy(k => k.Length);
            if (from is not null && targets[from] != from && moved.Add(path))
            {
                steps.Add(
                    new PlanStep
                    {
                        Subject = path,
                        What = $"{from} to {targets[from]}",
                        Changes = [new MoveFile(path, Moved(path, from, targets[from]))],
                    }
                );
            }
        }

        return new ChangePlan
        {
            Name = "repeats",
            Steps = steps,
            Problems = folder.Problems,
        };
    }

    private static string Moved(string path, string from, string to) =>
        from.Length == 0 ? RelativePath.Join(to, path) : to + path[from.Length..];
}
