using System.Globalization;
using Forno.Checkpoints.Sources;

namespace Forno.Models.Layouts;

/// <summary>Names and shapes of a file's tensors: all that detection looks at. Weights are never read.</summary>
/// <param name="shapes">Shape by key.</param>
/// <param name="origin">The file's name, for messages.</param>
public sealed class TensorShapes(IReadOnlyDictionary<string, IReadOnlyList<long>> shapes, string origin)
{
    /// <summary>The file's name, for messages.</summary>
    public string Origin { get; } = origin;

    /// <summary>All keys.</summary>
    public IEnumerable<string> Keys => shapes.Keys;

    /// <summary>The shapes of an open file.</summary>
    public static TensorShapes Of(ITensorSource source) =>
        new(
            source.Tensors.ToDictionary(pair => pair.Key, pair => pair.Value.Shape, StringComparer.Ordinal),
            source.Path
        );

    /// <summary>The shape of a key, or null.</summary>
    public IReadOnlyList<long>? this[string key] => shapes.TryGetValue(key, out var shape) ? shape : null;

    /// <summary>Whether there is a tensor of this name.</summary>
    public bool Has(string key) => shapes.ContainsKey(key);

    /// <summary>Whether any key begins so.</summary>
    public bool HasBelow(string prefix) => shapes.Keys.Any(key => key.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>
    /// How many numbers 0, 1, … follow the prefix without a gap (<c>prefix0.</c>, <c>prefix1.</c>, …).
    /// </summary>
    public int CountBelow(string prefix)
    {
        var numbers = new HashSet<int>();
        foreach (string key in shapes.Keys)
        {
            if (
                key.StartsWith(prefix, StringComparison.Ordinal)
                && key.IndexOf('.', prefix.Length) is > 0 and var dot
                && int.TryParse(
                    key.AsSpan(prefix.Length, dot - prefix.Length),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out int number
                )
            )
            {
                numbers.Add(number);
            }
        }

        int count = 0;
        while (numbers.Contains(count))
        {
            count++;
        }

        return count;
    }

    /// <summary>One side of a tensor that must be there.</summary>
    /// <exception cref="FornoException">The tensor is missing or has fewer dimensions.</exception>
    public int Side(string key, int dimension) =>
        this[key] is { } shape && dimension < shape.Count
            ? checked((int)shape[dimension])
            : throw new FornoException(
                $"{Origin}: {key} is missing or of an unexpected shape. The file is incomplete or of another "
                    + "kind of model."
            );
}
