using System.CommandLine;
using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Setup;
using Forno.Cli.Terminal;
using Forno.Datasets.Duplicates;
using Forno.Datasets.Surveys;
using Forno.Reports;
using Forno.Reports.Sheets;
using Forno.Studio;
using Forno.Studio.Datasets;
using Forno.Workspace;

namespace Forno.Cli.Commands.Datasets;

/// <summary>
/// <c>forno dataset check</c>: what in a data set will make a LoRA worse, and which command fixes it.
/// </summary>
internal static class DatasetCheckCommand
{
    private const string Summary = "Say what in a data set will make a LoRA worse, and which command fixes it";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Argument<string[]> folders = new("folders")
        {
            Description = "Folders of pictures, with all below them; nothing in them is changed",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> html = new("--html")
        {
            Description = "Write a contact sheet with all findings: one page that opens without a network",
            HelpName = "FILE",
        };
        FornoCommand command = new(
            "check",
            Summary,
            "forno dataset check cat",
            "forno dataset check cat --resolution 1024 --html cat.html",
            "forno dataset check cat --text",
            "forno dataset check cat --json"
        )
        {
            folders,
        };
        BucketOptions buckets = new BucketOptions().AddTo(command);
        DuplicateSettings duplicates = new DuplicateSettings().AddTo(command);
        Option<bool> text = new("--text")
        {
            Description =
                "Also look for text, by PP-OCRv4's detector (fetched on first need, 5 MB): about a second a "
                + "picture, once",
        };
        Option<bool> json = FornoCommand.JsonOption();
        command.Options.Add(text);
        command.Options.Add(html);
        command.Options.Add(json);
        command.SetAction(parsed =>
            Run(
                cli,
                new CheckRequest
                {
                    Folders = parsed.GetValue(folders) ?? [],
                    Rules = buckets.Rules(parsed),
                    Duplicates = duplicates.Options(parsed),
                    Text = parsed.GetValue(text),
                },
                parsed.GetValue(html),
                parsed.GetValue(json)
            )
        );
        return command;
    }

    /// <summary>Measures pictures with the cache of their folder and a progress bar.</summary>
    public static PictureSurvey Survey(CommandHost cli, PictureFolder folder, string cacheFor)
    {
        using JobPrinter console = new(cli);
        return Surveys.Look(folder, cacheFor, new JobProgress(console), cli.Cancel);
    }

    private static int Run(CommandHost cli, CheckRequest request, string? html, bool json)
    {
        if (html is not null)
        {
            ContactSheet.RequireName(html);
        }

        CheckResult result = WorkFolderRun.Do(cli, new CheckJob(request, new FetchedModels(cli)));
        RemedyPlaces places = FindingPrinter.Places(request.Folders);
        string name = WorkFolderRun.Named(request.Folders);
        if (html is not null)
        {
            using JobPrinter console = new(cli);
            SheetPage page = CheckSheet.Make(name, result.Report, result.Rules, places);
            SheetProgress.Save(html, page, result.Report.Pictures.Count, console, cli.Cancel);
        }

        if (json)
        {
            cli.Out.WriteLine(ResultJson.Text(result, places));
        }
        else
        {
            CheckPrinter.Print(cli, name, result.Report, result.Rules, places);
            cli.Out.WriteLine(
                html is null
                    ? "--html FILE.html shows the pictures with their findings"
                    : $"contact sheet: {Wording.Shown(html)}"
            );
        }

        return result.Report.Pictures.Count == 0 ? 1 : 0;
    }
}

/// <summary>How duplicates are looked for, on the command line.</summary>
internal sealed class DuplicateSettings
{
    private readonly Option<double> similarity = new("--similarity")
    {
        Description = "Percent that two pictures must be alike in their least alike part to be duplicates",
        DefaultValueFactory = _ => DuplicateOptions.DefaultSimilarity,
        CustomParser = result =>
            result.Tokens is [var token]
            && double.TryParse(token.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double percent)
            && percent is >= 1 and <= 100
                ? percent
                : Bad(result, "--similarity takes 1 to 100 percent"),
    };

    private readonly Option<bool> mirror = new("--mirror")
    {
        Description = "Count mirrored copies as duplicates (not if left and right matter, as for a parting or a scar)",
    };

    /// <summary>Gives a command these options.</summary>
    public DuplicateSettings AddTo(Command command)
    {
        command.Options.Add(similarity);
        command.Options.Add(mirror);
        return this;
    }

    /// <summary>The settings of a command line.</summary>
    public DuplicateOptions Options(ParseResult parsed) =>
        new() { Similarity = parsed.GetValue(similarity), Mirror = parsed.GetValue(mirror) };

    private static double Bad(System.CommandLine.Parsing.ArgumentResult result, string why)
    {
        result.AddError(why);
        return 0;
    }
}
