using System.Collections.Frozen;
using Forno.Nn;

namespace Forno.Adapters;

/// <summary>
/// LyCORIS' presets: which layers a new adapter takes (KohakuBlueleaf/LyCORIS, <c>lycoris/config.py</c>).
/// </summary>
public static class LycorisPreset
{
    private static readonly FrozenDictionary<string, Func<PatchTarget, bool>> All = new Dictionary<
        string,
        Func<PatchTarget, bool>
    >
    {
        ["full"] = _ => true,
        ["full-lin"] = t => !t.IsSpatial,
        ["attn-mlp"] = t => t.IsText || InTransformer(t),
        ["attn-only"] = t => t.Part is TargetPart.TextAttention or TargetPart.Attention,
        ["unet-transformer-only"] = InTransformer,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The presets' names, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The layers that a preset takes.</summary>
    /// <exception cref="FornoException">There is no such preset.</exception>
    public static IEnumerable<PatchTarget> Choose(string preset, IEnumerable<PatchTarget> targets) =>
        All.TryGetValue(preset, out Func<PatchTarget, bool>? takes)
            ? targets.Where(takes)
            : throw new FornoException(
                $"network_args: there is no preset '{preset}'. There are: {string.Join(", ", Names)}."
            );

    private static bool InTransformer(PatchTarget t) =>
        t.Part is TargetPart.Attention or TargetPart.FeedForward or TargetPart.Projection;
}
