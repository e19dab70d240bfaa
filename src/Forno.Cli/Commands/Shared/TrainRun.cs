using Forno.Cli.Terminal;
using Forno.Diffusion;
using Forno.Models;
using Forno.Torch;
using Forno.Training;
using Forno.Training.Logs;
using Forno.Training.Recipes;

namespace Forno.Cli.Commands.Shared;

/// <summary>
/// A training from recipe to result, with its console, log and sample pictures: whatever command starts it.
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
        var plan = TrainPlan.Make(recipe, model.Family, model.Prediction, cli.Error.WriteLine);
        TrainSampler? sampler = recipe.Samples is null ? null : new TrainSampler(model, recipe);
        using var console = new TrainPrinter(cli, plan);
        using var log = TrainLog.Open(recipe.Output);
        Trainer? running = null;
        using var trainer = new Trainer(model, plan, Tell);
        running = trainer;
        if ((resume ?? recipe.Run.Resume) is { } state)
        {
            trainer.Resume(state);
        }
        return trainer.Run(cli.Cancel);

        void Tell(TrainEvent e)
        {
            log?.Tell(e);
            console.Tell(e);
            also?.Invoke(e);
            if (e is TrainEvent.SamplesDue due && sampler is not null && running is not null)
            {
                sampler.Draw(running, due, Tell);
            }
        }
    }
}
