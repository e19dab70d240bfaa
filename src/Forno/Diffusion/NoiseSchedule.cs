namespace Forno.Diffusion;

/// <summary>How beta runs from its start to its end over the timesteps.</summary>
public enum BetaShape
{
    /// <summary>sqrt(beta) is linear: CompVis' "linear", diffusers' "scaled_linear"; SD 1.x, 2.x, SDXL.</summary>
    ScaledLinear,

    /// <summary>beta itself is linear: CompVis' "sqrt_linear", diffusers' "linear".</summary>
    Linear,
}

/// <summary>
/// The noise levels a model was trained on (Ho et al. 2020): tables over T timesteps, rising from nearly clean to
/// nearly pure noise, and the way between sigma and timestep. Immutable host numbers.
/// </summary>
public sealed class NoiseSchedule
{
    private readonly float[] betas,
        alphasCumprod,
        sigmas,
        logSigmas;

    private NoiseSchedule(float[] betas, float[] alphasCumprod)
    {
        this.betas = betas;
        this.alphasCumprod = alphasCumprod;
        sigmas = Array.ConvertAll(alphasCumprod, a => MathF.Sqrt((1 - a) / a));
        logSigmas = Array.ConvertAll(sigmas, MathF.Log);
    }

    /// <summary>SD 1.x, 2.x and SDXL as their samplers compute it (CompVis, A1111: product in double).</summary>
    public static NoiseSchedule StableDiffusion { get; } = Create(0.00085, 0.012);

    /// <summary>The same as kohya's trainer and diffusers compute it (all in single precision).</summary>
    public static NoiseSchedule Training { get; } = Create(0.00085, 0.012, singlePrecision: true);

    /// <summary>Number of timesteps T.</summary>
    public int Count => betas.Length;

    /// <summary>beta by timestep.</summary>
    public ReadOnlySpan<float> Betas => betas;

    /// <summary>ᾱ by timestep: the cumulative product of 1 − beta.</summary>
    public ReadOnlySpan<float> AlphasCumprod => alphasCumprod;

    /// <summary>sqrt((1 − ᾱ)/ᾱ) by timestep, rising.</summary>
    public ReadOnlySpan<float> Sigmas => sigmas;

    /// <summary>ln sigma by timestep.</summary>
    public ReadOnlySpan<float> LogSigmas => logSigmas;

    /// <summary>Sigma of the first timestep.</summary>
    public Sigma SigmaMin => new(sigmas[0]);

    /// <summary>Sigma of the last timestep.</summary>
    public Sigma SigmaMax => new(sigmas[^1]);

    /// <summary>Makes the tables.</summary>
    /// <param name="betaStart">beta of timestep 0.</param>
    /// <param name="betaEnd">beta of timestep T−1.</param>
    /// <param name="count">T.</param>
    /// <param name="shape">How beta runs between them.</param>
    /// <param name="singlePrecision">Betas in fp32 as diffusers has them; else in double as CompVis.</param>
    public static NoiseSchedule Create(
        double betaStart,
        double betaEnd,
        int count = 1000,
        BetaShape shape = BetaShape.ScaledLinear,
        bool singlePrecision = false
    )
    {
        bool scaled = shape == BetaShape.ScaledLinear;
        double a = scaled ? Math.Sqrt(betaStart) : betaStart,
            b = scaled ? Math.Sqrt(betaEnd) : betaEnd;
        float[] betas = new float[count];
        float[] products = new float[count];
        double product = 1;
        for (int t = 0; t < count; t++)
        {
            if (singlePrecision)
            {
                float beta = Between((float)a, (float)b, t, count);
                betas[t] = scaled ? beta * beta : beta;
                product *= 1 - betas[t]; // libtorch's cumprod of fp32 carries the running product in double
            }
            else
            {
                double beta = a + ((b - a) * (count == 1 ? 0 : t / (count - 1.0)));
                beta = scaled ? beta * beta : beta;
                betas[t] = (float)beta;
                product *= 1 - beta;
            }
            products[t] = (float)product;
        }
        return new NoiseSchedule(betas, products);
    }

