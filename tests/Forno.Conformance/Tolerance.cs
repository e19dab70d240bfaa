using System.Text.Json;

namespace Forno.Conformance;

/// <summary>
/// A bound for one comparison: |got − want| ≤ <paramref name="Atol"/> + <paramref name="Rtol"/>·|want|.
/// </summary>
/// <param name="Atol">Absolute part.</param>
/// <param name="Rtol">Relative part.</param>
public readonly record struct Bound(double Atol, double Rtol)
{
    /// <summary>Equality and nothing less.</summary>
    public static Bound Exact => default;
}

/// <summary>The <c>tolerance</c> object of a case. A case without one wants exact answers.</summary>
public sealed class Tolerance
{
    private readonly Dictionary<string, double> named = new(StringComparer.Ordinal);
    private readonly List<(string Prefix, Bound Bound)> prefixes = [];

    /// <summary>Reads the object.</summary>
    /// <param name="json">The <c>tolerance</c> object; null means exact.</param>
    /// <exception cref="FornoException">A member is neither a number nor the <c>by_prefix</c> table.</exception>
    public Tolerance(JsonElement? json)
    {
        if (json is not { ValueKind: JsonValueKind.Object } members)
        {
            return;
        }

        foreach (JsonProperty member in members.EnumerateObject())
        {
            if (member.NameEquals("by_prefix"))
            {
                foreach (JsonProperty prefix in member.Value.EnumerateObject())
                {
                    prefixes.Add((prefix.Name, ReadBound(prefix.Value)));
                }
            }
            else if (member.Value.ValueKind == JsonValueKind.Number)
            {
                named[member.Name] = member.Value.GetDouble();
            }
            else
            {
                throw new FornoException($"tolerance.{member.Name} is neither a number nor by_prefix");
            }
        }

        prefixes.Sort((a, b) => b.Prefix.Length.CompareTo(a.Prefix.Length)); // the longest prefix decides
        Default = new Bound(Named("atol") ?? 0, Named("rtol") ?? 0);
    }

    /// <summary>The case's <c>atol</c> and <c>rtol</c>; zero where absent.</summary>
    public Bound Default { get; }

    /// <summary>
    /// A number that only some suites have, such as <c>d_rtol</c>, <c>t_atol</c> or <c>sigmas_rtol</c>.
    /// </summary>
    /// <param name="name">The member's name.</param>
    /// <returns>Its value, or null where the case has none.</returns>
    public double? Named(string name) => named.TryGetValue(name, out double value) ? value : null;

    /// <summary>
    /// The bound for a tensor: that of the longest <c>by_prefix</c> entry its name begins with, else the default.
    /// </summary>
    /// <param name="name">The tensor's full name, for example <c>out.final.lora_unet_…</c>.</param>
    /// <returns>The bound to compare it with.</returns>
    public Bound For(string name)
    {
        foreach ((string prefix, Bound bound) in prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                return bound;
            }
        }

        return Default;
    }

    private static Bound ReadBound(JsonElement json) =>
        new(
            json.TryGetProperty("atol", out JsonElement atol) ? atol.GetDouble() : 0,
            json.TryGetProperty("rtol", out JsonElement rtol) ? rtol.GetDouble() : 0
        );
}
