using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <summary>
/// A noise level in variance-preserving scaling: x = Signal · data + Noise · unit noise, which is Signal times what a
/// <see cref="Denoise"/> takes.
/// </summary>
internal readonly record struct VpPoint(double AlphaCumprod)
{
    public double Signal => Math.Sqrt(AlphaCumprod);

    public double Noise => Math.Sqrt(1 - AlphaCumprod);

    public Sigma Sigma => new(Math.Sqrt((1 - AlphaCumprod) / AlphaCumprod));

    public static VpPoint Of(NoiseSchedule schedule, int timestep) => new(schedule.AlphasCumprod[timestep]);

    /// <summary>The level of a timestep, or <paramref name="final"/> below 0.</summary>
    public static VpPoint Of(NoiseSchedule schedule, int timestep, double final) =>
        timestep >= 0 ? Of(schedule, timestep) : new(final);

    /// <summary>The model's guess of the data.</summary>
    public Tensor X0(Denoise denoise, Tensor x)
    {
        using var scope = new Scope();
        return scope.Keep(denoise(x / Signal, Sigma));
    }

    /// <summary>The noise that x holds beside x₀.</summary>
    public Tensor Epsilon(Tensor x, Tensor x0)
    {
        using var scope = new Scope();
        return scope.Keep(((x / Signal) - x0) / Sigma);
    }

    /// <summary>The network's raw output behind x₀: noise or velocity.</summary>
    public Tensor Output(Tensor x, Tensor x0, Prediction prediction)
    {
        using var scope = new Scope();
        Tensor eps = Epsilon(x, x0);
        return scope.Keep(prediction == Prediction.Velocity ? (eps * Signal) - (x0 * Noise) : eps);
    }
}
