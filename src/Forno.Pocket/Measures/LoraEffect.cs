using Forno.Adapters;
using Forno.Diffusion;
using Forno.Diffusion.Losses;
using Forno.Models;
using Forno.Pocket.Data;
using Forno.Torch;
using Forno.Training;

namespace Forno.Pocket.Measures;

/// <summary>What an adapter does to the loss on pictures that it has not seen.</summary>
/// <param name="Style">The pictures' art set.</param>
/// <param name="Pictures">How many.</param>
/// <param name="Before">Mean loss of the bare model.</param>
/// <param name="After">Mean loss with the adapter, over the same noise and timesteps.</param>
/// <param name="Test">Over the pictures.</param>
public sealed record LossChange(string Style, int Pictures, double Before, double After, PairedTest Test)
{
    /// <summary>The share by which the loss falls; negative: it rises.</summary>
    public double Fall => 1 - (After / Before);
}

/// <summary>
/// Measures an adapter on a base model by losses: noise and timesteps are functions of the seed alone.
/// </summary>
public static class LoraEffect
{
    private const int Batch = 8;

    /// <summary>The loss with an adapter and without.</summary>
    /// <param name="model">The base model, its slots empty; left so.</param>
    /// <param name="adapter">The adapter's file.</param>
    /// <param name="pictures">Pictures that the adapter was not trained on; they are asked for by their full
    /// captions.</param>
    /// <param name="timesteps">Timesteps tried with each picture, spread evenly over the schedule.</param>
    /// <param name="seed">Keys noise and timesteps.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="FornoException">The adapter is not for this model.</exception>
    public static LossChange Of(
        BaseModel model,
        string adapter,
        IReadOnlyList<StylePicture> pictures,
        int timesteps = 8,
        ulong seed = 1,
        CancellationToken cancel = default
    )
    {
        using var mode = Autograd.NoGrad();
        using var scope = new Scope();
        (Tensor latents, Tensor contexts) = Encode(model, pictures);
        double[] before = Losses(model, latents, contexts, timesteps, seed, cancel);
        using var file = AdapterFile.Load(adapter, model.Targets, model.Device);
        file.Network.Apply(model.Layers);
        double[] after = Losses(model, latents, contexts, timesteps, seed, cancel);
        return new LossChange(
            pictures[0].Record.Set,
            pictures.Count,
            before.Average(),
            after.Average(),
            PairedTest.Of(before, after)
        );
    }

    /// <summary>
    /// The mean loss of each picture (squared error of the prediction, unweighted) on the model as it is.
    /// </summary>
    /// <param name="model">The model, perhaps with an adapter in its slots.</param>
    /// <param name="latents">[N, C, h, w], scaled.</param>
    /// <param name="contexts">[N, T, D].</param>
    /// <param name="timesteps">Timesteps tried with each.</param>
    /// <param name="seed">Keys noise and timesteps.</param>
    /// <param name="cancel">Stops.</param>
    internal static double[] Losses(
        BaseModel model,
        Tensor latents,
        Tensor contexts,
        int timesteps,
        ulong seed,
        CancellationToken cancel
    )
    {
        var step = new TrainStep(model.UNet, new LossRecipe { Prediction = model.Prediction });
        int count = (int)latents.Size(0);
        double[] sums = new double[count];
        foreach (int[] part in Enumerable.Range(0, count * timesteps).Chunk(Batch))
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = new Scope();
            int[] times = Array.ConvertAll(
                part,
                i => Timestep(step.Schedule.Count, timesteps, i / timesteps, i % timesteps, seed)
            );
            Tensor rows = Tensor
                .From(Array.ConvertAll(part, i => (long)(i / timesteps)), part.Length)
                .To(latents.Device);
            Tensor clean = latents.IndexSelect(0, rows);
            long[] shape = [.. clean.Shape[1..]];
            Tensor noise = Ops.Stack([.. part.Select(i => Noise(shape, i, seed))]).To(latents.Device);
            LossResult result = step.Loss(
                new TrainBatch
                {
                    Latents = clean,
                    Noise = noise,
                    Noisy = Forward.AddNoise(step.Schedule, clean, noise, times),
                    Timesteps = times,
                    Context = contexts.IndexSelect(0, rows),
                    Weights = [.. part.Select(_ => 1f)],
                }
            );
            float[] each = result.PerSample.ToArray<float>();
            for (int i = 0; i < part.Length; i++)
            {
                sums[part[i] / timesteps] += each[i] / timesteps;
            }
        }
        return sums;
    }

    // Pictures as the trainer sees them, but the middle of the posterior instead of a draw.
    private static (Tensor Latents, Tensor Contexts) Encode(BaseModel model, IReadOnlyList<StylePicture> pictures)
    {
        using var scope = new Scope();
        var captions = new CaptionEncoder(model.Family, model.Text, null);
        var latents = new List<Tensor>();
        var contexts = new List<Tensor>();
        foreach (StylePicture[] part in pictures.Chunk(Batch))
        {
            Tensor pixels = Ops.Stack([
                .. part.Select(p => Tensor.From(p.Planes, 3, PocketData.Side, PocketData.Side)),
            ]);
            latents.Add(model.Vae.Encode((pixels.To(DType.Float32) / 127.5 - 1).To(model.Device)));
            contexts.Add(captions.Encode([.. part.Select(p => p.Record.FullCaption())]).Context);
        }
        return (scope.Keep(Ops.Cat([.. latents])), scope.Keep(Ops.Cat([.. contexts])));
    }

    // One in each of the equal spans of the schedule, so that the mean is not a matter of luck.
    private static int Timestep(int count, int spans, int picture, int span, ulong seed)
    {
        using Generator g = Rng.For(seed, "effect timestep", picture, span);
        using var scope = new Scope();
        return Math.Min(count - 1, (int)((span + g.Rand(1).Item()) * count / spans));
    }

    private static Tensor Noise(long[] shape, int item, ulong seed)
    {
        using Generator g = Rng.For(seed, "effect noise", item);
        return g.Randn(shape);
    }
}
