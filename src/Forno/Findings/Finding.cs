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

/// <summary>Something about a picture or a data set that a trainer should know.</summary>
/// <param name="Kind">Its kind, such as <c>small</c>; the same for all findings of a kind.</param>
/// <param name="Level">How much it matters.</param>
/// <param name="What">What was found, with its figures.</param>
/// <param name="Effect">What it does to a LoRA.</param>
/// <param name="Mend">The command that mends it, or what to do by hand.</param>
public sealed record Finding(string Kind, FindingLevel Level, string What, string Effect, string Mend);
