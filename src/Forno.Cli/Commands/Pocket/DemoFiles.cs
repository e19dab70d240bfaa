using System.Globalization;
using Forno.Files;
using Forno.Imaging;
using Forno.Pocket.Data;

namespace Forno.Cli.Commands.Pocket;

/// <summary>The files that a user would have made by hand: pictures with captions, two TOML files, prompts.</summary>
internal static class DemoFiles
{
    // Marks a folder as the demo's own, so that a second run may write over the first and over nothing else.
    private const string Mark = "demo.json";

    private static readonly string[] OwnFolders = ["dataset", "adapters", "log"];

    /// <summary>The adapter's name, after the style.</summary>
    public static string Name(DemoOptions options) => options.Style;

    /// <summary>The words that call the style.</summary>
    public static string Trigger(StylePicture picture) => picture.Record.Style + " style";

    /// <summary>The training configuration's path.</summary>
    public static string Config(DemoOptions options) => Path.Combine(options.Out, "lora.toml");

    /// <summary>The folder of adapter files.</summary>
    public static string Adapters(DemoOptions options) => Path.Combine(options.Out, "adapters");

    /// <summary>The figures' path; written last.</summary>
    public static string Figures(DemoOptions options) => Path.Combine(options.Out, Mark);

    /// <summary>Makes the folder ready: a demo's earlier files go, anybody else's are left alone.</summary>
    /// <exception cref="FornoException">There are files in it that no demo wrote.</exception>
    public static void Clear(DemoOptions options)
    {
        if (
            Directory.Exists(options.Out)
            && Directory.EnumerateFileSystemEntries(options.Out).Any()
            && !File.Exists(Figures(options))
        )
        {
            throw new FornoException(
                $"{options.Out}: is not empty, and not from an earlier demo; name another folder by --out"
            );
        }

        Directory.CreateDirectory(options.Out);
        AtomicFile.WriteText(Figures(options), "{}\n");
        foreach (string folder in OwnFolders.Select(f => Path.Combine(options.Out, f)).Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Writes pictures, captions, prompts and configuration.</summary>
    /// <param name="options">What is to be trained.</param>
    /// <param name="pictures">The pictures to learn from.</param>
    /// <param name="names">What samples show.</param>
    public static void Write(DemoOptions options, IReadOnlyList<StylePicture> pictures, IReadOnlyList<string> names)
    {
        string dataset = Path.Combine(options.Out, "dataset", Name(options));
        Directory.CreateDirectory(dataset);
        for (int i = 0; i < pictures.Count; i++)
        {
            string stem = Path.Combine(dataset, Invariant.Text($"{i + 1:00}-{pictures[i].Record.Icon}"));
            using var picture = Picture.FromRgb(pictures[i].Rgb(), PocketData.Side, PocketData.Side);
            picture.SavePng(stem + ".png");
            AtomicFile.WriteText(stem + ".txt", pictures[i].Record.FullCaption() + "\n");
        }

        string trigger = Trigger(pictures[0]);
        AtomicFile.WriteText(
            PromptsFile(options),
            string.Concat(
                names.Select(name =>
                    Invariant.Text(
                        $"{name}, {trigger} --w {options.Size} --h {options.Size} --s {options.SampleSteps} "
                            + $"--l {options.CfgScale} --d {options.Seed}\n"
                    )
                )
            )
        );
        AtomicFile.WriteText(DatasetFile(options), Dataset(options, dataset, trigger));
        AtomicFile.WriteText(Config(options), Training(options));
    }

    private static string PromptsFile(DemoOptions options) => Path.Combine(options.Out, "prompts.txt");

    private static string DatasetFile(DemoOptions options) => Path.Combine(options.Out, "dataset.toml");

    private static string Dataset(DemoOptions o, string dataset, string trigger) =>
        Invariant.Text(
            $"""
            # The data of the demo, as kohya's dataset config. Every caption ends in the trigger: "{trigger}".
            [general]
            caption_extension = ".txt"
            enable_bucket = true
            bucket_reso_steps = 8
            min_bucket_reso = 64
            max_bucket_reso = 256

            [[datasets]]
            resolution = {PocketData.Side}
            batch_size = {o.Batch}

              # {o.Pictures} pictures × {o.Repeats} repeats ÷ batch {o.Batch}: about {o.StepsPerEpoch} steps an epoch
              [[datasets.subsets]]
              image_dir = {Quote(dataset)}
              num_repeats = {o.Repeats}

            """
        );

    private static string Training(DemoOptions o) =>
        Invariant.Text(
            $"""
            # What the demo bakes, by kohya's names. Again, with changes of your own: forno train {Config(o)}
            pretrained_model_name_or_path = {Quote(Path.GetFullPath(o.Model))}
            dataset_config = {Quote(DatasetFile(o))}

            network_module = "networks.lora"
            network_dim = {o.Dim}
            network_alpha = {o.Dim}
            network_args = ["conv_dim={o.ConvDim}", "conv_alpha={o.ConvDim}"]
            network_train_unet_only = true

            optimizer_type = "AdamW"
            # Far above the usual 0.01: it holds the LoRA small, so that shapes survive at weight 1.
            optimizer_args = ["weight_decay={o.WeightDecay:0.0######}"]
            learning_rate = {o.LearningRate:0.0######}
            lr_scheduler = "cosine"
            lr_warmup_steps = 20
            min_snr_gamma = 5
            max_train_epochs = {o.Epochs}
            seed = {o.Seed}

            cache_latents = true
            cache_text_encoder_outputs = true

            output_dir = {Quote(Adapters(o))}
            output_name = {Quote(Name(o))}
            save_every_n_epochs = 1
            save_precision = "fp16"
            logging_dir = {Quote(Path.Combine(o.Out, "log"))}

            sample_prompts = {Quote(PromptsFile(o))}
            sample_every_n_epochs = 1
            sample_at_first = true
            sample_sampler = "euler"

            """
        );

    // TOML's basic string.
    private static string Quote(string text) =>
        '"'
        + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
        + '"';
}
