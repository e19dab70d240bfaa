using Forno.Diffusion.Schedules;

namespace Forno.Pocket.Measures;

/// <summary>Student's t-test of pairs: whether a difference is more than chance.</summary>
/// <param name="Count">Pairs.</param>
/// <param name="Mean">Mean of the differences, after less before.</param>
/// <param name="Deviation">Their standard deviation (n − 1).</param>
/// <param name="T">Mean over its standard error; infinite where all differences are the same and not 0.</param>
/// <param name="P">Two-sided probability of such a T if there were no difference.</param>
public sealed record PairedTest(int Count, double Mean, double Deviation, double T, double P)
{
    /// <summary>Tests pairs.</summary>
    /// <param name="before">One number a pair.</param>
    /// <param name="after">The same number of numbers, in the same order.</param>
    /// <exception cref="ArgumentException">Fewer than two pairs, or lists of different lengths.</exception>
    public static PairedTest Of(IReadOnlyList<double> before, IReadOnlyList<double> after)
    {
        if (before.Count != after.Count || before.Count < 2)
        {
            throw new ArgumentException(
                $"a paired test needs two or more pairs, not {before.Count} and {after.Count} numbers"
            );
        }

        double[] differences = [.. before.Zip(after, (b, a) => a - b)];
        double mean = differences.Average(),
            n = differences.Length;
        double deviation = Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / (n - 1));
        double error = deviation / Math.Sqrt(n);
        double t = mean == 0 ? 0 : mean / error;
        return new PairedTest(differences.Length, mean, deviation, t, TwoSided(t, n - 1));
    }

    // Abramowitz & Stegun 26.7.1 with 26.5.27: P(|T| > t) = I_x(ν/2, 1/2), x = ν / (ν + t²).
    private static double TwoSided(double t, double degrees) =>
        double.IsInfinity(t) ? 0 : BetaDistribution.Share(degrees / (degrees + (t * t)), degrees / 2, 0.5);
}
