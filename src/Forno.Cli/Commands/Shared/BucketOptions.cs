using System.CommandLine;
using System.Globalization;
using Forno.Data;
using Forno.Imaging;

namespace Forno.Cli.Commands.Shared;

/// <summary>How the trainer will sort pictures into sizes; kohya's names, with dashes too.</summary>
internal sealed class BucketOptions
{
    private static readonly BucketRules Defaults = new() { Resolution = new Size(512, 512) };

    private readonly Option<string> resolution = new("--resolution")
    {
        Description = "Training resolution, W,H or one number: 512 for SD 1.5, 768 for SD 2, 1024 for SDXL",
        DefaultValueFactory = _ => "512",
    };

    private readonly Option<int> minimum = new("--min_bucket_reso", "--min-bucket-reso")
    {
        Description = "Shortest side of a bucket",
        DefaultValueFactory = _ => Defaults.MinReso,
    };
    private readonly Option<int> maximum = new("--max_bucket_reso", "--max-bucket-reso")
    {
        Description = "Longest side of a bucket",
        DefaultValueFactory = _ => Defaults.MaxReso,
    };
    private readonly Option<int> steps = new("--bucket_reso_steps", "--bucket-reso-steps")
    {
        Description = "Sides of buckets are multiples of this",
        DefaultValueFactory = _ => Defaults.Steps,
    };
    private readonly Option<bool> noUpscale = new("--bucket_no_upscale", "--bucket-no-upscale")
    {
        Description = "Small pictures keep their size",
    };

    /// <summary>Gives a command these options.</summary>
    public BucketOptions AddTo(Command command)
    {
        foreach (Option option in (Option[])[resolution, minimum, maximum, steps, noUpscale])
        {
            command.Options.Add(option);
        }

        return this;
    }

    /// <summary>The rules of a command line.</summary>
    /// <exception cref="FornoException">They make no sense.</exception>
    public BucketRules Rules(ParseResult parsed)
    {
        Size size = ParseSize(parsed.GetValue(resolution)!);
        var rules = new BucketRules
        {
            Enabled = true,
            Resolution = size,
            MinReso = parsed.GetValue(minimum),
            MaxReso = parsed.GetValue(maximum),
            Steps = parsed.GetValue(steps),
            NoUpscale = parsed.GetValue(noUpscale),
        };
        if (rules.Steps < 1 || rules.MinReso < 1)
        {
            throw new FornoException("--bucket_reso_steps and --min_bucket_reso must be at least 1");
        }

        rules.Check();
        return rules;
    }

    private static Size ParseSize(string text)
    {
        int[] sides =
        [
            .. text.Split(',', 'x')
                .Select(s =>
                    int.TryParse(s.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int n)
                    && n is > 0 and <= 16384
                        ? n
                        : 0
                ),
        ];
        return sides is [> 0] ? new Size(sides[0], sides[0])
            : sides is [> 0, > 0] ? new Size(sides[0], sides[1])
            : throw new FornoException($"--resolution {text}: give one side, as 512, or width and height, as 768,512");
    }
}
