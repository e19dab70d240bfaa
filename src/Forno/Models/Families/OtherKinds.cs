using Forno.Models.Layouts;

namespace Forno.Models.Families;

/// <summary>Names the files that people mistake for base models, for messages.</summary>
internal static class OtherKinds
{
    /// <summary>What a file without a UNet or text encoder of a known family seems to be.</summary>
    public static string Recognise(TensorShapes shapes)
    {
        if (
            shapes.Keys.Any(key =>
                key.StartsWith("lora_", StringComparison.Ordinal)
                || key.Contains(".lora_", StringComparison.Ordinal)
                || key.Contains(".hada_w", StringComparison.Ordinal)
                || key.Contains(".lokr_w", StringComparison.Ordinal)
            )
        )
        {
            return "an adapter (LoRA or a relative), not a whole model";
        }

        if (shapes.Has("emb_params") || shapes.Has("clip_l") || shapes.HasBelow("string_to_param/"))
        {
            return "a textual inversion embedding, not a whole model";
        }

        if (shapes.HasBelow("control_model.") || shapes.HasBelow("controlnet_"))
        {
            return "a ControlNet, not a whole model";
        }

        if (shapes.HasBelow("double_blocks.") || shapes.HasBelow("model.diffusion_model.double_blocks."))
        {
            return "a Flux model";
        }

        if (shapes.HasBelow("model.diffusion_model.joint_blocks.") || shapes.HasBelow("joint_blocks."))
        {
            return "a Stable Diffusion 3 model";
        }

        return shapes.Has("decoder.conv_in.weight") || shapes.Has("first_stage_model.decoder.conv_in.weight")
            ? "an autoencoder (VAE) alone, without a UNet"
            : "a file of unknown kind";
    }
}
