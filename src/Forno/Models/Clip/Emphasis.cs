using System.Collections.Frozen;
using Forno.Torch;

namespace Forno.Models.Clip;

/// <summary>Applies the weights of tokens to what the text encoder made of them.</summary>
/// <param name="z">Hidden states of one chunk, [B, 77, C].</param>
/// <param name="multipliers">Weights, [B, 77], of the same type and device.</param>
/// <returns>The weighted states, [B, 77, C].</returns>
public delegate Tensor ApplyEmphasis(Tensor z, Tensor multipliers);

/// <summary>
/// The ways of AUTOMATIC1111's web UI to weigh tokens (<c>modules/sd_emphasis.py</c>), by the names it writes.
/// </summary>
public static class Emphasis
{
    /// <summary>The way that is used unless another is asked for.</summary>
    public const string Default = "Original";

    /// <summary>Every way by its name. With <c>None</c> the prompt's brackets are not parsed either.</summary>
    public static readonly FrozenDictionary<string, ApplyEmphasis> All = new Dictionary<string, ApplyEmphasis>
    {
        ["None"] = (z, _) => z.Alias(),
        ["Ignore"] = (z, _) => z.Alias(),
        ["Original"] = Original,
        ["No norm"] = Multiply,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Finds a way by its name.</summary>
    /// <param name="name">One of <see cref="All"/>.</param>
    /// <returns>The function.</returns>
    /// <exception cref="FornoException">There is none of that name.</exception>
    public static ApplyEmphasis Named(string name) =>
        All.TryGetValue(name, out ApplyEmphasis? apply)
            ? apply
            : throw new FornoException(
                $"unknown emphasis '{name}'; known: {string.Join(", ", All.Keys.Order(StringComparer.Ordinal))}"
            );

    // Weighing changes the mean of the states; this restores it, over batch, tokens and channels together.
    private static Tensor Original(Tensor z, Tensor multipliers)
    {
        using Scope scope = new();
        Tensor weighted = Multiply(z, multipliers);
        return scope.Keep(weighted * (z.Mean() / weighted.Mean()));
    }

    private static Tensor Multiply(Tensor z, Tensor multipliers)
    {
        using Scope scope = new();
        return scope.Keep(z * multipliers.Unsqueeze(-1)); // [B, 77, 1]
    }
}
