using Forno.Imaging;
using Forno.Models;

namespace Forno.Generation.Requests;

/// <summary>A request on the model that draws it: nothing is left to be refused but adapters that do not fit.</summary>
public sealed record FittedRequest
{
    internal FittedRequest(ResolvedRequest request, BaseModel model)
    {
        (Request, Model) = (request, model);
        Size = new Size(request.Asked.Width ?? model.NativeSize, request.Asked.Height ?? model.NativeSize);
        int factor = model.Vae.Config.Factor;
        foreach (
            (string name, int value) in (ReadOnlySpan<(string, int)>)[("width", Size.Width), ("height", Size.Height)]
        )
        {
            if (value % factor != 0)
            {
                throw new FornoException(
                    $"{name} {value} is not a multiple of {factor}, which {model.Name} needs; the nearest is "
                        + $"{ResolvedRequest.Nearest(value, factor)}"
                );
            }
        }

        int latent = model.Vae.Config.Layout.LatentChannels,
            network = model.UNet.Config.Layout.InChannels;
        // An inpainting UNet takes the mask and the masked latents too.
        TakesMask = network == (2 * latent) + 1;
        if (network != latent && !TakesMask)
        {
            throw FornoException.ForFile(
                model.VaePath,
                $"its VAE makes latents of {latent} channels, but the UNet of {model.Name} takes {network}",
                "Choose a VAE of the model's own family, or none."
            );
        }

        model.Text.RequireClipSkip(request.Asked.ClipSkip);
    }

    /// <summary>The request.</summary>
    public ResolvedRequest Request { get; }

    /// <summary>The model.</summary>
    public BaseModel Model { get; }

    /// <summary>Size of the pictures in pixels.</summary>
    public Size Size { get; }

    /// <summary>Whether the UNet takes a mask and masked latents beside the noise.</summary>
    internal bool TakesMask { get; }

    /// <summary>[C, h, w] of one picture's latents.</summary>
    internal long[] LatentShape =>
        [
            Model.Vae.Config.Layout.LatentChannels,
            Size.Height / Model.Vae.Config.Factor,
            Size.Width / Model.Vae.Config.Factor,
        ];
}
