using System.Collections.Frozen;
using Forno.Checkpoints.Sources;
using Forno.Models.Layouts;

namespace Forno.Models.Families;

/// <summary>A text encoder of a family: where a single file keeps it, and what it is at full size.</summary>
/// <param name="Prefix">Prefix of its keys, with its dot.</param>
/// <param name="FullSize">Its measures in the published models.</param>
/// <param name="Heads">Attention heads at full size: 64 channels each.</param>
public sealed record TextEncoderSpec(string Prefix, TextLayout FullSize, int Heads);

/// <summary>
/// A family of Stable Diffusion models: everything that the weights cannot tell, and the measures of the published
/// models. <see cref="Detect(TensorShapes)"/> finds the family of a file from its keys and shapes alone, whatever its
/// widths.
/// </summary>
public sealed record ModelFamily
{
    /// <summary>Prefix of the UNet in single files.</summary>
    public const string UNetPrefix = "model.diffusion_model.";

    /// <summary>Prefix of the autoencoder in single files.</summary>
    public const string VaePrefix = "first_stage_model.";

    private static readonly TextLayout ClipL = new()
    {
        Naming = TextNaming.HuggingFace,
        Width = 768,
        Layers = 12,
        MlpWidth = 3072,
    };

    private static readonly UNetLayout FullSd15 = new()
    {
        ModelChannels = 320,
        ChannelMult = [1, 2, 4, 4],
        Depth = [1, 1, 1, 0],
        MiddleDepth = 1,
        ContextDim = 768,
    };

    /// <summary>Stable Diffusion 1.x.</summary>
    public static ModelFamily Sd15 { get; } =
        new()
        {
            Name = "sd15",
            LatentScale = 0.18215,
            FullSizeUNet = FullSd15,
            TextEncoders = [new("cond_stage_model.transformer.text_model.", ClipL, 12)],
            Heads = 8,
        };

    /// <summary>
    /// Stable Diffusion 1.x for inpainting: nine channels in (latent, mask, masked picture's latent).
    /// </summary>
    public static ModelFamily Sd15Inpainting { get; } =
        Sd15 with
        {
            Name = "sd15-inpainting",
            FullSizeUNet = FullSd15 with { InChannels = 9 },
        };

    /// <summary>Stable Diffusion 2.x, whatever it predicts.</summary>
    public static ModelFamily Sd21 { get; } =
        new()
        {
            Name = "sd21",
            LatentScale = 0.18215,
            FullSizeUNet = FullSd15 with { ContextDim = 1024, LinearProjections = true },
            TextEncoders =
            [
                new(
                    "cond_stage_model.model.",
                    new TextLayout
                    {
                        Naming = TextNaming.OpenClip,
                        Width = 1024,
                        Layers = 24,
                        MlpWidth = 4096,
                        ProjectionDim = 1024,
                    },
                    16
                ),
            ],
            HeadChannels = 64,
        };

    /// <summary>Stable Diffusion XL base.</summary>
    public static ModelFamily Sdxl { get; } =
        new()
        {
            Name = "sdxl",
            LatentScale = 0.13025,
            FullSizeUNet = new UNetLayout
            {
                ModelChannels = 320,
                ChannelMult = [1, 2, 4],
                Depth = [0, 2, 10],
                MiddleDepth = 10,
                ContextDim = 2048,
                LinearProjections = true,
                VectorDim = 2816,
            },
            TextEncoders =
            [
                new("conditioner.embedders.0.transformer.text_model.", ClipL, 12),
                new(
                    "conditioner.embedders.1.model.",
                    new TextLayout
                    {
                        Naming = TextNaming.OpenClip,
                        Width = 1280,
                        Layers = 32,
                        MlpWidth = 5120,
                        ProjectionDim = 1280,
                    },
                    20
                ),
            ],
            HeadChannels = 64,
        };

    /// <summary>All families by name.</summary>
    public static FrozenDictionary<string, ModelFamily> All { get; } =
        new[] { Sd15, Sd15Inpainting, Sd21, Sdxl }.ToFrozenDictionary(family => family.Name, StringComparer.Ordinal);

    /// <summary>The name that Forno uses for it.</summary>
    public required string Name { get; init; }

    /// <summary>What latents are multiplied with behind the encoder.</summary>
    public required double LatentScale { get; init; }

    /// <summary>The published UNet's measures.</summary>
    public required UNetLayout FullSizeUNet { get; init; }

    /// <summary>The published autoencoder's measures.</summary>
    public VaeLayout FullSizeVae { get; init; } = new();

