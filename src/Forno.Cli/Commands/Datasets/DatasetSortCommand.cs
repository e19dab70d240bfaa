using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Sorting;
using Forno.Studio.Datasets;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno dataset sort</c>: moves pictures into folders by rules.</summary>
internal static class DatasetSortCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Option<string[]> rules = new("--rule", "-r")
        {
            Description =
                "FOLDER: EXPRESSION over caption tags with & | ! ( ) and *; several, the first that holds counts",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string?> csv = new("--csv") { Description = "A table of path,folder; it goes before the rules" };
        Option<bool> byBucket = new("--buckets")
        {
            Description = "Into a folder for each bucket; after rules and table",
        };
        Option<string?> rest = new("--rest")
        {
            Description = "Folder for pictures that nothing else moves; by default they stay",
        };
        BucketOptions buckets = new();
        FornoCommand command = new(
            "sort",
            "Sort pictures into folders by captions, a table or buckets; repeats (10_…) are kept",
            "forno dataset sort cat --rule \"outfit1: red_dress & !solo\" \"outfit2: armor | helmet\" --rest other",
            "forno dataset sort cat --csv tiers.csv",
            "forno dataset sort cat --buckets --resolution 1024"
        )
        {
            rules,
            csv,
            byBucket,
            rest,
        };
        buckets.AddTo(command);
        DatasetOptions options = new DatasetOptions().AddTo(command);
        command.SetAction(parsed =>
        {
            List<SortRule> asked = [];
            if (parsed.GetValue(csv) is { } table)
            {
                asked.Add(SortRules.ByCsv(table));
            }

            asked.AddRange((parsed.GetValue(rules) ?? []).Select(SortRules.ByCaption));
            if (parsed.GetValue(byBucket))
            {
                asked.Add(SortRules.ByBucket(buckets.Rules(parsed)));
            }

            string? other = parsed.GetValue(rest) is { } folder ? SortRules.Folder(folder) : null;
            return asked.Count == 0 && other is null
                ? throw new FornoException("nothing says where pictures go; give --rule, --csv, --buckets or --rest")
                : WorkFolderRun.Run(
                    cli,
                    parsed,
                    options,
                    new SortJob(new SortRequest(options.Place(parsed), asked, other))
                );
        });
        return command;
    }
}
