using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Cleaning;
using Forno.Reports;
using Forno.Reports.Sheets;
using Forno.Vision.Inpainting;
using Forno.Vision.TextDetection;
using Forno.Workspace;

namespace Forno.Cli.Commands.Datasets;

/// <summary>
/// <c>forno dataset clean</c>: text, speech bubbles and watermarks are found, shown, and marked, filled or blurred.
/// </summary>
internal static class DatasetCleanCommand
{
    private const string Summary =
        "Find text, speech bubbles and watermarks; show them, mark them in masks, fill or blur them";

    private const string How = """
        Text is found by PP-OCRv4's detector (fetched on first need, 5 MB, Apache-2.0); it finds print and clear lettering of any script, and less
        of brush lettering and sound effects. A bubble is a bright, even area that encloses text. A watermark is what has the same edges at the
        same place (corners, middle) in more than half of at least 8 pictures; others are found as text, if they are text.
        --mark is the safest: masked training (masked_loss in kohya's options) passes over what is black in masks/; the other pictures of the folder
        get white masks, since the trainer wants all or none. Run it after `dataset mask`, which leaves masks alone that are there. --fill wants an
        ONNX model of LaMa's kind, such as lama_fp32.onnx: an image and a mask, 512x512 or any size; only pixels of what was found change.
        --blur covers it with its blurred surroundings: good on even ground, visible elsewhere. Begin with --review.
        """;

    private sealed record Settings(
        BlemishSettings Find,
        double MostShare,
        bool Mark,
        bool Blur,
        string? Fill,
        InpaintRange Range,
        string? Review,
        string? Detector,
        bool Fine
    );

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
        Option<double> most = new("--most")
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
            most,
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
            Run(
                cli,
                parsed,
                options,
                new Settings(
                    new BlemishSettings
                    {
                        Kinds = Kinds(parsed.GetValue(find)!),
                        Grow = Within("--grow", parsed.GetValue(grow), 0, 3),
                        LeastScore = Within("--least-score", parsed.GetValue(score), 0, 1),
                    },
                    Within("--most", parsed.GetValue(most), 0, 100) / 100,
                    parsed.GetValue(mark),
                    parsed.GetValue(blur),
                    parsed.GetValue(fill),
                    parsed.GetValue(range) switch
                    {
                        "1" => InpaintRange.One,
                        "255" => InpaintRange.Byte,
                        _ => InpaintRange.Auto,
                    },
                    parsed.GetValue(review),
                    parsed.GetValue(detector),
                    parsed.GetValue(fine)
                )
            )
        );
        return command;
    }

    private static int Run(CommandHost cli, ParseResult parsed, DatasetOptions options, Settings settings)
    {
        string[] folders = options.Folders(parsed);
        if (settings.Review is { } page)
        {
            ContactSheet.RequireName(page);
            return Review(cli, folders, settings, page, options.Json(parsed));
        }

        using Inpainter? inpainter = settings.Fill is { } model ? Inpainter.Load(model, settings.Range) : null;
        if (inpainter is not null)
        {
            cli.Error.WriteLine($"{Wording.Shown(settings.Fill!)}: {inpainter.Description}");
        }

        return WorkFolderRun.Run(
            cli,
            parsed,
            options,
            context =>
            {
                CleanSurvey survey = Look(cli, context.Folder, folders[0], settings, context.Progress);
                return settings.Mark ? CleanPlans.Mark(survey, settings.MostShare)
                    : settings.Blur ? CleanPlans.Blur(context.Folder, survey, settings.MostShare)
                    : CleanPlans.Fill(context.Folder, survey, settings.MostShare, inpainter!, context.Cancel);
            }
        );
    }

    private static int Review(CommandHost cli, string[] folders, Settings settings, string page, bool json)
    {
        var folder = PictureFolder.Scan(folders);
        CleanSurvey survey;
        using (ProgressBar bar = cli.Progress("look", folder.Pictures.Count, "pictures"))
        {
            survey = Look(cli, folder, folders[0], settings, bar);
        }

        string name = string.Join(", ", folders.Select(f => Wording.Shown(Path.TrimEndingDirectorySeparator(f))));
        CleanPicture[] found = [.. survey.Pictures.Where(p => p.Found.Count > 0)];
        using (ProgressBar bar = cli.Progress("sheet", found.Length, "pictures"))
        {
            ContactSheet.Save(
                page,
                CleanSheet.Make(name, survey, FindingPrinter.Places(folder, folders)),
                bar,
                cli.Cancel
            );
        }

        if (json)
        {
            cli.Out.WriteLine(
                JsonSerializer.Serialize(
                    new
                    {
                        Pictures = survey.Pictures.Select(Row),
                        survey.Problems,
                        Sheet = page,
                    },
                    JsonOutput.Options
                )
            );
        }
        else
        {
            cli.Out.WriteLine(
                Invariant.Text(
                    $"{name}: something found in {found.Length} of {survey.Pictures.Count} "
                        + $"{Wording.Counted(survey.Pictures.Count, "picture")}; nothing was changed"
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
            WorkFolderRun.List(cli, survey.Problems);
        }

        return survey.Pictures.Count == 0 ? 1 : 0;
    }

    private static CleanSurvey Look(
        CommandHost cli,
        PictureFolder folder,
        string cacheFor,
        Settings settings,
        IProgress<long> progress
    )
    {
        using var texts = new TextDetection(
            cli,
            cacheFor,
            settings.Detector,
            settings.Fine ? new TextDetectorSettings { FineShare = 1 } : null
        );
        var survey = CleanSurvey.Look(folder, settings.Find, texts.Cache, texts.Find, progress, cli.Cancel);
        texts.Save();
        return survey;
    }

    private static object Row(CleanPicture p) =>
        new
        {
            p.Item.Path,
            p.Size.Width,
            p.Size.Height,
            Share = Math.Round(p.Share, 5),
            TextCoverage = Math.Round(p.Texts.Coverage, 5),
            Found = p.Found.Select(f => new
            {
                Kind = f.Kind.ToString().ToLowerInvariant(),
                Box = (int[])[f.Box.Left, f.Box.Top, f.Box.Width, f.Box.Height],
                Score = Math.Round(f.Score, 3),
            }),
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
