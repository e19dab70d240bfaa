using System.Text.RegularExpressions;
using Forno.Models.Layouts;

namespace Forno.Models.Families;

/// <summary>
/// Translates checkpoint keys: variants found in the wild to the usual single-file names, and single-file names to
/// diffusers' and back. Names only: where shapes differ (the autoencoder's attention: [C, C, 1, 1] and [C, C]) they
/// hold the same numbers.
/// </summary>
public static partial class KeyMap
{
    private static readonly (string Single, string Diffusers)[] UNetTop =
    [
        ("time_embed.0", "time_embedding.linear_1"),
        ("time_embed.2", "time_embedding.linear_2"),
        ("label_emb.0.0", "add_embedding.linear_1"),
        ("label_emb.0.2", "add_embedding.linear_2"),
        ("input_blocks.0.0", "conv_in"),
        ("out.0", "conv_norm_out"),
        ("out.2", "conv_out"),
        ("middle_block.0", "mid_block.resnets.0"),
        ("middle_block.1", "mid_block.attentions.0"),
        ("middle_block.2", "mid_block.resnets.1"),
    ];

    private static readonly (string Single, string Diffusers)[] UNetResidual =
    [
        ("in_layers.0", "norm1"),
        ("in_layers.2", "conv1"),
        ("emb_layers.1", "time_emb_proj"),
        ("out_layers.0", "norm2"),
        ("out_layers.3", "conv2"),
        ("skip_connection", "conv_shortcut"),
    ];

    /// <summary>
    /// Brings a file's keys to the usual single-file names: <c>state_dict/</c> of a Lightning checkpoint, 1.x text keys
    /// without <c>text_model.</c>, the 2.x text tower under XL's name, an autoencoder's own file in either naming.
    /// </summary>
    public static TensorShapes Canonical(TensorShapes shapes)
    {
        var renamed = new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal);
        foreach (var (key, usual) in CanonicalNames(shapes))
        {
            renamed[usual] = shapes[key]!;
        }

