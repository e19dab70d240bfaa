namespace Forno.Findings;

/// <summary>How much a finding matters.</summary>
public enum FindingLevel
{
    /// <summary>Good to know.</summary>
    Note,

    /// <summary>Likely to make a LoRA worse.</summary>
    Warning,

    /// <summary>The picture is not trained, or spoils the set.</summary>
    Bad,
}

/// <summary>Something about a picture, a data set or a configuration that a trainer should know.</summary>
/// <param name="Kind">Its kind, of the one table.</param>
/// <param name="Level">How much it matters.</param>
/// <param name="What">What was found, with its figures.</param>
/// <param name="Effect">What it does to a LoRA.</param>
/// <param name="Remedies">What fixes it; several are alternatives, the first one the best.</param>
/// <exception cref="ArgumentException">There is no remedy.</exception>
public sealed record Finding(
    FindingKind Kind,
    FindingLevel Level,
    string What,
    string Effect,
    params IReadOnlyList<Remedy> Remedies
)
{
    /// <summary>What fixes it; several are alternatives, the first one the best.</summary>
    public IReadOnlyList<Remedy> Remedies { get; init; } =
        Remedies.Count > 0 ? Remedies : throw new ArgumentException($"{Kind}: no remedy", nameof(Remedies));
}
