using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models;
using Forno.Models.Families;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Optim;
using Forno.Optim.Optimizers;
using Forno.Torch;

namespace Forno.Bench;

/// <summary>A LoRA training step of full-size SD1.5 (dim 32, UNet only, batch 1, AdamW) against its floor.</summary>
internal static class StepBench
{
    private const int Dim = 32;

    public static void Run(BenchOptions options)
    {
        DType type = options.Type;
        int side = (options.Number("size") ?? 512) / 8;
        using ITensorSource file = Checkpoint.Open(RandomCheckpoint.Ensure(options.Folder, type));
        using WeightStore store = CheckpointWeights.Open([file], type);
        var config = UNetConfig.Detect(CheckpointWeights.Shapes(file), file.Metadata, ModelFamily.Sd15);
        var unet = new UNet(store.At(ModelFamily.UNetPrefix.TrimEnd('.')), config)
        {
            GradientCheckpointing = options.Has("checkpointing"),
        };
        AdapterModule[] modules =
        [
            .. new LoraSettings { Dim = Dim, Alpha = Dim }.Choose(PatchTargets.Of(ModelFamily.Sd15, config.Layout, [])),
        ];
        using var lora = AdapterNetwork.New(LoraAdapter.Kind, modules, 1, AdapterDropout.None);
        lora.Apply([store.Layers]);
        using Optimizer optimizer = Adam.W(
            [new ParameterGroup { Parameters = [.. lora.Tensors.Select(t => new Parameter(t.Key, t.Tensor))] }],
            new Dictionary<string, object?> { ["lr"] = 1e-4 }
        );
        Console.WriteLine(
            $"{modules.Length} modules of dim {Dim}, {side * 8} px, {type}, {TorchRuntime.Threads} threads, "
                + $"gradient checkpointing {(unet.GradientCheckpointing ? "on" : "off")}"
        );

        if (options.Has("overhead"))
        {
            Overhead.Run(store.Layers.Values, () => Step(unet, optimizer, side, learnt: false));
            return;
        }
        Step(unet, optimizer, side);
        Console.WriteLine($"memory with weights       {Memory.Now, 7:f2} GiB");
        Memory.ResetPeak();
        Clock step = Enumerable
            .Range(0, options.Number("steps") ?? 2)
            .Select(_ => Clock.Of(() => Step(unet, optimizer, side)))
            .Aggregate(Clock.Min);
        double peak = Memory.Peak;
        var forward = Clock.Of(() =>
        {
            using var mode = Autograd.NoGrad();
            Forward(unet, side);
        });
        if (options.Has("profile"))
        {
            Profile.Print(store.Layers.Values, () => Forward(unet, side));
        }

        unet.GradientCheckpointing = false;
        var floor = new Floor(store.Layers.Values, () => Forward(unet, side), config.Heads!.Value);
        (Clock convolutions, Clock products, Clock attention) = floor.Measure();
        Clock sum = convolutions + products + attention;
        Console.WriteLine($"step                    {step}   peak {peak:f2} GiB");
        Console.WriteLine($"forward alone           {forward}");
        Console.WriteLine($"floor: convolutions     {convolutions}");
        Console.WriteLine($"       matrix products  {products}");
        Console.WriteLine($"       attention's      {attention}");
        Console.WriteLine(
            $"step / floor            {step.Wall / sum.Wall, 7:f2}    (processor {step.Cpu / sum.Cpu, 7:f2})"
        );
    }

    private static void Step(UNet unet, Optimizer optimizer, int side, bool learnt = true)
    {
        using var scope = new Scope();
        using Generator random = Rng.For(1, "bench target");
        Autograd.Backward((Predict(unet, side) - random.Randn(1, 4, side, side)).Square().Mean());
        if (learnt)
        {
            optimizer.Step();
            optimizer.ZeroGrad();
        }
    }

    private static void Forward(UNet unet, int side)
    {
        using var scope = new Scope();
        Predict(unet, side);
    }

    private static Tensor Predict(UNet unet, int side)
    {
        using Generator random = Rng.For(1, "bench");
        return unet.Forward(random.Randn(1, 4, side, side), Tensor.Full([1], 500), random.Randn(1, 77, 768));
    }
}
