using Forno.Training.Recipes;
using static Forno.Kohya.Options.Rows;

namespace Forno.Kohya.Options;

/// <summary>Options of the base model.</summary>
internal static class ModelOptions
{
    public static KohyaOption[] Rows { get; } =
    [
        Flag("v2").Lands((r, v) => r with { Model = r.Model with { V2 = v } }).InMetadata(),
        Flag("v_parameterization").Lands((r, v) => r with { Model = r.Model with { VParameterization = v } }),
        Input("pretrained_model_name_or_path").Lands((r, v) => r with { Model = r.Model with { Path = v } }),
        Input("vae").Lands((r, v) => r with { Model = r.Model with { Vae = v } }),
        Whole("clip_skip").From(1).Lands((r, v) => r with { Model = r.Model with { ClipSkip = v } }).InMetadata(),
        Whole("max_token_length").OneOf("75", "150", "225").Only("75").Lands((r, _) => r).InMetadata(),
        Flag("zero_terminal_snr").Lands((r, v) => r with { Model = r.Model with { ZeroTerminalSnr = v } }).InMetadata(),
        Str("tokenizer_cache_dir").Foreign(),
        Flag("weighted_captions").Later(),
        Flag("no_half_vae").Later(),
        Flag("train_inpainting").Later(),
        Flag("disable_mmap_load_safetensors").Foreign().For(OptionScript.SdxlOnly),
    ];
}
