using Forno.Data;
using Forno.Kohya.Options;
using Forno.Toml;
using Forno.Training.Recipes;

namespace Forno.Kohya;

/// <summary>Reads kohya's configuration files into a <see cref="TrainRecipe"/>.</summary>
public static class TrainRecipeReader
{
    /// <summary>Reads a training configuration.</summary>
    /// <param name="path">A TOML file of training options; <c>.toml</c> is added to the name if it is missing.</param>
    /// <param name="overrides">Further options in the form of a command line, which override the file.</param>
    /// <param name="workingFolder">
    /// What relative paths start from; null = the current folder. Inputs that are not there are looked for beside the
    /// configuration file.
    /// </param>
    /// <exception cref="FornoException">
    /// Unreadable, an unknown option, a value that is not valid, or an option that Forno does not support yet.
    /// </exception>
    public static TrainRecipe Read(string path, IReadOnlyList<string>? overrides = null, string? workingFolder = null)
    {
        workingFolder = Path.GetFullPath(workingFolder ?? Directory.GetCurrentDirectory());
        path = ConfigPath.Find(path, workingFolder);
        var file = TomlFile.Read(path);
        RefuseOthers(file, path);
        var args = KohyaArgs.Read(file, Path.GetFileName(path), overrides);
        return FromArgs(args, new PathRules(workingFolder, Path.GetDirectoryName(path)!));
    }

    /// <summary>Turns resolved options into a recipe.</summary>
    /// <param name="args">The options.</param>
    /// <param name="paths">Where relative paths start from.</param>
    /// <exception cref="RecipeRefusedException">The options make no training.</exception>
    public static TrainRecipe FromArgs(KohyaArgs args, PathRules paths)
    {
        RecipeReading reading = RecipeReading.Of(args, paths);
        RuleBreach[] refused = [.. reading.Breaches.Where(b => b.Level == BreachLevel.Refuse)];
        return refused.Length > 0 ? throw new RecipeRefusedException(refused) : reading.Recipe;
    }

    /// <summary>Refuses files that are no training configuration of kohya's.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its name, for errors.</param>
    /// <exception cref="FornoException">It is one of another front end, or a dataset config.</exception>
    public static void RefuseOthers(TomlTable file, string path)
    {
        if (
            file.ContainsKey("train_mode")
            || (file.TryGetValue("subsets", out object? subsets) && subsets is List<object>)
        )
        {
            throw new FornoException(
                $"{path}: a configuration of LoRA_Easy_Training_Scripts is not yet supported; use kohya's "
                    + "own training and dataset TOML"
            );
        }

        if (file.ContainsKey("datasets"))
        {
            throw new FornoException(
                $"{path}: this is a dataset config; name it as dataset_config = \"{Path.GetFileName(path)}\" "
                    + "in a training configuration"
            );
        }
    }
}
