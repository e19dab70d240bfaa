using Forno.Imaging;

namespace Forno.Data;

/// <summary>One draw of a picture: everything random about it is already decided.</summary>
public sealed record PlannedExample
{
    /// <summary>The picture.</summary>
    public required DatasetItem Item { get; init; }

    /// <summary>
    /// Number of the draw within the epoch, the same whatever the batch size; keys noise and timestep.
    /// </summary>
    public required long Draw { get; init; }

    /// <summary>Whether the picture is mirrored, after the crop.</summary>
    public required bool Flip { get; init; }

    /// <summary>Left edge of the crop within the resized picture.</summary>
    public required int CropLeft { get; init; }

    /// <summary>Top edge of the crop within the resized picture.</summary>
    public required int CropTop { get; init; }

    /// <summary>The caption of this draw.</summary>
    public required string Caption { get; init; }
}

/// <summary>Pictures of one bucket that are trained together.</summary>
/// <param name="DatasetIndex">The data set they come from.</param>
/// <param name="Size">The bucket.</param>
/// <param name="Examples">At most the data set's batch size; fewer at the tail of a bucket.</param>
public sealed record PlannedBatch(int DatasetIndex, Size Size, IReadOnlyList<PlannedExample> Examples);

/// <summary>
/// An epoch, decided in advance: a pure function of data, seed and epoch. Each choice has a random stream of its own,
/// so a picture's flip, crop and caption do not depend on the batch size or on what came before.
/// </summary>
public sealed class EpochPlan
{
    private EpochPlan(int epoch, IReadOnlyList<PlannedBatch> batches) => (Epoch, Batches) = (epoch, batches);

    /// <summary>The epoch, counted from 1.</summary>
    public int Epoch { get; }

    /// <summary>The batches in the order of training.</summary>
    public IReadOnlyList<PlannedBatch> Batches { get; }

    /// <summary>
    /// Plans an epoch: pictures are shuffled within their buckets, cut into batches, and the batches shuffled.
    /// </summary>
    /// <param name="datasets">The data sets; their batches are mixed.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">The epoch, counted from 1.</param>
    /// <param name="steps">The run's step counts; only the growing number of tags (<c>token_warmup_step</c>) looks at
    /// them.</param>
    public static EpochPlan Build(IReadOnlyList<Dataset> datasets, ulong seed, int epoch, StepCounts steps)
    {
        var cut = new List<(int Dataset, Size Size, (DatasetItem Item, long Draw)[] Draws)>();
        long draw = 0L;
        for (int d = 0; d < datasets.Count; d++)
        {
            var buckets = new SortedDictionary<Size, List<(DatasetItem, long)>>();
            foreach (var item in datasets[d].Items)
            {
                for (int repeat = 0; repeat < item.Repeats; repeat++)
                {
                    if (!buckets.TryGetValue(item.Fit.Bucket, out var bucket))
                    {
                        buckets[item.Fit.Bucket] = bucket = [];
                    }

                    bucket.Add((item, draw++));
                }
            }

            foreach (var (size, bucket) in buckets)
            {
                KeyedRandom
                    .For(seed, "bucket order", epoch, ((long)d << 48) | ((long)size.Width << 24) | (long)size.Height)
                    .Shuffle(bucket);
                cut.AddRange(bucket.Chunk(datasets[d].Settings.BatchSize).Select(draws => (d, size, draws)));
            }
        }

        KeyedRandom.For(seed, "batch order", epoch).Shuffle(cut);
        var batches = cut.Select(
            (batch, index) =>
                new PlannedBatch(
                    batch.Dataset,
                    batch.Size,
                    [
                        .. batch.Draws.Select(drawn =>
                            Decide(
                                drawn.Item,
                                drawn.Draw,
                                seed,
                                new CaptionState(
                                    epoch,
                                    steps.FirstStep(epoch) + (index / steps.Accumulation),
                                    steps.TotalSteps
                                )
                            )
                        ),
                    ]
                )
        );
        return new EpochPlan(epoch, [.. batches]);
    }

    private static PlannedExample Decide(DatasetItem item, long draw, ulong seed, CaptionState state)
    {
        var (fit, subset) = (item.Fit, item.Subset);
        var (left, top) = (fit.CropLeft, fit.CropTop);
        if (subset.RandomCrop)
        {
            var place = KeyedRandom.For(seed, "crop", state.Epoch, draw);
            left = place.Below(Math.Max(0, fit.Resized.Width - fit.Bucket.Width) + 1);
            top = place.Below(Math.Max(0, fit.Resized.Height - fit.Bucket.Height) + 1);
        }

        return new PlannedExample
        {
            Item = item,
            Draw = draw,
            Flip = subset.FlipAug && KeyedRandom.For(seed, "flip", state.Epoch, draw).Below(2) == 1,
            CropLeft = left,
            CropTop = top,
            Caption = Caption.Process(
                item.Example.Caption,
                subset.Captions,
                state,
                KeyedRandom.For(seed, "caption", state.Epoch, draw)
            ),
        };
    }
}
