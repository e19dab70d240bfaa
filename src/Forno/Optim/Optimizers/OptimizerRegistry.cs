using System.Collections.Frozen;

namespace Forno.Optim.Optimizers;

/// <summary>Makes an optimizer over groups from its options.</summary>
/// <param name="groups">The groups; their learning rates are set.</param>
/// <param name="options">Options by name, as Python literals give them.</param>
public delegate Optimizer OptimizerFactory(
    IReadOnlyList<ParameterGroup> groups,
    IReadOnlyDictionary<string, object?> options
);

/// <summary>
/// Optimizers by the names that users write in <c>optimizer_type</c>; as in kohya's trainer, case does not matter.
/// </summary>
public static class OptimizerRegistry
{
    private static readonly FrozenDictionary<string, OptimizerFactory> All = new Dictionary<string, OptimizerFactory>
    {
        ["Adam"] = Adam.Coupled,
        ["AdamW"] = Adam.W,
        ["Prodigy"] = (groups, options) => new Prodigy(groups, options),
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The names, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Whether there is an optimizer of this name.</summary>
    public static bool Has(string name) => All.ContainsKey(name);

    /// <summary>Makes an optimizer.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="groups">Parameter groups.</param>
    /// <param name="options">Its options by name (<c>lr</c> among them): what <c>optimizer_args</c> hold.</param>
    /// <exception cref="FornoException">An unknown name or option, or a wrong value; valid ones are listed.</exception>
    public static Optimizer Create(
        string name,
        IReadOnlyList<ParameterGroup> groups,
        IReadOnlyDictionary<string, object?> options
    ) =>
        All.TryGetValue(name, out OptimizerFactory? make)
            ? make(groups, options)
            : throw new FornoException($"optimizer_type: there is no '{name}'. There are: {string.Join(", ", Names)}.");
}
