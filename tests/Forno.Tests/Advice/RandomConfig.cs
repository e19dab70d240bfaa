using System.Globalization;
using Forno.Kohya.Options;

namespace Forno.Tests.Advice;

/// <summary>
/// Draws training configurations and dataset configs: any option of the table, with values that are right, out of
/// range, of the wrong kind, or at odds with others.
/// </summary>
internal sealed class RandomConfig(Random random, string folder)
{
    private static readonly string[] Arguments = [.. KohyaOptions.Rows.Where(o => o.IsArgument).Select(o => o.Name)];

    private static readonly KohyaOption[] InConfigs = [.. KohyaOptions.Rows.Where(o => o.Level != ConfigLevel.None)];

    // Options that have to do with others, and text that means something; drawn more often.
    private static readonly (string Name, string[] Values)[] Telling =
    [
        ("cache_text_encoder_outputs", ["true", "false"]),
        ("cache_text_encoder_outputs_to_disk", ["true"]),
        ("network_train_unet_only", ["true", "true", "false"]),
        ("network_train_text_encoder_only", ["true", "false"]),
        ("cache_latents", ["true"]),
        ("cache_latents_to_disk", ["true"]),
        ("random_crop", ["true"]),
        ("shuffle_caption", ["true"]),
        ("enable_wildcard", ["true"]),
        ("caption_dropout_every_n_epochs", ["0", "1", "3", "-1"]),
        ("optimizer_type", ["\"AdamW\"", "\"Prodigy\"", "\"prodigy\"", "\"Lion\"", "\"Nonesuch\"", "\"\""]),
        ("use_8bit_adam", ["true", "false"]),
        ("use_lion_optimizer", ["true"]),
        (
            "optimizer_args",
            ["[\"weight_decay=0.1\"]", "[\"nonsense=1\"]", "[\"betas=0.9\"]", "[\"broken\"]", "[\"eps=-1\"]", "[]"]
        ),
        ("unet_lr", ["1.0", "1e-4", "0.0", "-1.0"]),
        ("text_encoder_lr", ["1.0", "0.0", "[1e-4, 2e-4]", "0.5"]),
        ("learning_rate", ["1.0", "1e-4"]),
        ("lr_scheduler", ["\"cosine\"", "\"polynomial\"", "\"cosin\"", "\"constant_with_warmup\"", "\"adafactor\""]),
        ("lr_scheduler_type", ["\"a.CosineAnnealingWarmRestarts\"", "\"Other\"", "\"\""]),
        ("lr_scheduler_args", ["[\"gamma=0.9\"]", "[\"min_lr=1e-6\"]", "[\"x\"]"]),
        ("lr_warmup_steps", ["0.1", "5", "0"]),
        ("network_module", ["\"networks.lora\"", "\"lycoris.kohya\"", "\"networks.dylora\""]),
        ("network_dim", ["4", "16", "0"]),
        (
            "network_args",
            [
                "[\"conv_dim=4\"]",
                "[\"block_dims=1,2\"]",
                "[\"block_dims=" + string.Join(',', Enumerable.Repeat("2", 25)) + "\"]",
                "[\"block_dims=" + string.Join(',', Enumerable.Repeat("0", 25)) + "\"]",
                "[\"block_dims=" + string.Join(',', Enumerable.Repeat("2", 23)) + "\"]",
                "[\"down_lr_weight=sine\"]",
                "[\"down_lr_weight=zeros\", \"up_lr_weight=zeros\", \"mid_lr_weight=0\"]",
                "[\"algo=lora\", \"preset=attn-only\"]",
                "[\"algo=loha\"]",
                "[\"preset=unet-transformer-only\"]",
                "[\"preset=nonsense\"]",
                "[\"rank_dropout=2\"]",
                "[\"dropout=x\"]",
                "[\"nonsense\"]",
            ]
        ),
        ("scale_weight_norms", ["1.0", "0.0", "-1.0"]),
        ("min_timestep", ["100", "900", "0", "1000"]),
        ("max_timestep", ["1000", "500", "50", "0"]),
        ("noise_offset", ["0.1", "0.0"]),
        ("adaptive_noise_scale", ["0.01"]),
        ("zero_terminal_snr", ["true"]),
        ("v_parameterization", ["true"]),
        ("scale_v_pred_loss_like_noise_pred", ["true"]),
        ("v_pred_like_loss", ["0.5", "0.0"]),
        ("masked_loss", ["true"]),
        ("alpha_mask", ["true"]),
        ("conditioning_data_dir", ["\"masks\"", "\"\""]),
        ("sample_every_n_epochs", ["1", "0"]),
        ("sample_at_first", ["true"]),
        ("sample_prompts", ["\"prompts.txt\""]),
        ("enable_bucket", ["true"]),
        ("bucket_no_upscale", ["true"]),
        ("min_bucket_reso", ["64", "4096", "0"]),
        ("max_bucket_reso", ["64", "2048"]),
        ("bucket_reso_steps", ["64", "12", "0", "8"]),
        ("caption_separator", ["\",\"", "\"\"", "\";\""]),
        ("reg_data_dir", ["\"train\"", "\"nowhere\""]),
        ("max_train_epochs", ["2", "0"]),
        ("save_model_as", ["\"safetensors\"", "\"ckpt\""]),
    ];

