namespace Forno.Optim;

/// <summary>Makes an optimizer over groups from its options.</summary>
/// <param name="groups">The groups; their learning rates are set.</param>
/// <param name="options">Options by name, as Python literals give them.</param>
public delegate Optimizer OptimizerFactory(
    IReadOnlyList<ParameterGroup> groups,
    IReadOnlyDictionary<string, object?> options
);

/// <summary>What the house knows of an optimizer; an optimizer's class states it, the registry lists it.</summary>
/// <param name="Name">The name as kohya writes it in <c>optimizer_type</c>.</param>
/// <param name="Class">
/// The Python class with its module, as adapter files name it in <c>ss_optimizer</c>: <c>torch.optim.adamw.AdamW</c>.
/// </param>
public sealed record OptimizerInfo(string Name, string Class)
{
    /// <summary>Makes one; null: a name that kohya knows and that cannot be trained with here yet.</summary>
    public OptimizerFactory? Make { get; init; }

    /// <summary>Whether it estimates its step size itself, so that the learning rate stays near 1.</summary>
    public bool FindsItsOwnRate { get; init; }

    /// <summary>
    /// Whether it needs no schedule, because it averages its weights; they are saved and drawn with as
    /// <see cref="Optimizer.Evaluate"/> makes them.
    /// </summary>
    public bool ScheduleFree { get; init; }

    /// <summary>Further names; the ways to write the class as a full path are known without being listed.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Every name, the first one first.</summary>
    public IEnumerable<string> Names => [Name, .. Aliases, .. Paths()];

    /// <summary>Makes the optimizer.</summary>
    /// <param name="groups">Parameter groups.</param>
    /// <param name="options">Its options by name (<c>lr</c> among them): what <c>optimizer_args</c> hold.</param>
    /// <exception cref="FornoException">An unknown option or a wrong value; valid ones are listed.</exception>
    public Optimizer Create(IReadOnlyList<ParameterGroup> groups, IReadOnlyDictionary<string, object?> options) =>
        Make is { } make
            ? make(groups, options)
            : throw new FornoException($"optimizer_type: {Name} cannot be trained with yet");

    // Users write the class's module or the package that hands it on: torch.optim.AdamW. A variant whose name is not
    // its class's (SGDNesterov is torch's SGD with an option) is not meant by the class's path.
    private IEnumerable<string> Paths()
    {
        string[] parts = Class.Split('.');
        if (!parts[^1].Equals(Name, StringComparison.OrdinalIgnoreCase))
        {
            yield break;
        }
        yield return Class;
        if (parts.Length > 2)
        {
            yield return string.Join('.', [.. parts[..^2], parts[^1]]);
        }
    }
}
