using System.Globalization;

namespace Forno.Optim;

/// <summary>
/// Reads an optimizer's options by name. What was asked for is what is valid: <see cref="Done"/> refuses the rest.
/// Values are what Python literals give: <see cref="long"/>, <see cref="double"/>, <see cref="bool"/>,
/// <c>object?[]</c>, null.
/// </summary>
/// <param name="optimizer">The optimizer's name, for errors.</param>
/// <param name="values">The options given.</param>
public sealed class OptimizerOptions(string optimizer, IReadOnlyDictionary<string, object?> values)
{
    private readonly SortedSet<string> known = new(StringComparer.Ordinal);

    /// <summary>Whether an option is given with a value other than None.</summary>
    public bool Has(string name) => values.TryGetValue(name, out object? v) && v is not null;

    /// <summary>A number.</summary>
    public double Real(string name, double fallback) =>
        OptionalReal(name) ?? (values.ContainsKey(name) ? throw Wrong(name, "a number") : fallback);

    /// <summary>A number, or null where it is absent or None.</summary>
    public double? OptionalReal(string name)
    {
        known.Add(name);
        return values.GetValueOrDefault(name) switch
        {
            null => null,
            long v => v,
            int v => v,
            double v => v,
            // Python's literals have no infinity; text from float("inf") has.
            string s when double.TryParse(s, NumberStyles.Float, CultureInfo.InvariantCulture, out double v) => v,
            "inf" or "infinity" => double.PositiveInfinity,
            _ => throw Wrong(name, "a number"),
        };
    }

    /// <summary>A number that must not be negative.</summary>
    public double NotNegative(string name, double fallback)
    {
        double v = Real(name, fallback);
        return v >= 0 ? v : throw Wrong(name, "a number that is not negative");
    }

    /// <summary>A whole number of at least <paramref name="least"/>.</summary>
    public long Whole(string name, long fallback, long least)
    {
        double v = Real(name, fallback);
        return v >= least && v == Math.Floor(v) ? (long)v : throw Wrong(name, $"a whole number of at least {least}");
    }

    /// <summary>True or False.</summary>
    public bool Flag(string name, bool fallback)
    {
        known.Add(name);
        return values.TryGetValue(name, out object? v) ? v as bool? ?? throw Wrong(name, "True or False") : fallback;
    }

    /// <summary>As many numbers as the fallback has, in (…), […] or bare with commas.</summary>
    public double[] Reals(string name, params double[] fallback)
    {
        known.Add(name);
        if (!values.TryGetValue(name, out object? v))
        {
            return fallback;
        }
        return
            v is object?[] list
            && list.Length == fallback.Length
            && Array.TrueForAll(list, e => e is long or double or int)
            ? Array.ConvertAll(list, e => Convert.ToDouble(e, CultureInfo.InvariantCulture))
            : throw Wrong(name, $"{fallback.Length} numbers such as ({string.Join(", ", fallback.Select(Text))})");
    }

    /// <summary>Decay rates of moving averages, each at least 0 and below 1.</summary>
    public double[] Betas(params double[] fallback)
    {
        double[] betas = Reals("betas", fallback);
        return Array.TrueForAll(betas, b => b is >= 0 and < 1)
            ? betas
            : throw Wrong("betas", "numbers from 0 to below 1");
    }

    /// <summary>Refuses options that nobody read.</summary>
    /// <exception cref="FornoException">There is one; the message lists the valid ones.</exception>
    public void Done()
    {
        foreach (string name in values.Keys)
        {
            if (!known.Contains(name))
            {
                throw new FornoException(
                    $"optimizer_args: {optimizer} has no option '{name}'. It has: {string.Join(", ", known)}."
                );
            }
        }
    }

    /// <summary>The failure of an option with a wrong value.</summary>
    public FornoException Wrong(string name, string wanted) =>
        new($"optimizer_args: {name} of {optimizer} must be {wanted}, not '{Show(values.GetValueOrDefault(name))}'.");

    private static string Show(object? v) =>
        v switch
        {
            null => "None",
            object?[] list => $"({string.Join(", ", list.Select(Show))})",
            double d => Text(d),
            _ => Convert.ToString(v, CultureInfo.InvariantCulture) ?? "",
        };

    private static string Text(double v) => v.ToString("R", CultureInfo.InvariantCulture);
}
