using Forno.Models.Autoencoders;
using Forno.Models.Layouts;
using Forno.Nn;
using Forno.Pocket.Data;
using Forno.Torch;

namespace Forno.Pocket.Training;

/// <summary>Pocket's autoencoder: f = 8, 4 latent channels, learnt from crops first and whole pictures last.</summary>
public static class VaeTraining
{
    private const int CropBatch = 12,
        CropSide = 64,
        WholeBatch = 4,
        Fields = 2;
    private const double CropShare = 0.85,
        FieldShare = 0.7;

    // Whole pictures finish what is measured: the mean squared error.
    private const double CropSquares = 4,
        WholeSquares = 16;

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
    public static PocketFitOptions Defaults { get; } =
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
        PocketFitOptions options,
        IProgress<PocketFitProgress>? progress = null,
        CancellationToken stop = default
    )
    {
        using var store = WeightStore.Random(options.Seed);
        var vae = new Vae(store.At(Prefix), Config);
        BeginNarrow(store);
        using var fit = new PocketFit(store, folder, options);
        int[] pictures = data.Indices(PocketSplit.Training);
        fit.Run(step => Loss(vae, data, pictures, step, options), progress, stop);
        VaeFinish.Write(fit.Averages, data, Path.Combine(folder, VaeFile));
    }

    private static (Tensor Loss, string Note) Loss(
        Vae vae,
        PocketData data,
        int[] pictures,
        int step,
        PocketFitOptions options
    )
    {
        using var scope = new Scope();
        var random = new Random(unchecked((int)Rng.Key(options.Seed, "vae", step)));
        double done = (double)step / options.Steps;
        bool crops = done < CropShare;
        int[] chosen =
        [
            .. Enumerable.Range(0, crops ? CropBatch : WholeBatch).Select(_ => pictures[random.Next(pictures.Length)]),
        ];
        Tensor x = crops
            ? PictureBatch.Crops(data, chosen, CropSide, done < FieldShare ? Fields : 0, random)
            : PictureBatch.Crops(data, chosen, PocketData.Side, 0, random);
        (Tensor mean, Tensor logVariance) = vae.EncodeMoments(x);
        using Generator noise = Rng.For(options.Seed, "vae noise", step);
        Tensor z = mean + (logVariance * 0.5).Exp() * noise.Randn(mean.Shape);
        return (scope.Keep(VaeLoss.Of(vae.DecodeRaw(z), x, mean, logVariance, crops ? CropSquares : WholeSquares)), "");
    }

    // Small variances at first: with torch's start the latent drowns in its own noise.
    private static void BeginNarrow(WeightStore store)
    {
        using var scope = new Scope();
        Tensor bias = store.Tensors[Prefix + ".quant_conv.bias"];
        bias.Slice(0, Config.Layout.LatentChannels, 2 * Config.Layout.LatentChannels).Fill_(-5);
    }
}
