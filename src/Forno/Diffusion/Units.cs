using System.Globalization;
using Forno.Torch;

namespace Forno.Diffusion;

/// <summary>
/// A noise level: the standard deviation of the noise on data of scale 1, sqrt((1 − ᾱ)/ᾱ) (Karras et al. 2022's σ). A
/// host number: no sampler loop waits for the device. Turns into a plain number by itself, never back.
/// </summary>
/// <param name="Value">0 (clean) or more; infinite at the end of a zero-terminal-SNR schedule.</param>
public readonly record struct Sigma(double Value) : IComparable<Sigma>
{
    /// <summary>The plain number.</summary>
    public static implicit operator double(Sigma sigma) => sigma.Value;

    /// <summary>Plain numbers as sigmas.</summary>
    public static Sigma[] List(IEnumerable<double> values) => [.. values.Select(v => new Sigma(v))];

    /// <summary>Plain numbers as sigmas.</summary>
    public static Sigma[] List(IEnumerable<float> values) => [.. values.Select(v => new Sigma(v))];

    /// <inheritdoc/>
    public int CompareTo(Sigma other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("G6", CultureInfo.InvariantCulture);
}

/// <summary>
/// A place in the training schedule as the network takes it: 0 … T−1, whole for the trained levels, fractional
/// between them.
/// </summary>
/// <param name="Value">The timestep.</param>
public readonly record struct Timestep(double Value)
{
    /// <summary>The plain number.</summary>
    public static implicit operator double(Timestep timestep) => timestep.Value;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("G6", CultureInfo.InvariantCulture);
}

/// <summary>
/// The best guess of the clean latents: x [B, C, H, W] = data + sigma · unit noise ↦ denoised, same shape and type, a
/// tensor of its own in the current scope. Samplers know nothing else of the model.
/// </summary>
public delegate Tensor Denoise(Tensor x, Sigma sigma);

/// <summary>
/// The network as trained: x [B, C, H, W] of variance about 1 and the timestep ↦ its raw output (noise or velocity).
/// </summary>
public delegate Tensor Network(Tensor x, Timestep timestep);

/// <summary>
/// Unit normal noise shaped like <paramref name="x"/> for the way from one sigma to another. Plain sources ignore the
/// sigmas; a Brownian source gives (W(to) − W(from)) / sqrt(|to − from|).
/// </summary>
public delegate Tensor NoiseSource(Tensor x, Sigma from, Sigma to);