    /// <summary>
    /// The schedule whose last timestep is pure noise (Lin et al. 2023, algorithm 1; kohya's and diffusers' fix):
    /// sqrt(ᾱ) shifted so that it ends at 0 and stretched so that it keeps its start. Its last sigma is infinite.
    /// </summary>
    public NoiseSchedule ZeroTerminalSnr()
    {
        float[] roots = Array.ConvertAll(alphasCumprod, MathF.Sqrt);
        float first = roots[0],
            last = roots[^1],
            scale = first / (first - last);
        float[] fixedBetas = new float[Count];
        float[] products = new float[Count];
        float before = 1;
        double product = 1;
        for (int t = 0; t < Count; t++)
        {
            float root = (roots[t] - last) * scale,
                bar = root * root;
            fixedBetas[t] = 1 - (bar / before);
            before = bar;
            product *= 1 - fixedBetas[t];
            products[t] = (float)product;
        }
        return new NoiseSchedule(fixedBetas, products);
    }

    /// <summary>
    /// A schedule that samplers can start from: where the last ᾱ is 0 it becomes 2⁻²⁴ (sigma 4096), as in diffusers'
    /// multistep schedulers. Else this schedule itself.
    /// </summary>
    public NoiseSchedule ForSampling()
    {
        if (alphasCumprod[^1] > 0)
        {
            return this;
        }
        float[] products = [.. alphasCumprod];
        products[^1] = 1f / (1 << 24);
        return new NoiseSchedule(betas, products);
    }

    /// <summary>Signal-to-noise ratio ᾱ/(1 − ᾱ) of a timestep.</summary>
    public float Snr(int t) => alphasCumprod[t] / (1 - alphasCumprod[t]);

    /// <summary>
    /// The timestep of a sigma (k-diffusion's DiscreteSchedule): by linear interpolation of ln sigma, or the nearest
    /// whole one. Sigmas outside the table give exactly 0 or T−1.
    /// </summary>
    public Timestep ToTimestep(Sigma sigma, bool quantise = false)
    {
        double log = Math.Log(sigma);
        int above = Array.BinarySearch(logSigmas, (float)log);
        above = above >= 0 ? above : ~above; // the first table entry that is not smaller
        if (quantise)
        {
            if (above == 0 || above == Count)
            {
                return new Timestep(above == 0 ? 0 : Count - 1);
            }
            return new Timestep(log - logSigmas[above - 1] <= logSigmas[above] - log ? above - 1 : above);
        }
        int low = Math.Clamp(above < Count && logSigmas[above] <= log ? above : above - 1, 0, Count - 2);
        double w = (logSigmas[low] - log) / (logSigmas[low] - (double)logSigmas[low + 1]);
        return new Timestep(low + Math.Clamp(double.IsNaN(w) ? 0 : w, 0, 1));
    }

    /// <summary>
    /// The sigma of a timestep, between whole ones by linear interpolation of ln sigma; outside 0 … T−1, that of
    /// the end.
    /// </summary>
    public Sigma ToSigma(Timestep timestep)
    {
        double t = Math.Clamp(timestep.Value, 0, Count - 1);
        int low = (int)Math.Floor(t),
            high = (int)Math.Ceiling(t);
        double w = t - low;
        return new Sigma(w == 0 ? sigmas[low] : Math.Exp(((1 - w) * logSigmas[low]) + (w * logSigmas[high])));
    }

    // libtorch's fp32 linspace: from both ends towards the middle.
    private static float Between(float start, float end, int i, int count)
    {
        if (count == 1)
        {
            return start;
        }
        float step = (end - start) / (count - 1);
        return i < count / 2 ? start + (step * i) : end - (step * (count - 1 - i));
    }
}
