using System.Globalization;

namespace Forno.Kohya;

/// <summary>
/// Typed access to options; their kinds were checked when they were read, their ranges are checked here.
/// </summary>
internal sealed class OptionValues(KohyaArgs args)
{
    public string Where(string name) => args.Given.GetValueOrDefault(name, "the default");

    public bool Flag(string name) => args[name] is true;

    /// <summary>A text, or null if it is not set; "" counts as not set.</summary>
    public string? Text(string name) => args[name] is string { Length: > 0 } text ? text : null;

    public IEnumerable<string> List(string name) => (args[name] as List<object>)?.Cast<string>() ?? [];

    public double? Real(string name) =>
        args[name] switch
        {
            null => null,
            long whole => whole,
            double real when double.IsFinite(real) => real,
            var other => throw new FornoException(
                $"{Where(name)}: {name} = {Convert.ToString(other, CultureInfo.InvariantCulture)} must be a "
                    + "finite number"
            ),
        };

    public IReadOnlyList<double> Reals(string name) =>
        [.. ((args[name] as List<object>) ?? []).Select(v => Convert.ToDouble(v, CultureInfo.InvariantCulture))];

    public int? Whole(string name, int least) =>
        args[name] switch
        {
            null => null,
            long value when value >= least && value <= int.MaxValue => (int)value,
            var other => throw new FornoException(
                $"{Where(name)}: {name} = {Convert.ToString(other, CultureInfo.InvariantCulture)} must be a "
                    + $"whole number of at least {least}"
            ),
        };

    public ulong? Seed() =>
        args["seed"] switch
        {
            null => null,
            >= 0L and long seed => (ulong)seed,
            var other => throw new FornoException(
                $"{Where("seed")}: seed = {Convert.ToString(other, CultureInfo.InvariantCulture)} must be 0 "
                    + "or more; remove it for a random one"
            ),
        };

    public Precision? Precision(string name) =>
        Text(name) switch
        {
            null => null,
            "no" or "float" => Forno.Kohya.Precision.Float32,
            "fp16" => Forno.Kohya.Precision.Float16,
            _ => Forno.Kohya.Precision.BFloat16,
        };
}
