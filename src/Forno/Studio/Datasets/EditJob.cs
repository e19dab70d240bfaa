using Forno.Data;
using Forno.Datasets.Edits;
using Forno.Imaging;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>An edit of each picture by itself.</summary>
public abstract record DatasetEdit
{
    /// <summary>Cuts borders of one colour off.</summary>
    /// <param name="Fuzz">How far a border's pixels may lie from its colour, in percent.</param>
    public sealed record Trim(double Fuzz = 20) : DatasetEdit;

    /// <summary>Lays transparent pictures on a colour.</summary>
    /// <param name="Behind">The colour.</param>
    public sealed record Flatten(Rgb Behind) : DatasetEdit;

    /// <summary>Pads pictures to squares; masks get black there.</summary>
    /// <param name="Added">The colour of what is added.</param>
    public sealed record Square(Rgb Added) : DatasetEdit;

    /// <summary>Stores pictures in another format.</summary>
    /// <param name="Format">png, jpg or webp.</param>
    /// <param name="Quality">1–100, or null for the format's usual one.</param>
    public sealed record Convert(string Format, int? Quality = null) : DatasetEdit;

    /// <summary>Scales pictures to their buckets.</summary>
    /// <param name="Rules">The buckets.</param>
    /// <param name="Upscale">Whether smaller pictures are enlarged.</param>
    /// <param name="Crop">Whether what reaches over the bucket is cut off.</param>
    public sealed record Resize(BucketRules Rules, bool Upscale = false, bool Crop = false) : DatasetEdit;
}

/// <summary>An edit of a data set's pictures.</summary>
/// <param name="Place">Where.</param>
/// <param name="Edit">What is done with each picture.</param>
public sealed record EditRequest(ChangePlace Place, DatasetEdit Edit);

/// <summary>Trims, flattens, squares, converts or resizes pictures.</summary>
/// <param name="request">What is wanted.</param>
public sealed class EditJob(EditRequest request) : ChangeJob(request.Place)
{
    /// <inheritdoc/>
    protected override ChangePlan Plan(ChangeContext context)
    {
        (PictureFolder folder, IProgress<long> progress, _, CancellationToken cancel) = context;
        return request.Edit switch
        {
            DatasetEdit.Trim e => EditPlans.Trim(folder, e.Fuzz, progress, cancel),
            DatasetEdit.Flatten e => EditPlans.Flatten(folder, e.Behind, progress, cancel),
            DatasetEdit.Square e => EditPlans.Square(folder, e.Added, progress, cancel),
            DatasetEdit.Convert e => EditPlans.Convert(folder, e.Format, e.Quality, progress, cancel),
            DatasetEdit.Resize e => EditPlans.Resize(folder, e.Rules, e.Upscale, e.Crop, progress, cancel),
            _ => throw new InvalidOperationException($"{request.Edit.GetType()} is new here"),
        };
    }
}
