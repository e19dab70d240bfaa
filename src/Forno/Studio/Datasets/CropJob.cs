using Forno.Datasets.Crops;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>How large pictures are cut into shots.</summary>
/// <param name="Place">Where.</param>
/// <param name="Settings">Which shots, and of what.</param>
public sealed record CropRequest(ChangePlace Place, CropSettings Settings);

/// <summary>The shots are laid and nothing is written yet: the pictures are where they were.</summary>
/// <param name="Pictures">All pictures with their shots.</param>
public sealed record CropsLaid(IReadOnlyList<PictureCrops> Pictures) : JobEvent;

/// <summary>Cuts large pictures into several shots.</summary>
/// <param name="request">What is wanted.</param>
public sealed class CropJob(CropRequest request) : ChangeJob(request.Place)
{
    /// <inheritdoc/>
    protected override ChangePlan Plan(ChangeContext context)
    {
        (ChangePlan plan, IReadOnlyList<PictureCrops> pictures) = CropPlan.Make(
            context.Folder,
            request.Settings,
            context.Progress,
            context.Cancel
        );
        context.Events.Report(new CropsLaid(pictures));
        return plan;
    }
}
