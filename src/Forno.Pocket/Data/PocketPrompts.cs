namespace Forno.Pocket.Data;

/// <summary>
/// The fixed prompts by which a Pocket is judged: sixty things that all trained art sets draw, spread evenly over the
/// styles. Reduced training sets have these concepts first, so that the prompts are pairs that were trained.
/// </summary>
public static class PocketPrompts
{
    /// <summary>Names of the concepts, each another thing.</summary>
    public static IReadOnlyList<string> Concepts { get; } =
    [
        "red heart",
        "green apple",
        "cat face",
        "dog face",
        "panda",
        "fox",
        "frog",
        "pig face",
        "penguin",
        "turtle",
        "fish",
        "butterfly",
        "honeybee",
        "spider",
        "snake",
        "whale",
        "sunflower",
        "rose",
        "cactus",
        "four leaf clover",
        "mushroom",
        "banana",
        "grapes",
        "watermelon",
        "strawberry",
        "lemon",
        "pineapple",
        "carrot",
        "pizza",
        "hamburger",
        "doughnut",
        "birthday cake",
        "bread",
        "cooking",
        "hot beverage",
        "beer mug",
        "soccer ball",
        "basketball",
        "guitar",
        "drum",
        "rocket",
        "airplane",
        "automobile",
        "bicycle",
        "house",
        "key",
        "locked",
        "light bulb",
        "bell",
        "balloon",
        "wrapped gift",
        "fire",
        "star",
        "crescent moon",
        "rainbow",
        "snowflake",
        "alarm clock",
        "robot",
        "skull",
        "sunglasses",
    ];

    /// <summary>The concepts with a style each, in turn.</summary>
    /// <param name="sets">Names of the trained art sets.</param>
    public static IReadOnlyList<(string Concept, ArtSet Style)> For(IReadOnlyList<string> sets)
    {
        ArtSet[] styles =
        [
            .. sets.Select(name =>
                ArtSet.All.FirstOrDefault(a => a.Name == name)
                ?? throw new FornoException(
                    $"no art set '{name}'; there are {string.Join(", ", ArtSet.All.Select(a => a.Name))}"
                )
            ),
        ];
        return [.. Concepts.Select((concept, i) => (concept, styles[i % styles.Length]))];
    }

    /// <summary>The prompt of a concept in a style: the short caption of such a picture.</summary>
    /// <param name="concept">Its name.</param>
    /// <param name="style">The style.</param>
    public static string Prompt(string concept, ArtSet style) => $"{concept}, {style.Style} style";
}
