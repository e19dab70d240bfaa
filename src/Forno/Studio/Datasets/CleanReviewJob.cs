using System.Text.Json.Serialization;
using Forno.Datasets.Cleaning;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>What to look for, and where.</summary>
/// <param name="Folders">Folders of pictures; nothing in them is changed.</param>
/// <param name="Search">What is looked for.</param>
public sealed record CleanReviewRequest(IReadOnlyList<string> Folders, BlemishSearch Search);

/// <summary>Text, speech bubbles and watermarks of a data set.</summary>
/// <param name="Survey">The same as the library has it.</param>
public sealed record CleanReview([property: JsonIgnore] CleanSurvey Survey)
{
    /// <summary>All pictures that could be read.</summary>
    public IEnumerable<CleanedPicture> Pictures => Survey.Pictures.Select(p => new CleanedPicture(p));

    /// <summary>Files that could not be read, and why.</summary>
    public IReadOnlyList<Problem> Problems => Survey.Problems;

    /// <summary>The contact sheet that a face wrote of it, or null.</summary>
    public string? Sheet { get; init; }
}

/// <summary>A picture with what was found in it.</summary>
/// <param name="Of">The same as the library has it.</param>
public sealed record CleanedPicture([property: JsonIgnore] CleanPicture Of)
{
    /// <summary>Its path within the data set.</summary>
    public string Path => Of.Item.Path;

    /// <summary>Pixels across.</summary>
    public int Width => Of.Size.Width;

    /// <summary>Pixels down.</summary>
    public int Height => Of.Size.Height;

    /// <summary>The share of it that would be changed, 0 to 1.</summary>
    public double Share => Math.Round(Of.Share, 5);

    /// <summary>The share of it that texts cover, 0 to 1.</summary>
    public double TextCoverage => Math.Round(Of.Texts.Coverage, 5);

    /// <summary>What was found.</summary>
    public IEnumerable<FoundBlemish> Found =>
        Of.Found.Select(f => new FoundBlemish(
            f.Kind,
            [f.Box.Left, f.Box.Top, f.Box.Width, f.Box.Height],
            Math.Round(f.Score, 3)
        ));
}

/// <summary>Something found in a picture.</summary>
/// <param name="Kind">text, bubble or watermark.</param>
/// <param name="Box">Left, top, width and height in pixels.</param>
/// <param name="Score">How sure it is.</param>
public sealed record FoundBlemish(
    [property: JsonConverter(typeof(LowerName<BlemishKind>))] BlemishKind Kind,
    IReadOnlyList<int> Box,
    double Score
);

/// <summary>Finds text, speech bubbles and watermarks and changes nothing.</summary>
/// <param name="request">What is wanted.</param>
/// <param name="models">Fetches the detector.</param>
public sealed class CleanReviewJob(CleanReviewRequest request, IModelSource models) : IJob<CleanReview>
{
    /// <inheritdoc/>
    public CleanReview Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        var events = new JobProgress(progress);
        var folder = PictureFolder.Scan(request.Folders);
        CleanSurvey survey = events.Count(
            "look",
            folder.Pictures.Count,
            "pictures",
            looked => CleanJob.Look(folder, request.Folders[0], request.Search, models, looked, events, cancel)
        );
        return new CleanReview(survey);
    }
}
