using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Data;
using Forno.Nn;
using Forno.Optim.Optimizers;
using Forno.Torch;
using Forno.Training;
using Forno.Training.Logs;
using Forno.Training.Targets;

namespace Forno.Tests.Training;

/// <summary>The loop by itself: a toy objective on a few weights, in no time.</summary>
[Collection(Alone.Name)]
public sealed class LoopTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-loop-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void AResumedRunWithAveragesEndsBitForBitAsAnUnbrokenOne()
    {
        using (var whole = new Toy(Path.Combine(folder, "whole"), steps: 23))
        {
            Assert.True(whole.Trainer.Run().Completed);
        }
        for (int sitting = 1; sitting <= 4; sitting++)
        {
            using var stop = new CancellationTokenSource();
            using var part = new Toy(Path.Combine(folder, "parts"), steps: 23, tell: e => StopAt(e, 6 * sitting, stop));
            Assert.Equal(sitting == 4, part.Trainer.Run(stop.Token).Completed);
        }
        foreach (string file in (string[])["weights.safetensors", TrainState.FileName])
        {
            Assert.Equal(
                File.ReadAllBytes(Path.Combine(folder, "whole", file)),
                File.ReadAllBytes(Path.Combine(folder, "parts", file))
            );
        }
    }

    [Fact]
    public void TheSittingEndsWithItsBudgetAndStatesAreSavedInBetween()
    {
        var clock = new ManualClock();
        var saves = new List<long>();
        string state = Path.Combine(folder, TrainState.FileName);
        using var toy = new Toy(
            folder,
            steps: 100,
            clock,
            budget: TimeSpan.FromMinutes(10),
            tell: e =>
            {
                if (e is TrainEvent.Stepped step)
                {
                    if (File.Exists(state))
                    {
                        saves.Add(TrainState.Read(folder).Position.Step);
                    }
                    clock.Advance(TimeSpan.FromMinutes(1));
                }
            }
        );
        TrainResult result = toy.Trainer.Run();
        Assert.Equal((false, 10), (result.Completed, result.Step));
        Assert.Equal([6], saves.Distinct()); // more than five minutes after the start
        Assert.Equal(10, TrainState.Read(folder).Position.Step);
    }

    [Fact]
    public void SamplesSeeTheAveragesAndTheRunGoesOnAsWithoutThem()
    {
        var drawer = new Drawer();
        using (
            var drawn = new Toy(
                Path.Combine(folder, "drawn"),
                steps: 8,
                samples: new SamplePlan(drawer) { AtFirst = true, EveryNSteps = 3 }
            )
        )
        {
            drawer.Weight = () => drawn.Weight;
            drawn.Trainer.Run();
        }
        Assert.Equal([(0, null), (3, null), (6, null)], drawer.Seen.Select(s => (s.Moment.Step, s.Moment.Epoch)));
        Assert.All(drawer.Seen, s => Assert.Equal(9ul, s.Moment.Seed));
        using (var plain = new Toy(Path.Combine(folder, "plain"), steps: 8))
        {
            plain.Trainer.Run();
        }
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(folder, "plain", TrainState.FileName)),
            File.ReadAllBytes(Path.Combine(folder, "drawn", TrainState.FileName))
        );
        // What is drawn with at the third step is what a run that stops there saves.
        using var stop = new CancellationTokenSource();
        using (var third = new Toy(Path.Combine(folder, "third"), steps: 8, tell: e => StopAt(e, 3, stop)))
        {
            third.Trainer.Run(stop.Token);
        }
        using ITensorSource file = Checkpoint.Open(Path.Combine(folder, "third", "weights.safetensors"));
        using var scope = new Scope();
        Assert.Equal(file.Load("toy.weight").ToArray<float>(), drawer.Seen[1].Weights);
        Assert.NotEqual(drawer.Seen[0].Weights, drawer.Seen[1].Weights);
    }

    [Fact]
    public void SamplesByEpochGoBeforeThoseBySteps()
    {
        var drawer = new Drawer();
        using var toy = new Toy(
            folder,
            steps: 14,
            samples: new SamplePlan(drawer) { EveryNEpochs = 2, EveryNSteps = 1 }
        );
        toy.Trainer.Run();
        Assert.Equal([(10, 2)], drawer.Seen.Select(s => (s.Moment.Step, s.Moment.Epoch)));
    }

    [Fact]
    public void WeightsAreFrozenAgainWhateverHappens()
    {
        using var good = new Toy(Path.Combine(folder, "good"), steps: 3);
        long before = Tensor.LiveCount;
        good.Trainer.Run();
        Assert.False(good.Weight.RequiresGrad);
        Assert.Null(good.Weight.Grad);
        // Two moments of AdamW for two tensors stay until the trainer goes.
        Assert.Equal(before + 4, Tensor.LiveCount);

        using var broken = new Toy(Path.Combine(folder, "broken"), steps: 3, breakAt: 2);
        string message = Assert.Throws<FornoException>(() => broken.Trainer.Run()).Message;
        Assert.Contains("the loss is NaN (optimizer step 3)", message);
        Assert.False(broken.Weight.RequiresGrad);
        Assert.Null(broken.Weight.Grad);
        Assert.False(File.Exists(Path.Combine(folder, "broken", TrainState.FileName)));
    }

    [Fact]
    public void ADamagedStateOfASittingIsSaidAndLeftAlone()
    {
        using (var first = new Toy(folder, steps: 3))
        {
            first.Trainer.Run();
        }
        string state = Path.Combine(folder, TrainState.FileName);
        byte[] bytes = File.ReadAllBytes(state);
        bytes[^3] ^= 8;
        File.WriteAllBytes(state, bytes);
        Assert.Contains("damaged", Assert.Throws<FornoException>(() => new Toy(folder, steps: 5)).Message);
        Assert.Equal(bytes, File.ReadAllBytes(state));
    }

    [Fact]
    public void HalfPrecisionWeightsAreNotTrained()
    {
        using var random = WeightStore.Random(1);
        _ = new Linear(random.At("toy"), 3, 2);
        using var half = WeightStore.From(
            random.Tensors.ToDictionary(t => t.Key, t => new WeightEntry([.. t.Value.Shape], t.Value.Alias)),
            "toy.safetensors",
            DType.BFloat16
        );
        _ = new Linear(half.At("toy"), 3, 2);
        string message = Assert.Throws<FornoException>(() => new WeightsTarget(half, "toy")).Message;
        Assert.StartsWith("toy.safetensors: toy.", message);
    }

    private static void StopAt(TrainEvent e, int step, CancellationTokenSource stop)
    {
        if (e is TrainEvent.Stepped stepped && stepped.Step == step)
        {
            stop.Cancel();
        }
    }

    // Two weights learn to be others; batches are noise keyed by the step.
    private sealed class Toy : IDisposable
    {
        private readonly WeightStore store = WeightStore.Random(4);

        public Toy(
            string folder,
            int steps,
            TimeProvider? clock = null,
            TimeSpan? budget = null,
            Action<TrainEvent>? tell = null,
            SamplePlan? samples = null,
            int breakAt = -1
        )
        {
            clock ??= TimeProvider.System;
            var layer = new Linear(store.At("toy"), 3, 2);
            var target = new WeightsTarget(store, "toy");
            var output = new SittingOutput(
                folder,
                "weights.safetensors",
                new Dictionary<string, string>(),
                TimeSpan.FromMinutes(5),
                clock
            )
            {
                Type = DType.Float32,
            };
            Trainer = new Trainer(
                new TrainParts
                {
                    Target = target,
                    Objective = new Objective(layer, breakAt),
                    Optimizer = Adam.W(target.Groups, new Dictionary<string, object?> { ["lr"] = 1e-2 }),
                    Output = output,
                    Samples = samples,
                    Settings = new LoopSettings
                    {
                        Seed = 9,
                        Steps = new StepCounts
                        {
                            BatchesPerEpoch = 5,
                            Accumulation = 1,
                            TotalSteps = steps,
                        },
                        Rate = (lr, step) => lr / (1 + step),
                        StateKey = "toy",
                        AverageDecay = 0.9,
                        Budget = budget ?? TimeSpan.MaxValue,
                        Clock = clock,
                    },
                },
                tell
            );
            if (output.HasState)
            {
                try
                {
                    Trainer.Resume(folder);
                }
                catch
                {
                    Dispose();
                    throw;
                }
            }
        }

        public Trainer Trainer { get; }

        public Tensor Weight => store.Tensors["toy.weight"];

        public void Dispose()
        {
            Trainer.Dispose();
            store.Dispose();
        }
    }

    private sealed class Objective(Linear layer, int breakAt) : TrainObjective
    {
        public override IReadOnlyList<TrainWork> Epoch(int epoch) =>
            [.. Enumerable.Range(5 * (epoch - 1), 5).Select(step => new TrainWork(() => Loss(step)))];

        public override void Dispose() { }

        private StepLoss Loss(int step)
        {
            using var scope = new Scope();
            using Generator random = Rng.For(9, "toy", step);
            Tensor loss = (layer.Forward(random.Randn(4, 3)) - 1.0).Square().Mean();
            return new StepLoss(scope.Keep(step == breakAt ? loss * double.NaN : loss * 1.0));
        }
    }

    private sealed class Drawer : ISampleDrawer
    {
        public List<(SampleMoment Moment, float[] Weights)> Seen { get; } = [];

        public Func<Tensor?> Weight { get; set; } = () => null;

        public void Draw(SampleMoment moment, Action<TrainEvent> report, CancellationToken cancel)
        {
            using var scope = new Scope();
            Assert.False(Autograd.Enabled);
            Seen.Add((moment, Weight()?.Detach().ToArray<float>() ?? []));
        }
    }

    private sealed class ManualClock : TimeProvider
    {
        private long now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => now;

        public void Advance(TimeSpan time) => now += time.Ticks;
    }
}
