using System.CommandLine;
using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Captions;
using Forno.Reports;
using Forno.Workspace;

namespace Forno.Cli.Commands.Captions;

/// <summary>
/// <c>forno caption clean</c>: takes out of captions what teaches nothing, by lists that anybody can read and extend.
/// </summary>
internal static class CaptionCleanCommand
{
    private const string Summary =
        "Take useless and redundant tags out, choose one of synonyms, put a garment's tags together";
    private const int MostChanges = 12;

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
            Rules, in their order: useless tags (about the post, not the picture), synonyms to one form, redundancy (shirt where
            there is white_shirt), consolidation (white_dress and turtleneck_dress are one white_turtleneck_dress), and with --split
            the parts of generic tags. Triggers (before |||, or the first --keep-tokens) and sentences are left alone.
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
            CaptionCleaner cleaner = new(
                new CleanSettings
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
                }
            );
            return WorkFolderRun.Run(
                cli,
                parsed,
                options,
                context =>
                {
                    var set = CaptionSet.Read(context.Folder, captions.Extension(parsed), null, context.Cancel);
                    ChangePlan plan = CaptionPlans.Make(
                        set,
                        "caption clean",
                        cleaner.Clean,
                        context.Progress,
                        context.Cancel
                    );
                    return plan with { Notes = [.. Notes(cleaner.Changes), .. plan.Notes] };
                },
                captionExtension: captions.Extension(parsed)
            );
        });
        return command;
    }

    private static IEnumerable<string> Notes(IReadOnlyList<CleanChange> changes)
    {
        foreach (var rule in changes.GroupBy(c => c.Rule))
        {
            yield return Invariant.Text(
                $"{rule.Key}: {rule.Sum(c => c.Captions)} {Wording.Counted(rule.Sum(c => c.Captions), "change")}"
            );
            foreach (CleanChange change in rule.Take(MostChanges))
            {
                yield return Invariant.Text($"{change.Captions, 6}  {change.What}");
            }

            if (rule.Count() > MostChanges)
            {
                yield return Invariant.Text(
                    $"        … and {rule.Count() - MostChanges} more kinds; --dry-run --json lists every change"
                );
            }
        }
    }
}
