namespace Forno.Diffusion.Schedules;

/// <summary>
/// Ways to spread n sampling steps over the noise levels. Each gives n + 1 sigmas, descending, the last one 0 unless
/// it says otherwise.
/// </summary>
public static class SigmaSchedules
{
    /// <summary>Karras et al. 2022, equation 5: evenly spaced in sigma^(1/rho).</summary>
    public static Sigma[] Karras(int n, double sigmaMin, double sigmaMax, double rho = 7)
    {
        double a = Math.Pow(sigmaMax, 1 / rho),
            b = Math.Pow(sigmaMin, 1 / rho);
        return WithZero(n, ramp => Math.Pow(a + (ramp * (b - a)), rho));
    }

    /// <summary>Evenly spaced in ln sigma.</summary>
    public static Sigma[] Exponential(int n, double sigmaMin, double sigmaMax) =>
        Polyexponential(n, sigmaMin, sigmaMax);

    /// <summary>exp(u^rho (ln max − ln min) + ln min), u from 1 to 0 (k-diffusion).</summary>
    public static Sigma[] Polyexponential(int n, double sigmaMin, double sigmaMax, double rho = 1)
    {
        double low = Math.Log(sigmaMin),
            high = Math.Log(sigmaMax);
        return WithZero(n, ramp => Math.Exp((Math.Pow(1 - ramp, rho) * (high - low)) + low));
    }

    /// <summary>The continuous VP schedule (Song et al. 2021), t from 1 to <paramref name="epsS"/>.</summary>
    public static Sigma[] Vp(int n, double betaD = 19.9, double betaMin = 0.1, double epsS = 1e-3) =>
        WithZero(
            n,
            ramp =>
            {
                double t = 1 + (ramp * (epsS - 1));
                return Math.Sqrt(Math.Exp((betaD * t * t / 2) + (betaMin * t)) - 1);
            }
        );

    /// <summary>
    /// The model's own levels: timesteps evenly spaced from T−1 to 0, both included; A1111's "Uniform" (and
    /// "Automatic"), k-diffusion's DiscreteSchedule.get_sigmas.
    /// </summary>
    public static Sigma[] Uniform(NoiseSchedule schedule, int n) =>
        WithZero(n, ramp => schedule.ToSigma(new Timestep((schedule.Count - 1) * (1 - ramp))));

    /// <summary>Every trained level, descending, and 0: T + 1 sigmas.</summary>
    public static Sigma[] All(NoiseSchedule schedule) => [.. Descending(schedule.Sigmas), new Sigma(0)];

    /// <summary>
    /// Timesteps evenly spaced between those of two sigmas, the lower end included ("Normal") or left out ("SGM
    /// Uniform", as in A1111).
    /// </summary>
    public static Sigma[] Normal(NoiseSchedule schedule, int n, double sigmaMin, double sigmaMax, bool sgm = false)
    {
        double start = schedule.ToTimestep(new Sigma(sigmaMax)),
            end = schedule.ToTimestep(new Sigma(sigmaMin));
        int gaps = sgm ? n : n - 1;
        return
        [
            .. Enumerable
                .Range(0, n)
                .Select(i => schedule.ToSigma(new Timestep(gaps == 0 ? start : start + ((end - start) * i / gaps)))),
            new Sigma(0),
        ];
    }

    /// <summary>
    /// Stability's LegacyDDPMDiscretization: whole timesteps, truncated, from T−1 towards 0 with 0 left out.
    /// </summary>
    public static Sigma[] SgmLegacyDdpm(NoiseSchedule schedule, int n)
    {
        double step = (schedule.Count - 1) / (double)n;
        return
        [
            .. Enumerable.Range(0, n).Select(i => new Sigma(schedule.Sigmas[(int)(schedule.Count - 1 - (i * step))])),
            new Sigma(0),
        ];
    }

    /// <summary>Every (T/n)-th table entry counted from the top, truncated (A1111's and ComfyUI's "Simple").</summary>
    public static Sigma[] Simple(NoiseSchedule schedule, int n)
    {
        double stride = schedule.Count / (double)n;
        return
        [
            .. Enumerable.Range(0, n).Select(i => new Sigma(schedule.Sigmas[^(1 + (int)(i * stride))])),
            new Sigma(0),
        ];
    }

