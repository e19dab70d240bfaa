using Forno.Python;
using Forno.Training.Recipes;
using static Forno.Kohya.Options.Rows;

namespace Forno.Kohya.Options;

/// <summary>Options of the adapter, and those of kohya's other trainers in place of one.</summary>
internal static class NetworkOptions
{
    public static KohyaOption[] Rows { get; } =
    [
        Str("network_module").Lands((r, v) => r with { Network = r.Network with { Module = v } }).InMetadata(),
        Whole("network_dim").From(1).Lands((r, v) => r with { Network = r.Network with { Dim = v } }).InMetadata(),
        Real("network_alpha", 1).Lands((r, v) => r with { Network = r.Network with { Alpha = v } }).InMetadata(),
        Real("network_dropout").Lands((r, v) => r with { Network = r.Network with { Dropout = v } }).InMetadata(),
        Texts("network_args").Lands((r, v) => r with { Network = r.Network with { Args = Arguments(v) } }),
        Flag("network_train_unet_only").Lands((r, v) => r with { Network = r.Network with { TrainTextEncoder = !v } }),
        Flag("network_train_text_encoder_only").Lands((r, v) => r with { Network = r.Network with { TrainUNet = !v } }),
        Real("scale_weight_norms")
            .From(0)
            .Lands((r, v) => r with { Network = r.Network with { MaxNorm = v > 0 ? v : null } })
            .InMetadata(),
        Str("network_weights").Later(),
        Flag("dim_from_weights").Later(),
        Texts("base_weights").Later(),
        Reals("base_weights_multiplier").Later(),
        // textual inversions
        Str("weights").For(OptionScript.TextualInversion).Later(),
        Whole("num_vectors_per_token", 1).For(OptionScript.TextualInversion).Later(),
        Str("token_string").For(OptionScript.TextualInversion).Later(),
        Str("init_word").For(OptionScript.TextualInversion).Later(),
        Flag("use_object_template").For(OptionScript.TextualInversion).Later(),
        Flag("use_style_template").For(OptionScript.TextualInversion).Later(),
        // whole models
        Real("learning_rate_te").For(OptionScript.WholeModel).Later(),
        Real("learning_rate_te1").For(OptionScript.WholeModel).Later(),
        Real("learning_rate_te2").For(OptionScript.WholeModel).Later(),
        Whole("stop_text_encoder_training").For(OptionScript.WholeModel).Later(),
        Flag("no_token_padding").For(OptionScript.WholeModel).Later(),
        Flag("train_text_encoder").For(OptionScript.WholeModel).Later(),
        Str("block_lr").For(OptionScript.WholeModel).Later(),
        Whole("fused_optimizer_groups").For(OptionScript.WholeModel).Later(),
        Flag("diffusers_xformers").For(OptionScript.WholeModel).Foreign(),
        // sliders
        Str("prompts_file").For(OptionScript.Leco).Later(),
        Whole("max_denoising_steps", 40).For(OptionScript.Leco).Later(),
        Real("leco_denoise_guidance_scale", 3).For(OptionScript.Leco).Later(),
    ];

    private static Dictionary<string, string> Arguments(IEnumerable<string> given) =>
        PythonLiteral
            .Arguments(given, "network_args", literals: false)
            .ToDictionary(a => a.Key, a => (string)a.Value!, StringComparer.Ordinal);
}
