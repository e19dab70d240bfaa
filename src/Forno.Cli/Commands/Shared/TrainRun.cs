using Forno.Cli.Terminal;
using Forno.Diffusion;
using Forno.Models;
using Forno.Torch;
using Forno.Training;
using Forno.Training.Logs;
using Forno.Training.Recipes;
using Forno.Training.Setups;

namespace Forno.Cli.Commands.Shared;

/// <summary>
/// A training from recipe to result, with its console and log: whatever command starts it.
/// </summary>
internal static class TrainRun
{
    /// <summary>Loads the model and trains.</summary>
    /// <param name="cli">Where progress goes, and what stops it.</param>
    /// <param name="recipe">What to train.</param>
    /// <param name="resume">A state's folder that overrides the recipe's; null: as the recipe says.</param>
    /// <param name="also">Receives every event too.</param>
    public static TrainResult Run(
        CommandHost cli,
        TrainRecipe recipe,
        string? resume = null,
        Action<TrainEvent>? also = null
    )
    {
        string? state = resume ?? recipe.Run.Resume;
        if (state is not null)
        {
            recipe = LoraTraining.ForResume(recipe, state);
        }
        using var model = BaseModel.Load(
            recipe.Model.Path,
            new BaseModelOptions
            {
                VaePath = recipe.Model.Vae,
                Type = recipe.Run.Precision,
                Device = Device.CudaCount > 0 ? Device.Cuda() : Device.Cpu,
                Prediction = recipe.Model.VParameterization ? Prediction.Velocity : null,
            }
        );
        using IDisposable threads = ProductThreads.Use(model.ProductThreads);
        var plan = TrainPlan.Make(recipe, model.Family, model.Prediction, cli.Error.WriteLine);
        using var console = new TrainPrinter(cli, plan);
        TrainLog? log = null;
        using Trainer trainer = LoraTraining.Create(model, plan, Tell);
        if (state is not null)
        {
            trainer.Resume(state);
        }
        // Not before the state is taken: a mistake in it must leave nothing behind.
        using (log = TrainLog.Open(recipe.Output))
        {
            return trainer.Run(cli.Cancel);
        }

        void Tell(TrainEvent e)
        {
            log?.Tell(e);
            console.Tell(e);
            also?.Invoke(e);
        }
    }
}
