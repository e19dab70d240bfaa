using Forno.Torch;

namespace Forno.Diffusion;

/// <summary>What a network was trained to tell.</summary>
public enum Prediction
{
    /// <summary>The noise (SD 1.x, SDXL).</summary>
    Epsilon,

    /// <summary>The velocity sqrt(ᾱ) noise − sqrt(1 − ᾱ) x₀ (SD 2.x at 768).</summary>
    Velocity,
}

/// <summary>denoised = Skip · x + Out · network(In · x, t).</summary>
/// <param name="Skip">c_skip.</param>
/// <param name="Out">c_out.</param>
/// <param name="In">c_in.</param>
public readonly record struct Scalings(double Skip, double Out, double In);

/// <summary>Wraps a network as a <see cref="Denoise"/> (k-diffusion's CompVisDenoiser and CompVisVDenoiser).</summary>
public static class Denoiser
{
    /// <summary>The scalings at a sigma. sigma² + 1 is 1/ᾱ.</summary>
    public static Scalings ScalingsFor(this Prediction prediction, Sigma sigma)
    {
        double s = sigma,
            total = (s * s) + 1,
            root = Math.Sqrt(total);
        return prediction switch
        {
            Prediction.Epsilon => new Scalings(1, -s, 1 / root),
            Prediction.Velocity => new Scalings(1 / total, -s / root, 1 / root),
            _ => throw new ArgumentOutOfRangeException(nameof(prediction), prediction, "unknown prediction"),
        };
    }

    /// <summary>A denoiser over the network.</summary>
    /// <param name="network">Takes scaled latents and a timestep.</param>
    /// <param name="schedule">Its training schedule, which tells the timestep of a sigma.</param>
    /// <param name="prediction">What it was trained to tell.</param>
    /// <param name="quantise">Ask only at whole timesteps, the nearest one, instead of interpolating.</param>
    public static Denoise Wrap(Network network, NoiseSchedule schedule, Prediction prediction, bool quantise = false) =>
        (x, sigma) =>
        {
            using var scope = new Scope();
            Scalings c = prediction.ScalingsFor(sigma);
            Tensor output = network(x * c.In, schedule.ToTimestep(sigma, quantise));
            return scope.Keep((x * c.Skip) + (output * c.Out));
        };

    /// <summary>
    /// The network's raw output that a denoised sample stands for; the inverse of <see cref="Wrap"/>.
    /// </summary>
    public static Tensor ToOutput(this Prediction prediction, Tensor x, Tensor denoised, Sigma sigma)
    {
        using var scope = new Scope();
        Scalings c = prediction.ScalingsFor(sigma);
        return scope.Keep((denoised - (x * c.Skip)) * (1 / c.Out));
    }
}
