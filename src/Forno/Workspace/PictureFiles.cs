namespace Forno.Workspace;

/// <summary>Which files are what, by their names.</summary>
public static class PictureFiles
{
    /// <summary>Extensions of pictures, lower case.</summary>
    public static IReadOnlyList<string> PictureExtensions { get; } =
    [
        ".png",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".webp",
        ".gif",
        ".apng",
        ".bmp",
        ".tif",
        ".tiff",
        ".avif",
        ".heic",
        ".heif",
        ".jxl",
        ".ppm",
        ".pgm",
        ".jp2",
    ];

    /// <summary>Extensions of captions, lower case; the first that is there is the caption.</summary>
    public static IReadOnlyList<string> CaptionExtensions { get; } =
    [".txt", ".caption", ".cap", ".tags", ".tag", ".wd14"];

    /// <summary>What the file of tags seen and pruned is called, after the picture's name without extension.</summary>
    public const string TagsExtension = ".tags.json";

    /// <summary>Whether a file has a picture's extension, in whatever case.</summary>
    public static bool IsPictureName(string file) => Has(PictureExtensions, file);

    /// <summary>Whether a file has a caption's extension, in whatever case.</summary>
    public static bool IsCaptionName(string file) => Has(CaptionExtensions, file);

    /// <summary>Whether a file has a caption's extension, or this one, in whatever case.</summary>
    /// <param name="file">The file.</param>
    /// <param name="further">A further extension, with its dot, or null.</param>
    public static bool IsCaption(string file, string? further) =>
        IsCaptionName(file) || (further is not null && file.EndsWith(further, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a file is called <c>name.tags.json</c>, in whatever case.</summary>
    public static bool IsTagsName(string file) => file.EndsWith(TagsExtension, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// A caption's extension as kohya's <c>caption_extension</c> takes it: a dot is put in front where there is none.
    /// </summary>
    /// <exception cref="FornoException">It is none, or a picture's.</exception>
    public static string CaptionExtension(string text)
    {
        string extension = text.StartsWith('.') ? text : "." + text;
        return extension.Length > 1 && extension.IndexOfAny(['/', '\\', '\0']) < 0 && !IsPictureName("a" + extension)
            ? extension
            : throw new FornoException($"the caption extension '{text}' is none; .txt and .caption are usual");
    }

    /// <summary>The place of a caption's extension in <see cref="CaptionExtensions"/>.</summary>
    internal static int CaptionRank(string file)
    {
        for (int i = 0; i < CaptionExtensions.Count; i++)
        {
            if (file.EndsWith(CaptionExtensions[i], StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return CaptionExtensions.Count;
    }

    private static bool Has(IReadOnlyList<string> extensions, string file)
    {
        for (int i = 0; i < extensions.Count; i++)
        {
            if (file.EndsWith(extensions[i], StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
