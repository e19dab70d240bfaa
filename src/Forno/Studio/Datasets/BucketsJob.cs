using System.Text.Json.Serialization;
using Forno.Data;
using Forno.Datasets.Checks;
using Forno.Imaging;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>Which pictures are sorted into which buckets.</summary>
/// <param name="Folders">Folders of pictures; nothing in them is changed.</param>
/// <param name="Rules">How the trainer sorts.</param>
public sealed record BucketsRequest(IReadOnlyList<string> Folders, BucketRules Rules);

/// <summary>Which size each picture is trained at.</summary>
/// <param name="Rules">How the trainer sorts.</param>
public sealed record BucketsResult([property: JsonIgnore] BucketRules Rules)
{
    /// <summary>The training resolution, <c>512x512</c>.</summary>
    public string Resolution => Rules.Resolution.ToString();

    /// <summary>The buckets in use, ascending.</summary>
    public required IReadOnlyList<UsedBucket> Buckets { get; init; }

    /// <summary>Files that could not be read, and why.</summary>
    public required IReadOnlyList<Problem> Problems { get; init; }

    /// <summary>All pictures that could be read, bucket by bucket.</summary>
    [JsonIgnore]
    public IReadOnlyList<(PictureItem Item, BucketFit Fit)> Placed =>
        [.. Buckets.SelectMany(b => b.Pictures.Select(p => (p.Item, p.Fit)))];
}

/// <summary>A bucket with its pictures.</summary>
/// <param name="Width">Pixels across.</param>
/// <param name="Height">Pixels down.</param>
/// <param name="Pictures">Its pictures.</param>
public sealed record UsedBucket(int Width, int Height, IReadOnlyList<BucketedPicture> Pictures)
{
    /// <summary>How many pictures it has.</summary>
    [JsonPropertyOrder(-1)]
    public int Count => Pictures.Count;

    /// <summary>How many image steps an epoch has of it.</summary>
    [JsonPropertyOrder(-1)]
    public int Repeats => Pictures.Sum(p => p.Item.Repeats ?? 1);

    /// <summary>Whether it has one picture only.</summary>
    [JsonPropertyOrder(-1)]
    public bool Alone => Pictures.Count == 1;
}

/// <summary>A picture in its bucket.</summary>
/// <param name="Item">The picture.</param>
/// <param name="Fit">How it is fitted.</param>
public sealed record BucketedPicture([property: JsonIgnore] PictureItem Item, [property: JsonIgnore] BucketFit Fit)
{
    /// <summary>Its path within the data set.</summary>
    public string Path => Item.Path;

    /// <summary>Its own size.</summary>
    public Size Original => Fit.Original;

    /// <summary>Its size after resizing, before what reaches over the bucket is cut off.</summary>
    public Size Resized => Fit.Resized;

    /// <summary>How much it is enlarged (above 1) or made smaller.</summary>
    public double Scale => Math.Round(PictureCheck.Scale(Fit), 4);

    /// <summary>Columns that are cut off on the left.</summary>
    public int CropLeft => Fit.CropLeft;

    /// <summary>Rows that are cut off at the top.</summary>
    public int CropTop => Fit.CropTop;

    /// <summary>The share of it that is cut off, 0 to 1.</summary>
    public double Cropped => Math.Round(PictureCheck.CroppedShare(Fit), 4);
}

/// <summary>Looks which size each picture is trained at, and what of it is lost.</summary>
/// <param name="request">What is wanted.</param>
public sealed class BucketsJob(BucketsRequest request) : IJob<BucketsResult>
{
    /// <inheritdoc/>
    public BucketsResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        var events = new JobProgress(progress);
        Changes.SayUnfinished(events, request.Folders);
        var folder = PictureFolder.Scan(request.Folders);
        var buckets = new Buckets(request.Rules);
        var (fits, problems) = events.Count(
            "look",
            folder.Pictures.Count,
            "pictures",
            looked => ChangePlan.ForEach(folder.Pictures, item => Fit(item, buckets), looked, cancel)
        );
        BucketedPicture[] placed = [.. fits.OfType<BucketedPicture>()];
        return new BucketsResult(request.Rules)
        {
            Buckets =
            [
                .. placed
                    .GroupBy(p => p.Fit.Bucket)
                    .OrderBy(g => g.Key)
                    .Select(g => new UsedBucket(g.Key.Width, g.Key.Height, [.. g])),
            ],
            Problems = [.. folder.Problems, .. problems],
        };
    }

    private static BucketedPicture Fit(PictureItem item, Buckets buckets)
    {
        var file = PictureFile.Inspect(item.File);
        return new BucketedPicture(item, buckets.Fit(new Size(file.Width, file.Height)));
    }
}
