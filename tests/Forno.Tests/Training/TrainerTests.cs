using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Torch;
using Forno.Training;
using Forno.Training.Logs;

namespace Forno.Tests.Training;

[Collection(Alone.Name)]
public class TrainerTests
{
    [Fact]
    public void TrainsSavesAndReadsItsAdapterBack()
    {
        using var run = new TrainRun();
        var events = new List<TrainEvent>();
        TrainResult result = run.Train(events: events);
        Assert.True(result.Completed);
        Assert.True(result.Check!.Good, $"{result.Check.Change} {string.Join(", ", result.Check.Unplaced)}");
        Assert.Equal(run.Adapter, result.File);
        TrainEvent.Stepped[] steps = [.. events.OfType<TrainEvent.Stepped>()];
        // 5 pictures twice in two buckets of 6 and 4, batches of 2: 5 batches an epoch.
        Assert.Equal(15, steps.Length);
        Assert.Equal(15, result.Step);
        Assert.All(steps, s => Assert.True(double.IsFinite(s.Loss) && s.Loss > 0));
        using ITensorSource file = Checkpoint.Open(run.Adapter);
        Assert.Equal("15", file.Metadata["ss_steps"]);
        Assert.Contains(file.Tensors.Keys, k => k.StartsWith("lora_te_", StringComparison.Ordinal));
        Assert.Contains(file.Tensors.Keys, k => k.StartsWith("lora_unet_", StringComparison.Ordinal));
    }

    [Fact]
    public void LossFallsOnAPictureLearntByHeart()
    {
        using var run = new TrainRun("min_snr_gamma = 5", pictures: 1);
        string config = File.ReadAllText(run.ConfigPath)
            .Replace("max_train_epochs = 3", "max_train_epochs = 60")
            .Replace("learning_rate = 1e-3", "learning_rate = 1e-2")
            .Replace("network_dim = 2", "network_dim = 8")
            .Replace("save_every_n_steps = 2", "");
        File.WriteAllText(run.ConfigPath, config);
        var events = new List<TrainEvent>();
        run.Train(events: events);
        double[] losses = [.. events.OfType<TrainEvent.Stepped>().Select(s => s.Loss)];
        Assert.True(
            losses[^20..].Average() < losses[..20].Average(),
            $"{losses[..20].Average()} → {losses[^20..].Average()}"
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("optimizer_type = \"Prodigy\"\nnetwork_dropout = 0.2\ngradient_accumulation_steps = 2")]
    [InlineData("cache_latents = true\ngradient_checkpointing = true\nlr_scheduler = \"cosine\"")]
    public void StoppedAndResumedRunsEndBitForBitAlike(string options)
    {
        using var whole = new TrainRun(options);
        whole.Train();
        using var broken = new TrainRun(options);
        TrainResult first = broken.Train(stopAfter: 3);
        Assert.False(first.Completed);
        string state = Assert.Single(Directory.GetDirectories(broken.Output, "*step00000003-state"));
        Assert.True(broken.Train(resume: state).Completed);
        AssertSameTensors(whole.Adapter, broken.Adapter);
    }

    [Theory]
    [InlineData("bf16")]
    [InlineData("fp16")]
    public void HalfPrecisionTrainsFloat32Masters(string precision)
    {
        using var run = new TrainRun($"mixed_precision = \"{precision}\"\nnetwork_train_unet_only = true", pictures: 1);
        run.Train(stopAfter: 1);
        using ITensorSource state = Checkpoint.Open(
            Path.Combine(run.Output, "thing-step00000001-state", TrainState.FileName)
        );
        Assert.All(state.Tensors.Values, t => Assert.Equal(ElementType.F32, t.Type));
    }

    [Fact]
    public void ATornStateIsPassedOverForTheLastWholeOne()
    {
        using var whole = new TrainRun();
        whole.Train();
        using var broken = new TrainRun();
        broken.Train(stopAfter: 5);
        string torn = Path.Combine(broken.Output, "thing-step00000005-state");
        string file = Path.Combine(torn, TrainState.FileName);
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^9] ^= 1;
        File.WriteAllBytes(file, bytes);
        var events = new List<TrainEvent>();
        Assert.True(broken.Train(resume: torn, events: events).Completed);
        Assert.Contains(
            events.OfType<TrainEvent.Notice>(),
            n =>
                n.Text.Contains("damaged", StringComparison.Ordinal)
                && n.Text.Contains("thing-step00000004-state", StringComparison.Ordinal)
        );
        AssertSameTensors(whole.Adapter, broken.Adapter);
    }

    [Fact]
    public void AStateOfAnotherRunIsRefused()
    {
        using var run = new TrainRun();
        run.Train(stopAfter: 2);
        string state = Path.Combine(run.Output, "thing-step00000002-state");
        File.WriteAllText(
            run.ConfigPath,
            File.ReadAllText(run.ConfigPath).Replace("network_dim = 2", "network_dim = 4")
        );
        Assert.Contains(
            "other settings",
            Assert.Throws<FornoException>(() => run.Train(resume: state)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void NothingLeaks()
    {
        using var run = new TrainRun();
        run.Train(stopAfter: 2);
        long before = Tensor.LiveCount;
        run.Train(stopAfter: 4);
        Assert.Equal(before, Tensor.LiveCount);
    }

    internal static void AssertSameTensors(string a, string b)
    {
        using ITensorSource left = Checkpoint.Open(a),
            right = Checkpoint.Open(b);
        Assert.Equal(left.Tensors.Keys.Order(), right.Tensors.Keys.Order());
        foreach (string name in left.Tensors.Keys)
        {
            Assert.True(left.ReadBytes(name).AsSpan().SequenceEqual(right.ReadBytes(name)), name);
        }
        Assert.Equal(left.Metadata["sshs_model_hash"], right.Metadata["sshs_model_hash"]);
    }
}
