using Forno.Kohya;
using Forno.Models;
using Forno.Optim;
using Forno.Optim.Rates;
using Forno.Torch;
using Forno.Training.Logs;
using Forno.Training.Objectives;
using Forno.Training.Recipes;
using Forno.Training.Targets;

namespace Forno.Training.Setups;

/// <summary>kohya's LoRA training: a new adapter learns to denoise data sets, and is saved by kohya's rules.</summary>
public static class LoraTraining
{
    /// <summary>
    /// Looks at the state to resume before anything heavy is loaded, and takes its seed if the recipe has none: the
    /// order of the pictures must be that of the run.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="state">The state's folder.</param>
    /// <exception cref="FornoException">There is no state to go on from.</exception>
    public static TrainRecipe ForResume(TrainRecipe recipe, string state)
    {
        (string found, _) = TrainStates.Find(state, recipe.Output.Name);
        return recipe with { Run = recipe.Run with { Seed = recipe.Run.Seed ?? TrainState.Read(found).Position.Seed } };
    }

    /// <summary>Puts the training together; nothing is changed or written yet.</summary>
    /// <param name="model">The base model, which stays the caller's and is left as it was.</param>
    /// <param name="plan">What to do.</param>
    /// <param name="report">Receives events.</param>
    public static Trainer Create(BaseModel model, TrainPlan plan, Action<TrainEvent>? report = null)
    {
        TrainRecipe recipe = plan.Recipe;
        SamplePlan? samples = TrainSampler.PlanOf(model, recipe);
        var target = new LoraTarget(model, plan);
        Optimizer? optimizer = null;
        try
        {
            optimizer = plan.NewOptimizer(target.Groups);
            string key = plan.StateKey(target.Modules);
            report?.Invoke(
                new TrainEvent.Notice(
                    Invariant.Text($"{target.Modules.Count} modules, {target.ParameterCount:N0} parameters to train")
                )
            );
            return new Trainer(
                new TrainParts
                {
                    Target = target,
                    Objective = new DenoisingObjective(model, plan),
                    Optimizer = optimizer,
                    Output = new KohyaOutput(recipe.Output, plan.Steps, () => Metadata(plan, model, key)),
                    Samples = samples,
                    Settings = new LoopSettings
                    {
                        Seed = plan.Seed,
                        Steps = plan.Steps,
                        Rate = LrSchedules.Create(recipe.Optimizer.Schedule(plan.Steps.TotalSteps)),
                        StateKey = key,
                        MaxGradNorm = recipe.Optimizer.MaxGradNorm,
                        ScaleLoss = recipe.Run.Precision == DType.Float16,
                    },
                },
                report
            );
        }
        catch
        {
            optimizer?.Dispose();
            target.Dispose();
            throw;
        }
    }

    private static MetadataAt Metadata(TrainPlan plan, BaseModel model, string key)
    {
        AdapterMetadata facts = RunMetadata.Of(plan, model, key);
        return (step, epoch) => facts.At(step, epoch, RunMetadata.Now());
    }
}
