using Forno.Nn;
using Forno.Torch;

namespace Forno.Models.Clip;

/// <summary>
/// A CLIP image tower (the ViT of Radford et al. 2021): patches and a class token, pre-norm layers without a mask, the
/// class token projected. Weights by Hugging Face's names (<c>vision_model.…</c>, <c>visual_projection.weight</c>):
/// bring other files to them by <see cref="ClipKeys.Unify"/>.
/// </summary>
public sealed class ClipVision
{
    private readonly Conv2d patches;
    private readonly Tensor classToken,
        positions;
    private readonly LayerNorm before,
        after;
    private readonly ClipLayers layers;
    private readonly Linear projection;

    /// <summary>Takes the tower's weights from a store, or makes them if the store is new.</summary>
    /// <param name="tower">The place below which <c>vision_model</c> stands: <c>store.At("")</c> in files of a whole
    /// CLIP.</param>
    /// <param name="config">Its configuration.</param>
    /// <exception cref="FornoException">A tensor is missing or of another shape.</exception>
    public ClipVision(Weights tower, ClipVisionConfig config)
    {
        Config = config;
        Weights model = tower["vision_model"],
            embeddings = model["embeddings"];
        int side = config.ImageSize / config.PatchSize;
        patches = new Conv2d(
            embeddings["patch_embedding"],
            3,
            config.Width,
            config.PatchSize,
            config.PatchSize,
            bias: false
        );
        classToken = embeddings.Take("class_embedding", Init.Normal, config.Width);
        positions = embeddings.Take("position_embedding.weight", Init.Normal, (side * side) + 1, config.Width);
        before = new LayerNorm(model["pre_layrnorm"], config.Width);
        layers = new ClipLayers(
            model["encoder.layers"],
            config.Layers,
            config.Width,
            config.MlpWidth,
            config.Heads,
            config.Activation
        );
        after = new LayerNorm(model["post_layernorm"], config.Width);
        projection = new Linear(tower["visual_projection"], config.Width, config.ProjectionDim, bias: false);
    }

    /// <summary>What the tower is.</summary>
    public ClipVisionConfig Config { get; }

    /// <summary>Gradient checkpointing: layers keep no inner activations and compute them again in backward.</summary>
    public bool GradientCheckpointing
    {
        get => layers.GradientCheckpointing;
        set => layers.GradientCheckpointing = value;
    }

    /// <summary>Pictures → embeddings.</summary>
    /// <param name="images">[B, 3, S, S] with S the tower's image size, normalised by
    /// <see cref="ClipPreprocess"/>.</param>
    /// <returns>fp32 [B, projection], not normalised to unit length.</returns>
    /// <exception cref="ArgumentException">The pictures are of another size.</exception>
    public Tensor Encode(Tensor images)
    {
        using var scope = new Scope();
        if (
            images.Dims != 4
            || images.Size(1) != 3
            || images.Size(2) != Config.ImageSize
            || images.Size(3) != Config.ImageSize
        )
        {
            throw new ArgumentException(
                $"the image tower takes [B, 3, {Config.ImageSize}, {Config.ImageSize}], not {images}"
            );
        }

        Tensor grid = patches.Forward(images).Flatten(2).Transpose(1, 2).To(DType.Float32); // [B, patches, width]
        Tensor first = classToken.To(DType.Float32).View(1, 1, -1).Expand(images.Size(0), -1, -1);
        Tensor x = before.Forward(Ops.Cat([first, grid], 1) + positions);
        for (int i = 0; i < Config.Layers; i++)
        {
            x = layers.Run(i, x, null);
        }

        return scope.Keep(projection.Forward(after.Forward(x.Select(1, 0))).To(DType.Float32));
    }
}
