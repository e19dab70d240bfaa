using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Diffusion;
using Forno.Diffusion.Losses;
using Forno.Generation;
using Forno.Generation.Requests;
using Forno.Models;
using Forno.Optim;
using Forno.Optim.Optimizers;
using Forno.Torch;
using Forno.Training;

namespace Forno.Bench;

/// <summary>The small base model, where everything but the arithmetic weighs most.</summary>
internal static class PocketBench
{
    private const int Batch = 4;

    public static void Run(BenchOptions options)
    {
        using var model = BaseModel.Load(options.Model);
        using IDisposable threads = ProductThreads.Use(model.ProductThreads);
        int size = options.Number("size") ?? 128,
            steps = options.Number("steps") ?? 20;
        Console.WriteLine($"{model.Name}, {size} px, {TorchRuntime.Threads} threads");
        Step(model, size, options.Number("dim") ?? 16, steps);
        Draw(model, size, steps);
    }

    private static void Step(BaseModel model, int size, int dim, int steps)
    {
        using var scope = new Scope();
        AdapterModule[] modules =
        [
            .. new LoraSettings
            {
                Dim = dim,
                Alpha = dim,
                ConvDim = dim / 2,
                ConvAlpha = dim / 2,
            }
                .Choose(model.Targets)
                .Where(m => m.Target.Name.StartsWith("lora_unet", StringComparison.Ordinal)),
        ];
        using var lora = AdapterNetwork.New(LoraAdapter.Kind, modules, 1, AdapterDropout.None);
        lora.Apply(model.Layers);
        Tensor[] parameters = [.. lora.Tensors.Select(t => t.Tensor)];
        using Optimizer optimizer = Adam.W(
            [new ParameterGroup { Parameters = [.. lora.Tensors.Select(t => new Parameter(t.Key, t.Tensor))] }],
            new Dictionary<string, object?> { ["lr"] = 1e-4 }
        );
        var step = new TrainStep(model.UNet, new LossRecipe { Prediction = model.Prediction });
        using Generator random = Rng.For(1, "bench");
        int side = size / model.Vae.Config.Factor;
        Tensor latents = random.Randn(Batch, model.Vae.Config.Layout.LatentChannels, side, side),
            noise = random.Randn(latents.Shape);
        int[] times = [100, 300, 600, 900];
        var batch = new TrainBatch
        {
            Latents = latents,
            Noise = noise,
            Noisy = Forward.AddNoise(step.Schedule, latents, noise, times),
            Timesteps = times,
            Context = random.Randn(Batch, 77, model.UNet.Config.Layout.ContextDim),
            Weights = [1, 1, 1, 1],
        };
        void Once()
        {
            using var each = new Scope();
            Autograd.Backward(step.Loss(batch).Loss);
            GradClip.ByNorm(parameters, 1);
            optimizer.Step();
            optimizer.ZeroGrad();
        }

        for (int i = 0; i < 5; i++)
        {
            Once();
        }
        CallClock.On = true;
        CallClock.Reset();
        var all = Clock.Of(() =>
        {
            for (int i = 0; i < steps; i++)
            {
                Once();
            }
        });
        CallClock.On = false;
        Console.WriteLine(
            $"training step, batch {Batch}, {modules.Length} modules of dim {dim}: {all.Wall / steps * 1000:f1} ms, "
                + $"outside libtorch {1 - (CallClock.Inside.TotalSeconds / all.Wall):p1}"
        );
        lora.Remove();
    }

    private static void Draw(BaseModel model, int size, int steps)
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        var generator = new PictureGenerator(model);
        var request = new GenerateRequest
        {
            Prompt = "red heart",
            Steps = steps,
            CfgScale = 5,
            Width = size,
            Height = size,
            Sampler = "Euler",
            Seed = 1,
        };
        generator.Draw(request);
        Clock drawn = Enumerable.Range(0, 5).Select(_ => Clock.Of(() => generator.Draw(request))).Aggregate(Clock.Min);
        using Generator random = Rng.For(1, "bench");
        int side = size / model.Vae.Config.Factor;
        Tensor x = random.Randn(2, model.Vae.Config.Layout.LatentChannels, side, side),
            time = Tensor.Full([2], 500);
        Tensor context = random.Randn(2, 77, model.UNet.Config.Layout.ContextDim);
        Clock bare = Enumerable
            .Range(0, 5)
            .Select(_ =>
                Clock.Of(() =>
                {
                    for (int i = 0; i < steps; i++)
                    {
                        using var each = new Scope();
                        model.UNet.Forward(x, time, context);
                    }
                })
            )
            .Aggregate(Clock.Min);
        Console.WriteLine(
            $"generate, {steps} steps with CFG: {1 / drawn.Wall:f2} pictures/s, {drawn.Wall / bare.Wall:f2} "
                + $"x its {steps} bare UNet forwards of two"
        );
    }
}
