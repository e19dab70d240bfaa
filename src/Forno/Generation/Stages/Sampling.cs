using Forno.Diffusion.Samplers;
using Forno.Generation.Requests;
using Forno.Models.Families;
using Forno.Torch;

namespace Forno.Generation.Stages;

/// <summary>How a walk from noise to latents is done.</summary>
/// <param name="Sampler">The sampler.</param>
/// <param name="Schedule">Name of its sigma schedule.</param>
/// <param name="Steps">Steps of the whole walk.</param>
/// <param name="CfgScale">Guidance.</param>
/// <param name="Strength">The share of the walk that is done, from its end; null: all of it, from pure noise.</param>
internal sealed record Sampling(Sampler Sampler, string Schedule, int Steps, double CfgScale, double? Strength = null)
{
    /// <summary>As a request says.</summary>
    public static Sampling Of(FittedRequest request)
    {
        ResolvedRequest r = request.Request;
        return new Sampling(r.Sampler, r.Schedule, r.Asked.Steps, r.Asked.CfgScale);
    }

    /// <summary>The walk of a batch.</summary>
    public SampleRequest For(StageContext context) =>
        new()
        {
            Denoise = context.Network.Denoiser(CfgScale),
            Schedule = context.Model.SamplingSchedule,
            Prediction = context.Model.Prediction,
            Noise = context.Noise,
            Steps = Steps,
            SigmaSchedule = Schedule,
            Sdxl = context.Model.Family == ModelFamily.Sdxl,
            Strength = Strength,
            Run = new SamplerRun
            {
                Cancel = context.Cancel,
                OnStep = context.OnStep is { } tell ? s => tell(s.Step + 1) : null,
            },
        };
}

/// <summary>Begins with noise alone: text to image.</summary>
/// <param name="Sampling">The walk that begins here.</param>
internal sealed record NoiseStart(Sampling Sampling) : IStart
{
    /// <inheritdoc/>
    public Tensor Begin(StageContext context) => Sampling.Sampler.Begin(Sampling.For(context));
}

/// <summary>Puts noise over latents, up to where a walk begins: before sampling again over a picture.</summary>
/// <param name="Sampling">The walk that begins here.</param>
internal sealed record NoiseStage(Sampling Sampling) : IStage
{
    /// <inheritdoc/>
    public Tensor Run(Tensor latents, StageContext context) =>
        Sampling.Sampler.Begin(Sampling.For(context) with { Init = latents });
}

/// <summary>Walks from noise to latents.</summary>
/// <param name="Sampling">How.</param>
internal sealed record SampleStage(Sampling Sampling) : IStage
{
    /// <inheritdoc/>
    public int Steps => Sampler.StepsRun(Sampling.Steps, Sampling.Strength);

    /// <inheritdoc/>
    public Tensor Run(Tensor latents, StageContext context) => Sampling.Sampler.Run(Sampling.For(context), latents);
}
