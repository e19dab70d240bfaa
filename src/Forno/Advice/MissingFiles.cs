using Forno.Findings;
using Forno.Training.Recipes;

namespace Forno.Advice;

/// <summary>Files that a training reads beside its pictures; looked for before anything is loaded.</summary>
public static class MissingFiles
{
    /// <summary>Finds those that are not there.</summary>
    /// <param name="recipe">The recipe.</param>
    public static IEnumerable<Finding> Find(TrainRecipe recipe)
    {
        (string Option, string? Path)[] read =
        [
            ("pretrained_model_name_or_path", recipe.Model.Path),
            ("vae", recipe.Model.Vae),
            ("sample_prompts", recipe.Samples?.PromptsPath),
        ];
        foreach ((string option, string? path) in read)
        {
            if (path is { Length: > 0 } && !Path.Exists(path))
            {
                yield return new Finding(
                    FindingKind.MissingFile,
                    FindingLevel.Bad,
                    $"{option}: {path}: no such file",
                    ConfigFindings.Stops,
                    Fix.ByHand($"correct {option}; it takes a file on this machine")
                );
            }
        }
    }
}
