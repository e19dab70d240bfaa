using System.CommandLine;
using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Setup;
using Forno.Cli.Terminal;
using Forno.Data;
using Forno.Datasets.Edits;
using Forno.Imaging;
using Forno.Reports;
using Forno.Studio.Datasets;
using Forno.Vision.Upscaling;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno upscale</c>: pictures through ESRGAN-family models.</summary>
internal static class UpscaleCommand
{
    public const string Summary = "Upscale pictures or whole data sets with ESRGAN-family models";

    private static string Listed => string.Join(", ", UpscaleModels.All.Select(m => $"{m.Name} ({m.What})"));

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Option<string[]> models = new("--model", "-m")
        {
            Description =
                $"Model file (.pth, .safetensors, ncnn .param), or by name: {Listed}; given "
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
            var how = new Upscaling
            {
                Models = parsed.GetValue(models)!,
                Target = target,
                Tiles = settings,
            };
            return Run(cli, parsed, shared, how, parsed.GetValue(overwrite));
        });
        return command;
    }

    private static int Run(CommandHost cli, ParseResult parsed, DatasetOptions shared, Upscaling how, bool overwrite)
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

        var source = new FetchedModels(cli);
        if (!files)
        {
            return WorkFolderRun.Run(
                cli,
                parsed,
                shared,
                new UpscaleJob(new UpscaleRequest(shared.Place(parsed), how), source)
            );
        }

        var request = new UpscaleFilesRequest
        {
            Sources = pictures,
            How = how,
            Output = shared.Output(parsed),
            Overwrite = overwrite,
            DryRun = shared.DryRun(parsed),
        };
        UpscaleFilesResult result = WorkFolderRun.Do(
            cli,
            new UpscaleFilesJob(request, source),
            needsOutput: "Add -o: a picture file for one picture, or a folder."
        );
        if (shared.Json(parsed))
        {
            cli.Out.WriteLine(ResultJson.Text(result));
        }
        else
        {
            Print(cli, result, request.DryRun);
        }

        return result.Problems.Count > 0 ? 1 : 0;
    }

    private static void Print(CommandHost cli, UpscaleFilesResult result, bool dryRun)
    {
        foreach (UpscaledFile made in result.Pictures)
        {
            cli.Out.WriteLine($"{(dryRun ? "would write " : "")}{Wording.Shown(made.File)}  {made.From} to {made.To}");
        }

        foreach ((string source, Size size) in result.Untouched.Zip(result.UntouchedSizes))
        {
            cli.Out.WriteLine($"{Wording.Shown(source)} is large enough at {size}");
        }

        WorkFolderRun.List(cli, result.Problems);
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
