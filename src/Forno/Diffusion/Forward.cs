using Forno.Torch;

namespace Forno.Diffusion;

/// <summary>
/// The forward process and what a network may be asked for, over a batch with a timestep per sample. x₀, noise, v:
/// [B, …]; timesteps: B whole numbers on the host.
/// </summary>
public static class Forward
{
    /// <summary>sqrt(ᾱ) x₀ + sqrt(1 − ᾱ) noise.</summary>
    public static Tensor AddNoise(NoiseSchedule schedule, Tensor x0, Tensor noise, ReadOnlySpan<int> timesteps)
    {
        using var scope = new Scope();
        (Tensor a, Tensor s) = Coefficients(schedule, timesteps, x0);
        return scope.Keep((a * x0) + (s * noise));
    }

    /// <summary>The velocity sqrt(ᾱ) noise − sqrt(1 − ᾱ) x₀ (Salimans &amp; Ho 2022).</summary>
    public static Tensor Velocity(NoiseSchedule schedule, Tensor x0, Tensor noise, ReadOnlySpan<int> timesteps)
    {
        using var scope = new Scope();
        (Tensor a, Tensor s) = Coefficients(schedule, timesteps, x0);
        return scope.Keep((a * noise) - (s * x0));
    }

    /// <summary>x₀ from the noisy sample and the velocity: sqrt(ᾱ) noisy − sqrt(1 − ᾱ) v.</summary>
    public static Tensor X0FromVelocity(
        NoiseSchedule schedule,
        Tensor noisy,
        Tensor velocity,
        ReadOnlySpan<int> timesteps
    )
    {
        using var scope = new Scope();
        (Tensor a, Tensor s) = Coefficients(schedule, timesteps, noisy);
        return scope.Keep((a * noisy) - (s * velocity));
    }

    /// <summary>The noise from the noisy sample and the velocity: sqrt(ᾱ) v + sqrt(1 − ᾱ) noisy.</summary>
    public static Tensor NoiseFromVelocity(
        NoiseSchedule schedule,
        Tensor noisy,
        Tensor velocity,
        ReadOnlySpan<int> timesteps
    )
    {
        using var scope = new Scope();
        (Tensor a, Tensor s) = Coefficients(schedule, timesteps, noisy);
        return scope.Keep((a * velocity) + (s * noisy));
    }

    // sqrt(ᾱ) and sqrt(1 − ᾱ), each [B, 1, …].
    private static (Tensor Signal, Tensor Noise) Coefficients(
        NoiseSchedule schedule,
        ReadOnlySpan<int> timesteps,
        Tensor like
    )
    {
        float[] signal = new float[timesteps.Length];
        float[] noise = new float[timesteps.Length];
        for (int i = 0; i < timesteps.Length; i++)
        {
            float bar = schedule.AlphasCumprod[timesteps[i]];
            (signal[i], noise[i]) = (MathF.Sqrt(bar), MathF.Sqrt(1 - bar));
        }
        return (PerSample(signal, like), PerSample(noise, like));
    }

    /// <summary>A number per sample as a tensor [B, 1, …] that broadcasts over <paramref name="like"/>.</summary>
    internal static Tensor PerSample(ReadOnlySpan<float> values, Tensor like)
    {
        long[] sizes = new long[like.Dims];
        Array.Fill(sizes, 1);
        sizes[0] = values.Length;
        using var scope = new Scope();
        return scope.Keep(Tensor.From(values, sizes).To(like.Device).To(like.DType));
    }
}
