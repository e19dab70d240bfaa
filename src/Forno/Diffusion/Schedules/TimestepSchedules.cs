namespace Forno.Diffusion.Schedules;

/// <summary>diffusers' <c>timestep_spacing</c>.</summary>
public enum TimestepSpacing
{
    /// <summary>Multiples of a whole stride from 0 up, shifted by the offset.</summary>
    Leading,

    /// <summary>Multiples of a stride from T down, minus 1.</summary>
    Trailing,

    /// <summary>Evenly spaced from 0 to T−1, rounded.</summary>
    Linspace,
}

/// <summary>
/// Lists of whole timesteps, descending, for samplers that work on them. Rounding is to even at halves.
/// </summary>
public static class TimestepSchedules
{
    /// <summary>diffusers' DDIM and DDPM.</summary>
    public static int[] Spaced(int n, TimestepSpacing spacing, int offset = 0, int count = 1000) =>
        spacing switch
        {
            TimestepSpacing.Leading => [.. Enumerable.Range(0, n).Select(i => ((n - 1 - i) * (count / n)) + offset)],
            TimestepSpacing.Trailing => Trailing(n, count),
            _ => Linspace(n, count),
        };

    /// <summary>diffusers' PNDM without Runge–Kutta steps: the same with the second-highest repeated.</summary>
    public static int[] Pndm(int n, TimestepSpacing spacing, int offset = 0, int count = 1000)
    {
        int[] plain = Spaced(n, spacing, offset, count);
        return n < 2 ? plain : [plain[0], plain[1], .. plain[1..]];
    }

    /// <summary>diffusers' UniPC and other multistep schedulers: one point more, without the one at 0.</summary>
    public static int[] Multistep(int n, TimestepSpacing spacing, int offset = 0, int count = 1000) =>
        spacing switch
        {
            TimestepSpacing.Leading => [.. Enumerable.Range(0, n).Select(i => ((n - i) * (count / (n + 1))) + offset)],
            TimestepSpacing.Trailing => Trailing(n, count),
            _ => Linspace(n + 1, count)[..n],
        };

    /// <summary>The nearest whole timesteps of sigmas, by interpolation of ln sigma.</summary>
    public static int[] Nearest(NoiseSchedule schedule, IEnumerable<Sigma> sigmas) =>
        [.. sigmas.Select(s => Round(schedule.ToTimestep(s)))];

    /// <summary>
    /// CompVis' uniform list: 1, c + 1, 2c + 1, … below T + 1 with c = ⌊T/n⌋; may have more than n entries.
    /// </summary>
    public static int[] CompVisUniform(int n, int count = 1000)
    {
        int stride = Math.Max(count / n, 1),
            entries = (count + stride - 1) / stride;
        return [.. Enumerable.Range(0, entries).Select(i => ((entries - 1 - i) * stride) + 1)];
    }

    /// <summary>CompVis' quadratic list: ⌊linspace(0, sqrt(0.8 T), n)²⌋ + 1.</summary>
    public static int[] CompVisQuad(int n, int count = 1000)
    {
        double end = Math.Sqrt(count * 0.8),
            step = n == 1 ? 0 : end / (n - 1);
        return
        [
            .. Enumerable
                .Range(0, n)
                .Select(i => n - 1 - i)
                .Select(k =>
                {
                    double root = k == n - 1 && n > 1 ? end : k * step;
                    return (int)(root * root) + 1;
                }),
        ];
    }

    /// <summary>The levels an LCM was distilled on (multiples of ⌊T/original⌋, minus 1), n of them.</summary>
    /// <param name="n">Steps.</param>
    /// <param name="original">Steps of the distillation.</param>
    /// <param name="count">T.</param>
    /// <exception cref="FornoException">More steps than the distillation had.</exception>
    public static int[] Lcm(int n, int original = 50, int count = 1000)
    {
        if (n > original)
        {
            throw new FornoException(
                $"{n} steps with LCM: it was distilled on {original}. Ask for {original} or fewer."
            );
        }
        int stride = count / original;
        return [.. Enumerable.Range(0, n).Select(i => ((original - (int)(i * (original / (double)n))) * stride) - 1)];
    }

    // The stride is rounded first and then multiplied, which decides what lies at .5.
    private static int[] Linspace(int n, int count)
    {
        double stride = n == 1 ? 0 : (count - 1) / (n - 1.0);
        return [.. Enumerable.Range(0, n).Select(i => i == 0 && n > 1 ? count - 1 : Round((n - 1 - i) * stride))];
    }

    // round(T, T − T/n, … > 0) − 1; the number of entries follows from the floating-point stride, as in the
    // reference.
    private static int[] Trailing(int n, int count)
    {
        double stride = count / (double)n,
            delta = count - stride - count;
        int entries = (int)Math.Ceiling(count / stride);
        return [.. Enumerable.Range(0, entries).Select(i => Round(count + (i * delta)) - 1)];
    }

    private static int Round(double value) => (int)Math.Round(value, MidpointRounding.ToEven);
}
