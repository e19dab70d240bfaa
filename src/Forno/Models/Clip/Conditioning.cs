using Forno.Models.UNets;
using Forno.Torch;

namespace Forno.Models.Clip;

/// <summary>What a UNet is told beside the latent and the noise level.</summary>
/// <param name="Context">Hidden states of the text [B, T, D], fp32.</param>
/// <param name="Pooled">XL: the second tower's projected pooled output [B, P], fp32; null for the others.</param>
/// <param name="SizeIds">
/// XL: pixels [B, 6]: height and width of the original picture, top and left of the crop, height and width aimed at.
/// </param>
public sealed record Conditioning(Tensor Context, Tensor? Pooled = null, Tensor? SizeIds = null)
{
    /// <summary>Values that stand for one number of <see cref="SizeIds"/>.</summary>
    public const int SizeWidth = 256;

    /// <summary>XL's size ids of one picture, in the order in which the UNet learnt them.</summary>
    /// <param name="original">Size of the picture before scaling and cropping.</param>
    /// <param name="crop">Corner of the crop in the scaled picture; (0, 0) asks for an uncropped picture.</param>
    /// <param name="target">Size of the picture trained on or drawn.</param>
    /// <returns>fp32 [6].</returns>
    public static Tensor Sizes(
        (int Height, int Width) original,
        (int Top, int Left) crop,
        (int Height, int Width) target
    ) => Tensor.From<float>([original.Height, original.Width, crop.Top, crop.Left, target.Height, target.Width], 6);

    /// <summary>
    /// Embeds size ids: for each number v 128 cosines, then 128 sines, of v · 10000^(−k/128).
    /// </summary>
    /// <param name="sizeIds">[B, N].</param>
    /// <returns>fp32 [B, 256 N].</returns>
    public static Tensor EmbedSizes(Tensor sizeIds)
    {
        using var scope = new Scope();
        return scope.Keep(UNet.TimestepEmbedding(sizeIds.Reshape(-1), SizeWidth).Reshape(sizeIds.Size(0), -1));
    }

    /// <summary>
    /// XL's vector conditioning, the pooled output and the embedded sizes; null where there is no pooled output.
    /// </summary>
    /// <returns>fp32 [B, P + 1536].</returns>
    /// <exception cref="InvalidOperationException">There is a pooled output but there are no sizes.</exception>
    public Tensor? Vector()
    {
        if (Pooled is null)
        {
            return null;
        }

        using var scope = new Scope();
        Tensor sizes = EmbedSizes(SizeIds ?? throw new InvalidOperationException("SDXL's conditioning needs size ids"));
        return scope.Keep(Ops.Cat([Pooled.To(DType.Float32), sizes], 1));
    }
}
