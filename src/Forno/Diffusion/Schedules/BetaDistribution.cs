namespace Forno.Diffusion.Schedules;

/// <summary>The Beta distribution, for the schedule of that name.</summary>
internal static class BetaDistribution
{
    // Lanczos' approximation of ln Γ with g = 7 (Godfrey's coefficients): 15 digits.
    private static readonly double[] Lanczos =
    [
        0.99999999999980993,
        676.5203681218851,
        -1259.1392167224028,
        771.32342877765313,
        -176.61502916214059,
        12.507343278686905,
        -0.13857109526572012,
        9.9843695780195716e-6,
        1.5056327351493116e-7,
    ];

    /// <summary>The x in [0, 1] below which a share <paramref name="p"/> of the distribution lies.</summary>
    public static double Quantile(double p, double a, double b)
    {
        if (p is <= 0 or >= 1)
        {
            return p <= 0 ? 0 : 1;
        }
        // The share grows with x: halve the interval until doubles cannot be told apart.
        double low = 0,
            high = 1;
        for (int i = 0; i < 200 && high - low > 1e-16; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = Share(middle, a, b) < p ? (middle, high) : (low, middle);
        }
        return (low + high) / 2;
    }

    /// <summary>The regularised incomplete beta function I_x(a, b).</summary>
    public static double Share(double x, double a, double b)
    {
        if (x is <= 0 or >= 1)
        {
            return x <= 0 ? 0 : 1;
        }
        double front = Math.Exp(
            LogGamma(a + b) - LogGamma(a) - LogGamma(b) + (a * Math.Log(x)) + (b * Math.Log(1 - x))
        );
        return x < (a + 1) / (a + b + 2) ? front * Fraction(x, a, b) / a : 1 - (front * Fraction(1 - x, b, a) / b);
    }

    // The continued fraction of I_x (Abramowitz & Stegun 26.5.8) by Lentz's method.
    private static double Fraction(double x, double a, double b)
    {
        const double tiny = 1e-300;
        double c = 1,
            d = 1 - ((a + b) * x / (a + 1));
        d = 1 / (Math.Abs(d) < tiny ? tiny : d);
        double f = d;
        for (int m = 1; m < 300; m++)
        {
            double even = m * (b - m) * x / ((a + (2 * m) - 1) * (a + (2 * m)));
            double odd = -(a + m) * (a + b + m) * x / ((a + (2 * m)) * (a + (2 * m) + 1));
            double change = 1;
            foreach (double term in (ReadOnlySpan<double>)[even, odd])
            {
                d = 1 + (term * d);
                c = 1 + (term / c);
                d = 1 / (Math.Abs(d) < tiny ? tiny : d);
                c = Math.Abs(c) < tiny ? tiny : c;
                change = c * d;
                f *= change;
            }
            if (Math.Abs(change - 1) < 1e-16)
            {
                break;
            }
        }
        return f;
    }

    private static double LogGamma(double z)
    {
        if (z < 0.5)
        {
            return Math.Log(Math.PI / Math.Sin(Math.PI * z)) - LogGamma(1 - z);
        }
        double sum = Lanczos[0];
        for (int i = 1; i < Lanczos.Length; i++)
        {
            sum += Lanczos[i] / (z - 1 + i);
        }
        double t = z + 6.5;
        return (Math.Log(2 * Math.PI) / 2) + ((z - 0.5) * Math.Log(t)) - t + Math.Log(sum);
    }
}
