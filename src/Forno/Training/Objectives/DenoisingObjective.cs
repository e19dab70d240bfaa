using Forno.Data;
using Forno.Diffusion.Losses;
using Forno.Models;

namespace Forno.Training.Objectives;

/// <summary>
/// To predict the noise (or velocity) of noised pictures from their captions: kohya's training on data sets. Works with
/// every target whose parameters the model computes with.
/// </summary>
public sealed class DenoisingObjective : TrainObjective
{
    private readonly BaseModel model;
    private readonly TrainPlan plan;
    private readonly TrainStep step;
    private BatchMaker? batches;

    /// <summary>Takes model and plan; nothing is computed yet.</summary>
    /// <param name="model">The model, which stays its owner's.</param>
    /// <param name="plan">Data sets, loss, noise, caches.</param>
    public DenoisingObjective(BaseModel model, TrainPlan plan)
    {
        (this.model, this.plan) = (model, plan);
        step = plan.NewStep(model.UNet);
    }

    /// <inheritdoc/>
    public override void Prepare(Action<string, int, int> progress, CancellationToken cancel)
    {
        batches ??= new BatchMaker(model, plan, step.Schedule);
        batches.Prepare(progress, cancel);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TrainWork> Epoch(int epoch) =>
        [
            .. EpochPlan
                .Build(plan.Datasets, plan.Seed, epoch, plan.Steps)
                .Batches.Select(batch => new TrainWork(() => Loss(batch, epoch))
                {
                    Samples = [.. batch.Examples.Select(e => e.Draw)],
                    Sources = [.. batch.Examples.Select(e => e.Item.Example.Path)],
                }),
        ];

    /// <inheritdoc/>
    public override void Dispose() => batches?.Dispose();

    private StepLoss Loss(PlannedBatch planned, int epoch)
    {
        TrainBatch batch = (batches ?? throw new InvalidOperationException("the objective is not prepared")).Make(
            planned,
            epoch
        );
        // The model's switch is its owner's: it is turned for this forward alone.
        bool before = model.UNet.GradientCheckpointing;
        model.UNet.GradientCheckpointing = plan.Recipe.Run.GradientCheckpointing;
        try
        {
            LossResult result = step.Loss(batch);
            return new StepLoss(result.Loss)
            {
                PerSample = result.PerSample,
                Timesteps = batch.Timesteps,
                BrokenInput = () => batch.Latents.AllFinite() ? null : "the picture's latent is not finite",
            };
        }
        finally
        {
            model.UNet.GradientCheckpointing = before;
        }
    }
}
