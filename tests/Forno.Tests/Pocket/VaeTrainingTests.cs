using Forno.Pocket.Data;
using Forno.Pocket.Training;
using Forno.Torch;
using Forno.Training;
using Forno.Training.Logs;

namespace Forno.Tests.Pocket;

public sealed class VaeTrainingTests : IDisposable
{
    private readonly PocketFake fake = new();

    private static PocketTrainOptions Options => VaeTraining.Defaults with { Steps = 4, Warmup = 2 };

    public void Dispose() => fake.Dispose();

    [Fact]
    public void AResumedTrainingEndsLikeAnUnbrokenOneAndCanBeMadeLonger()
    {
        VaeTraining.Run(fake.Data, fake.Run("whole"), Options);
        using var stop = new CancellationTokenSource();
        var kept = new Kept();
        VaeTraining.Run(fake.Data, fake.Run("parts"), Options, StopAt.Step(2, stop), stop.Token);
        VaeTraining.Run(fake.Data, fake.Run("parts"), Options, kept.Tell);
        Assert.Equal([3, 4], kept.All.Select(s => s.Step));
        foreach (string file in (string[])[VaeTraining.VaeFile, TrainState.FileName])
        {
            Assert.Equal(File.ReadAllBytes(fake.Run($"whole/{file}")), File.ReadAllBytes(fake.Run($"parts/{file}")));
        }
        PocketParts.Vae(fake.Run($"parts/{VaeTraining.VaeFile}")).Dispose();
        VaeTraining.Run(fake.Data, fake.Run("parts"), Options with { Steps = 5 }, kept.Tell);
        Assert.Equal([3, 4, 5], kept.All.Select(s => s.Step));
        Assert.Equal((1, 5), (TrainState.Read(fake.Run("parts")).Position.Epoch, kept.All[^1].Step));
    }

    [Fact]
    public void AStateOfAnotherTrainingIsRefusedAndKept()
    {
        VaeTraining.Run(fake.Data, fake.Run("a"), Options with { Steps = 1 });
        byte[] state = File.ReadAllBytes(fake.Run("a/state.safetensors"));
        Assert.Contains(
            "other settings",
            Assert
                .Throws<FornoException>(() => VaeTraining.Run(fake.Data, fake.Run("a"), Options with { Seed = 2 }))
                .Message
        );
        Assert.Equal(state, File.ReadAllBytes(fake.Run("a/state.safetensors")));
    }
}
