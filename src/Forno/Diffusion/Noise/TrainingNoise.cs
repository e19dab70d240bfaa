using Forno.Torch;

namespace Forno.Diffusion.Noise;

/// <summary>Options of the noise a batch is trained with, under kohya's names.</summary>
public sealed record NoiseRecipe
{
    /// <summary><c>noise_offset</c>; null: off.</summary>
    public double? Offset { get; init; }

    /// <summary><c>noise_offset_random_strength</c>: the offset is scaled by one uniform number per batch.</summary>
    public bool OffsetRandomStrength { get; init; }

    /// <summary><c>adaptive_noise_scale</c>: adds this times |mean of the latents| to the offset; null: off.</summary>
    public double? AdaptiveScale { get; init; }

    /// <summary><c>multires_noise_iterations</c>; null: off.</summary>
    public int? MultiresIterations { get; init; }

    /// <summary><c>multires_noise_discount</c>.</summary>
    public double MultiresDiscount { get; init; } = 0.3;

    /// <summary><c>ip_noise_gamma</c>: noise on the input that the target does not know; null: off.</summary>
    public double? InputGamma { get; init; }

    /// <summary><c>ip_noise_gamma_random_strength</c>.</summary>
    public bool InputGammaRandomStrength { get; init; }

    /// <summary><c>min_timestep</c>, included; null: 0.</summary>
    public int? MinTimestep { get; init; }

    /// <summary><c>max_timestep</c>, excluded; null: T.</summary>
    public int? MaxTimestep { get; init; }
}

/// <summary>Where training noise comes from; asked in kohya's order.</summary>
public interface INoiseDraws
{
    /// <summary>Unit normals of a size, fp32.</summary>
    Tensor Normal(ReadOnlySpan<long> sizes);

    /// <summary>A uniform number in [0, 1).</summary>
    double Uniform();

    /// <summary>Whole numbers in [low, high).</summary>
    int[] Timesteps(int low, int high, int count);
}

/// <summary>Draws from one generator, in the order asked.</summary>
/// <param name="generator">Belongs to the caller.</param>
public sealed class GeneratorDraws(Generator generator) : INoiseDraws
{
    /// <inheritdoc/>
    public Tensor Normal(ReadOnlySpan<long> sizes) => generator.Randn(sizes);

    /// <inheritdoc/>
    public double Uniform()
    {
        using var scope = new Scope();
        return generator.Rand(1).Item();
    }

    /// <inheritdoc/>
    public int[] Timesteps(int low, int high, int count)
    {
        using var scope = new Scope();
        return Array.ConvertAll(generator.RandInt(low, high, count).ToArray<long>(), t => (int)t);
    }
}

/// <summary>A noised batch.</summary>
/// <param name="Noise">The target of noise prediction, [B, C, H, W].</param>
/// <param name="Noisy">The network's input, [B, C, H, W].</param>
/// <param name="Timesteps">B timesteps.</param>
public readonly record struct NoisedBatch(Tensor Noise, Tensor Noisy, int[] Timesteps);

/// <summary>The noise that training adds (kohya's get_noise_noisy_latents_and_timesteps).</summary>
public static class TrainingNoise
{
    /// <summary>Noise with offset and pyramid, timesteps, and the noised latents.</summary>
    /// <param name="latents">[B, C, H, W], scaled.</param>
    /// <param name="recipe">The options.</param>
    /// <param name="schedule">The schedule that noises.</param>
    /// <param name="draws">The random numbers.</param>
    public static NoisedBatch Apply(Tensor latents, NoiseRecipe recipe, NoiseSchedule schedule, INoiseDraws draws)
    {
        using var scope = new Scope();
        Tensor noise = Drawn(draws, latents, latents.Shape);
        if (recipe.Offset is { } offset)
        {
            noise = AddOffset(noise, latents, offset, recipe.OffsetRandomStrength, recipe.AdaptiveScale, draws);
        }
        if (recipe.MultiresIterations is { } iterations)
        {
            noise = AddPyramid(noise, iterations, recipe.MultiresDiscount, draws);
        }
        int[] timesteps = draws.Timesteps(
            recipe.MinTimestep ?? 0,
            recipe.MaxTimestep ?? schedule.Count,
            (int)latents.Size(0)
        );
        Tensor input = noise;
        if (recipe.InputGamma is { } gamma)
        {
            gamma *= recipe.InputGammaRandomStrength ? draws.Uniform() : 1;
            input = noise + (Drawn(draws, latents, latents.Shape) * gamma);
        }
        Tensor noisy = Forward.AddNoise(schedule, latents, input, timesteps);
        return new NoisedBatch(scope.Keep(noise), scope.Keep(noisy), timesteps);
    }

    /// <summary>
    /// Noise plus a constant per sample and channel, offset · unit normal, so that pictures may become darker or
    /// brighter as a whole.
    /// </summary>
    /// <param name="noise">[B, C, H, W].</param>
    /// <param name="latents">Their means make the adaptive part.</param>
    /// <param name="offset">Strength.</param>
    /// <param name="randomStrength">Scales it by one uniform number, drawn first.</param>
    /// <param name="adaptiveScale">Times |mean over H, W| is added to the strength, which stays at least 0.</param>
    /// <param name="draws">The random numbers.</param>
    public static Tensor AddOffset(
        Tensor noise,
        Tensor latents,
        double offset,
        bool randomStrength,
        double? adaptiveScale,
        INoiseDraws draws
    )
    {
        using var scope = new Scope();
        offset *= randomStrength ? draws.Uniform() : 1;
        Tensor constant = Drawn(draws, noise, [noise.Size(0), noise.Size(1), 1, 1]);
        if (adaptiveScale is { } scale)
        {
            Tensor strength = (latents.Mean([2, 3], keepDim: true).Abs() * scale) + offset;
            return scope.Keep(noise + (constant * strength.Clamp(min: 0)));
        }
        return scope.Keep(noise + (constant * offset));
    }

    /// <summary>
    /// Multi-resolution noise: coarser and coarser noise, enlarged bilinearly and fading by the discount, is added, and
    /// the whole brought to standard deviation 1.
    /// </summary>
    /// <param name="noise">[B, C, H, W].</param>
    /// <param name="iterations">At most so many; it stops at a side of 1.</param>
    /// <param name="discount">Weight of each next coarser one.</param>
    /// <param name="draws">The random numbers: a uniform one and the noise, per iteration.</param>
    public static Tensor AddPyramid(Tensor noise, int iterations, double discount, INoiseDraws draws)
    {
        using var scope = new Scope();
        long height = noise.Size(2),
            width = noise.Size(3);
        Tensor sum = noise;
        for (int i = 0; i < iterations; i++)
        {
            double shrink = Math.Pow((draws.Uniform() * 2) + 2, i);
            long h = Math.Max(1, (long)(height / shrink)),
                w = Math.Max(1, (long)(width / shrink));
            Tensor coarse = Drawn(draws, noise, [noise.Size(0), noise.Size(1), h, w]);
            sum += Ops.UpsampleBilinear(coarse, height, width) * Math.Pow(discount, i);
            if (h == 1 || w == 1)
            {
                break;
            }
        }
        return scope.Keep(sum / sum.Std());
    }

    private static Tensor Drawn(INoiseDraws draws, Tensor like, ReadOnlySpan<long> sizes) =>
        draws.Normal(sizes).To(like.Device).To(like.DType);
}
