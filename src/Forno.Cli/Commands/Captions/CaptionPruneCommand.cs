using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Triggers;
using Forno.Studio.Captions;

namespace Forno.Cli.Commands.Captions;

/// <summary><c>forno caption prune</c>: takes out of captions what triggers are to absorb.</summary>
internal static class CaptionPruneCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Option<int> level = new("--level", "-l")
        {
            Description =
                "0 none; 1 fluid (nothing is pruned); 2 static (all intrinsic traits); 3 semi-static (what "
                + "--keep names stays changeable); 4 multi-trigger (for each trigger what belongs to its kind)",
            DefaultValueFactory = _ => 4,
        };
        level.AcceptOnlyFromAmong("0", "1", "2", "3", "4");
        Option<string[]> keep = new("--keep", "--changeable")
        {
            Description = "Categories or tags (* stands for anything) that stay",
            AllowMultipleArgumentsPerToken = true,
            HelpName = "WHAT",
        };
        Option<string[]> also = new("--also")
        {
            Description = "Categories or tags that are pruned besides, wherever there is a trigger",
            AllowMultipleArgumentsPerToken = true,
            HelpName = "WHAT",
        };
        Option<double> share = new("--least-share")
        {
            Description = "Leave tags that fewer than so many percent of their trigger's pictures have",
            HelpName = "PERCENT",
        };
        Option<string[]> without = new("--without")
        {
            Description = $"Rules of the craft to switch off: {string.Join(", ", PruneSettings.Rules.Keys.Order())}",
            AllowMultipleArgumentsPerToken = true,
            HelpName = "RULE",
        };
        FornoCommand command = new(
            "prune",
            "Take out of captions what triggers are to absorb; it is kept beside each picture for the absorption table",
            "forno caption prune cat",
            "forno caption prune cat --level 3 --keep hair-style",
            "forno caption prune cat --also \"*_(series)\" --dry-run"
        )
        {
            level,
            keep,
            also,
            share,
            without,
        };
        command.Details = """
            Categories: people, hair-colour, hair-style, eyes, skin, face, body, body-size, ornaments, garment-head,
            garment-neck, garment-top, garment-outer, garment-bottom, garment-waist, garment-whole, garment-legs,
            garment-hands, garment-under, garment-swim, footwear, background, style;
            garment means all clothes, intrinsic what belongs to a person (forno caption clean --show-list traits
            shows their tags).
            A character takes intrinsic traits, an outfit clothes and ornaments, a style how it is drawn; other
            triggers what --also names. Captions without a trigger, triggers, and sentences stay as they are.
            """;
        TriggerOptions triggers = new TriggerOptions().AddTo(command);
        CaptionOptions captions = new CaptionOptions().AddTo(command);
        DatasetOptions options = new DatasetOptions().AddTo(command);
        command.SetAction(parsed =>
        {
            var settings = new PruneSettings
            {
                Level = (PruneLevel)parsed.GetValue(level),
                Keep = parsed.GetValue(keep) ?? [],
                Also = parsed.GetValue(also) ?? [],
                LeastShare = parsed.GetValue(share),
                Without = parsed.GetValue(without) ?? [],
            };
            var request = new PruneRequest
            {
                Place = options.Place(parsed),
                Settings = settings,
                Triggers = triggers.Search(parsed),
                Extension = captions.Extension(parsed),
            };
            return WorkFolderRun.Run(cli, parsed, options, new PruneJob(request));
        });
        return command;
    }
}
