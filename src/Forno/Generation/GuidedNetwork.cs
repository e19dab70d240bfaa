using Forno.Diffusion;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Torch;

namespace Forno.Generation;

/// <summary>The UNet under a prompt and a negative prompt, for the samplers.</summary>
internal sealed class GuidedNetwork
{
    private readonly BaseModel model;
    private readonly Conditioning positive,
        negative;
    private readonly Tensor? inpainting;

    /// <summary>Takes what stays the same over a picture's steps.</summary>
    /// <param name="model">The model.</param>
    /// <param name="positive">Conditioning of the prompt, batch 1.</param>
    /// <param name="negative">Conditioning of the negative prompt, batch 1.</param>
    /// <param name="inpainting">Mask and masked latents [1, 5, h, w] of an inpainting model; null for the
    /// others.</param>
    public GuidedNetwork(BaseModel model, Conditioning positive, Conditioning negative, Tensor? inpainting)
    {
        (this.model, this.positive, this.negative, this.inpainting) = (model, positive, negative, inpainting);
    }

    /// <summary>The denoiser at a CFG scale. Both prompts run as one batch where they have the same length.</summary>
    public Denoise Denoiser(double cfgScale)
    {
        Denoise pos = Wrap([positive]);
        if (positive.Context.Size(1) != negative.Context.Size(1))
        {
            return Guidance.Cfg(pos, Wrap([negative]), cfgScale);
        }

        Denoise all = Wrap([positive, negative]);
        return Guidance.Cfg(
            pos,
            (x, sigma) =>
            {
                using var scope = new Scope();
                Tensor[] halves = all(Ops.Cat([x, x]), sigma).Chunk(2, 0);
                return (scope.Keep(halves[0]), scope.Keep(halves[1]));
            },
            cfgScale
        );
    }

    private Denoise Wrap(Conditioning[] parts) =>
        Forno.Diffusion.Denoiser.Wrap(
            (x, timestep) =>
            {
                using var scope = new Scope();
                long each = x.Size(0) / parts.Length;
                var times = Tensor.Full([x.Size(0)], timestep, DType.Float32, x.Device);
                Tensor context = Ops.Cat([.. parts.Select(c => Repeat(c.Context, each))]);
                Tensor? vector = parts[0].Pooled is null
                    ? null
                    : Ops.Cat([.. parts.Select(c => Repeat(c.Vector()!, each))]);
                Tensor input = inpainting is null ? x : Ops.Cat([x, Repeat(inpainting, x.Size(0))], 1);
                return scope.Keep(model.UNet.Forward(input, times, context, vector));
            },
            model.SamplingSchedule.ForSampling(),
            model.Prediction
        );

    private static Tensor Repeat(Tensor one, long times)
    {
        long[] shape = [.. one.Shape];
        shape[0] = times;
        return one.Expand(shape);
    }
}
