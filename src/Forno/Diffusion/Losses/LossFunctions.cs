using Forno.Torch;

namespace Forno.Diffusion.Losses;

/// <summary>A batch's loss and how it came about.</summary>
/// <param name="Loss">The scalar to go backward from.</param>
/// <param name="PerSample">[B]: means over C, H, W times the samples' weights.</param>
/// <param name="Weighted">[B]: the same times the timesteps' weights.</param>
public readonly record struct LossResult(Tensor Loss, Tensor PerSample, Tensor Weighted);

/// <summary>
/// Losses between a prediction and its target, in fp32 (kohya's conditional_loss and what follows it).
/// </summary>
public static class LossFunctions
{
    /// <summary>The loss of every element.</summary>
    /// <param name="prediction">[B, …].</param>
    /// <param name="target">Like the prediction.</param>
    /// <param name="recipe">Kind and threshold.</param>
    /// <param name="schedule">The schedule that noised the batch.</param>
    /// <param name="timesteps">B timesteps.</param>
    /// <returns>[B, …], fp32.</returns>
    public static Tensor Elementwise(
        Tensor prediction,
        Tensor target,
        LossRecipe recipe,
        NoiseSchedule schedule,
        ReadOnlySpan<int> timesteps
    )
    {
        using var scope = new Scope();
        Tensor difference = prediction.To(DType.Float32) - target.To(DType.Float32);
        if (recipe.Type is LossType.L1 or LossType.L2)
        {
            return scope.Keep(recipe.Type == LossType.L1 ? difference.Abs() : difference.Square());
        }
        float[] thresholds = new float[timesteps.Length];
        for (int i = 0; i < thresholds.Length; i++)
        {
            thresholds[i] = (float)LossWeights.HuberThreshold(recipe, schedule, timesteps[i]);
        }
        Tensor c = Forward.PerSample(thresholds, difference);
        Tensor loss = ((difference.Square() + c.Square()).Sqrt() - c) * 2;
        return scope.Keep(recipe.Type == LossType.Huber ? loss * c : loss);
    }

    /// <summary>
    /// A mask in the size of the loss: each cell the mean of the mask cells it covers. [B, 1, h, w] from [B, H, W] or
    /// [B, 1, H, W] in 0 … 1.
    /// </summary>
    public static Tensor ResizeMask(Tensor mask, long height, long width)
    {
        using var scope = new Scope();
        Tensor channel = mask.Dims == 3 ? mask.Unsqueeze(1) : mask;
        return scope.Keep(Ops.AdaptiveAvgPool(channel.To(DType.Float32), height, width));
    }

    /// <summary>
    /// A mask from conditioning pictures [B, 3, H, W] in −1 … 1: their first channel in 0 … 1, [B, 1, H, W].
    /// </summary>
    public static Tensor MaskFromPictures(Tensor pictures)
    {
        using var scope = new Scope();
        return scope.Keep((pictures.Slice(1, 0, 1) / 2) + 0.5);
    }

    /// <summary>The loss [B, C, h, w] times the resized mask. Later means do not divide by the mask's area.</summary>
    public static Tensor Masked(Tensor loss, Tensor mask)
    {
        using var scope = new Scope();
        return scope.Keep(loss * ResizeMask(mask, loss.Size(2), loss.Size(3)));
    }

    /// <summary>The whole way from the network's output to the scalar loss of a batch.</summary>
    /// <param name="prediction">The network's output [B, C, h, w].</param>
    /// <param name="target">What it should have been.</param>
    /// <param name="recipe">The options.</param>
    /// <param name="schedule">The schedule that noised the batch.</param>
    /// <param name="original">The schedule before any fix for zero terminal SNR: its SNR makes the weights.</param>
    /// <param name="timesteps">B timesteps.</param>
    /// <param name="sampleWeights">B weights: 1 for a training image, prior_loss_weight for a regularisation
    /// image.</param>
    /// <param name="mask">[B, H, W] or [B, 1, H, W] in 0 … 1; null: none.</param>
    public static LossResult Batch(
        Tensor prediction,
        Tensor target,
        LossRecipe recipe,
        NoiseSchedule schedule,
        NoiseSchedule original,
        ReadOnlySpan<int> timesteps,
        ReadOnlySpan<float> sampleWeights,
        Tensor? mask = null
    )
    {
        if (prediction.Size(0) != timesteps.Length || timesteps.Length != sampleWeights.Length)
        {
            throw new ArgumentException(
                $"{timesteps.Length} timesteps and {sampleWeights.Length} weights for {prediction}"
            );
        }
        using var scope = new Scope();
        Tensor loss = Elementwise(prediction, target, recipe, schedule, timesteps);
        loss = mask is null ? loss : Masked(loss, mask);
        float[] weights = new float[timesteps.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = (float)LossWeights.Of(recipe, original, timesteps[i]);
        }
        Tensor means = loss.Flatten(1).Mean([1]);
        Tensor perSample = means * Forward.PerSample(sampleWeights, means);
        Tensor weighted = perSample * Forward.PerSample(weights, means);
        return new LossResult(scope.Keep(weighted.Mean()), scope.Keep(perSample), scope.Keep(weighted));
    }
}
