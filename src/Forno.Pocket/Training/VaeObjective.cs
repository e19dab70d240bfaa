using Forno.Models.Autoencoders;
using Forno.Pocket.Data;
using Forno.Torch;
using Forno.Training;

namespace Forno.Pocket.Training;

/// <summary>To give pictures back through the latent: crops first, whole pictures last.</summary>
/// <param name="vae">The autoencoder.</param>
/// <param name="data">Pictures.</param>
/// <param name="options">Seed and length.</param>
internal sealed class VaeObjective(Vae vae, PocketData data, PocketTrainOptions options) : SteppedObjective
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

    private readonly int[] pictures = data.Indices(PocketSplit.Training);

    protected override StepLoss Loss(int step)
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
        return new StepLoss(
            scope.Keep(VaeLoss.Of(vae.DecodeRaw(z), x, mean, logVariance, crops ? CropSquares : WholeSquares))
        );
    }
}
