using System.CommandLine;
using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Data;
using Forno.Datasets.Checks;
using Forno.Datasets.Duplicates;
using Forno.Datasets.Surveys;
using Forno.Reports;
using Forno.Reports.Sheets;
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
                parsed.GetValue(folders) ?? [],
                buckets.Rules(parsed),
                duplicates.Options(parsed),
                parsed.GetValue(text),
                parsed.GetValue(html),
                parsed.GetValue(json)
            )
        );
        return command;
    }

    /// <summary>Measures pictures with the cache of their folder and a progress bar.</summary>
    public static PictureSurvey Survey(CommandHost cli, PictureFolder folder, string cacheFor)
    {
        var cache = MeasureCache.Open(MeasureCache.PlaceFor(cacheFor));
        PictureSurvey survey;
        using (ProgressBar bar = cli.Progress("measure", folder.Pictures.Count, "pictures"))
        {
            survey = PictureSurvey.Look(folder, cache, bar, cli.Cancel);
        }

        if (cache.Save() is { } why)
        {
            cli.Error.WriteLine($"measures are not kept for the next run: {why}");
        }

        return survey;
    }

    private static PictureSurvey WithTexts(CommandHost cli, PictureSurvey survey, string cacheFor)
    {
        using var texts = new TextDetection(cli, cacheFor, null);
        using ProgressBar bar = cli.Progress("text", survey.Pictures.Count, "pictures");
        PictureSurvey with = survey.WithTexts(texts.Cache, texts.Find, bar, cli.Cancel);
        texts.Save();
        return with;
    }

    private static int Run(
        CommandHost cli,
        string[] folders,
        BucketRules rules,
        DuplicateOptions options,
        bool text,
        string? html,
        bool json
    )
    {
        if (html is not null)
        {
            ContactSheet.RequireName(html);
        }

        WorkFolderRun.SayUnfinished(cli, folders);
        var folder = PictureFolder.Scan(folders);
        PictureSurvey survey = Survey(cli, folder, folders[0]);
        survey = text ? WithTexts(cli, survey, folders[0]) : survey;
        IReadOnlyList<DuplicateGroup> duplicates;
        using (ProgressBar bar = cli.Progress("compare", survey.Pictures.Count, "pictures"))
        {
            duplicates = survey.FindDuplicates(options, bar, cli.Cancel);
        }

        SetReport report = SetCheck.Check(survey, duplicates, rules);
        RemedyPlaces places = FindingPrinter.Places(folder, folders);
        string name = string.Join(", ", folders.Select(f => Wording.Shown(Path.TrimEndingDirectorySeparator(f))));
        if (html is not null)
        {
            using ProgressBar bar = cli.Progress("sheet", report.Pictures.Count, "pictures");
            ContactSheet.Save(html, CheckSheet.Make(name, report, rules, places), bar, cli.Cancel);
        }

        if (json)
        {
            cli.Out.WriteLine(CheckJson.Text(report, rules, places));
        }
        else
        {
            CheckPrinter.Print(cli, name, report, rules, places);
            cli.Out.WriteLine(
                html is null
                    ? "--html FILE.html shows the pictures with their findings"
                    : $"contact sheet: {Wording.Shown(html)}"
            );
        }

        return report.Pictures.Count == 0 ? 1 : 0;
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
