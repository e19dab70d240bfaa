using System.CommandLine;
using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Data;
using Forno.Datasets.Edits;
using Forno.Imaging;
using Forno.Torch;
using Forno.Vision.Upscaling;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno upscale</c>: pictures through ESRGAN-family models.</summary>
internal static class UpscaleCommand
{
    public const string Summary = "Upscale pictures or whole data sets with ESRGAN-family models";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Option<string[]> models = new("--model", "-m")
        {
            Description =
                $"Model file (.pth, .safetensors, ncnn .param), or by name: {UpscaleModels.Listed}; given "
                + "again, the next works on what the one before made",
            Required = true,
        };
        Option<double?> scale = new("--scale")
        {
            Description = "Final size as a multiple of the picture's own (Lanczos); else as the models make it",
        };
        Option<string?> resolution = new("--resolution")
        {
            Description =
                "Final size for training at this resolution (1024 or 832x1216): what the picture's bucket needs",
        };
        Option<bool> needed = new("--needed")
        {
            Description = "Leave pictures alone that reach their bucket already; wants --resolution",
        };
        Option<int> minReso = new("--min-bucket-reso", "--min_bucket_reso")
        {
            Description = "Shortest side of a bucket",
            DefaultValueFactory = _ => 256,
        };
        Option<int?> maxReso = new("--max-bucket-reso", "--max_bucket_reso")
        {
            Description = "Longest side of a bucket (1024, or the resolution's if that is longer)",
        };
        Option<int> steps = new("--bucket-reso-steps", "--bucket_reso_steps")
        {
            Description = "Sides of buckets are multiples of this",
            DefaultValueFactory = _ => 64,
        };
        Option<int?> tile = new("--tile")
        {
            Description = "Side of a tile in pixels; else chosen from the free memory",
        };
        Option<bool> overwrite = new("--overwrite")
        {
            Description = "Replace result files that exist (single pictures)",
        };
        FornoCommand command = new(
            "upscale",
            Summary,
            "forno upscale small.png --model yandereneo-4x -o large.png",
            "forno upscale cat --model 1x-JPEGDestroyer.pth --model yandereneo-4x --resolution 1024 --needed",
            "forno upscale scans --model descreenton-4x --scale 2 -o scans-2x"
        )
        {
            models,
            scale,
            resolution,
            needed,
            minReso,
            maxReso,
            steps,
            tile,
            overwrite,
        };
        DatasetOptions shared = new DatasetOptions(
            "Picture files, or folders of them with all below; in a work folder the command works in place"
        ).AddTo(command);
        command.SetAction(parsed =>
        {
            double? times = parsed.GetValue(scale);
            BucketRules? rules = Rules(
                parsed.GetValue(resolution),
                parsed.GetValue(minReso),
                parsed.GetValue(maxReso),
                parsed.GetValue(steps)
            );
            if (times is { } t && (!(t > 0) || t > 64 || rules is not null))
            {
                throw new FornoException(
                    rules is null
                        ? "--scale must lie above 0 and not above 64"
                        : "--scale and --resolution say two different sizes; give one of them"
                );
            }
            if (parsed.GetValue(needed) && rules is null)
            {
                throw new FornoException(
                    "--needed compares with the bucket: add --resolution, such as --resolution 1024"
                );
            }
            var target = new UpscaleTarget
            {
                Scale = times,
                Bucket = rules,
                Needed = parsed.GetValue(needed),
            };
            var settings = parsed.GetValue(tile) is { } core
                ? new TileSettings { Core = core >= 8 ? core : throw new FornoException("--tile must be at least 8") }
                : new TileSettings();
            string[] words = parsed.GetValue(models)!;
            return Run(cli, parsed, shared, words, target, settings, parsed.GetValue(overwrite));
        });
        return command;
    }

    private static int Run(
        CommandHost cli,
        ParseResult parsed,
        DatasetOptions shared,
        string[] words,
        UpscaleTarget target,
        TileSettings settings,
        bool overwrite
    )
    {
        string[] pictures = shared.Folders(parsed);
        bool files = pictures.All(File.Exists);
        if (!files && pictures.FirstOrDefault(File.Exists) is { } mixed)
        {
            throw FornoException.ForFile(
                mixed,
                "this is a file, and others are folders",
                "Run the command once for the files and once for the folders."
            );
        }
        foreach (string word in words)
        {
            UpscaleModels.ByName(word);
        }
        bool dryRun = shared.DryRun(parsed);
        using var chain = new UpscaleChain(cli, words, settings, dryRun);
        if (files)
        {
            return UpscaleFiles.Run(
                cli,
                chain,
                target,
                pictures,
                shared.Output(parsed),
                overwrite,
                dryRun,
                shared.Json(parsed)
            );
        }
        return WorkFolderRun.Run(
            cli,
            parsed,
            shared,
            context =>
                UpscalePlan.Make(
                    context.Folder,
                    target,
                    chain.Scale,
                    picture => chain.Run(picture, null),
                    context.Progress,
                    context.Cancel
                )
        );
    }

    private static BucketRules? Rules(string? resolution, int min, int? max, int steps)
    {
        if (resolution is null)
        {
            return null;
        }
        string[] sides = resolution.Split('x', ',');
        int[] numbers =
        [
            .. sides.Select(s =>
                int.TryParse(s.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int n)
                && n is > 0 and <= 1 << 14
                    ? n
                    : 0
            ),
        ];
        if (numbers.Length is not (1 or 2) || numbers.Contains(0))
        {
            throw new FornoException($"--resolution {resolution}: give one side (1024) or two (832x1216)");
        }
        var rules = new BucketRules
        {
            Resolution = new Size(numbers[0], numbers[^1]),
            Enabled = true,
            MinReso = min,
            MaxReso = max ?? Math.Max(1024, numbers.Max()),
            Steps = steps,
        };
        _ = new Buckets(rules);
        rules.Check();
        return rules;
    }
}

/// <summary>The models of one command, one after another.</summary>
internal sealed class UpscaleChain : IDisposable
{
    private readonly CommandHost cli;
    private readonly List<Upscaler> models = [];
    private readonly PictureUpscaler? upscaler;

    /// <summary>
    /// Loads the models; a dry run takes the scale of those with short names from the table and fetches nothing.
    /// </summary>
    public UpscaleChain(CommandHost cli, IReadOnlyList<string> words, TileSettings settings, bool dryRun)
    {
        this.cli = cli;
        Device device = Device.CudaCount > 0 ? Device.Cuda() : Device.Cpu;
        Scale = 1;
        try
        {
            foreach (string word in words)
            {
                if (dryRun && UpscaleModels.ByName(word) is { } known)
                {
                    Scale *= known.Scale;
                    continue;
                }
                var model = Upscaler.Load(UpscaleModels.Find(cli, word), device: device);
                models.Add(model);
                Scale *= model.Info.Scale;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
        upscaler = dryRun ? null : new PictureUpscaler(models, settings);
    }

    /// <summary>The scale of all models together.</summary>
    public int Scale { get; }

    /// <summary>Pixels that the models go through for a picture.</summary>
    public long Work(Size size) => upscaler!.Work(size.Width, size.Height);

    /// <summary>Runs the models over a picture.</summary>
    public Picture Run(Picture picture, IProgress<long>? progress) => upscaler!.Run(picture, progress, cli.Cancel);

    /// <inheritdoc/>
    public void Dispose() => models.ForEach(m => m.Dispose());
}
