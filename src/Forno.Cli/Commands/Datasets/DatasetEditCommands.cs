using System.CommandLine;
using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Imaging;
using Forno.Studio.Datasets;

namespace Forno.Cli.Commands.Datasets;

/// <summary>The short commands: <c>forno dataset trim | flatten | square | convert | resize</c>.</summary>
internal static class DatasetEditCommands
{
    /// <summary><c>trim</c>.</summary>
    public static Command Trim(CommandHost cli)
    {
        Option<double> fuzz = new("--fuzz")
        {
            Description = "How far a border's pixels may lie from its colour, in percent (ImageMagick's -fuzz)",
            DefaultValueFactory = _ => 20,
        };
        return With(
            cli,
            new FornoCommand(
                "trim",
                "Cut borders of one colour off, also noisy ones",
                "forno dataset trim cat",
                "forno dataset trim raw --fuzz 10 -o cat"
            )
            {
                fuzz,
            },
            parsed => new DatasetEdit.Trim(parsed.GetValue(fuzz))
        );
    }

    /// <summary><c>flatten</c>.</summary>
    public static Command Flatten(CommandHost cli)
    {
        Option<string> colour = ColourOption("The colour behind");
        return With(
            cli,
            new FornoCommand(
                "flatten",
                "Lay transparent pictures on a colour",
                "forno dataset flatten cat",
                "forno dataset flatten cat --colour #808080"
            )
            {
                colour,
            },
            parsed => new DatasetEdit.Flatten(Colour(parsed.GetValue(colour)!))
        );
    }

    /// <summary><c>square</c>.</summary>
    public static Command Square(CommandHost cli)
    {
        Option<string> colour = ColourOption("The colour of what is added");
        return With(
            cli,
            new FornoCommand(
                "square",
                "Pad pictures to squares; masks get black there",
                "forno dataset square cat --colour black"
            )
            {
                colour,
            },
            parsed => new DatasetEdit.Square(Colour(parsed.GetValue(colour)!))
        );
    }

    /// <summary><c>convert</c>.</summary>
    public static Command Convert(CommandHost cli)
    {
        Option<string> format = new("--to") { Description = "png, jpg or webp", DefaultValueFactory = _ => "png" };
        format.AcceptOnlyFromAmong("png", "jpg", "webp");
        Option<int?> quality = new("--quality")
        {
            Description = "1–100, for jpg (95 by default) and webp (without loss by default)",
        };
        return With(
            cli,
            new FornoCommand("convert", "Store pictures in another format", "forno dataset convert cat --to webp")
            {
                format,
                quality,
            },
            parsed => new DatasetEdit.Convert(parsed.GetValue(format)!, parsed.GetValue(quality))
        );
    }

    /// <summary><c>resize</c>.</summary>
    public static Command Resize(CommandHost cli)
    {
        BucketOptions buckets = new();
        Option<bool> upscale = new("--upscale")
        {
            Description = "Enlarge smaller pictures too; by default they stay as they are",
        };
        Option<bool> crop = new("--crop") { Description = "Cut what reaches over the bucket, as the trainer will" };
        FornoCommand command = new(
            "resize",
            "Scale pictures down to their buckets (Lanczos)",
            "forno dataset resize cat --resolution 1024",
            "forno dataset resize cat --resolution 512,768 --crop"
        )
        {
            upscale,
            crop,
        };
        buckets.AddTo(command);
        return With(
            cli,
            command,
            parsed => new DatasetEdit.Resize(buckets.Rules(parsed), parsed.GetValue(upscale), parsed.GetValue(crop))
        );
    }

    private static FornoCommand With(CommandHost cli, FornoCommand command, Func<ParseResult, DatasetEdit> edit)
    {
        DatasetOptions options = new DatasetOptions().AddTo(command);
        command.SetAction(parsed =>
            WorkFolderRun.Run(cli, parsed, options, new EditJob(new EditRequest(options.Place(parsed), edit(parsed))))
        );
        return command;
    }

    private static Option<string> ColourOption(string what) =>
        new("--colour", "--color")
        {
            Description = what + ": white, black, grey or #rrggbb",
            DefaultValueFactory = _ => "white",
        };

    private static Rgb Colour(string text) =>
        text switch
        {
            "white" => Rgb.White,
            "black" => Rgb.Black,
            "grey" or "gray" => new Rgb(128, 128, 128),
            ['#', .. var hex]
                when hex.Length == 6
                    && int.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int n) =>
                new Rgb((byte)(n >> 16), (byte)(n >> 8), (byte)n),
            _ => throw new FornoException($"--colour {text}: it must be white, black, grey or #rrggbb"),
        };
}
