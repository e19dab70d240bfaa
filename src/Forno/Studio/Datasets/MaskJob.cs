using Forno.Datasets.Masks;
using Forno.Vision.Masking;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>Masks the subject of each picture; bad masks are named and set apart.</summary>
/// <param name="request">What is wanted.</param>
/// <param name="models">Fetches models.</param>
public sealed class MaskJob(MaskRequest request, IModelSource models) : ChangeJob(request.Place)
{
    private IReadOnlyList<JudgedMask> masks = [];

    /// <inheritdoc/>
    protected override ChangePlan Plan(ChangeContext context)
    {
        bool fromMasks = request.Source is MaskSource.Masks;
        (IReadOnlyList<PictureItem> wanted, int had, IReadOnlyList<Problem> problems) = fromMasks
            ? (MaskPlan.Masked(context.Folder), 0, [])
            : MaskPlan.Choose(context.Folder, request.Replace);
        (masks, IReadOnlyList<Problem> failed) = wanted.Count == 0 ? ([], []) : Make(context, wanted);
        context.Events.Report(new MasksJudged(masks, had));
        return MaskPlan.Make(
            context.Folder,
            masks,
            request.KeepBad,
            [.. problems, .. failed],
            write: !fromMasks || request.Finish != new MaskFinish()
        );
    }

    /// <inheritdoc/>
    protected override ChangeResult Complete(ChangeResult result) =>
        result with
        {
            Masks = [.. masks.Select(MaskRow.Of)],
        };

    private (IReadOnlyList<JudgedMask> Masks, IReadOnlyList<Problem> Problems) Make(
        ChangeContext context,
        IReadOnlyList<PictureItem> wanted
    )
    {
        var rules = new MaskRules();
        using MaskNetwork? network = request.Source is MaskSource.Network named
            ? MaskNetwork.Load(
                MaskModels.Find(named.Name, named.LicenceAccepted, models, context.Events),
                named.Options
            )
            : null;
        return context.Events.Count(
            "mask",
            wanted.Count,
            "pictures",
            progress =>
                network is not null
                    ? MaskMaker.ByNetwork(wanted, network, request.Finish, rules, progress, context.Cancel)
                : request.Source is MaskSource.Masks
                    ? MaskMaker.ByMasks(wanted, request.Finish, rules, progress, context.Cancel)
                : MaskMaker.ByAlpha(wanted, request.Finish, rules, progress, context.Cancel)
        );
    }
}
