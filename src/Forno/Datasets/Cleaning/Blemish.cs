using Forno.Imaging.Masks;

namespace Forno.Datasets.Cleaning;

/// <summary>What does not belong into a training picture.</summary>
public enum BlemishKind
{
    /// <summary>Letters: a line or several close to each other.</summary>
    Text,

    /// <summary>A speech bubble or caption box: a bright, even area around letters.</summary>
    Bubble,

    /// <summary>What is at the same place in many pictures.</summary>
    Watermark,
}

/// <summary>A part of a picture that is to go.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Area">Its pixels.</param>
/// <param name="Score">How sure the text detector is, 0 to 1; 1 for what was found without it.</param>
public sealed record Blemish(BlemishKind Kind, Component Area, double Score);

/// <summary>What is looked for, and how far it reaches.</summary>
public sealed record BlemishSettings
{
    /// <summary>The kinds to find; text in a bubble counts as text where bubbles are not asked for.</summary>
    public IReadOnlyList<BlemishKind> Kinds { get; init; } = Enum.GetValues<BlemishKind>();

    /// <summary>
    /// How far text boxes grow on every side, in heights of their line: glow and shadow belong to letters.
    /// </summary>
    public double Grow { get; init; } = 0.2;

    /// <summary>Texts below this score are passed over, 0 to 1.</summary>
    public double LeastScore { get; init; } = 0.6;
}
