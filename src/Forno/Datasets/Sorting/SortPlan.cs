using Forno.Workspace;

namespace Forno.Datasets.Sorting;

/// <summary>Moves pictures into folders by rules, with their captions and masks.</summary>
public static class SortPlan
{
    /// <summary>
    /// Makes the plan. A folder takes the place of the picture's whole folder; if that was <c>N_name</c> and the new
    /// one has no N of its own, N is kept: from <c>10_cat</c> to <c>10_red</c>.
    /// </summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="rules">Asked in turn; the first answer counts.</param>
    /// <param name="rest">Where pictures without an answer go; null leaves them where they are.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    public static ChangePlan Make(
        PictureFolder folder,
        IReadOnlyList<SortRule> rules,
        string? rest,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        var (targets, problems) = ChangePlan.ForEach(
            folder.Pictures,
            item => Target(item, rules, rest),
            progress,
            cancel
        );
        // Pictures of one name (a.jpg, a.png) share their caption, so they are looked at together.
        var groups = folder
            .Pictures.Zip(targets, (item, target) => (Item: item, Target: target))
            .GroupBy(p => (p.Item.Folder, p.Item.Stem))
            .ToArray();
        var names = new FreeNames([
            .. folder.Pictures.SelectMany(p => (string[])[p.Path, .. p.Needed.Select(c => c.Path)]),
            .. folder.Work is { } work ? folder.Others.Select(o => RelativePath.Of(work, o)) : [],
        ]);
        var steps = new List<PlanStep>();
        foreach (var group in groups)
        {
            var moving = group.Where(p => p.Target is not null && p.Target != p.Item.Folder).ToArray();
            if (moving.Length > 0)
            {
                steps.Add(Step([.. moving.Select(p => (p.Item, p.Target!))], group.Count(), names));
            }
        }

        return new ChangePlan
        {
            Name = "sort",
            Steps = steps,
            Problems = [.. folder.Problems, .. problems],
        };
    }

    private static string? Target(PictureItem item, IReadOnlyList<SortRule> rules, string? rest)
    {
        string? target = rules.Select(rule => rule(item)).FirstOrDefault(t => t is not null) ?? rest;
        if (target is null)
        {
            return null;
        }

        string last = RelativePath.Name(target);
        return item.Repeats is { } n && RelativePath.Repeats(last) is null
            ? RelativePath.Join(RelativePath.Folder(target), Invariant.Text($"{n}_{last}"))
            : target;
    }

    private static PlanStep Step((PictureItem Item, string Target)[] moving, int owners, FreeNames names)
    {
        var changes = new List<FileChange>();
        var shared = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        var stems = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (item, target) in moving)
        {
            if (!stems.TryGetValue(target, out string? stem))
            {
                stems[target] = stem = names.Take(target, item.Stem);
            }

            string picture = stem + Path.GetExtension(item.Path);
            changes.Add(new MoveFile(item.Path, picture));
            foreach (var companion in item.Needed)
            {
                if (companion.Shared || companion.Lent)
                {
                    shared.TryAdd(companion.Path, []);
                    shared[companion.Path].Add(item.PathFor(companion, picture));
                }
                else
                {
                    changes.Add(new MoveFile(companion.Path, item.PathFor(companion, picture)));
                }
            }
        }

        foreach (var (path, targets) in shared)
        {
            var companion = moving.SelectMany(m => m.Item.Needed).First(c => c.Path == path);
            bool leaves = moving.Length == owners && !companion.Lent;
            if (targets.Count == 1 && leaves)
            {
                changes.Add(new MoveFile(path, targets.First()));
                continue;
            }

            changes.AddRange(targets.Select(t => new AddFile(t, FileContent.CopyOf(companion.File))));
            if (leaves)
            {
                changes.Add(new RemoveFile(path));
            }
        }

        var (first, to) = moving[0];
        return new PlanStep
        {
            Subject = first.Path,
            What = $"to {to}{(moving.Length > 1 ? $", with {moving.Length - 1} more of its name" : "")}",
            Changes = changes,
        };
    }
}
