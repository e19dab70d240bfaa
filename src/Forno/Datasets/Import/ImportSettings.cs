using Forno.Imaging;

namespace Forno.Datasets.Import;

/// <summary>How pictures are imported.</summary>
public sealed record ImportSettings
{
    /// <summary>Names of the new pictures.</summary>
    public NameTemplate Name { get; init; } = NameTemplate.Same;

    /// <summary>
    /// Every n-th frame of animations and films; null = every frame of an animation, and of a film the changes of
    /// scene.
    /// </summary>
    public int? Every { get; init; }

    /// <summary>Keep frames that show the same as the one before, and blurred ones of films.</summary>
    public bool AllFrames { get; init; }

    /// <summary>Prefixes without colon whose <c>prefix:tag</c> are dropped from tag files; <c>*</c> for all.</summary>
    public IReadOnlyList<string> DropPrefixes { get; init; } = [];

    /// <summary>Whether caption files hold tags; null = each is judged by its content.</summary>
    public bool? Tags { get; init; }

    /// <summary>
    /// The extension of all captions, <c>.txt</c> or <c>.caption</c>; null keeps theirs (tag files become <c>.txt</c>).
    /// </summary>
    public string? CaptionExtension { get; init; }

    /// <summary>Pictures that claim more pixels are refused.</summary>
    public long MaxPixels { get; init; } = PictureFile.DefaultMaxPixels;
}
