using Forno.Datasets.Repeats;
using Forno.Datasets.Triggers;
using Forno.Kohya;
using Forno.Workspace;

namespace Forno.Studio.Training;

/// <summary>Puts a plan's numbers into the training configuration.</summary>
public static class PlanConfig
{
    /// <summary>
    /// Sets the epochs, and what the recipe takes for granted where the configuration does not say otherwise; repeats
    /// where they stand in a dataset config. The files are not written yet.
    /// </summary>
    /// <param name="plan">The plan, with its configuration; without one nothing is done.</param>
    /// <param name="root">The folder that the data set will lie in.</param>
    /// <param name="elsewhere">Whether that is another than now.</param>
    public static void Set(PlanResult plan, string root, bool elsewhere)
    {
        if (plan.Configuration is not { } config)
        {
            return;
        }

        config.Set("max_train_epochs", plan.Epochs);
        if (plan.Recipe == RepeatRecipe.Balanced)
        {
            foreach (
                var (option, value) in ((string, object)[])
                    [
                        ("network_dim", plan.Dim ?? RepeatPlanner.Dim),
                        ("network_alpha", plan.Alpha ?? RepeatPlanner.Alpha),
                        ("optimizer_type", plan.Optimizer),
                        ("learning_rate", plan.Plan.Settings.IsProdigy ? 1.0 : 1e-4),
                    ]
            )
            {
                if (!config.Args.Given.ContainsKey(option))
                {
                    config.Set(option, value);
                }
            }
        }

        if (config.DatasetFile is not null)
        {
            SetSubsets(plan, config, root, elsewhere);
        }
        else if (elsewhere && config.Args["train_data_dir"] is string { Length: > 0 })
        {
            config.Set("train_data_dir", root);
        }
    }

    private static void SetSubsets(PlanResult plan, ConfigEdit config, string root, bool elsewhere)
    {
        var places = plan
            .Folder.Pictures.GroupBy(TriggerScenes.FolderOf)
            .ToDictionary(g => g.Key, g => SourceOf(g.First(), g.Key), StringComparer.Ordinal);
        foreach (ConfigFolder subset in config.Folders)
        {
            FolderRepeats? planned = plan.Plan.Folders.FirstOrDefault(f =>
                places.TryGetValue(f.Folder, out string? full) && full == Path.TrimEndingDirectorySeparator(subset.Path)
            );
            if (planned is not null)
            {
                string to = plan.Targets[planned.Folder];
                config.SetFolder(subset, "num_repeats", planned.Repeats);
                config.SetFolder(
                    subset,
                    "image_dir",
                    elsewhere ? Path.Join(root, to)
                        : to == planned.Folder ? subset.Written
                        : RelativePath.Join(
                            RelativePath.Folder(Path.TrimEndingDirectorySeparator(subset.Written)),
                            RelativePath.Name(to)
                        )
                );
            }
        }
    }

    // The full path of a folder by one of its pictures.
    private static string SourceOf(PictureItem item, string folder)
    {
        string at = Path.GetDirectoryName(item.File)!;
        for (string below = item.Folder; below.Length > folder.Length; below = RelativePath.Folder(below))
        {
            at = Path.GetDirectoryName(at)!;
        }

        return at;
    }
}
