using Forno.Datasets.Duplicates;
using Forno.Datasets.Surveys;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>Stretches of work that several jobs have in common: measuring pictures, comparing them.</summary>
public static class Surveys
{
    /// <summary>Measures pictures, with the answers of earlier runs.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="cacheFor">The folder whose cache is used.</param>
    /// <param name="events">Who is told how far it is.</param>
    /// <param name="cancel">Stops it.</param>
    public static PictureSurvey Look(
        PictureFolder folder,
        string cacheFor,
        JobProgress events,
        CancellationToken cancel
    )
    {
        var cache = MeasureCache.Open(MeasureCache.PlaceFor(cacheFor));
        PictureSurvey survey = events.Count(
            "measure",
            folder.Pictures.Count,
            "pictures",
            progress => PictureSurvey.Look(folder, cache, progress, cancel)
        );
        if (cache.Save() is { } why)
        {
            events.Say($"measures are not kept for the next run: {why}");
        }

        return survey;
    }

    /// <summary>Looks for duplicates.</summary>
    /// <param name="survey">The pictures, measured.</param>
    /// <param name="options">What counts as one.</param>
    /// <param name="events">Who is told how far it is.</param>
    /// <param name="cancel">Stops it.</param>
    public static IReadOnlyList<DuplicateGroup> Compare(
        PictureSurvey survey,
        DuplicateOptions options,
        JobProgress events,
        CancellationToken cancel
    ) =>
        events.Count(
            "compare",
            survey.Pictures.Count,
            "pictures",
            progress => survey.FindDuplicates(options, progress, cancel)
        );
}