    // Options that a rule looks at together.
    private static readonly string[][] Themes =
    [
        ["optimizer_type", "unet_lr", "text_encoder_lr", "learning_rate"],
        ["min_timestep", "max_timestep"],
        ["network_train_text_encoder_only", "text_encoder_lr", "network_args"],
        ["network_train_unet_only", "network_args", "network_module"],
        ["cache_text_encoder_outputs", "network_train_unet_only", "shuffle_caption", "enable_wildcard"],
        ["zero_terminal_snr", "noise_offset", "adaptive_noise_scale"],
        ["cache_latents", "random_crop"],
        ["enable_bucket", "min_bucket_reso", "max_bucket_reso", "bucket_reso_steps"],
    ];

    /// <summary>A training configuration's text; its dataset config, where it names one, is written.</summary>
    /// <param name="model">The base model's file.</param>
    public string Draw(string model)
    {
        var lines = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!Rarely(40))
        {
            lines["pretrained_model_name_or_path"] = $"\"{model}\"";
        }
        if (!Rarely(40))
        {
            lines["output_dir"] = "\"out\"";
        }
        if (!Rarely(30))
        {
            lines["resolution"] = Pick("512", "\"512,768\"", "[64, 64]", "1024", "500", "\"512\"");
        }
        switch (random.Next(16))
        {
            case 0:
                break;
            case 1:
                lines["train_data_dir"] = Pick("\"nowhere\"", "\"empty\"");
                break;
            case < 6:
                lines["dataset_config"] = Rarely(20) ? "\"nowhere.toml\"" : "\"data.toml\"";
                File.WriteAllText(Path.Combine(folder, "data.toml"), Datasets());
                break;
            default:
                lines["train_data_dir"] = "\"train\"";
                break;
        }
        string[] theme = random.Next(3) == 0 ? Themes[random.Next(Themes.Length)] : [];
        foreach (string name in theme.Where(_ => random.Next(5) > 0))
        {
            lines[name] = Pick(Telling.First(t => t.Name == name).Values);
        }
        for (int i = random.Next(4); i > 0; i--)
        {
            var (name, values) = Telling[random.Next(Telling.Length)];
            lines[name] = values[random.Next(values.Length)];
        }
        for (int i = random.Next(4) - 1; i > 0; i--)
        {
            KohyaOption option = KohyaOptions.All[Arguments[random.Next(Arguments.Length)]];
            lines.TryAdd(option.Name, Value(option));
        }
        if (Rarely(50))
        {
            lines["lerning_rate"] = "1e-4";
        }
        return string.Join('\n', lines.Select(l => $"{l.Key} = {l.Value}")) + "\n";
    }

    private string Datasets()
    {
        var text = new StringWriter();
        if (random.Next(2) == 0)
        {
            text.WriteLine("[general]");
            Some(text, ConfigLevel.Dataset | ConfigLevel.Subset);
        }
        for (int d = random.Next(10) == 0 ? 0 : 1 + random.Next(2); d > 0; d--)
        {
            text.WriteLine("[[datasets]]");
            Some(text, ConfigLevel.Dataset | ConfigLevel.Subset);
            for (int s = random.Next(12) == 0 ? 0 : 1 + random.Next(2); s > 0; s--)
            {
                text.WriteLine("[[datasets.subsets]]");
                text.WriteLine($"image_dir = {Pick("\"train/1_a\"", "\"train/1_a\"", "\"train/1_a\"", "\"nowhere\"")}");
                Some(text, ConfigLevel.Subset | ConfigLevel.Own, "image_dir");
            }
        }
        return text.ToString();
    }

    private void Some(StringWriter text, ConfigLevel levels, params string[] without)
    {
        var written = new HashSet<string>(without, StringComparer.Ordinal);
        for (int i = random.Next(4) - 1; i > 0; i--)
        {
            KohyaOption option = InConfigs[random.Next(InConfigs.Length)];
            if (((option.Level & levels) != 0 || Rarely(10)) && written.Add(option.ConfigName))
            {
                string[]? telling = Telling.FirstOrDefault(t => t.Name == option.Name).Values;
                text.WriteLine($"{option.ConfigName} = {(telling is null ? Value(option) : Pick(telling))}");
            }
        }
    }

    private string Value(KohyaOption option)
    {
        if (Rarely(15))
        {
            return Pick("\"text\"", "3", "0.5", "true", "[1, 2, 3]");
        }
        if (option.Default is not null && Rarely(3))
        {
            return option.ShownDefault;
        }
        string one = option.Kind switch
        {
            OptionKind.Flag => Pick("true", "false"),
            OptionKind.Whole => Number(whole: true),
            OptionKind.Real => Number(whole: false),
            OptionKind.Steps => Pick("10", "0.1", "0"),
            OptionKind.Size => Pick("512", "[512, 768]", "0", "\"512\""),
            OptionKind.Span => Pick("[1.0, 2.0]", "\"1.0,2.0\""),
            OptionKind.Table => "{ a = 1 }",
            _ when option.Choices is { } choices && !Rarely(10) => $"\"{choices[random.Next(choices.Count)]}\"",
            _ => Pick("\"some\"", "\"\"", "\"train\""),
        };
        return option.List ? $"[{one}]" : one;
    }

    private string Number(bool whole) =>
        whole
            ? Pick("0", "1", "2", "5", "64", "-1", "3000000000")
            : Pick("0.0", "0.1", "1.0", "2.0", "-0.5", "1", "1e300").ToString(CultureInfo.InvariantCulture);

    private bool Rarely(int oneIn) => random.Next(oneIn) == 0;

    private string Pick(params string[] from) => from[random.Next(from.Length)];
}
