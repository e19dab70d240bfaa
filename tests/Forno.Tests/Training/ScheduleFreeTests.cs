using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Torch;
using Forno.Training;

namespace Forno.Tests.Training;

/// <summary>Optimizers that average their weights: files hold the averages, states the values in training.</summary>
public class ScheduleFreeTests
{
    [Theory]
    [InlineData("AdamWScheduleFree", true)]
    [InlineData("AdamW", false)]
    public void FilesHoldTheAverages(string optimizer, bool averages)
    {
        using var scope = new Scope();
        using var run = new TrainRun($"optimizer_type = \"{optimizer}\"");
        run.Train(stopAfter: 4);
        using ITensorSource file = Checkpoint.Open(Path.Combine(run.Output, "thing-step00000004.safetensors")),
            state = Checkpoint.Open(Path.Combine(run.Output, "thing-step00000004-state", TrainState.FileName));
        bool differs = false;
        foreach (string name in file.Tensors.Keys.Where(n => !n.EndsWith(".alpha", StringComparison.Ordinal)))
        {
            using var each = new Scope();
            Tensor saved = file.Load(name).To(DType.Float32),
                trained = state.Load("adapter." + name);
            // x = y + (1 − 1/β₁)(z − y)
            Tensor want = averages
                ? trained + ((state.Load($"optimizer.{name}.z") - trained) * (1 - (1 / 0.9)))
                : trained;
            Assert.InRange((saved - want).Abs().Max().Item(), 0, 1e-7);
            differs |= (saved - trained).Abs().Max().Item() > 1e-6;
        }
        Assert.Equal(averages, differs);
    }

    [Fact]
    public void StoppedAndResumedRunsEndBitForBitAlike()
    {
        const string Options = "optimizer_type = \"schedulefree.AdamWScheduleFree\"";
        using var whole = new TrainRun(Options);
        whole.Train();
        using var broken = new TrainRun(Options);
        Assert.False(broken.Train(stopAfter: 3).Completed);
        string state = Assert.Single(Directory.GetDirectories(broken.Output, "*step00000003-state"));
        Assert.True(broken.Train(resume: state).Completed);
        TrainerTests.AssertSameTensors(whole.Adapter, broken.Adapter);
    }
}