        return new TensorShapes(renamed, shapes.Origin);
    }

    /// <summary>
    /// Each key of a file with its usual single-file name; keys that only training needs are left out.
    /// </summary>
    public static IEnumerable<(string Key, string Usual)> CanonicalNames(TensorShapes shapes)
    {
        const string Nested = "state_dict/";
        bool nested = shapes.HasBelow(Nested);
        string top = nested ? Nested : "";
        // XL's code base keeps a lone OpenCLIP tower as embedder 0; at width 1280 it is the refiner's, else 2.x's.
        string lone = top + "conditioner.embedders.0.model.";
        bool isSd2 = shapes[lone + "ln_final.weight"] is [not 1280];
        // A stand-alone autoencoder has no prefix; this key is the same in all of its namings.
        bool isVae = shapes.Has(top + "decoder.conv_in.weight");
        int levels = isVae ? shapes.CountBelow(top + "encoder.down_blocks.") : 0;
        foreach (string key in shapes.Keys)
        {
            if (!key.StartsWith(top, StringComparison.Ordinal))
            {
                continue; // optimizer state and the like, beside state_dict
            }

            if (isSd2 && key.StartsWith(lone, StringComparison.Ordinal))
            {
                yield return (key, "cond_stage_model.model." + key[lone.Length..]);
                continue;
            }

            if (isVae)
            {
                yield return (key, ModelFamily.VaePrefix + VaeToSingle(key[top.Length..], levels));
                continue;
            }

            yield return (key, BareText().Replace(key[top.Length..], "$1text_model."));
        }
    }

    /// <summary>
    /// Whether a key may be left over when a model is loaded: schedule tables, EMA copies, leftovers of tools.
    /// </summary>
    /// <param name="key">A usual single-file key.</param>
    public static bool IsHarmless(string key) =>
        Harmless().IsMatch(key)
        || key.StartsWith("model_ema.", StringComparison.Ordinal)
        || key.StartsWith("first_stage_model.loss.", StringComparison.Ordinal)
        || key.StartsWith("loss.", StringComparison.Ordinal)
        || key.StartsWith("first_stage_model.model_ema.", StringComparison.Ordinal);

    /// <summary>A UNet key, without prefix, in diffusers' naming.</summary>
    /// <param name="key">Single-file name, such as <c>input_blocks.1.0.in_layers.0.weight</c>.</param>
    /// <param name="layout">The UNet's measures, which the numbering depends on.</param>
    /// <returns>Diffusers' name, or null if the UNet has no such key.</returns>
    public static string? UNetToDiffusers(string key, UNetLayout layout)
    {
        int n = layout.NumResBlocks + 1;
        if (
            Block().Match(key) is { Success: true } match
            && key != "input_blocks.0.0.weight"
            && key != "input_blocks.0.0.bias"
        )
        {
            var (down, index, part, rest) = (
                match.Groups[1].Value == "input",
                Number(match, 2),
                Number(match, 3),
                match.Groups[4].Value
            );
            int level = (down ? index - 1 : index) / n;
            int j = (down ? index - 1 : index) % n;
            string block = $"{(down ? "down" : "up")}_blocks.{level}.";
            if (level >= layout.ChannelMult.Count)
            {
                return null;
            }

            if (down && rest.StartsWith("op.", StringComparison.Ordinal))
            {
                return $"{block}downsamplers.0.conv.{rest[3..]}";
            }

            if (!down && part > 0 && rest.StartsWith("conv.", StringComparison.Ordinal))
            {
                return $"{block}upsamplers.0.{rest}";
            }

            return part == 0
                ? $"{block}resnets.{j}.{Swap(rest, UNetResidual, forward: true)}"
                : $"{block}attentions.{j}.{rest}";
        }

        return Top(key, forward: true);
    }

    /// <summary>A UNet key, without prefix, in single-file naming.</summary>
    /// <param name="key">Diffusers' name, such as <c>down_blocks.0.resnets.0.norm1.weight</c>.</param>
    /// <param name="layout">The UNet's measures, which the numbering depends on.</param>
    /// <returns>The single-file name, or null if the UNet has no such key.</returns>
    public static string? UNetToSingle(string key, UNetLayout layout)
    {
        if (DiffusersBlock().Match(key) is not { Success: true } match)
        {
            return Top(key, forward: false);
        }

        int n = layout.NumResBlocks + 1;
        var (down, i, kind, j, rest) = (
            match.Groups[1].Value == "down",
            Number(match, 2),
            match.Groups[3].Value,
            Number(match, 4),
            match.Groups[5].Value
        );
        int levels = layout.ChannelMult.Count;
        if (i >= levels)
        {
            return null;
        }

        bool attends = layout.Depth[down ? i : levels - 1 - i] > 0;
        return (down, kind) switch
        {
            (true, "resnets") => $"input_blocks.{(n * i) + j + 1}.0.{Swap(rest, UNetResidual, forward: false)}",
            (true, "attentions") => $"input_blocks.{(n * i) + j + 1}.1.{rest}",
            (true, "downsamplers") when rest.StartsWith("conv.", StringComparison.Ordinal) =>
                $"input_blocks.{n * (i + 1)}.0.op.{rest[5..]}",
            (false, "resnets") => $"output_blocks.{(n * i) + j}.0.{Swap(rest, UNetResidual, forward: false)}",
            (false, "attentions") => $"output_blocks.{(n * i) + j}.1.{rest}",
            (false, "upsamplers") => $"output_blocks.{(n * i) + n - 1}.{(attends ? 2 : 1)}.{rest}",
            _ => null,
        };
    }

    /// <summary>An autoencoder key, without prefix, in current diffusers' naming.</summary>
    /// <param name="key">Single-file name, such as <c>decoder.up.3.block.0.conv1.weight</c>.</param>
    /// <param name="levels">Number of levels, which the decoder's numbering depends on.</param>
    public static string VaeToDiffusers(string key, int levels)
    {
        string name = VaeLevel()
            .Replace(
                key,
                match =>
                {
                    bool up = match.Groups[2].Value == "up";
                    int level = up ? levels - 1 - Number(match, 3) : Number(match, 3);
                    string part = match.Groups[4].Value switch
                    {
                        "downsample" => "downsamplers.0",
                        "upsample" => "upsamplers.0",
                        var block => "resnets" + block["block".Length..],
                    };
                    return $"{match.Groups[1].Value}.{match.Groups[2].Value}_blocks.{level}.{part}.";
                }
            );
        name = Regex.Replace(name, @"\.mid\.block_([12])\.", match => $".mid_block.resnets.{Number(match, 1) - 1}.");
        name = Regex.Replace(
            name,
            @"\.mid\.attn_1\.(norm|q|k|v|proj_out)\.",
            match =>
                ".mid_block.attentions.0."
                + match.Groups[1].Value switch
                {
                    "norm" => "group_norm.",
                    "proj_out" => "to_out.0.",
                    var part => $"to_{part}.",
                }
        );
        return name.Replace(".nin_shortcut.", ".conv_shortcut.", StringComparison.Ordinal)
            .Replace("coder.norm_out.", "coder.conv_norm_out.", StringComparison.Ordinal);
    }

    /// <summary>
    /// An autoencoder key, without prefix, in single-file naming; knows diffusers' names before 0.17 too.
    /// </summary>
    /// <param name="key">Diffusers' name, such as <c>decoder.up_blocks.0.resnets.0.conv1.weight</c>.</param>
    /// <param name="levels">Number of levels, which the decoder's numbering depends on.</param>
    public static string VaeToSingle(string key, int levels)
    {
        string name = DiffusersVaeLevel()
            .Replace(
                key,
                match =>
                {
                    bool up = match.Groups[2].Value == "up";
                    int level = up ? levels - 1 - Number(match, 3) : Number(match, 3);
                    string part = match.Groups[4].Value switch
                    {
                        "downsamplers" => "downsample",
                        "upsamplers" => "upsample",
                        _ => $"block.{match.Groups[5].Value}",
                    };
                    return $"{match.Groups[1].Value}.{match.Groups[2].Value}.{level}.{part}";
                }
            );
        name = Regex.Replace(name, @"\.mid_block\.resnets\.([01])\.", match => $".mid.block_{Number(match, 1) + 1}.");
        name = Regex.Replace(
            name,
            @"\.mid_block\.attentions\.0\.(group_norm|to_out\.0|proj_attn|to_q|to_k|to_v|query|key|value)\.",
            match =>
                ".mid.attn_1."
                + match.Groups[1].Value switch
                {
                    "group_norm" => "norm",
                    "to_out.0" or "proj_attn" => "proj_out",
                    "to_q" or "query" => "q",
                    "to_k" or "key" => "k",
                    _ => "v",
                }
                + "."
        );
        return name.Replace(".conv_shortcut.", ".nin_shortcut.", StringComparison.Ordinal)
            .Replace("coder.conv_norm_out.", "coder.norm_out.", StringComparison.Ordinal);
    }

    private static string? Top(string key, bool forward)
    {
        foreach (var (single, diffusers) in UNetTop)
        {
            var (from, to) = forward ? (single, diffusers) : (diffusers, single);
            if (key.StartsWith(from + ".", StringComparison.Ordinal))
            {
                string rest = key[(from.Length + 1)..];
                return $"{to}."
                    + $"{(single is "middle_block.0" or "middle_block.2" ? Swap(rest, UNetResidual, forward) : rest)}";
            }
        }

        return null;
    }

    private static string Swap(string rest, (string Single, string Diffusers)[] names, bool forward)
    {
        foreach (var (single, diffusers) in names)
        {
            var (from, to) = forward ? (single, diffusers) : (diffusers, single);
            if (rest.StartsWith(from + ".", StringComparison.Ordinal))
            {
                return to + rest[from.Length..];
            }
        }

        return rest;
    }

    private static int Number(Match match, int group) =>
        int.Parse(match.Groups[group].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(cond_stage_model\.transformer\.)(?=embeddings\.|encoder\.|final_layer_norm\.)")]
    private static partial Regex BareText();

    [GeneratedRegex(@"^(input|output)_blocks\.(\d{1,4})\.(\d{1,2})\.(.+)$")]
    private static partial Regex Block();

    [GeneratedRegex(@"^(down|up)_blocks\.(\d{1,4})\.(resnets|attentions|downsamplers|upsamplers)\.(\d{1,4})\.(.+)$")]
    private static partial Regex DiffusersBlock();

    [GeneratedRegex(@"^(encoder|decoder)\.(down|up)\.(\d{1,4})\.(block\.\d+|downsample|upsample)\.")]
    private static partial Regex VaeLevel();

    [GeneratedRegex(@"^(encoder|decoder)\.(down|up)_blocks\.(\d{1,4})\.(resnets|downsamplers|upsamplers)\.(\d+)")]
    private static partial Regex DiffusersVaeLevel();

    // Schedule tables of the original training code, and single tensors that tools leave behind.
    [GeneratedRegex(
        @"^(betas|(sqrt_|log_)?(one_minus_|recip_|recipm1_)?alphas_cumprod(_prev)?"
            + @"|posterior_(variance|log_variance_clipped|mean_coef[12])|lvlb_weights|logvar|scale_factor"
            + @"|v_pred|ztsnr|edm_mean|edm_std|edm_vpred\..*|denoiser\..*|global_step|epoch)$"
            + @"|\.position_ids$|\.logit_scale$|^conditioner\.embedders\.0\.transformer\.text_projection\.weight$"
    )]
    private static partial Regex Harmless();
}