    /// <summary>
    /// Every ⌊T/n⌋-th table entry from timestep 1 on (A1111's "DDIM"); may have more than n steps.
    /// </summary>
    public static Sigma[] Ddim(NoiseSchedule schedule, int n)
    {
        int stride = Math.Max(schedule.Count / n, 1);
        var rising = new List<Sigma> { new(0) };
        for (int t = 1; t < schedule.Count; t += stride)
        {
            rising.Add(new Sigma(schedule.Sigmas[t]));
        }
        rising.Reverse();
        return [.. rising];
    }

    /// <summary>
    /// Whole timesteps n·T/n − 1, …, T/n − 1, rounded: what distilled turbo models were trained on.
    /// </summary>
    public static Sigma[] Turbo(NoiseSchedule schedule, int n)
    {
        double stride = schedule.Count / (double)n;
        return
        [
            .. Enumerable
                .Range(0, n)
                .Select(i => new Sigma(
                    schedule.Sigmas[Math.Clamp((int)Math.Round(((n - i) * stride) - 1), 0, schedule.Count - 1)]
                )),
            new Sigma(0),
        ];
    }

    /// <summary>
    /// tan of angles evenly spaced from atan(max) to atan(min); ends at min, not at 0 (A1111's "KL Optimal", after
    /// Sabour et al. 2024).
    /// </summary>
    public static Sigma[] KlOptimal(int n, double sigmaMin, double sigmaMax)
    {
        double low = Math.Atan(sigmaMin),
            high = Math.Atan(sigmaMax);
        return
        [
            .. Enumerable
                .Range(0, n + 1)
                .Select(i => new Sigma(Math.Tan((i / (double)n * low) + ((1 - (i / (double)n)) * high)))),
        ];
    }

    /// <summary>
    /// Quantiles of a Beta distribution between min and max (Lee et al. 2024, arXiv 2407.12173); A1111's 0.6, 0.6.
    /// </summary>
    public static Sigma[] Beta(int n, double sigmaMin, double sigmaMax, double alpha = 0.6, double beta = 0.6) =>
        WithZero(n, ramp => sigmaMin + (BetaDistribution.Quantile(1 - ramp, alpha, beta) * (sigmaMax - sigmaMin)));

    /// <summary>NVIDIA's tuned levels (Sabour et al. 2024), interpolated in ln sigma where n is not 11.</summary>
    /// <param name="n">Steps.</param>
    /// <param name="sdxl">SDXL's levels; else SD 1.5's.</param>
    public static Sigma[] AlignYourSteps(int n, bool sdxl = false)
    {
        double[] tuned = sdxl
            ? [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029]
            : [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029];
        return WithZero(
            n,
            ramp =>
            {
                double at = ramp * (tuned.Length - 1);
                int low = Math.Min((int)at, tuned.Length - 2);
                return Math.Exp(Math.Log(tuned[low]) + ((at - low) * Math.Log(tuned[low + 1] / tuned[low])));
            }
        );
    }

    /// <summary>
    /// A list made for one step more, without its smallest positive sigma: what A1111 does for DPM2, DPM2 a and DPM++
    /// 3M SDE, and everywhere with "discard penultimate sigma".
    /// </summary>
    /// <param name="make">Makes the list for a number of steps.</param>
    /// <param name="n">Steps wanted.</param>
    public static Sigma[] DiscardPenultimate(Func<int, Sigma[]> make, int n)
    {
        Sigma[] longer = make(n + 1);
        return [.. longer[..^2], longer[^1]];
    }

    // n values over a ramp from 0 to 1, both included, and 0.
    private static Sigma[] WithZero(int n, Func<double, double> at)
    {
        var sigmas = new Sigma[n + 1];
        for (int i = 0; i < n; i++)
        {
            sigmas[i] = new Sigma(at(n == 1 ? 0 : i / (n - 1.0)));
        }
        return sigmas;
    }

    private static IEnumerable<Sigma> Descending(ReadOnlySpan<float> rising)
    {
        Sigma[] list = Sigma.List(rising.ToArray());
        Array.Reverse(list);
        return list;
    }
}
