using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <summary>What a sampler tells after an evaluation that opens a step.</summary>
/// <param name="Step">The step, from 0.</param>
/// <param name="Steps">How many there are; for the adaptive sampler, a guess of the evaluations left and done.</param>
/// <param name="Sigma">The noise level of <paramref name="X"/>.</param>
/// <param name="X">The noisy sample; read it during the call only.</param>
/// <param name="Denoised">The model's guess of the clean sample, for previews; read it during the call only.</param>
public readonly record struct SamplerStep(int Step, int Steps, Sigma Sigma, Tensor X, Tensor Denoised);

/// <summary>The outside of a sampling run: how to stop it and who wants to know of its steps.</summary>
public sealed record SamplerRun
{
    /// <summary>Stops between steps with an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken Cancel { get; init; }

    /// <summary>Called once a step, on the sampler's thread; null: nobody wants to know.</summary>
    public Action<SamplerStep>? OnStep { get; init; }
}

/// <summary>Stochasticity of Karras et al. 2022, algorithm 2: how much noise is added before a step.</summary>
public sealed record Churn
{
    /// <summary>No churn.</summary>
    public static Churn None { get; } = new();

    /// <summary>S_churn; 0: off.</summary>
    public double Amount { get; init; }

    /// <summary>S_tmin: no churn below this sigma.</summary>
    public double SigmaMin { get; init; }

    /// <summary>S_tmax: no churn above this sigma.</summary>
    public double SigmaMax { get; init; } = double.PositiveInfinity;

    /// <summary>S_noise: standard deviation of the noise added.</summary>
    public double NoiseScale { get; init; } = 1;
}

/// <summary>
/// The frame of a sampling run: a scope without gradients in which the samples live from step to step.
/// </summary>
internal ref struct Walk : IDisposable
{
    private readonly SamplerRun? run;
    private readonly Scope scope;
    private readonly Autograd.Mode mode;

    // Stands an alias in for the caller's tensor, so that the loop may free whatever it replaces.
    public Walk(ref Tensor x, SamplerRun? run)
    {
        this.run = run;
        scope = new Scope();
        mode = Autograd.NoGrad();
        x = x.Alias();
    }

    public readonly void Tell(int step, int steps, Sigma sigma, Tensor x, Tensor denoised)
    {
        run?.Cancel.ThrowIfCancellationRequested();
        run?.OnStep?.Invoke(new SamplerStep(step, steps, sigma, x, denoised));
    }

    public readonly Tensor Return(Tensor x) => scope.Keep(x);

    public readonly void Dispose()
    {
        mode.Dispose();
        scope.Dispose();
    }
}

internal static class Carrying
{
    /// <summary>
    /// Hands a result of this step to the next one in place of what was carried so far, which is freed.
    /// </summary>
    public static void Carry(this Scope step, ref Tensor held, Tensor next)
    {
        step.Keep(next);
        held?.Dispose();
        held = next;
    }

    /// <summary>Adds a result of this step in front of a history and frees what is older than its length.</summary>
    public static void Remember(this Scope step, List<Tensor> history, Tensor next, int length)
    {
        history.Insert(0, step.Keep(next));
        while (history.Count > length)
        {
            history[^1].Dispose();
            history.RemoveAt(history.Count - 1);
        }
    }
}
