using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models.Autoencoders;
using Forno.Pocket.Data;
using Forno.Pocket.Training;
using Forno.Torch;

namespace Forno.Tests.Pocket;

public sealed class JudgeTrainingTests(PocketTiny tiny) : IClassFixture<PocketTiny>
{
    private static readonly PocketTrainOptions Options = JudgeTraining.Defaults with
    {
        Steps = 20,
        Warmup = 5,
        Ema = 0.5,
        LearningRate = 3e-3,
    };

    [Fact]
    public void TheImageTowerLearnsAndTheTextTowerStays()
    {
        byte[] text = File.ReadAllBytes(tiny.Parts.Text),
            clip = File.ReadAllBytes(tiny.Parts.Clip);
        var kept = new Kept();
        JudgeTraining.Run(tiny.Fake.Data, tiny.Parts, tiny.Fake.Run("judge"), Options, kept.Tell);
        Assert.True(
            kept.All[^1].AverageLoss < kept.All[0].AverageLoss,
            $"{kept.All[0].AverageLoss} → {kept.All[^1].AverageLoss}"
        );
        Assert.Equal(text, File.ReadAllBytes(tiny.Parts.Text));
        Assert.Equal(clip, File.ReadAllBytes(tiny.Parts.Clip));

        using var scope = new Scope();
        string trained = tiny.Fake.Run($"judge/{ClipPairTraining.ClipFile}");
        using ITensorSource before = Checkpoint.Open(tiny.Parts.Clip),
            after = Checkpoint.Open(trained);
        Assert.Equal(before.Tensors.Keys.Order(), after.Tensors.Keys.Order());
        using PocketClip first = PocketClip.Load(tiny.Parts.Text, tiny.Parts.Clip),
            second = PocketClip.Load(tiny.Parts.Text, trained);
        int[] pictures = tiny.Fake.Data.Indices(PocketSplit.Training);
        Assert.True(Match(second, pictures) > Match(first, pictures));
    }

    [Fact]
    public void PicturesComeBackOnceForEachAutoencoder()
    {
        string folder = tiny.Fake.Run("returned");
        using (PocketData made = RoundTrip.Open(folder, tiny.Fake.Data, tiny.Parts.Vae))
        {
            int[] pictures = tiny.Fake.Data.Indices(PocketSplit.Training);
            Assert.Equal(pictures.Select(p => tiny.Fake.Data.Records[p].Icon), made.Records.Select(r => r.Icon));
            using var scope = new Scope();
            using Loaded<Vae> vae = PocketParts.Vae(tiny.Parts.Vae);
            Tensor wanted = RoundTrip.Of(vae.Part, PictureBatch.Whole(tiny.Fake.Data, pictures.AsSpan()[7..8]));
            Assert.True((PictureBatch.Whole(made, [7]) - wanted).Abs().Max().Item() <= 1.01 / 255);
        }

        DateTime old = new(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        string file = Path.Combine(folder, PocketData.PicturesFile);
        File.SetLastWriteTimeUtc(file, old);
        RoundTrip.Open(folder, tiny.Fake.Data, tiny.Parts.Vae).Dispose();
        Assert.Equal(old, File.GetLastWriteTimeUtc(file));
    }

    // Mean cosine of the pairs less that of all others.
    private double Match(PocketClip clip, int[] pictures)
    {
        using var scope = new Scope();
        Tensor texts = clip.Texts([.. pictures.Select(p => tiny.Fake.Data.Records[p].ShortCaption())]);
        Tensor all = texts.MatMul(clip.Pictures(tiny.Fake.Data, pictures).Transpose(0, 1));
        return (
            (all * Tensor.Eye(pictures.Length, DType.Float32, all.Device)).Sum() / pictures.Length - all.Mean()
        ).Item();
    }
}
