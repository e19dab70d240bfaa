using Forno.Diffusion;
using Forno.Diffusion.Losses;
using Forno.Models.UNets;
using Forno.Torch;

namespace Forno.Training;

/// <summary>What a training step works on: everything random is already in it.</summary>
public sealed record TrainBatch
{
    /// <summary>Scaled latents [B, C, h, w].</summary>
    public required Tensor Latents { get; init; }

    /// <summary>The noise that was added, [B, C, h, w]: the target of noise prediction.</summary>
    public required Tensor Noise { get; init; }

    /// <summary>The network's input [B, C, h, w].</summary>
    public required Tensor Noisy { get; init; }

    /// <summary>B timesteps.</summary>
    public required int[] Timesteps { get; init; }

    /// <summary>Text conditioning [B, T, D].</summary>
    public required Tensor Context { get; init; }

    /// <summary>XL's vector conditioning [B, V]; null for the others.</summary>
    public Tensor? Vector { get; init; }

    /// <summary>B weights: 1, or <c>prior_loss_weight</c>.</summary>
    public required float[] Weights { get; init; }

    /// <summary>Where the loss counts, [B, H, W] in 0 … 1, of any size; null: everywhere.</summary>
    public Tensor? Mask { get; init; }
}

/// <summary>From a batch to its loss: prediction, target, weights (kohya's process_batch).</summary>
public sealed class TrainStep
{
    private readonly UNet unet;
    private readonly LossRecipe recipe;
    private readonly NoiseSchedule schedule,
        original;

    /// <summary>Puts a step together.</summary>
    /// <param name="unet">The network.</param>
    /// <param name="recipe">The loss; its <see cref="LossRecipe.Prediction"/> tells what the network is asked
    /// for.</param>
    /// <param name="zeroTerminalSnr"><c>zero_terminal_snr</c>: noise and targets by the fixed schedule, weights by the
    /// original.</param>
    public TrainStep(UNet unet, LossRecipe recipe, bool zeroTerminalSnr = false)
    {
        this.unet = unet;
        this.recipe = recipe;
        original = NoiseSchedule.Training;
        schedule = zeroTerminalSnr ? original.ZeroTerminalSnr() : original;
    }

    /// <summary>The schedule that noises.</summary>
    public NoiseSchedule Schedule => schedule;

    /// <summary>The loss of a batch; its graph reaches whatever learns.</summary>
    public LossResult Loss(TrainBatch batch)
    {
        using var scope = new Scope();
        Tensor times = Tensor
            .From(Array.ConvertAll(batch.Timesteps, t => (float)t), batch.Timesteps.Length)
            .To(batch.Noisy.Device);
        Tensor prediction = unet.Forward(batch.Noisy, times, batch.Context, batch.Vector);
        Tensor target =
            recipe.Prediction == Prediction.Velocity
                ? Forward.Velocity(schedule, batch.Latents, batch.Noise, batch.Timesteps)
                : batch.Noise;
        LossResult result = LossFunctions.Batch(
            prediction,
            target,
            recipe,
            schedule,
            original,
            batch.Timesteps,
            batch.Weights,
            batch.Mask
        );
        return new LossResult(scope.Keep(result.Loss), scope.Keep(result.PerSample), scope.Keep(result.Weighted));
    }
}
