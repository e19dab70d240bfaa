using Forno.Datasets.Cleaning;
using Forno.Vision.Inpainting;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>Finds text, speech bubbles and watermarks, and marks, blurs or fills them.</summary>
/// <param name="request">What is wanted.</param>
/// <param name="models">Fetches the detector.</param>
public sealed class CleanJob(CleanRequest request, IModelSource models) : IJob<ChangeResult>
{
    /// <inheritdoc/>
    public ChangeResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        // Before anything is looked at, and for as long as the plan is done.
        using Inpainter? inpainter = request.How is Cleaning.Fill fill ? Inpainter.Load(fill.Model, fill.Range) : null;
        if (inpainter is not null)
        {
            new JobProgress(progress).Say($"{((Cleaning.Fill)request.How).Model}: {inpainter.Description}");
        }

        return new Change(request, models, inpainter).Run(progress, cancel);
    }

    /// <summary>Looks for what is to be cleaned.</summary>
    internal static CleanSurvey Look(
        PictureFolder folder,
        string cacheFor,
        BlemishSearch search,
        IModelSource models,
        IProgress<long> progress,
        JobProgress events,
        CancellationToken cancel
    )
    {
        using var texts = new TextDetection(models, cacheFor, search.Detector, search.DetectorSettings);
        var survey = CleanSurvey.Look(folder, search.Find, texts.Cache, texts.Find, progress, cancel);
        texts.Save(events);
        return survey;
    }

    private sealed class Change(CleanRequest request, IModelSource models, Inpainter? inpainter)
        : ChangeJob(request.Place)
    {
        protected override ChangePlan Plan(ChangeContext context)
        {
            CleanSurvey survey = Look(
                context.Folder,
                request.Place.Folders[0],
                request.Search,
                models,
                context.Progress,
                context.Events,
                context.Cancel
            );
            return request.How switch
            {
                Cleaning.Mark => CleanPlans.Mark(survey, request.MostShare),
                Cleaning.Blur => CleanPlans.Blur(context.Folder, survey, request.MostShare),
                _ => CleanPlans.Fill(context.Folder, survey, request.MostShare, inpainter!, context.Cancel),
            };
        }
    }
}
