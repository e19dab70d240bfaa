namespace Forno.Datasets.Crops;

/// <summary>A way to frame a figure.</summary>
/// <param name="Name">Its short name, which the crop's file name ends with: <c>bust</c>.</param>
/// <param name="Tag">The tag that captions get: <c>upper body</c>.</param>
/// <param name="Aspect">Least width over height of its crop: narrower ones are widened where the picture allows
/// it.</param>
public sealed record Shot(string Name, string Tag, double Aspect)
{
    /// <summary>Head to feet.</summary>
    public static Shot Full { get; } = new("full", "full body", 0.5);

    /// <summary>Head to the middle of the thighs.</summary>
    public static Shot Cowboy { get; } = new("cowboy", "cowboy shot", 2.0 / 3);

    /// <summary>Head to the waist.</summary>
    public static Shot Bust { get; } = new("bust", "upper body", 0.8);

    /// <summary>Head and shoulders.</summary>
    public static Shot Face { get; } = new("face", "portrait", 1);

    /// <summary>All of them, the widest first.</summary>
    public static IReadOnlyList<Shot> All { get; } = [Full, Cowboy, Bust, Face];

    /// <summary>Tags that tell a shot: a crop has only its own.</summary>
    public static IReadOnlyList<string> Tags { get; } =
    [
        "full body",
        "cowboy shot",
        "upper body",
        "lower body",
        "portrait",
        "close-up",
        "bust",
        "bust shot",
        "headshot",
        "medium shot",
        "wide shot",
        "very wide shot",
    ];

    /// <summary>The shot of a name.</summary>
    /// <exception cref="FornoException">There is none of this name.</exception>
    public static Shot Of(string name) =>
        All.FirstOrDefault(s => s.Name == name)
        ?? throw new FornoException(
            $"there is no shot '{name}'; there are: {string.Join(", ", All.Select(s => s.Name))}"
        );
}
