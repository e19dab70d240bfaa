using System.Collections;
using System.Globalization;
using Forno.Adapters;
using Forno.Kohya.Options;

namespace Forno.Kohya;

/// <summary>Training options in the kinds that kohya's metadata tells them in; absent ones count as not set.</summary>
/// <param name="values">Options by name: bool, long, double, string, a list, or null.</param>
internal sealed class MetadataOptions(IReadOnlyDictionary<string, object?> values)
{
    /// <summary>The value as it is; null if it is not set or there is no such option.</summary>
    public object? this[string name] => values.GetValueOrDefault(name);

    /// <summary>The value as the metadata reports it.</summary>
    public object? Of(KohyaOption option) =>
        option.Kind switch
        {
            OptionKind.Flag => Flag(option.Name),
            OptionKind.Real => Real(option.Name),
            _ => this[option.Name],
        };

    public bool Flag(string name) => this[name] is true;

    /// <summary>A float option: whole numbers become floats, and the first of several counts.</summary>
    public double? Real(string name) =>
        this[name] switch
        {
            null => null,
            double real => real,
            long whole => whole,
            int whole => whole,
            string text => double.Parse(text, CultureInfo.InvariantCulture),
            IEnumerable list => list.Cast<object>()
                .Select(item => (double?)Convert.ToDouble(item, CultureInfo.InvariantCulture))
                .FirstOrDefault(),
            var other => throw new FornoException($"{name}: '{other}' is not a number"),
        };

    /// <summary>A list of strings; null if it is not set.</summary>
    public List<string>? List(string name) =>
        this[name] switch
        {
            null => null,
            string single => [single],
            IEnumerable list =>
            [
                .. list.Cast<object>().Select(item => Convert.ToString(item, CultureInfo.InvariantCulture)!),
            ],
            var other => throw new FornoException($"{name}: '{other}' is not a list"),
        };

    /// <summary>The option <c>resolution</c>; null if it is not set.</summary>
    public (int Width, int Height)? Resolution() => ModelSpec.ParseResolution(this["resolution"]);
}
