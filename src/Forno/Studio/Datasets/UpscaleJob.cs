using Forno.Datasets.Edits;
using Forno.Vision.Upscaling;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>By what and to what size pictures are upscaled.</summary>
public sealed record Upscaling
{
    /// <summary>
    /// Models in the order of their use: files (.pth, .safetensors, ncnn .param) or names of
    /// <see cref="UpscaleModels.All"/>.
    /// </summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>To what size.</summary>
    public UpscaleTarget Target { get; init; } = new();

    /// <summary>How pictures are cut for the models.</summary>
    public TileSettings Tiles { get; init; } = new();
}

/// <summary>How a data set is upscaled.</summary>
/// <param name="Place">Where.</param>
/// <param name="How">By what and to what size.</param>
public sealed record UpscaleRequest(ChangePlace Place, Upscaling How);

/// <summary>Upscales the pictures of a data set; their masks grow with them.</summary>
/// <param name="request">What is wanted.</param>
/// <param name="models">Fetches models.</param>
public sealed class UpscaleJob(UpscaleRequest request, IModelSource models) : IJob<ChangeResult>
{
    /// <inheritdoc/>
    public ChangeResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        // The models are needed while the plan is done, not only while it is made.
        using var chain = new UpscaleChain(request.How.Models, request.How.Tiles, request.Place.DryRun, models);
        return new Change(request, chain).Run(progress, cancel);
    }

    private sealed class Change(UpscaleRequest request, UpscaleChain chain) : ChangeJob(request.Place)
    {
        protected override ChangePlan Plan(ChangeContext context) =>
            UpscalePlan.Make(
                context.Folder,
                request.How.Target,
                chain.Scale,
                picture => chain.Run(picture, null, context.Cancel),
                context.Progress,
                context.Cancel
            );
    }
}
