using System.CommandLine;
using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Import;
using Forno.Imaging;
using Forno.Reports;
using Forno.Studio.Datasets;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno dataset import</c>: pictures of any kind become PNG files in a work folder.</summary>
internal static class DatasetImportCommand
{
    private const string Summary = "Bring pictures, animations, films and archives into a work folder as PNG";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Argument<string[]> sources = new("sources")
        {
            Description = "Folders (with all below them), pictures, films, zip archives",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string> output = new("--out", "-o")
        {
            Description = "The work folder: new, empty, or made by Forno",
            Required = true,
        };
        Option<string> name = new("--name")
        {
            Description = "Names: {name}, {md5}, {index:000} and text",
            DefaultValueFactory = _ => "{name}",
        };
        Option<int?> every = new("--every")
        {
            Description = "Take every n-th frame; else all of an animation, and of a film one for each scene",
        };
        Option<bool> all = new("--all-frames")
        {
            Description = "Keep frames that repeat the one before, and blurred ones of films",
        };
        Option<string[]> drop = new("--drop-prefix")
        {
            Description = "Drop prefix:tag from tag files, e.g. artist; * for every prefix",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string> captions = new("--captions")
        {
            Description = "What caption files hold: auto (judge each), tags (make them tag_one, tag_two), text (copy)",
            DefaultValueFactory = _ => "auto",
        };
        captions.AcceptOnlyFromAmong("auto", "tags", "text");
        Option<string?> captionExtension = new("--caption-extension", "--caption_extension")
        {
            Description = "One extension for all captions, .txt or .caption; by default they keep theirs",
            HelpName = "EXTENSION",
        };
        captionExtension.AcceptOnlyFromAmong(".txt", ".caption");
        Option<long> maxPixels = new("--max-pixels")
        {
            Description = "Refuse pictures that claim more pixels",
            DefaultValueFactory = _ => PictureFile.DefaultMaxPixels,
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would be imported; write nothing" };
        Option<bool> json = FornoCommand.JsonOption();
        FornoCommand command = new(
            "import",
            Summary,
            "forno dataset import ~/Downloads/cat -o cat",
            "forno dataset import raw/10_sks clips/walk.mp4 art.zip -o sks --name \"sks_{index:000}\" "
                + "--drop-prefix artist meta"
        )
        {
            sources,
            output,
            name,
            every,
            all,
            drop,
            captions,
            captionExtension,
            maxPixels,
            dryRun,
            json,
        };
        command.SetAction(parsed =>
        {
            int? step = parsed.GetValue(every);
            if (step < 1 || parsed.GetValue(maxPixels) < 1)
            {
                throw new FornoException(
                    Invariant.Text(
                        $"--every {step}, --max-pixels {parsed.GetValue(maxPixels)}: they must be at least 1"
                    )
                );
            }

            ImportSettings settings = new()
            {
                Name = new NameTemplate(parsed.GetValue(name)!),
                Every = step,
                AllFrames = parsed.GetValue(all),
                DropPrefixes = [.. (parsed.GetValue(drop) ?? []).Select(p => p.TrimEnd(':'))],
                Tags = parsed.GetValue(captions) switch
                {
                    "tags" => true,
                    "text" => false,
                    _ => null,
                },
                CaptionExtension = parsed.GetValue(captionExtension),
                MaxPixels = parsed.GetValue(maxPixels),
            };
            var request = new ImportRequest
            {
                Sources = parsed.GetValue(sources)!,
                Output = parsed.GetValue(output)!,
                Settings = settings,
                DryRun = parsed.GetValue(dryRun),
            };
            ChangeResult result = WorkFolderRun.Do(cli, new ImportJob(request));
            int code = WorkFolderRun.Print(
                cli,
                result,
                parsed.GetValue(json),
                FindingPrinter.Places([request.Output], request.Output),
                "source"
            );
            if (result is ChangeDone && !parsed.GetValue(json) && code == 0)
            {
                cli.Out.WriteLine($"next: forno dataset check {Wording.Quoted(request.Output)} --html check.html");
            }

            return code;
        });
        return command;
    }
}
