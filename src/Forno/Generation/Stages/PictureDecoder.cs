using Forno.Models;
using Forno.Torch;

namespace Forno.Generation.Stages;

/// <summary>The end of the way: latents to pixels.</summary>
internal static class PictureDecoder
{
    /// <summary>Decodes the pictures of a batch, one at a time, so that memory does not grow with the batch.</summary>
    /// <param name="model">With the autoencoder.</param>
    /// <param name="latents">[B, C, h, w]; it must live until the last picture is taken.</param>
    /// <returns>8-bit RGB, row by row, for each picture.</returns>
    /// <exception cref="FornoException">A picture is no number.</exception>
    public static IEnumerable<byte[]> Decode(BaseModel model, Tensor latents)
    {
        for (int i = 0; i < latents.Size(0); i++)
        {
            yield return DecodeOne(model, latents, i);
        }
    }

    private static byte[] DecodeOne(BaseModel model, Tensor latents, int index)
    {
        using var scope = new Scope();
        Tensor picture = model.Vae.Decode(latents.Slice(0, index, index + 1)); // [1, 3, H, W]
        if (!picture.AllFinite())
        {
            throw new FornoException(
                "the picture came out as NaN: "
                    + (
                        model.Options.Type == DType.Float16
                            ? "half precision overflowed; use bf16 or fp32"
                            : "the model or an adapter has broken weights, or an adapter is far too strong"
                    )
            );
        }

        Tensor bytes = ((picture + 1) * 127.5).Round().Clamp(0, 255).To(DType.UInt8);
        return bytes.Select(0, 0).Permute(1, 2, 0).Contiguous().To(Device.Cpu).ToArray<byte>();
    }
}
