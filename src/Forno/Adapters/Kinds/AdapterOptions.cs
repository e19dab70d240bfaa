using System.Globalization;

namespace Forno.Adapters.Kinds;

/// <summary>What a kind can be asked for besides rank and alpha, by the names of <c>network_args</c>.</summary>
/// <param name="values">The values as they stand there.</param>
public sealed class AdapterOptions(IReadOnlyDictionary<string, string> values)
{
    /// <summary>Nothing is asked for.</summary>
    public static AdapterOptions None { get; } = new(new Dictionary<string, string>());

    /// <summary>The names given.</summary>
    public IEnumerable<string> Names => values.Keys;

    /// <summary>Whether something is asked for.</summary>
    public bool Flag(string name) =>
        values.GetValueOrDefault(name)?.ToUpperInvariant() switch
        {
            null or "" or "FALSE" or "0" or "NONE" => false,
            "TRUE" or "1" => true,
            _ => throw Wrong(name, "True or False"),
        };

    /// <summary>A whole number.</summary>
    public int Whole(string name, int fallback) =>
        !values.TryGetValue(name, out string? text) ? fallback
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int v) ? v
        : throw Wrong(name, "a whole number");

    private FornoException Wrong(string name, string wanted) =>
        new($"network_args: {name} must be {wanted}, not '{values[name]}'");
}
