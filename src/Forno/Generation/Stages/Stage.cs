using Forno.Diffusion.Noise;
using Forno.Generation.Requests;
using Forno.Models;
using Forno.Torch;

namespace Forno.Generation.Stages;

/// <summary>Where the latents of a batch come from: noise, or a picture.</summary>
internal interface IStart
{
    /// <summary>Latents [B, C, h, w] in the current scope.</summary>
    Tensor Begin(StageContext context);
}

/// <summary>A part of the way from there to the picture: latents in, latents out.</summary>
internal interface IStage
{
    /// <summary>Steps that <see cref="StageContext.OnStep"/> is told of; an estimate.</summary>
    int Steps => 0;

    /// <summary>[B, C, h, w] ↦ [B, C, h', w'] in the current scope; the argument stays the caller's.</summary>
    Tensor Run(Tensor latents, StageContext context);
}

/// <summary>What the stages of a batch share.</summary>
internal sealed record StageContext
{
    /// <summary>What is drawn, on which model.</summary>
    public required FittedRequest Request { get; init; }

    /// <summary>The network under the prompts.</summary>
    public required GuidedNetwork Network { get; init; }

    /// <summary>The noise of this batch's seeds.</summary>
    public required SeededNoise Noise { get; init; }

    /// <summary>Stops between steps.</summary>
    public CancellationToken Cancel { get; init; }

    /// <summary>Told of the steps done in the stage that runs; null: nobody wants to know.</summary>
    public Action<int>? OnStep { get; init; }

    /// <summary>The model.</summary>
    public BaseModel Model => Request.Model;
}

/// <summary>The way of a batch to its latents, for every batch the same.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="Stages">What follows, in order.</param>
internal sealed record StagePlan(IStart Start, params IReadOnlyList<IStage> Stages)
{
    /// <summary>Steps of one batch.</summary>
    public int Steps => Stages.Sum(s => s.Steps);

    /// <summary>The way that a request asks for.</summary>
    public static StagePlan Of(FittedRequest request)
    {
        var sampling = Sampling.Of(request);
        return new StagePlan(new NoiseStart(sampling), new SampleStage(sampling));
    }

    /// <summary>Latents [B, C, h, w] of a batch, in the current scope.</summary>
    public Tensor Run(StageContext context)
    {
        using var scope = new Scope();
        Tensor latents = Start.Begin(context);
        int before = 0;
        foreach (IStage stage in Stages)
        {
            context.Cancel.ThrowIfCancellationRequested();
            int done = before;
            Action<int>? tell = context.OnStep is { } told ? step => told(done + Math.Min(step, stage.Steps)) : null;
            Tensor next = stage.Run(latents, context with { OnStep = tell });
            latents.Dispose();
            latents = next;
            before += stage.Steps;
        }

        return scope.Keep(latents);
    }
}