    /// <summary>Its text encoders, in the order in which their outputs are joined.</summary>
    public required IReadOnlyList<TextEncoderSpec> TextEncoders { get; init; }

    /// <summary>
    /// Attention heads of the UNet at every level; null where <see cref="HeadChannels"/> is fixed instead.
    /// </summary>
    public int? Heads { get; init; }

    /// <summary>Channels of each of the UNet's heads; null where <see cref="Heads"/> is fixed instead.</summary>
    public int? HeadChannels { get; init; }

    /// <summary>Every parameter of the published single file, with its shape.</summary>
    public IReadOnlyDictionary<string, long[]> FullSizeKeys() =>
        TextEncoders
            .SelectMany(encoder => encoder.FullSize.Keys(encoder.Prefix))
            .Concat(FullSizeUNet.Keys(UNetPrefix))
            .Concat(FullSizeVae.Keys(VaePrefix))
            .ToDictionary(StringComparer.Ordinal);

    /// <summary>
    /// Whether a parameter of the full-size file is used by neither drawing nor training, so that it may be missing:
    /// OpenCLIP's <c>logit_scale</c>, and in 2.x, whose text comes from the last layer but one, also the last layer and
    /// the projection.
    /// </summary>
    /// <param name="key">A usual single-file key.</param>
    public bool IsUnused(string key) =>
        TextEncoders.Any(encoder =>
            encoder.FullSize.Naming == TextNaming.OpenClip
            && key.StartsWith(encoder.Prefix, StringComparison.Ordinal)
            && (
                key == encoder.Prefix + "logit_scale"
                || (
                    Name == Sd21.Name
                    && (
                        key == encoder.Prefix + "text_projection"
                        || key.StartsWith(
                            $"{encoder.Prefix}transformer.resblocks.{encoder.FullSize.Layers - 1}.",
                            StringComparison.Ordinal
                        )
                    )
                )
            )
        );

    /// <summary>The family of an open file; see <see cref="Detect(TensorShapes)"/>.</summary>
    public static ModelFamily Detect(ITensorSource source) => Detect(TensorShapes.Of(source));

    /// <summary>
    /// Finds a file's family, from its UNet if it has one, else from its text encoders. Keys are first brought to their
    /// usual names (<see cref="KeyMap.Canonical"/>).
    /// </summary>
    /// <exception cref="FornoException">Something else; the message says what it seems to be.</exception>
    public static ModelFamily Detect(TensorShapes shapes)
    {
        shapes = KeyMap.Canonical(shapes);
        if (shapes.Has(UNetPrefix + "input_blocks.0.0.weight"))
        {
            return FromUNet(shapes);
        }

        if (shapes.HasBelow("conditioner.embedders.1.model."))
        {
            return Sdxl;
        }

        if (shapes.HasBelow("cond_stage_model.model."))
        {
            return Sd21;
        }

        return shapes.HasBelow("cond_stage_model.transformer.")
            ? Sd15
            : throw Other(shapes.Origin, OtherKinds.Recognise(shapes));
    }

    private static ModelFamily FromUNet(TensorShapes shapes)
    {
        var unet = UNetLayout.Detect(shapes, UNetPrefix);
        bool refinersText =
            shapes.HasBelow("conditioner.embedders.0.model.") && !shapes.HasBelow("conditioner.embedders.1.model.");
        ModelFamily family;
        if (unet.VectorDim is not null)
        {
            if (refinersText || unet.ContextDim == 1280 || unet.VectorDim == 2560)
            {
                throw Other(shapes.Origin, "the SDXL refiner");
            }

            family = Sdxl;
        }
        else
        {
            // Widths of published models decide; for others, how the projections are stored.
            family = unet.ContextDim switch
            {
                1024 => Sd21,
                768 => Sd15,
                _ => unet.LinearProjections ? Sd21 : Sd15,
            };
        }

        return unet.InChannels switch
        {
            4 => family,
            9 when family == Sd15 => Sd15Inpainting,
            9 => throw Other(shapes.Origin, $"an inpainting model of the family {family.Name}"),
            8 => throw Other(shapes.Origin, "an instruct-pix2pix model"),
            5 => throw Other(shapes.Origin, "a depth-to-image model"),
            var channels => throw Other(shapes.Origin, $"a model whose UNet takes {channels} channels"),
        };
    }

    private static FornoException Other(string origin, string kind) =>
        FornoException.ForFile(
            origin,
            $"this is {kind}, which Forno does not use as a base model",
            $"Choose a checkpoint of one of: {string.Join(", ", All.Keys.Order(StringComparer.Ordinal))}."
        );
}
