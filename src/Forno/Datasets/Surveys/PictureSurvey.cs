using Forno.Data;
using Forno.Datasets.Cleaning;
using Forno.Datasets.Duplicates;
using Forno.Imaging;
using Forno.Imaging.Measures;
using Forno.Vision.TextDetection;
using Forno.Workspace;

namespace Forno.Datasets.Surveys;

/// <summary>A picture of a data set, measured.</summary>
public sealed record SurveyedPicture
{
    /// <summary>Where it is and what belongs to it.</summary>
    public required PictureItem Item { get; init; }

    /// <summary>What its header tells.</summary>
    public required PictureFile File { get; init; }

    /// <summary>Hash of its bytes.</summary>
    public required ContentKey Content { get; init; }

    /// <summary>What its pixels tell.</summary>
    public required PictureMeasures Measures { get; init; }

    /// <summary>The whole text of its caption; null if it has none.</summary>
    public string? Caption { get; init; }

    /// <summary>Its texts; null if they were not asked for.</summary>
    public PictureTexts? Texts { get; init; }

    /// <summary>Its size in pixels, upright.</summary>
    public Size Size => new(Measures.Width, Measures.Height);

    /// <summary>How the search for duplicates sees it.</summary>
    public DuplicateInput AsDuplicateInput() =>
        new()
        {
            Path = Item.Path,
            Content = Content,
            Measures = Measures,
            FormatRank = DuplicateInput.RankOf("." + File.Format),
            Ties = (Caption is null ? 0 : 4) + (Item.Mask is null ? 0 : 2) + (Item.Repeats is null ? 0 : 1),
        };
}

/// <summary>The pictures of a data set, each looked at once.</summary>
/// <param name="Pictures">Those that can be read, in order of path.</param>
/// <param name="Problems">Those that cannot, and why.</param>
public sealed record PictureSurvey(IReadOnlyList<SurveyedPicture> Pictures, IReadOnlyList<Problem> Problems)
{
    /// <summary>
    /// Measures pictures, several at a time; every file is read once, and decoded unless the cache knows it.
    /// </summary>
    /// <param name="folder">The pictures; its problems come first.</param>
    /// <param name="cache">Measures of earlier runs; the caller saves it.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="workers">Pictures at a time; 0 = one for each core.</param>
    public static PictureSurvey Look(
        PictureFolder folder,
        MeasureCache cache,
        IProgress<long>? progress = null,
        CancellationToken cancel = default,
        int workers = 0
    )
    {
        using var scanners = new ThreadLocal<PictureScanner>(() => new PictureScanner());
        (SurveyedPicture?[] pictures, IReadOnlyList<Problem> problems) = ChangePlan.ForEach(
            folder.Pictures,
            Look,
            progress,
            cancel,
            workers
        );
        return new PictureSurvey([.. pictures.OfType<SurveyedPicture>()], [.. folder.Problems, .. problems]);

        SurveyedPicture Look(PictureItem item)
        {
            var file = PictureFile.Inspect(item.File);
            ContentKey key = KeyOf(item.File);
            return new SurveyedPicture
            {
                Item = item,
                File = file,
                Content = key,
                Measures = cache.Get(key, () => scanners.Value!.Scan(item.File)),
                Caption = item.Caption is { } caption ? Caption.ReadText(caption.File) : null,
            };
        }
    }

    /// <summary>The same with the texts of the pictures.</summary>
    /// <param name="cache">Texts of earlier runs; the caller saves it.</param>
    /// <param name="detect">Finds the texts of a picture, in its pixels.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    public PictureSurvey WithTexts(
        TextCache cache,
        Func<Picture, IReadOnlyList<TextArea>> detect,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        (PictureTexts?[] texts, IReadOnlyList<Problem> problems) = ChangePlan.ForEach(
            [.. Pictures.Select(p => p.Item)],
            item => cache.Of(item, detect),
            progress,
            cancel
        );
        return new PictureSurvey([.. Pictures.Zip(texts, (p, t) => p with { Texts = t })], [.. Problems, .. problems]);
    }

    /// <summary>Groups the pictures that show the same.</summary>
    /// <param name="options">Threshold and mirroring.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>Groups; places are those of <see cref="Pictures"/>.</returns>
    public IReadOnlyList<DuplicateGroup> FindDuplicates(
        DuplicateOptions options,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        var scanner = new PictureScanner();
        return DuplicateSearch.Find(
            [.. Pictures.Select(p => p.AsDuplicateInput())],
            options,
            (i, side) => scanner.SmallOf(Pictures[i].Item.File, side),
            progress,
            cancel
        );
    }

    private static ContentKey KeyOf(string path)
    {
        try
        {
            return ContentKey.OfFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FornoException($"{path}: cannot be read ({e.Message})", e);
        }
    }
}
