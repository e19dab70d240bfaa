using Forno.Data;
using Forno.Datasets.Checks;
using Forno.Datasets.Duplicates;
using Forno.Datasets.Surveys;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>What is checked.</summary>
public sealed record CheckRequest
{
    /// <summary>Folders of pictures; nothing in them is changed.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    /// <summary>How the trainer will sort them.</summary>
    public required BucketRules Rules { get; init; }

    /// <summary>What counts as a duplicate.</summary>
    public DuplicateOptions Duplicates { get; init; } = new();

    /// <summary>Whether text is looked for, too.</summary>
    public bool Text { get; init; }
}

/// <summary>Finds what in a data set will make a LoRA worse.</summary>
/// <param name="request">What is wanted.</param>
/// <param name="models">Fetches the text detector.</param>
public sealed class CheckJob(CheckRequest request, IModelSource models) : IJob<CheckResult>
{
    /// <inheritdoc/>
    public CheckResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        var events = new JobProgress(progress);
        Changes.SayUnfinished(events, request.Folders);
        var folder = PictureFolder.Scan(request.Folders);
        PictureSurvey survey = Surveys.Look(folder, request.Folders[0], events, cancel);
        survey = request.Text ? WithTexts(survey, events, cancel) : survey;
        IReadOnlyList<DuplicateGroup> duplicates = Surveys.Compare(survey, request.Duplicates, events, cancel);
        return new CheckResult(SetCheck.Check(survey, duplicates, request.Rules), request.Rules);
    }

    private PictureSurvey WithTexts(PictureSurvey survey, JobProgress events, CancellationToken cancel)
    {
        using var texts = new TextDetection(models, request.Folders[0]);
        PictureSurvey with = events.Count(
            "text",
            survey.Pictures.Count,
            "pictures",
            progress => survey.WithTexts(texts.Cache, texts.Find, progress, cancel)
        );
        texts.Save(events);
        return with;
    }
}
