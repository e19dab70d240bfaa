using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Crops;
using Forno.Reports.Sheets;
using Forno.Studio;
using Forno.Studio.Datasets;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno dataset crop</c>: several shots of one large picture.</summary>
internal static class DatasetCropCommand
{
    private const string Summary =
        "Cut large pictures into several shots (full body, cowboy shot, upper body, face), each a picture of its own";

    private const string How = """
        Where the figure is, its mask in masks/ tells (forno dataset mask makes it), else its alpha channel, else
        --boxes. No detector looks for heads: of a standing figure (twice as tall as wide, cut off nowhere) the
        proportions of 6.5 heads are taken, and its top must look like a head in the outline; sitting, lying and
        cut-off figures get only what a head or face box tells, else the full body. Look at --sheet first.
        A crop is made where the pixels that are left of it after the bucket's crop are at least resolution² (width ×
        height): it is never enlarged.
        The caption is copied with the tag of the shot in the place of the old one; tags of what is no longer seen
        (shoes) stay.
        The whole of a figure that is not standing, or not known to be four heads high, is cropped with the caption as
        it is.
        """;

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Option<string> shots = new("--shots")
        {
            Description = "Which shots: any of " + string.Join(",", Shot.All.Select(s => s.Name)),
            DefaultValueFactory = _ => string.Join(",", Shot.All.Select(s => s.Name)),
        };
        Option<string?> boxes = new("--boxes")
        {
            Description =
                "Boxes of subjects, in pixels: { \"10_cat/a.png\": { \"subject\": [left, top, width, "
                + "height], \"head\": [...], \"face\": [...] } }; each may be absent",
            HelpName = "FILE.json",
        };
        Option<bool> replace = new("--replace")
        {
            Description =
                "Take pictures that got a crop out of the set (undo brings them back); else they stay beside "
                + "their crops",
        };
        Option<int> keep = new("--keep_tokens", "--keep-tokens")
        {
            Description =
                "Tags at the beginning of captions that stay in front of a new shot tag, where no ||| says it",
            DefaultValueFactory = _ => 1,
        };
        Option<string?> sheetFile = new("--sheet")
        {
            Description = "Write a page that shows the shots over the pictures, also with --dry-run",
            HelpName = "FILE.html",
        };
        FornoCommand command = new(
            "crop",
            Summary + "\n\n" + How,
            "forno dataset crop cat --resolution 1024 --sheet crops.html --dry-run",
            "forno dataset crop cat --shots bust,face --boxes heads.json"
        )
        {
            shots,
            boxes,
            replace,
            keep,
            sheetFile,
        };
        BucketOptions buckets = new BucketOptions().AddTo(command);
        DatasetOptions options = new DatasetOptions().AddTo(command);
        command.SetAction(parsed =>
        {
            string? page = parsed.GetValue(sheetFile);
            if (page is not null)
            {
                ContactSheet.RequireName(page);
            }

            int kept = parsed.GetValue(keep) is >= 0 and var k
                ? k
                : throw new FornoException("--keep_tokens must be 0 or more");
            var settings = new CropSettings
            {
                Rules = buckets.Rules(parsed),
                Replace = parsed.GetValue(replace),
                KeepTokens = kept,
                Shots =
                [
                    .. parsed
                        .GetValue(shots)!
                        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                        .Select(Shot.Of)
                        .Distinct(),
                ],
                Boxes = parsed.GetValue(boxes) is { } file ? SubjectBoxes.Read(file) : null,
            };
            return WorkFolderRun.Run(
                cli,
                parsed,
                options,
                new CropJob(new CropRequest(options.Place(parsed), settings)),
                (happened, console) =>
                {
                    if (page is not null && happened is CropsLaid laid)
                    {
                        SheetPage sheet = CropSheet.Make(
                            string.Join(", ", options.Folders(parsed)),
                            laid.Pictures,
                            settings
                        );
                        SheetProgress.Save(page, sheet, laid.Pictures.Count, console, cli.Cancel);
                        console.Report(new JobEvent.Said($"contact sheet: {page}"));
                    }
                }
            );
        });
        return command;
    }
}
