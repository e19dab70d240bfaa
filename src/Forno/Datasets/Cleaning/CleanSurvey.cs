using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.Vision.TextDetection;
using Forno.Workspace;

namespace Forno.Datasets.Cleaning;

/// <summary>A blemish without its pixels.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Box">Around it.</param>
/// <param name="Score">How sure the text detector is, 0 to 1.</param>
public sealed record BlemishNote(BlemishKind Kind, Box Box, double Score);

/// <summary>A picture with what was found in it.</summary>
public sealed record CleanPicture
{
    /// <summary>The picture.</summary>
    public required PictureItem Item { get; init; }

    /// <summary>Its size.</summary>
    public required Size Size { get; init; }

    /// <summary>Its texts.</summary>
    public required PictureTexts Texts { get; init; }

    /// <summary>What was looked for.</summary>
    public required BlemishSettings Settings { get; init; }

    /// <summary>Places where many pictures have the same, in its own pixels.</summary>
    public IReadOnlyList<Component> Watermarks { get; init; } = [];

    /// <summary>What was found.</summary>
    public IReadOnlyList<BlemishNote> Found { get; init; } = [];

    /// <summary>The share of the picture that is to go, 0 to 1.</summary>
    public double Share { get; init; }

    /// <summary>The blemishes with their pixels, which are not held: they are found anew.</summary>
    /// <param name="picture">The picture, upright 8-bit sRGB.</param>
    public IReadOnlyList<Blemish> Find(Picture picture)
    {
        using Picture opaque = picture.Flatten(Rgb.White);
        return Find(opaque.ToArray());
    }

    /// <inheritdoc cref="Find(Picture)"/>
    /// <param name="rgb">[height, width, 3].</param>
    public IReadOnlyList<Blemish> Find(ReadOnlySpan<byte> rgb) =>
        BlemishFinder.Find(rgb, Size.Width, Size.Height, Texts.Texts, Settings, Watermarks);
}

/// <summary>A data set, looked through for what is to be cleaned away.</summary>
/// <param name="Pictures">The pictures that could be read, in order of path.</param>
/// <param name="Problems">Those that could not, and why.</param>
public sealed record CleanSurvey(IReadOnlyList<CleanPicture> Pictures, IReadOnlyList<Problem> Problems)
{
    /// <summary>Looks for blemishes.</summary>
    /// <param name="folder">The pictures; its problems come first.</param>
    /// <param name="settings">What to look for.</param>
    /// <param name="cache">Texts of earlier runs; the caller saves it.</param>
    /// <param name="detect">Finds the texts of a picture, in its pixels.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    public static CleanSurvey Look(
        PictureFolder folder,
        BlemishSettings settings,
        TextCache cache,
        Func<Picture, IReadOnlyList<TextArea>> detect,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        IReadOnlyDictionary<string, IReadOnlyList<Component>> marks = settings.Kinds.Contains(BlemishKind.Watermark)
            ? Watermarks.Find(folder.Pictures, cancel)
            : new Dictionary<string, IReadOnlyList<Component>>();
        (CleanPicture?[] pictures, IReadOnlyList<Problem> problems) = ChangePlan.ForEach(
            folder.Pictures,
            Look,
            progress,
            cancel
        );
        return new CleanSurvey([.. pictures.OfType<CleanPicture>()], [.. folder.Problems, .. problems]);

        CleanPicture Look(PictureItem item)
        {
            PictureTexts texts = cache.Of(item, detect);
            var clean = new CleanPicture
            {
                Item = item,
                Size = new Size(texts.Width, texts.Height),
                Texts = texts,
                Settings = settings,
                Watermarks = marks.GetValueOrDefault(item.Path, []),
            };
            if (clean.Watermarks.Count == 0 && !texts.Texts.Any(t => t.Score >= settings.LeastScore))
            {
                return clean;
            }

            using IDisposable share = PixelBudget.Take(3L * texts.Width * texts.Height);
            using Picture picture = PictureFile.Inspect(item.File).Decode();
            IReadOnlyList<Blemish> found = clean.Find(picture);
            return clean with
            {
                Found = [.. found.Select(f => new BlemishNote(f.Kind, f.Area.Box, f.Score))],
                Share = found.Sum(f => f.Area.Area) / ((double)texts.Width * texts.Height),
            };
        }
    }
}
