using Forno.Datasets.Captions;

namespace Forno.Datasets.Triggers;

/// <summary>What a trigger is to call up.</summary>
public enum TriggerKind
{
    /// <summary>Not said: what it is shows in which pictures it has.</summary>
    Unknown,

    /// <summary>A person or creature: hair, eyes, face, body.</summary>
    Character,

    /// <summary>Clothes.</summary>
    Outfit,

    /// <summary>How it is drawn.</summary>
    Style,

    /// <summary>A posture or gesture.</summary>
    Pose,

    /// <summary>A thing, such as a sword.</summary>
    Object,

    /// <summary>A scene or doing.</summary>
    Situation,
}

/// <summary>A word that captions carry so that it calls up what they do not say.</summary>
/// <param name="Name">The word as captions have it.</param>
/// <param name="Kind">What it is to call up.</param>
/// <param name="Extent">The pictures whose caption has it.</param>
public sealed record Trigger(string Name, TriggerKind Kind, Extent Extent);

/// <summary>Something that pictures show and captions no longer say: a tag that was pruned.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Category">Its category in the lists of traits (<c>hair-colour</c>), or null.</param>
/// <param name="Hidden">The pictures that show it while their caption does not say so.</param>
/// <param name="Told">The pictures whose caption says so: there the tag itself takes it.</param>
public sealed record Feature(string Tag, string? Category, Extent Hidden, Extent Told);

/// <summary>Pictures that stand together, usually a folder.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Extent">Its pictures.</param>
public sealed record PictureGroup(string Name, Extent Extent);

/// <summary>A data set as its triggers see it.</summary>
public sealed record TriggerScene
{
    /// <summary>How many pictures there are; every extent is of this size.</summary>
    public required int Pictures { get; init; }

    /// <summary>The folders; every picture is in one.</summary>
    public required IReadOnlyList<PictureGroup> Groups { get; init; }

    /// <summary>The triggers, in any order.</summary>
    public required IReadOnlyList<Trigger> Triggers { get; init; }

    /// <summary>The pruned features, in any order.</summary>
    public required IReadOnlyList<Feature> Features { get; init; }

    /// <summary>
    /// Tags that the base model knows, as <see cref="TagExpression.Normal"/> writes them; a trigger among them is
    /// contaminated.
    /// </summary>
    public IReadOnlySet<string> KnownTags { get; init; } = new HashSet<string>();
}
