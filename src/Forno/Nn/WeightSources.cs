using Forno.Checkpoints.Sources;

namespace Forno.Nn;

/// <summary>Puts files of weights under a <see cref="WeightStore"/>.</summary>
public static class WeightSources
{
    /// <summary>
    /// Every tensor of a file as an entry that is loaded on demand, without a copy where that is possible.
    /// </summary>
    /// <param name="source">An open file; it must stay open while entries are still to be loaded.</param>
    public static IReadOnlyDictionary<string, WeightEntry> Entries(this ITensorSource source) =>
        source.Tensors.Values.ToDictionary(
            info => info.Name,
            info => new WeightEntry([.. info.Shape], () => source.Load(info.Name)),
            StringComparer.Ordinal
        );
}
