using Forno.Models.Autoencoders;
using Forno.Models.Clip;
using Forno.Pocket.Data;
using Forno.Pocket.Training;
using Forno.Text;
using Forno.Torch;

namespace Forno.Tests.Pocket;

public sealed class UNetTrainingTests(PocketTiny tiny) : IClassFixture<PocketTiny>
{
    [Fact]
    public void TheLossFalls()
    {
        Assert.Equal(100, tiny.First.All[^1].Step);
        Assert.True(
            tiny.First.All[^1].AverageLoss < 0.8 * tiny.First.All[0].AverageLoss,
            $"{tiny.First.All[0].AverageLoss} → {tiny.First.All[^1].AverageLoss}"
        );
    }

    [Fact]
    public void AResumedTrainingEndsLikeAnUnbrokenOne()
    {
        tiny.Train("whole", 16);
        using var stop = new CancellationTokenSource();
        tiny.Train("parts", 16, StopAt.Step(10, stop), stop.Token);
        Assert.False(
            File.ReadAllBytes(tiny.Fake.Run("whole/unet.safetensors"))
                .SequenceEqual(File.ReadAllBytes(tiny.Fake.Run("parts/unet.safetensors")))
        );
        tiny.Train("parts", 16);
        foreach (string file in (string[])["unet.safetensors", "state.safetensors"])
        {
            Assert.True(
                File.ReadAllBytes(tiny.Fake.Run($"whole/{file}"))
                    .SequenceEqual(File.ReadAllBytes(tiny.Fake.Run($"parts/{file}"))),
                file
            );
        }
    }

    [Fact]
    public void InputsAreWhatThePartsCompute()
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        int[] pictures = tiny.Fake.Data.Indices(PocketSplit.Training, "noto", "twemoji");
        using UNetData inputs = Open(pictures);
        using Loaded<Vae> vae = PocketParts.Vae(tiny.Parts.Vae);
        Assert.Equal(pictures.Length, inputs.Count);
        Tensor latents = vae.Part.Encode(PictureBatch.Whole(tiny.Fake.Data, pictures.AsSpan()[9..10]));
        Assert.True((inputs.Latents.Slice(0, 9, 10) - latents).Abs().Max().Item() < 1e-4);

        using Loaded<TextConditioning> text = PocketParts.Text(tiny.Parts.Text);
        Tensor Encode(string caption) =>
            text
                .Part.Encode([
                    Tensor.From<long>(
                        [.. ClipTokenizer.Default.EncodePadded(caption, ClipTokenizer.EndOfText).Select(i => (long)i)],
                        1,
                        77
                    ),
                ])
                .Context;
        Tensor got = inputs.Contexts([-1, 9], new Random(1));
        Assert.True((got.Slice(0, 0, 1) - Encode("")).Abs().Max().Item() < 2e-3);
        PocketRecord record = tiny.Fake.Data.Records[pictures[9]];
        Assert.Contains(
            new[] { record.ShortCaption(), record.DrawCaption(1, 1, pictures[9]) },
            caption => (got.Slice(0, 1, 2) - Encode(caption)).Abs().Max().Item() < 2e-3
        );
    }

    [Fact]
    public void InputsAreKeptUntilSomethingChanges()
    {
        int[] pictures = tiny.Fake.Data.Indices(PocketSplit.Training, "noto");
        Open(pictures, "kept.safetensors").Dispose();
        DateTime made = new(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(tiny.Fake.Run("kept.safetensors"), made);
        Open(pictures, "kept.safetensors").Dispose();
        Assert.Equal(made, File.GetLastWriteTimeUtc(tiny.Fake.Run("kept.safetensors")));
        Open(pictures[1..], "kept.safetensors").Dispose();
        Assert.NotEqual(made, File.GetLastWriteTimeUtc(tiny.Fake.Run("kept.safetensors")));
    }

    [Fact]
    public void MissingPartsAndPicturesAreNamed()
    {
        Assert.Contains(
            "forno pocket train vae",
            Assert.Throws<FornoException>(() => PocketParts.Vae(tiny.Fake.Run("none"))).Message
        );
        Assert.Contains(
            "forno pocket train clip",
            Assert.Throws<FornoException>(() => PocketParts.Text(tiny.Parts.Vae)).Message
        );
        Assert.Contains("no pictures", Assert.Throws<FornoException>(() => Open([])).Message);
    }

    [Fact]
    public void ReducedSetsBeginWithThePromptsConcepts()
    {
        var recipe = new UNetRecipe { Concepts = 3, Styles = ["noto", "emojione"] };
        PocketRecord[] records = [.. recipe.Pictures(tiny.Fake.Data).Select(i => tiny.Fake.Data.Records[i])];
        Assert.Equal(["cat face", "green apple", "red heart"], records.Select(r => r.Name).Distinct().Order());
        Assert.Equal(["emojione", "noto"], records.Select(r => r.Set).Distinct().Order());
        Assert.Equal(35, new UNetRecipe().Pictures(tiny.Fake.Data).Length);
    }

    private UNetData Open(int[] pictures, string file = "inputs.safetensors") =>
        UNetData.Open(tiny.Fake.Run(file), tiny.Fake.Data, pictures, 2, tiny.Parts.Vae, tiny.Parts.Text);
}
