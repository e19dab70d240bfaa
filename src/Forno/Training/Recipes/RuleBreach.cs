using Forno.Findings;

namespace Forno.Training.Recipes;

/// <summary>How much a breach of a rule matters.</summary>
public enum BreachLevel
{
    /// <summary>Good to know: something else does an option's work.</summary>
    Note,

    /// <summary>It trains, and not as one would want.</summary>
    Warn,

    /// <summary>The trainer stops at it.</summary>
    Refuse,
}

/// <summary>A rule that a configuration breaks. The trainer throws the worst, the doctor reports all.</summary>
/// <param name="Kind">The kind of the finding that the doctor reports.</param>
/// <param name="Level">How much it matters.</param>
/// <param name="What">What is wrong, without the place.</param>
/// <param name="WayOut">What to do about it.</param>
public sealed record RuleBreach(FindingKind Kind, BreachLevel Level, string What, string WayOut)
{
    /// <summary>What it does to the training; null = the trainer stops.</summary>
    public string? Effect { get; init; }

    /// <summary>What fixes it, typed; empty: <see cref="WayOut"/> says it in words alone.</summary>
    public IReadOnlyList<Remedy> Remedies { get; init; } = [];

    /// <summary>The options that it is about.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Where the first of them stands: <c>train.toml line 5</c>; null = nowhere.</summary>
    public string? Where { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        (Where is null ? "" : $"{Where}: ") + What + (WayOut.Length > 0 ? $"; {WayOut}" : "");
}

/// <summary>A configuration that the trainer refuses.</summary>
/// <param name="breaches">Why, all of it; the first is the worst.</param>
public sealed class RecipeRefusedException(IReadOnlyList<RuleBreach> breaches)
    : FornoException(string.Join('\n', breaches))
{
    /// <summary>Why, all of it.</summary>
    public IReadOnlyList<RuleBreach> Breaches { get; } = breaches;
}
