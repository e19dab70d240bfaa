using Forno.Data;
using Forno.Imaging;

namespace Forno.Tests.Data;

public class EpochPlanTests
{
    private static readonly StepCounts Steps = new()
    {
        BatchesPerEpoch = 10,
        Accumulation = 2,
        TotalSteps = 50,
    };

    [Fact]
    public void EveryDrawIsPlannedOnceInBatchesOfOneBucket()
    {
        var data = Make(batch: 4);
        var plan = EpochPlan.Build([data], 7, 1, Steps);
        Assert.Equal(data.BatchesPerEpoch, plan.Batches.Count);
        Assert.All(plan.Batches, b => Assert.All(b.Examples, e => Assert.Equal(b.Size, e.Item.Fit.Bucket)));
        Assert.All(plan.Batches, b => Assert.InRange(b.Examples.Count, 1, 4));
        var draws = plan.Batches.SelectMany(b => b.Examples).ToArray();
        Assert.Equal(Enumerable.Range(0, draws.Length).Select(i => (long)i), draws.Select(e => e.Draw).Order());
        foreach (var item in data.Items)
        {
            Assert.Equal(item.Repeats, draws.Count(e => e.Item == item));
        }

        // a bucket's tail is one short batch, not dropped and not padded
        Assert.All(plan.Batches.GroupBy(b => b.Size), g => Assert.True(g.Count(b => b.Examples.Count < 4) <= 1));
    }

    [Fact]
    public void ChoicesDependOnSeedAndEpochOnly()
    {
        var one = Draws(Make(batch: 1), 7, 1);
        Assert.Equal(one, Draws(Make(batch: 1), 7, 1));
        Assert.Equal(one.OrderBy(d => d.Draw), Draws(Make(batch: 5), 7, 1).OrderBy(d => d.Draw));
        Assert.NotEqual(one.OrderBy(d => d.Draw), Draws(Make(batch: 1), 8, 1).OrderBy(d => d.Draw));
        Assert.NotEqual(one.OrderBy(d => d.Draw), Draws(Make(batch: 1), 7, 2).OrderBy(d => d.Draw));
        Assert.NotEqual(one.Select(d => d.Draw), Draws(Make(batch: 1), 7, 2).Select(d => d.Draw));
    }

    [Fact]
    public void FlipsAreHalfAndCropsStayInside()
    {
        var examples = Enumerable.Range(0, 400).Select(i => new Example($"{i}", "a", new Size(700, 500))).ToArray();
        var settings = Settings(4) with
        {
            Subsets =
            [
                new Subset
                {
                    ImageDir = "",
                    FlipAug = true,
                    RandomCrop = true,
                },
            ],
        };
        var draws = EpochPlan
            .Build([new Dataset(settings, [examples])], 1, 1, Steps)
            .Batches.SelectMany(b => b.Examples)
            .ToArray();
        Assert.InRange(draws.Count(d => d.Flip), 160, 240); // 4 sigma
        Assert.All(draws, d => Assert.InRange(d.CropLeft, 0, d.Item.Fit.Resized.Width - d.Item.Fit.Bucket.Width));
        Assert.All(draws, d => Assert.InRange(d.CropTop, 0, d.Item.Fit.Resized.Height - d.Item.Fit.Bucket.Height));
        Assert.True(draws.Select(d => (d.CropLeft, d.CropTop)).Distinct().Count() > 3);
    }

    [Fact]
    public void RegularisationPicturesMatchTheTrainingPicturesAndHaveTheirOwnWeight()
    {
        var settings = Settings(2) with
        {
            PriorLossWeight = 0.5,
            Subsets =
            [
                new Subset { ImageDir = "t", NumRepeats = 5 },
                new Subset
                {
                    ImageDir = "r",
                    IsReg = true,
                    NumRepeats = 2,
                },
            ],
        };
        Example[] Some(int n) => [.. Enumerable.Range(0, n).Select(i => new Example($"{i}", "", new Size(64, 64)))];
        var data = new Dataset(settings, [Some(3), Some(4)]);
        // 8 in round one, then one more each until 15
        Assert.Equal([5, 5, 5, 4, 4, 4, 3], data.Items.Select(i => i.Repeats));
        Assert.Equal([1, 0.5], data.Items.Select(i => i.LossWeight).Distinct());
        Assert.Equal((15, 8), (data.TrainImages, data.RegImages));
        Assert.Equal(30, data.Buckets.Sum(b => b.Count));
    }

    [Fact]
    public void StepsDivideByBatchAndAccumulation()
    {
        var steps = StepCounts.For(batchesPerEpoch: 7, accumulation: 3, maxTrainSteps: 1600, maxTrainEpochs: 4);
        Assert.Equal((3, 12, 4), (steps.StepsPerEpoch, (int)steps.TotalSteps, steps.Epochs));
        Assert.Throws<FornoException>(() => StepCounts.For(0, 1, 10, null));
    }

    [Fact]
    public void BadBucketsAndTinyPicturesAreRefusedByName()
    {
        var settings = new DatasetSettings
        {
            Buckets = new BucketRules
            {
                Resolution = new(512, 512),
                Enabled = true,
                NoUpscale = true,
            },
            Subsets = [new Subset { ImageDir = "" }],
        };
        var error = Assert.Throws<FornoException>(() =>
            new Dataset(
                settings,
                [
                    [new Example("small.png", "", new(40, 300))],
                ]
            )
        );
        Assert.Contains("small.png", error.Message);
        Assert.Throws<FornoException>(() => new BucketRules { Resolution = new(512, 200), Enabled = true }.Check());
        Assert.Throws<FornoException>(() => new BucketRules { Resolution = new(2000, 512), Enabled = true }.Check());
    }

    private static DatasetSettings Settings(int batch) =>
        new()
        {
            Buckets = new BucketRules
            {
                Resolution = new(128, 128),
                Enabled = true,
                MinReso = 64,
                MaxReso = 256,
                Steps = 32,
            },
            BatchSize = batch,
            Subsets =
            [
                new Subset
                {
                    ImageDir = "",
                    NumRepeats = 3,
                    FlipAug = true,
                    Captions = new() { Shuffle = true, TagDropoutRate = 0.2 },
                },
            ],
        };

    private static Dataset Make(int batch) =>
        new(
            Settings(batch),
            [
                [
                    .. Enumerable
                        .Range(0, 13)
                        .Select(i => new Example($"{i}.png", "a, b, c, d, e", new Size(100 + (i * 13), 150))),
                ],
            ]
        );

    private static (long Draw, bool Flip, string Caption)[] Draws(Dataset data, ulong seed, int epoch) =>
        [
            .. EpochPlan
                .Build([data], seed, epoch, Steps)
                .Batches.SelectMany(b => b.Examples)
                .Select(e => (e.Draw, e.Flip, e.Caption)),
        ];
}
