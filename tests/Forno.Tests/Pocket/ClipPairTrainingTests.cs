using System.Globalization;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Pocket.Data;
using Forno.Pocket.Training;
using Forno.Text;
using Forno.Torch;
using Forno.Training;

namespace Forno.Tests.Pocket;

public sealed class ClipPairTrainingTests : IDisposable
{
    internal static readonly ClipPairRecipe Tiny = new()
    {
        Text = new ClipTextConfig
        {
            Width = 32,
            Layers = 1,
            Heads = 2,
            MlpWidth = 64,
            ProjectionDim = 16,
        },
        Vision = new ClipVisionConfig
        {
            ImageSize = PocketData.Side,
            PatchSize = 32,
            Width = 32,
            Layers = 1,
            Heads = 2,
            MlpWidth = 64,
            ProjectionDim = 16,
        },
        Batch = 8,
        Twins = 3,
    };

    private readonly PocketFake fake = new();

    public void Dispose() => fake.Dispose();

    [Fact]
    public void CaptionsAndPicturesFindEachOther()
    {
        var kept = new Kept();
        ClipPairTraining.Run(fake.Data, fake.Run("a"), Options(120) with { LearningRate = 3e-3 }, Tiny, kept.Tell);
        Assert.Equal(120, kept.All[^1].Step);
        Assert.True(
            kept.All[^1].AverageLoss < 0.6 * kept.All[0].AverageLoss,
            $"loss {kept.All[0].AverageLoss} → {kept.All[^1].AverageLoss}"
        );
        Assert.StartsWith("top-1 ", kept.All[^1].Note);

        using var clip = PocketClip.Load(fake.Run("a/text.safetensors"), fake.Run("a/clip.safetensors"));
        using var scope = new Scope();
        int[] noto = fake.Data.Indices(PocketSplit.Training, "noto");
        Tensor texts = clip.Texts([.. noto.Select(i => fake.Data.Records[i].ShortCaption())]);
        double top1 = ClipPairTraining.Top1(texts.MatMul(clip.Pictures(fake.Data, noto).Transpose(0, 1)));
        Assert.True(top1 > 0.5, Invariant.Text($"{top1} of 7 concepts found"));
    }

    [Fact]
    public void AResumedTrainingEndsLikeAnUnbrokenOne()
    {
        ClipPairTraining.Run(fake.Data, fake.Run("whole"), Options(16), Tiny);
        using var stop = new CancellationTokenSource();
        ClipPairTraining.Run(fake.Data, fake.Run("parts"), Options(16), Tiny, StopAt.Step(10, stop), stop.Token);
        Assert.Equal(10, TrainState.Read(fake.Run("parts")).Position.Step);

        ClipPairTraining.Run(fake.Data, fake.Run("parts"), Options(16), Tiny);
        foreach (string file in (string[])[ClipPairTraining.TextFile, ClipPairTraining.ClipFile, "state.safetensors"])
        {
            Assert.True(
                File.ReadAllBytes(fake.Run($"whole/{file}"))
                    .AsSpan()
                    .SequenceEqual(File.ReadAllBytes(fake.Run($"parts/{file}"))),
                file
            );
        }
    }

    [Fact]
    public void TheTextTowerHasTheSingleFilesKeysAndTheWholeVocabulary()
    {
        ClipPairTraining.Run(fake.Data, fake.Run("a"), Options(1), Tiny);
        using ITensorSource text = Checkpoint.Open(fake.Run("a/text.safetensors"));
        Assert.Equal(
            [ClipTokenizer.VocabularySize, 32],
            text.Tensors[$"{PocketParts.TextPath}.text_model.embeddings.token_embedding.weight"].Shape
        );
        Assert.All(text.Tensors.Values, t => Assert.Equal(ElementType.F16, t.Type));
        Assert.Equal("2", text.Metadata[ClipTextConfig.HeadsKey]);
        Assert.Equal(ModelFamily.Sd15, ModelFamily.Detect(text));
        using ITensorSource clip = Checkpoint.Open(fake.Run("a/clip.safetensors"));
        Assert.Superset(
            new HashSet<string> { "logit_scale", "text_projection.weight", "visual_projection.weight" },
            clip.Tensors.Keys.ToHashSet()
        );
        Assert.DoesNotContain(clip.Tensors.Keys, k => k.StartsWith("cond_stage_model", StringComparison.Ordinal));
    }

    [Fact]
    public void SmallAndWholeTableAgree()
    {
        using var scope = new Scope();
        var vocabulary = new CaptionVocabulary(fake.Data, fake.Data.Indices(PocketSplit.Training));
        using Generator random = Rng.For(1, "table");
        Tensor table = random.Randn(vocabulary.Count, 4);
        Tensor whole = vocabulary.Expand(table, 1);
        string[] captions = ["red heart, noto style", fake.Data.Records[3].FullCaption()];
        Tensor small = Ops.Embedding(table, vocabulary.Encode(captions));
        Assert.True(small.Size(1) < 30);
        int length = (int)small.Size(1);
        long[] ids =
        [
            .. captions
                .SelectMany(c => ClipTokenizer.Default.EncodePadded(c, ClipTokenizer.EndOfText, length))
                .Select(i => (long)i),
        ];
        Assert.Equal(0, (Ops.Embedding(whole, Tensor.From(ids, 2, length)) - small).Abs().Max().Item());
    }

    [Fact]
    public void BatchesHoldDifferentConceptsAndTheirTwins()
    {
        var batches = new ClipBatches(fake.Data, fake.Data.Indices(PocketSplit.Training));
        for (int seed = 0; seed < 50; seed++)
        {
            int[] batch = batches.Draw(8, 3, new Random(seed));
            Assert.Equal(8, batch.Length);
            Assert.Equal(5, batch.Select(i => fake.Data.Records[i].Concept).Distinct().Count());
            Assert.Equal(
                8,
                batch.Select(i => (fake.Data.Records[i].Concept, fake.Data.Records[i].Set)).Distinct().Count()
            );
            Assert.All(batch, i => Assert.Equal(PocketSplit.Training, fake.Data.Records[i].Split));
        }

        Assert.Equal(35, batches.Draw(500, 400, new Random(1)).Length);
    }

    internal static PocketTrainOptions Options(int steps) =>
        ClipPairTraining.Defaults with
        {
            Steps = steps,
            Warmup = 5,
            Ema = 0.9,
        };
}
