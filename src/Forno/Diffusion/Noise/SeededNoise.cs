using Forno.Torch;

namespace Forno.Diffusion.Noise;

/// <summary>
/// A1111's noise with the CPU source: every picture of a batch has a generator of its own, seeded like
/// <c>torch.manual_seed(seed)</c>; the first draw starts the picture, later ones feed the sampler. A picture is the
/// same alone and in a batch.
/// </summary>
public sealed class SeededNoise : IDisposable
{
    private static readonly Op Acos = Op.Find("aten::acos");
    private readonly ulong[] seeds;
    private readonly long[] shape;
    private readonly Device device;
    private readonly Generator[] generators;

    /// <summary>Noise for a batch.</summary>
    /// <param name="seeds">One seed a picture.</param>
    /// <param name="shape">[C, H, W] of one picture's latents.</param>
    /// <param name="device">Where the noise goes; it is drawn on the processor.</param>
    public SeededNoise(IEnumerable<ulong> seeds, ReadOnlySpan<long> shape, Device device = default)
    {
        this.seeds = [.. seeds];
        this.shape = shape.ToArray();
        this.device = device;
        generators = Array.ConvertAll(this.seeds, s => new Generator(s));
    }

    /// <summary>A1111's "eta noise seed delta": from the second draw on the seeds are these many higher.</summary>
    public ulong SeedDelta { get; init; }

    /// <summary>A1111's variation seeds, one a picture; null: none.</summary>
    public IReadOnlyList<ulong>? VariationSeeds { get; init; }

    /// <summary>How far from the seed's noise (0) to the variation's (1).</summary>
    public double VariationStrength { get; init; }

    /// <summary>The noise that pictures start from: [B, C, H, W], fp32, unit normal. Call it once, first.</summary>
    public Tensor First()
    {
        using var scope = new Scope();
        var pictures = new Tensor[seeds.Length];
        for (int i = 0; i < seeds.Length; i++)
        {
            pictures[i] = generators[i].Randn(shape);
            if (VariationSeeds is not null && VariationStrength != 0)
            {
                using var variation = new Generator(VariationSeeds[i]);
                pictures[i] = Slerp(VariationStrength, pictures[i], variation.Randn(shape));
            }
            if (SeedDelta != 0)
            {
                generators[i].Dispose();
                generators[i] = new Generator(unchecked(seeds[i] + SeedDelta));
            }
        }
        return scope.Keep(Ops.Stack(pictures).To(device));
    }

    /// <summary>The next noise of every picture: [B, C, H, W].</summary>
    public Tensor Next()
    {
        using var scope = new Scope();
        return scope.Keep(Ops.Stack(Array.ConvertAll(generators, g => g.Randn(shape))).To(device));
    }

    /// <summary>The source for samplers: <see cref="Next"/>, whatever the sigmas.</summary>
    public Tensor Source(Tensor x, Sigma from, Sigma to) => Next();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Generator g in generators)
        {
            g.Dispose();
        }
    }

    // Along the great circle, row by row of the first channel axis as in A1111 (norms over dimension 1 of [C, H, W]).
    private static Tensor Slerp(double t, Tensor low, Tensor high)
    {
        Tensor dot = (low / low.Norm([1], true) * (high / high.Norm([1], true))).Sum([1], true);
        if (dot.Mean().Item() > 0.9995)
        {
            return (low * t) + (high * (1 - t));
        }
        Tensor omega = Acos.Call(dot),
            sine = omega.Sin();
        return ((omega * (1 - t)).Sin() / sine * low) + ((omega * t).Sin() / sine * high);
    }
}

/// <summary>
/// Noise that is the increments of one Brownian path over sigma: intervals that overlap share their noise, as the SDE
/// solvers assume, and a run with more steps follows the same path more closely. The path is this project's own: for
/// the same seed it differs from torchsde's tree, which A1111 draws from.
/// </summary>
public sealed class BrownianNoise : IDisposable
{
    private readonly Func<Tensor> normals;
    private readonly SortedList<double, Tensor> path = [];

    /// <summary>A path over a range of sigmas.</summary>
    /// <param name="normals">Unit normals shaped like the sample.</param>
    /// <param name="min">Lowest sigma that will be asked for.</param>
    /// <param name="max">Highest one; above <paramref name="min"/>.</param>
    public BrownianNoise(Func<Tensor> normals, Sigma min, Sigma max)
    {
        this.normals = normals;
        using var scope = new Scope();
        Tensor end = normals() * Math.Sqrt(max - min);
        path.Add(min, (end * 0).Own());
        path.Add(max, end.Own());
    }

    /// <summary>(W(to) − W(from)) / sqrt(|to − from|): unit normal noise.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A sigma outside the range.</exception>
    public Tensor Source(Tensor x, Sigma from, Sigma to)
    {
        using var scope = new Scope();
        return scope.Keep((At(to) - At(from)) / Math.Sqrt(Math.Abs(to - from)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor point in path.Values)
        {
            point.Dispose();
        }
        path.Clear();
    }

    // W at a sigma: known, or drawn from the Brownian bridge between its neighbours.
    private Tensor At(double sigma)
    {
        if (path.TryGetValue(sigma, out Tensor? known))
        {
            return known;
        }
        IList<double> times = path.Keys;
        int above = 0;
        while (above < times.Count && times[above] < sigma)
        {
            above++;
        }
        if (above == 0 || above == times.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(sigma), sigma, $"outside the path {times[0]} … {times[^1]}");
        }
        using var scope = new Scope();
        double a = times[above - 1],
            b = times[above],
            share = (sigma - a) / (b - a);
        Tensor mean = (path.Values[above - 1] * (1 - share)) + (path.Values[above] * share);
        Tensor point = (mean + (normals() * Math.Sqrt((sigma - a) * (b - sigma) / (b - a)))).Own();
        path.Add(sigma, point);
        return point;
    }
}
