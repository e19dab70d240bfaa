using Forno.Models.Autoencoders;
using Forno.Pocket.Data;
using Forno.Pocket.Training;
using Forno.Torch;

namespace Forno.Pocket.Measures;

/// <summary>How true an autoencoder is to pictures it has not seen.</summary>
/// <param name="Pictures">How many were tried.</param>
/// <param name="Psnr">Peak signal-to-noise ratio in dB, from the mean squared error over all pictures, range [−1,
/// 1].</param>
/// <param name="GreenMagenta">Mean absolute error of G − (R + B)/2 on the scale [−1, 1].</param>
public sealed record VaeMeasure(int Pictures, double Psnr, double GreenMagenta)
{
    /// <summary>Encodes (mean) and decodes pictures.</summary>
    public static VaeMeasure Of(Vae vae, PocketData data, int[] pictures)
    {
        using var mode = Autograd.NoGrad();
        double squared = 0,
            chroma = 0;
        foreach (int[] part in pictures.Chunk(8))
        {
            using var scope = new Scope();
            Tensor x = PictureBatch.Whole(data, part);
            Tensor y = vae.Decode(vae.Encode(x));
            squared += (y - x).Square().Mean().Item() * part.Length;
            chroma += VaeLoss.GreenMagentaError(y, x) * part.Length;
        }
        return new VaeMeasure(
            pictures.Length,
            10 * Math.Log10(4 / (squared / pictures.Length)),
            chroma / pictures.Length
        );
    }
}
