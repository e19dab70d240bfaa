using Forno.Generation.Requests;
using Forno.Models;
using Forno.Torch;

namespace Forno.Generation.Stages;

/// <summary>What an inpainting UNet takes beside the noise.</summary>
internal static class Inpainting
{
    /// <summary>Everything is masked, and behind the mask everything is grey: it draws as other models do.</summary>
    /// <returns>Mask and masked latents, [1, 1 + C, h, w].</returns>
    public static Tensor Everything(FittedRequest request)
    {
        using var scope = new Scope();
        BaseModel model = request.Model;
        Tensor grey = model.Vae.Encode(
            Tensor.Zeros([1, 3, request.Size.Height, request.Size.Width], DType.Float32, model.Device)
        );
        var mask = Tensor.Ones([1, 1, grey.Size(2), grey.Size(3)], DType.Float32, model.Device);
        return scope.Keep(Ops.Cat([mask, grey], 1));
    }
}
