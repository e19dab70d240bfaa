using Forno.Models.Autoencoders;
using Forno.Models.Layouts;
using Forno.Nn;
using Forno.Pocket.Data;
using Forno.Torch;
using Forno.Training.Logs;
using Forno.Training.Targets;

namespace Forno.Pocket.Training;

/// <summary>Pocket's autoencoder: f = 8, 4 latent channels, learnt from crops first and whole pictures last.</summary>
public static class VaeTraining
{
    /// <summary>Where its tensors are in the single-file checkpoint.</summary>
    public const string Prefix = "first_stage_model";

    /// <summary>File of the averaged weights, under the single-file checkpoint's keys.</summary>
    public const string VaeFile = "vae.safetensors";

    /// <summary>
    /// SD's autoencoder at small widths; 8 norm groups keep each channel's mean, and with it the colour.
    /// </summary>
    public static VaeConfig Config { get; } =
        new()
        {
            Layout = new VaeLayout
            {
                Channels = 32,
                ChannelMult = [1, 1, 2, 4],
                NumResBlocks = 1,
            },
            NormGroups = 8,
        };

    /// <summary>The recipe's defaults.</summary>
    public static PocketTrainOptions Defaults { get; } =
        new()
        {
            Steps = 3500,
            LearningRate = 1.5e-3,
            Ema = 0.995,
            WeightDecay = 0.01,
        };

    /// <summary>
    /// Trains, or goes on with a training, in a run folder; writes the averaged weights as <c>vae.safetensors</c>.
    /// </summary>
    public static void Run(
        PocketData data,
        string folder,
        PocketTrainOptions options,
        Action<TrainEvent>? report = null,
        CancellationToken stop = default
    )
    {
        using var store = WeightStore.Random(options.Seed);
        var vae = new Vae(store.At(Prefix), Config);
        BeginNarrow(store);
        PocketTrainer.Run(
            new WeightsTarget(store, "vae", write: (weights, path, _, _) => VaeFinish.Write(weights, data, path)),
            new VaeObjective(vae, data, options),
            new PocketRunFiles(folder, VaeFile, $"vae {data.Sha256}"),
            options,
            report,
            stop
        );
    }

    // Small variances at first: with torch's start the latent drowns in its own noise.
    private static void BeginNarrow(WeightStore store)
    {
        using var scope = new Scope();
        Tensor bias = store.Tensors[Prefix + ".quant_conv.bias"];
        bias.Slice(0, Config.Layout.LatentChannels, 2 * Config.Layout.LatentChannels).Fill_(-5);
    }
}
