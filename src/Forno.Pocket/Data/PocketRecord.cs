namespace Forno.Pocket.Data;

/// <summary>Which trainings may see a picture.</summary>
public enum PocketSplit
{
    /// <summary>Trained style, trained concept.</summary>
    Training,

    /// <summary>Trained style, concept held out.</summary>
    HeldOutConcept,

    /// <summary>Style held out, trained concept.</summary>
    HeldOutStyle,

    /// <summary>Style and concept held out.</summary>
    HeldOutBoth,
}

/// <summary>One picture's description, in parts from which captions are made.</summary>
public sealed record PocketRecord
{
    /// <summary>The art set, e.g. <c>fluent-emoji-flat</c>.</summary>
    public required string Set { get; init; }

    /// <summary>The drawing's name in its set.</summary>
    public required string Icon { get; init; }

    /// <summary>What is drawn: the same string for the same thing in every style (code points, or the name).</summary>
    public required string Concept { get; init; }

    /// <summary>Lower-case name, e.g. "red apple"; a skin tone comes after a comma.</summary>
    public required string Name { get; init; }

    /// <summary>Words for it, the most common first; may be empty.</summary>
    public required string[] Tags { get; init; }

    /// <summary>E.g. "food and drink"; empty if unknown.</summary>
    public required string Group { get; init; }

    /// <summary>E.g. "fruit"; empty if unknown.</summary>
    public required string Subgroup { get; init; }

    /// <summary>Colour words measured from the pixels, the largest first; up to three.</summary>
    public required string[] Colours { get; init; }

    /// <summary>The style's words, e.g. "fluent flat".</summary>
    public required string Style { get; init; }

    /// <summary>Who may see the picture.</summary>
    public required PocketSplit Split { get; init; }

    /// <summary>The short caption: "red apple, noto style".</summary>
    public string ShortCaption() => $"{Name}, {Style} style";

    /// <summary>The caption with all parts: "red apple, apple, fruit, red and green, noto style" (name, up to three
    /// tags, subgroup, colours, style).</summary>
    public string FullCaption() =>
        Join([Name, .. Tags.Take(3), Subgroup, string.Join(" and ", Colours), Style + " style"]);

    /// <summary>
    /// A caption drawn anew: the name first, the style last, between them some of the tags, group and colours; a
    /// quarter are short captions. The same arguments always give the same caption.
    /// </summary>
    /// <param name="seed">The training's seed.</param>
    /// <param name="draw">Which draw, e.g. the epoch or the sample's number.</param>
    /// <param name="index">The picture's number in the data.</param>
    public string DrawCaption(ulong seed, ulong draw, int index)
    {
        ulong state = Mix(Mix(Mix(seed) ^ draw) ^ (ulong)index);
        double Next() => ((state = Mix(state)) >> 11) * (1.0 / (1UL << 53));

        if (Next() < 0.25)
        {
            return ShortCaption();
        }

        var parts = new List<string>();
        int wanted = (int)(Next() * 4);
        var left = Tags.ToList();
        for (; wanted > 0 && left.Count > 0; wanted--)
        {
            int at = (int)(Next() * left.Count);
            parts.Add(left[at]);
            left.RemoveAt(at);
        }

        if (Next() < 0.5)
        {
            parts.Add(Next() < 0.75 ? Subgroup : Group);
        }

        if (Next() < 0.6)
        {
            parts.Add(string.Join(" and ", Colours));
        }

        return Join([Name, .. parts, Style + " style"]);
    }

    private static string Join(IEnumerable<string> parts) =>
        string.Join(", ", parts.Where(p => p.Length > 0).Distinct());

    // Sebastiano Vigna's splitmix64 step.
    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
