using Forno.Diffusion;
using Forno.Generation.Prompts;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Torch;

namespace Forno.Generation.Stages;

/// <summary>The UNet under a prompt and a negative prompt, for the samplers.</summary>
/// <param name="model">The model.</param>
/// <param name="schedule">What it is told, by step.</param>
/// <param name="inpainting">Mask and masked latents [1, 5, h, w] of an inpainting model; null for the others.</param>
internal sealed class GuidedNetwork(BaseModel model, ConditioningSchedule schedule, Tensor? inpainting)
{
    private readonly NoiseSchedule levels = model.SamplingSchedule.ForSampling();

    /// <summary>The denoiser of one sampling run at a CFG scale; it counts the steps that it is asked for.</summary>
    public Denoise Denoiser(double cfgScale)
    {
        int step = 0;
        return Guidance.Cfg(
            (x, sigma) => Positive(x, sigma, schedule.At(step++)),
            (x, sigma) => Both(x, sigma, schedule.At(step++)),
            cfgScale
        );
    }

    private Tensor Positive(Tensor x, Sigma sigma, StepConditioning at)
    {
        using var scope = new Scope();
        return scope.Keep(
            at.Positive is [{ Weight: 1 } one] ? Under([one.Conditioning], x, sigma) : Both(x, sigma, at).Positive
        );
    }

    // All prompts run as one batch where they have the same length, else one after the other.
    private (Tensor Positive, Tensor Negative) Both(Tensor x, Sigma sigma, StepConditioning at)
    {
        using var scope = new Scope();
        Conditioning[] all = [.. at.Positive.Select(p => p.Conditioning), at.Negative];
        long length = at.Negative.Context.Size(1);
        Tensor[] told = Array.TrueForAll(all, c => c.Context.Size(1) == length)
            ? Under(all, Ops.Cat([.. all.Select(_ => x)]), sigma).Chunk(all.Length, 0)
            : Array.ConvertAll(all, c => Under([c], x, sigma));
        Tensor negative = told[^1];
        Tensor positive = told[0];
        if (at.Positive is not [{ Weight: 1 }])
        {
            // Composable diffusion (Liu et al. 2022): negative + Σ weight · (part − negative).
            positive = negative.Alias();
            for (int i = 0; i < at.Positive.Count; i++)
            {
                positive += (told[i] - negative) * at.Positive[i].Weight;
            }
        }

        return (scope.Keep(positive), scope.Keep(negative));
    }

    // x: as many samples of each part, one part after the other.
    private Tensor Under(Conditioning[] parts, Tensor x, Sigma sigma) =>
        Forno.Diffusion.Denoiser.Wrap(
            (scaled, timestep) =>
            {
                using var scope = new Scope();
                long each = scaled.Size(0) / parts.Length;
                var times = Tensor.Full([scaled.Size(0)], timestep, DType.Float32, scaled.Device);
                Tensor context = Ops.Cat([.. parts.Select(c => Repeat(c.Context, each))]);
                Tensor? vector = parts[0].Pooled is null
                    ? null
                    : Ops.Cat([.. parts.Select(c => Repeat(c.Vector()!, each))]);
                Tensor input = inpainting is null ? scaled : Ops.Cat([scaled, Repeat(inpainting, scaled.Size(0))], 1);
                return scope.Keep(model.UNet.Forward(input, times, context, vector));
            },
            levels,
            model.Prediction
        )(x, sigma);

    private static Tensor Repeat(Tensor one, long times)
    {
        long[] shape = [.. one.Shape];
        shape[0] = times;
        return one.Expand(shape);
    }
}
