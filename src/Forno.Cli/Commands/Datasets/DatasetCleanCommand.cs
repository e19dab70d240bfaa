using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Setup;
using Forno.Cli.Terminal;
using Forno.Datasets.Cleaning;
using Forno.Reports;
using Forno.Reports.Sheets;
using Forno.Studio.Datasets;
using Forno.Vision.Inpainting;

namespace Forno.Cli.Commands.Datasets;

/// <summary>
/// <c>forno dataset clean</c>: text, speech bubbles and watermarks are found, shown, and marked, filled or blurred.
/// </summary>
internal static class DatasetCleanCommand
{
    private const string Summary =
        "Find text, speech bubbles and watermarks; show them, mark them in masks, fill or blur them";

    private const string How = """
        Text is found by PP-OCRv4's detector (fetched on first need, 5 MB, Apache-2.0); it finds print and clear
        lettering of any script, and less of brush lettering and sound effects. A bubble is a bright, even area that
        encloses text. A watermark is what has the same edges at the same place (corners, middle) in more than half of
        at least 8 pictures; others are found as text, if they are text.
        --mark is the safest: masked training (masked_loss in kohya's options) passes over what is black in masks/;
        the other pictures of the folder get white masks, since the trainer wants all or none. Run it after `dataset
        mask`, which leaves masks alone that are there. --fill wants an ONNX model of LaMa's kind, such as
        lama_fp32.onnx: an image and a mask, 512x512 or any size; only pixels of what was found change.
        --blur covers it with its blurred surroundings: good on even ground, visible elsewhere. Begin with --review.
        """;

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Option<string?> review = new("--review")
        {
            Description = "Write a page that shows what was found, and change nothing; needs no work folder",
            HelpName = "FILE.html",
        };
        Option<bool> mark = new("--mark")
        {
            Description =
                "Add what was found as black to the masks in masks/; a white mask is made where there is none",
        };
        Option<string?> fill = new("--fill")
        {
            Description = "Fill what was found with a LaMa-style ONNX model",
            HelpName = "FILE.onnx",
        };
        Option<bool> blur = new("--blur") { Description = "Cover what was found with its blurred surroundings" };
        Option<string> find = new("--find")
        {
            Description = "What to look for: any of text,bubbles,watermarks",
            DefaultValueFactory = _ => "text,bubbles,watermarks",
        };
        Option<double> score = new("--least-score")
        {
            Description = "Texts below this score are passed over, 0.6 to 1",
            DefaultValueFactory = _ => 0.6,
        };
        Option<double> grow = new("--grow")
        {
            Description = "How far text boxes grow on every side, in heights of their line",
            DefaultValueFactory = _ => 0.2,
        };
        Option<double> mostPercent = new("--most")
        {
            Description = "Percent of a picture; where more is found, it is left as it is and named",
            DefaultValueFactory = _ => 40,
        };
        Option<string> range = new("--fill-range")
        {
            Description = "What the model takes for full brightness: auto (it is tried), 1 or 255",
            DefaultValueFactory = _ => "auto",
        };
        range.AcceptOnlyFromAmong("auto", "1", "255");
        Option<string?> detector = new("--detector")
        {
            Description = "Another detector of PaddleOCR's kind in ONNX form",
            HelpName = "FILE.onnx",
        };
        Option<bool> fine = new("--fine")
        {
            Description =
                "Look for small letters everywhere in large pictures, not only along their upper and lower "
                + "edges; about three times as slow",
        };
        FornoCommand command = new(
            "clean",
            Summary + "\n\n" + How,
            "forno dataset clean cat --review found.html",
            "forno dataset clean cat --mark",
            "forno dataset clean manga --find text --fill lama_fp32.onnx -o cleaned"
        )
        {
            review,
            mark,
            fill,
            blur,
            find,
            score,
            grow,
            mostPercent,
            range,
            detector,
            fine,
        };
        command.Validators.Add(result =>
        {
            int ways =
                (result.GetValue(mark) ? 1 : 0)
                + (result.GetValue(blur) ? 1 : 0)
                + (result.GetValue(fill) is null ? 0 : 1)
                + (result.GetValue(review) is null ? 0 : 1);
            if (ways != 1)
            {
                result.AddError(
                    ways == 0
                        ? "say what to do with what is found: --review FILE.html, --mark, --fill FILE.onnx or --blur"
                        : "--review, --mark, --fill and --blur are different ways; give one of them"
                );
            }
        });
        DatasetOptions options = new DatasetOptions().AddTo(command);
        command.SetAction(parsed =>
        {
            var search = new BlemishSearch
            {
                Find = new BlemishSettings
                {
                    Kinds = Kinds(parsed.GetValue(find)!),
                    Grow = Within("--grow", parsed.GetValue(grow), 0, 3),
                    LeastScore = Within("--least-score", parsed.GetValue(score), 0, 1),
                },
                Detector = parsed.GetValue(detector),
                Fine = parsed.GetValue(fine),
            };
            double most = Within("--most", parsed.GetValue(mostPercent), 0, 100) / 100;
            if (parsed.GetValue(review) is { } page)
            {
                return Review(cli, new CleanReviewRequest(options.Folders(parsed), search), page, options.Json(parsed));
            }

            var request = new CleanRequest
            {
                Place = options.Place(parsed),
                Search = search,
                MostShare = most,
                How =
                    parsed.GetValue(mark) ? new Cleaning.Mark()
                    : parsed.GetValue(fill) is { } model ? new Cleaning.Fill(model, Range(parsed.GetValue(range)!))
                    : new Cleaning.Blur(),
            };
            return WorkFolderRun.Run(cli, parsed, options, new CleanJob(request, new FetchedModels(cli)));
        });
        return command;
    }

    private static int Review(CommandHost cli, CleanReviewRequest request, string page, bool json)
    {
        ContactSheet.RequireName(page);
        CleanReview review = WorkFolderRun.Do(cli, new CleanReviewJob(request, new FetchedModels(cli)));
        string name = WorkFolderRun.Named(request.Folders);
        CleanPicture[] found = [.. review.Survey.Pictures.Where(p => p.Found.Count > 0)];
        using (JobPrinter console = new(cli))
        {
            SheetProgress.Save(
                page,
                CleanSheet.Make(name, review.Survey, FindingPrinter.Places(request.Folders)),
                found.Length,
                console,
                cli.Cancel
            );
        }

        int pictures = review.Survey.Pictures.Count;
        if (json)
        {
            cli.Out.WriteLine(ResultJson.Text(review with { Sheet = page }));
        }
        else
        {
            cli.Out.WriteLine(
                Invariant.Text(
                    $"{name}: something found in {found.Length} of {pictures} {Wording.Counted(pictures, "picture")}; "
                        + $"nothing was changed"
                )
            );
            foreach (CleanPicture picture in found.OrderByDescending(p => p.Share).Take(20))
            {
                cli.Out.WriteLine($"  {Wording.Shown(picture.Item.Path)}: {CleanPlans.Told(picture)}");
            }

            cli.Out.WriteLine(
                found.Length > 20
                    ? $"  … and {found.Length - 20} more\ncontact sheet: {Wording.Shown(page)}"
                    : $"contact sheet: {Wording.Shown(page)}"
            );
            WorkFolderRun.List(cli, review.Problems);
        }

        return pictures == 0 ? 1 : 0;
    }

    private static InpaintRange Range(string text) =>
        text switch
        {
            "1" => InpaintRange.One,
            "255" => InpaintRange.Byte,
            _ => InpaintRange.Auto,
        };

    private static BlemishKind[] Kinds(string text)
    {
        string[] names = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return names.Length == 0
            ? throw new FornoException("--find: name at least one of text, bubbles, watermarks")
            :
            [
                .. names
                    .Select(n =>
                        n switch
                        {
                            "text" or "texts" => BlemishKind.Text,
                            "bubble" or "bubbles" => BlemishKind.Bubble,
                            "watermark" or "watermarks" => BlemishKind.Watermark,
                            _ => throw new FornoException($"--find {n}: there are text, bubbles, watermarks"),
                        }
                    )
                    .Distinct(),
            ];
    }

    private static double Within(string option, double value, double least, double most) =>
        value >= least && value <= most
            ? value
            : throw new FornoException(Invariant.Text($"{option} {value}: it must be from {least} to {most}"));
}
