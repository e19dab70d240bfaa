using Forno.Diffusion;
using Forno.Diffusion.Losses;
using Forno.Models.UNets;
using Forno.Pocket.Data;
using Forno.Torch;
using Forno.Training;

namespace Forno.Pocket.Training;

/// <summary>
/// SD's noise schedule and eps-prediction on the latents of the finished autoencoder, conditioned on the finished text
/// tower, a tenth of the captions dropped. Weighted by debiased estimation, not by min-SNR: in so short a training the
/// middle and high noise, where shapes and styles are decided, must not weigh least.
/// </summary>
/// <param name="unet">The denoiser.</param>
/// <param name="data">Pictures and captions.</param>
/// <param name="parts">Files of the finished autoencoder and text tower.</param>
/// <param name="folder">Latents and conditionings are kept here.</param>
/// <param name="recipe">Pictures and batches.</param>
/// <param name="seed">The training's seed.</param>
internal sealed class UNetObjective(
    UNet unet,
    PocketData data,
    (string Vae, string Text) parts,
    string folder,
    UNetRecipe recipe,
    ulong seed
) : SteppedObjective
{
    private UNetData? inputs;

    public override void Prepare(Action<string, int, int> progress, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        inputs = UNetData.Open(
            Path.Combine(folder, "inputs.safetensors"),
            data,
            recipe.Pictures(data),
            recipe.Captions,
            parts.Vae,
            parts.Text,
            new Shares("prepare", progress),
            cancel
        );
    }

    public override void Dispose() => inputs?.Dispose();

    protected override StepLoss Loss(int step)
    {
        using var scope = new Scope();
        UNetData known = inputs ?? throw new InvalidOperationException("the objective is not prepared");
        NoiseSchedule schedule = NoiseSchedule.Training;
        var random = new Random(unchecked((int)Rng.Key(seed, "unet", step)));
        int batch = recipe.Batch;
        int[] chosen = [.. Enumerable.Range(0, batch).Select(_ => random.Next(known.Count))];
        // One timestep from each of as many equal spans: the loss is less noisy than with independent draws.
        int[] times =
        [
            .. Enumerable.Range(0, batch).Select(i => (int)((i + random.NextDouble()) * schedule.Count / batch)),
        ];
        float[] weights = Array.ConvertAll(
            times,
            t => (float)LossWeights.Debiased(schedule.Snr(t), Prediction.Epsilon)
        );
        Tensor context = known.Contexts(
            Array.ConvertAll(chosen, c => random.NextDouble() < recipe.CaptionDropout ? -1 : c),
            random
        );
        Tensor x0 = known.Latents.IndexSelect(0, Tensor.From(Array.ConvertAll(chosen, c => (long)c), batch));
        using Generator g = Rng.For(seed, "unet noise", step);
        Tensor noise = g.Randn(x0.Shape);
        Tensor predicted = unet.Forward(
            Forward.AddNoise(schedule, x0, noise, times),
            Tensor.From(Array.ConvertAll(times, t => (float)t), batch),
            context
        );
        Tensor each = (predicted - noise).Square().Mean([1, 2, 3]);
        return new StepLoss(scope.Keep((each * Tensor.From(weights, batch)).Mean()))
        {
            PerSample = scope.Keep(each),
            Timesteps = times,
        };
    }
}
