using Forno.Checkpoints;
using Forno.Diffusion;
using Forno.Diffusion.Losses;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Pocket.Data;
using Forno.Torch;

namespace Forno.Pocket.Training;

/// <summary>Sizes, pictures and batches of a UNet's training.</summary>
public sealed record UNetRecipe
{
    /// <summary>
    /// Metadata key of the trained styles (names of art sets, commas between them) in the weights' file.
    /// </summary>
    public const string StylesKey = "forno.pocket_styles";

    /// <summary>
    /// SD 1.x's structure at small widths: attention everywhere but at the deepest level and in its middle. 7.2 M
    /// parameters.
    /// </summary>
    public UNetConfig Network { get; init; } =
        new()
        {
            Layout = new UNetLayout
            {
                ModelChannels = 48,
                ChannelMult = [1, 2, 4],
                NumResBlocks = 1,
                Depth = [1, 1, 0],
                MiddleDepth = 1,
                ContextDim = 192,
            },
            Heads = 4,
            NormGroups = 8,
        };

    /// <summary>Names of the art sets to train on; none: all that are not held out.</summary>
    public IReadOnlyList<string> Styles { get; init; } = [];

    /// <summary>
    /// How many concepts, each in all the styles (<see cref="PocketData.Reduced"/>); null: everything in the training
    /// split.
    /// </summary>
    public int? Concepts { get; init; }

    /// <summary>Samples of a step.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Captions kept for each picture.</summary>
    public int Captions { get; init; } = 4;

    /// <summary>Share of samples whose caption is empty, for guidance.</summary>
    public double CaptionDropout { get; init; } = 0.1;

    /// <summary>The styles in use.</summary>
    public string[] StylesInUse =>
        Styles.Count > 0 ? [.. Styles] : [.. ArtSet.All.Where(a => !a.HeldOut).Select(a => a.Name)];

    /// <summary>The pictures to train on, ascending.</summary>
    /// <param name="data">The data.</param>
    public int[] Pictures(PocketData data) =>
        Concepts is { } concepts
            ? data.Reduced(concepts, StylesInUse)
            : data.Indices(PocketSplit.Training, StylesInUse);
}

/// <summary>
/// Pocket's denoiser: SD's noise schedule and eps-prediction on the latents of the finished autoencoder, conditioned on
/// the finished text tower, a tenth of the captions dropped. Weighted by debiased estimation, not by min-SNR: in so
/// short
/// a training the middle and high noise, where shapes and styles are decided, must not weigh least.
/// </summary>
public static class UNetTraining
{
    /// <summary>File of the averaged weights, under the single-file checkpoint's keys.</summary>
    public const string UNetFile = "unet.safetensors";

    /// <summary>The recipe's defaults: 5,000 steps of 32 samples.</summary>
    public static PocketFitOptions Defaults { get; } =
        new()
        {
            Steps = 5000,
            LearningRate = 8e-4,
            Warmup = 200,
            Ema = 0.998,
            WeightDecay = 0.01,
        };

    /// <summary>Trains, or goes on, in a run folder; writes the averaged weights in half precision.</summary>
    /// <param name="data">Pictures and captions.</param>
    /// <param name="vae">File of the finished autoencoder.</param>
    /// <param name="text">File of the finished text tower.</param>
    /// <param name="folder">The run folder; latents and conditionings are kept there too.</param>
    /// <param name="options">How to train.</param>
    /// <param name="recipe">What to train on what; null: Pocket's.</param>
    /// <param name="progress">Told every few steps.</param>
    /// <param name="preparing">Told the share done while latents and conditionings are computed.</param>
    /// <param name="stop">Ends the sitting, its state saved.</param>
    public static void Run(
        PocketData data,
        string vae,
        string text,
        string folder,
        PocketFitOptions options,
        UNetRecipe? recipe = null,
        IProgress<PocketFitProgress>? progress = null,
        IProgress<double>? preparing = null,
        CancellationToken stop = default
    )
    {
        recipe ??= new UNetRecipe();
        Directory.CreateDirectory(folder);
        using var inputs = UNetData.Open(
            Path.Combine(folder, "inputs.safetensors"),
            data,
            recipe.Pictures(data),
            recipe.Captions,
            vae,
            text,
            preparing,
            stop
        );
        using var store = WeightStore.Random(options.Seed);
        var unet = new UNet(store.At(ModelFamily.UNetPrefix.TrimEnd('.')), recipe.Network);
        using var fit = new PocketFit(store, folder, options);
        fit.Run(step => (Loss(unet, inputs, recipe, step, options.Seed), ""), progress, stop);
        Dictionary<string, string> metadata = recipe.Network.Metadata();
        metadata[UNetRecipe.StylesKey] = string.Join(',', recipe.StylesInUse);
        SafetensorsWriter.Write(Path.Combine(folder, UNetFile), fit.Averages, metadata, DType.Float16);
    }

    private static Tensor Loss(UNet unet, UNetData inputs, UNetRecipe recipe, int step, ulong seed)
    {
        using var scope = new Scope();
        NoiseSchedule schedule = NoiseSchedule.Training;
        var random = new Random(unchecked((int)Rng.Key(seed, "unet", step)));
        int batch = recipe.Batch;
        int[] chosen = [.. Enumerable.Range(0, batch).Select(_ => random.Next(inputs.Count))];
        // One timestep from each of as many equal spans: the loss is less noisy than with independent draws.
        int[] times =
        [
            .. Enumerable.Range(0, batch).Select(i => (int)((i + random.NextDouble()) * schedule.Count / batch)),
        ];
        float[] weights = Array.ConvertAll(
            times,
            t => (float)LossWeights.Debiased(schedule.Snr(t), Prediction.Epsilon)
        );
        Tensor context = inputs.Contexts(
            Array.ConvertAll(chosen, c => random.NextDouble() < recipe.CaptionDropout ? -1 : c),
            random
        );
        Tensor x0 = inputs.Latents.IndexSelect(0, Tensor.From(Array.ConvertAll(chosen, c => (long)c), batch));
        using Generator g = Rng.For(seed, "unet noise", step);
        Tensor noise = g.Randn(x0.Shape);
        Tensor predicted = unet.Forward(
            Forward.AddNoise(schedule, x0, noise, times),
            Tensor.From(Array.ConvertAll(times, t => (float)t), batch),
            context
        );
        Tensor each = (predicted - noise).Square().Mean([1, 2, 3]);
        return scope.Keep((each * Tensor.From(weights, batch)).Mean());
    }
}
