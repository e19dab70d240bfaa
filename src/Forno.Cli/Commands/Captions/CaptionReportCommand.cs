using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Captions;
using Forno.Reports;
using Forno.Studio.Captions;

namespace Forno.Cli.Commands.Captions;

/// <summary><c>forno caption report</c>: which words stand in the captions, and what that does to a LoRA.</summary>
internal static class CaptionReportCommand
{
    private const string Summary =
        "Say which words the captions hold, how they hang together, and what that does to a LoRA";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Argument<string[]> folders = new("folders")
        {
            Description = "Folders of pictures, with all below them; nothing in them is changed",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> tags = new("--tags")
        {
            Description =
                "Tag list of the model's data: a CSV of name,category,count[,aliases], as autocomplete "
                + "extensions have it",
            HelpName = "FILE",
        };
        Option<long> few = new("--min-uses")
        {
            Description = "Tags with fewer uses in the tag list are named",
            DefaultValueFactory = _ => 500,
            HelpName = "N",
        };
        Option<int> top = new("--top")
        {
            Description = "How many rows each table shows",
            DefaultValueFactory = _ => 20,
            HelpName = "N",
        };
        FornoCommand command = new(
            "report",
            Summary,
            "forno caption report cat",
            "forno caption report cat --tags danbooru.csv --top 50",
            "forno caption report cat --where \"red_dress & !solo\" --json",
            "forno caption report cat --triggers --html sets.html"
        )
        {
            folders,
            tags,
            few,
            top,
        };
        CaptionOptions captions = new CaptionOptions().AddAllTo(command);
        Option<bool> json = FornoCommand.JsonOption();
        TriggerReport triggers = new TriggerReport().AddTo(command);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            TagList? list = parsed.GetValue(tags) is { } file ? TagList.Read(file) : null;
            string[] named = parsed.GetValue(folders) ?? [];
            if (triggers.Asked(parsed))
            {
                return triggers.Run(cli, parsed, named, captions.Extension(parsed), list, parsed.GetValue(json));
            }

            TagExpression? where = captions.Where(parsed);
            var request = new CaptionReportRequest
            {
                Folders = named,
                Extension = captions.Extension(parsed),
                Options = new CaptionReportOptions
                {
                    Where = where,
                    KeepTokens = captions.KeepTokens(parsed),
                    Tags = list,
                    FewUses = parsed.GetValue(few),
                },
            };
            CaptionReportResult result = WorkFolderRun.Do(cli, new CaptionReportJob(request));
            CaptionReport report = result.Report;
            RemedyPlaces places = FindingPrinter.Places(named);
            string name = WorkFolderRun.Named(named);
            if (parsed.GetValue(json))
            {
                cli.Out.WriteLine(ResultJson.Text(result, places));
            }
            else if (report.Pictures == 0)
            {
                cli.Out.WriteLine(
                    where is not null && result.Scanned > 0
                        ? $"{name}: none of {result.Scanned} captions fulfils {where}"
                        : $"{name}: no pictures in it"
                );
                WorkFolderRun.List(cli, report.Problems);
            }
            else
            {
                CaptionPrinter.Print(cli, name, report, Math.Max(1, parsed.GetValue(top)), places);
            }

            return report.Pictures == 0 ? 1 : 0;
        });
        return command;
    }
}
