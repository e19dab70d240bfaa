using System.CommandLine;
using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Captions;
using Forno.Reports;
using Forno.Workspace;

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
            var folder = PictureFolder.Scan(named, captionExtension: captions.Extension(parsed));
            CaptionSet set;
            using (ProgressBar bar = cli.Progress("read", folder.Pictures.Count, "captions"))
            {
                set = CaptionSet.Read(folder, captions.Extension(parsed), bar, cli.Cancel);
            }

            if (triggers.Asked(parsed))
            {
                return triggers.Run(cli, parsed, folder, named, set, list?.Names, parsed.GetValue(json));
            }

            CaptionReport report = CaptionReporter.Make(
                set,
                new CaptionReportOptions
                {
                    Where = captions.Where(parsed),
                    KeepTokens = captions.KeepTokens(parsed),
                    Tags = list,
                    FewUses = parsed.GetValue(few),
                }
            );
            RemedyPlaces places = FindingPrinter.Places(folder, named);
            if (parsed.GetValue(json))
            {
                cli.Out.WriteLine(Json(report, places));
            }
            else
            {
                string name = string.Join(", ", named.Select(f => Wording.Shown(Path.TrimEndingDirectorySeparator(f))));
                if (report.Pictures == 0)
                {
                    cli.Out.WriteLine(
                        captions.Where(parsed) is { } where && folder.Pictures.Count > 0
                            ? $"{name}: none of {folder.Pictures.Count} captions fulfils {where}"
                            : $"{name}: no pictures in it"
                    );
                    WorkFolderRun.List(cli, report.Problems);
                    return 1;
                }

                CaptionPrinter.Print(cli, name, report, Math.Max(1, parsed.GetValue(top)), places);
            }

            return report.Pictures == 0 ? 1 : 0;
        });
        return command;
    }

    private static string Json(CaptionReport report, RemedyPlaces places) =>
        JsonSerializer.Serialize(
            new
            {
                report.Pictures,
                report.Captions,
                NaturalLanguage = report.Prose,
                Findings = report.Findings.Select(f => FindingJson.Row(f, places)),
                Folders = report.Folders.Select(f => new
                {
                    f.Folder,
                    f.Pictures,
                    f.Captions,
                    MeanTags = Math.Round(f.MeanTags, 2),
                    f.MostTokens,
                    Tags = f.Tags.Select(t => new { t.Tag, t.Pictures }),
                }),
                report.Tags,
                Companions = report.Companions.Select(c => new
                {
                    c.Tag,
                    c.Pictures,
                    With = c.With.Select(w => new { w.Tag, w.Pictures }),
                }),
                NeverApart = report.Together,
                Singletons = report.Singletons.Select(s => new { s.Tag, s.Picture }),
                WithoutCaption = report.Bare,
                Over75Tokens = report.Long?.Select(l => new { l.Picture, l.Tokens }),
                UnknownOrRare = report.Rare,
                report.Problems,
            },
            JsonOutput.Options
        );
}
