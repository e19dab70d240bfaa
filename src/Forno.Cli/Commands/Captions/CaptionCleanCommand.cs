using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Captions;
using Forno.Studio.Captions;

namespace Forno.Cli.Commands.Captions;

/// <summary>
/// <c>forno caption clean</c>: takes out of captions what teaches nothing, by lists that anybody can read and extend.
/// </summary>
internal static class CaptionCleanCommand
{
    private const string Summary =
        "Take useless and redundant tags out, choose one of synonyms, put a garment's tags together";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Option<string[]> rules = new("--rules")
        {
            Description = $"Which rules: {string.Join(", ", CleanSettings.AllRules)}; all but split by default",
            AllowMultipleArgumentsPerToken = true,
            HelpName = "RULES",
        };
        Option<bool> split = new("--split")
        {
            Description = "Also split generic tags (maid, school uniform) into their usual parts",
        };
        Option<TagPattern[]?> keep = new("--keep")
        {
            Description = "Tags that no rule touches; * stands for anything",
            AllowMultipleArgumentsPerToken = true,
            HelpName = "TAGS",
            CustomParser = result =>
                CaptionOptions.Try(
                    result,
                    () =>
                        result
                            .Tokens.SelectMany(t => CaptionText.Parse(t.Value).Tags)
                            .Select(TagPattern.Parse)
                            .ToArray()
                ),
        };
        Option<string?> lists = new("--lists")
        {
            Description = "Folder with word lists of your own, which add to those of Forno or replace them",
            HelpName = "DIR",
        };
        Option<string?> show = new("--show-list")
        {
            Description = $"Print a word list of Forno, to see its form: {string.Join(", ", WordLists.Names)}",
            HelpName = "NAME",
        };
        FornoCommand command = new(
            "clean",
            Summary,
            "forno caption clean cat --dry-run",
            "forno caption clean cat --keep \"*_bow\" --rules useless redundancy",
            "forno caption clean ~/train -o cat --lists my-lists",
            "forno caption clean --show-list synonyms"
        )
        {
            rules,
            split,
            keep,
            lists,
            show,
        };
        command.Details = """
            Rules, in their order: useless tags (about the post, not the picture), synonyms to one form, redundancy
            (shirt where there is white_shirt), consolidation (white_dress and turtleneck_dress are one
            white_turtleneck_dress), and with --split the parts of generic tags. Triggers (before |||, or the first
            --keep-tokens) and sentences are left alone.
            """;
        CaptionOptions captions = new CaptionOptions().AddAllTo(command);
        DatasetOptions options = new DatasetOptions().AddTo(command);
        command.Arguments[0].Arity = ArgumentArity.ZeroOrMore; // --show-list needs none
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(show) is { } name)
            {
                cli.Out.Write(WordLists.Shipped(name));
                return 0;
            }

            if (options.Folders(parsed).Length == 0)
            {
                cli.Error.WriteLine("forno: a folder is missing (forno caption clean --help)");
                return 2;
            }

            string[] named =
            [
                .. (parsed.GetValue(rules) ?? []).SelectMany(r =>
                    r.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                ),
            ];
            var settings = new CleanSettings
            {
                Rules =
                [
                    .. named.Length > 0 ? named : CleanSettings.DefaultRules,
                    .. parsed.GetValue(split) ? (string[])["split"] : [],
                ],
                Where = captions.Where(parsed),
                KeepTokens = captions.KeepTokens(parsed),
                Keep = parsed.GetValue(keep) ?? [],
                Lists = parsed.GetValue(lists),
            };
            return WorkFolderRun.Run(
                cli,
                parsed,
                options,
                new CaptionCleanJob(
                    new CaptionCleanRequest(options.Place(parsed), settings, captions.Extension(parsed))
                )
            );
        });
        return command;
    }
}
