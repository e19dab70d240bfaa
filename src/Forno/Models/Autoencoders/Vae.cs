using Forno.Nn;
using Forno.Torch;

namespace Forno.Models.Autoencoders;

/// <summary>
/// SD's KL autoencoder. Outside, latents are always scaled; what the network itself gives leaves only through
/// <see cref="EncodeMoments"/> and <see cref="DecodeRaw"/>, for those who train it.
/// </summary>
public sealed class Vae
{
    private readonly VaeEncoder encoder;
    private readonly VaeDecoder decoder;
    private readonly Conv2d quant,
        postQuant;

    /// <summary>Takes the network's place in a tree of weights with the single file's names.</summary>
    /// <param name="weights">The place <c>first_stage_model</c>.</param>
    /// <param name="config">Its sizes.</param>
    /// <param name="scale">Factor between raw and scaled latents: 0.18215 for SD, 0.13025 for SDXL.</param>
    public Vae(Weights weights, VaeConfig config, double scale = 0.18215)
    {
        Config = config;
        Scale = scale;
        encoder = new VaeEncoder(weights["encoder"], config);
        decoder = new VaeDecoder(weights["decoder"], config);
        int z = config.Layout.LatentChannels;
        quant = new Conv2d(weights["quant_conv"], 2 * z, 2 * z, 1);
        postQuant = new Conv2d(weights["post_quant_conv"], z, z, 1);
    }

    /// <summary>The network's sizes.</summary>
    public VaeConfig Config { get; }

    /// <summary>Factor between raw and scaled latents.</summary>
    public double Scale { get; }

    /// <summary>Mean and log-variance (clamped to −30..20) of pictures [B, 3, H, W] in [−1, 1]; unscaled.</summary>
    public (Tensor Mean, Tensor LogVariance) EncodeMoments(Tensor pictures)
    {
        using var scope = new Scope();
        Tensor moments = quant.Forward(encoder.Forward(pictures)).To(DType.Float32);
        Tensor[] halves = moments.Chunk(2, 1);
        return (scope.Keep(halves[0].Contiguous()), scope.Keep(halves[1].Clamp(-30, 20)));
    }

    /// <summary>Pictures [B, 3, f·h, f·w] of unscaled latents; fp32, not clamped.</summary>
    public Tensor DecodeRaw(Tensor z)
    {
        using var scope = new Scope();
        return scope.Keep(decoder.Forward(postQuant.Forward(z)).To(DType.Float32));
    }

    /// <summary>Scaled latents of pictures: a draw with the given noise, or the mean without.</summary>
    /// <param name="pictures">[B, 3, H, W] in [−1, 1]; sides multiples of the factor.</param>
    /// <param name="noise">Normal numbers in the latent's shape; null: the mean.</param>
    public Tensor Encode(Tensor pictures, Tensor? noise = null)
    {
        using var scope = new Scope();
        (Tensor mean, Tensor logVariance) = EncodeMoments(pictures);
        Tensor z = noise is null ? mean : mean + (logVariance * 0.5).Exp() * noise;
        return scope.Keep(z * Scale);
    }

    /// <summary>Pictures of scaled latents, clamped to [−1, 1].</summary>
    public Tensor Decode(Tensor latents)
    {
        using var scope = new Scope();
        return scope.Keep(DecodeRaw(latents / Scale).Clamp(-1, 1));
    }
}
