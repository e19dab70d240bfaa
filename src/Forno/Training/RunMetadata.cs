using System.Globalization;
using Forno.Kohya;
using Forno.Models;
using Forno.Models.Families;
using Forno.Torch;
using Forno.Training.Recipes;

namespace Forno.Training;

/// <summary>The facts of a run for the metadata of its adapter files.</summary>
internal static class RunMetadata
{
    /// <summary>
    /// Seconds since 1970; <c>SOURCE_DATE_EPOCH</c> fixes it, so that two runs can be compared file by file.
    /// </summary>
    public static double Now() =>
        double.TryParse(
            Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH"),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out double fixedTime
        )
            ? fixedTime
            : DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>Gathers them. Hashes the base model's file.</summary>
    public static AdapterMetadata Of(TrainPlan plan, BaseModel model, string stateKey)
    {
        TrainRecipe recipe = plan.Recipe;
        var options = new Dictionary<string, object?>(recipe.Written.Training, StringComparer.Ordinal)
        {
            ["pretrained_model_name_or_path"] = recipe.Model.Path,
            ["vae"] = recipe.Model.Vae,
            ["seed"] = (long)plan.Seed,
            ["output_name"] = recipe.Output.Name,
        };
        return new AdapterMetadata(
            new TrainingFacts
            {
                Options = options,
                Sdxl = model.Family == ModelFamily.Sdxl,
                FromDatasetConfig = recipe.Written.HasDatasetConfig,
                Datasets = [.. recipe.Written.Subsets.Zip(plan.Datasets, (s, d) => new DatasetFacts(false, s, d))],
                Steps = plan.Steps,
                // Of seed and settings, so that a resumed run has the number of the run it goes on with.
                SessionId = (uint)Rng.Key(plan.Seed, stateKey),
                StartedAt = Now(),
            }
        );
    }
}
