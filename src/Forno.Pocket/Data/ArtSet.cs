namespace Forno.Pocket.Data;

/// <summary>One set of emoji art: a drawing style.</summary>
/// <param name="Name">The package's short name, and its folder under <c>assets/fetched</c>.</param>
/// <param name="Style">The style's words in captions: "… style".</param>
/// <param name="HeldOut">Whether no training of the base model sees the style.</param>
/// <param name="CharactersOf">The set whose list of code points serves this one too, if it has none of its own.</param>
public sealed record ArtSet(string Name, string Style, bool HeldOut, string? CharactersOf = null)
{
    /// <summary>All sets, in the order of the data file.</summary>
    public static IReadOnlyList<ArtSet> All { get; } =
    [
        new("noto", "noto", false),
        new("twemoji", "twemoji", false),
        new("fluent-emoji-flat", "fluent flat", false),
        new("fluent-emoji", "fluent", false, "fluent-emoji-flat"),
        new("emojione", "emojione", false),
        new("openmoji", "openmoji", true),
        new("streamline-emojis", "streamline", true),
        new("fxemoji", "fxemoji", true),
    ];
}
