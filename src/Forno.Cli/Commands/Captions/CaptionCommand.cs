using System.CommandLine;
using Forno.Cli.Terminal;

namespace Forno.Cli.Commands.Captions;

/// <summary><c>forno caption</c>: what the LoRA will learn, put into words.</summary>
internal static class CaptionCommand
{
    public const string Summary = "Write, edit, clean and judge captions, before anything is baked";

    /// <summary>Builds the command; one line a sub-command.</summary>
    public static Command Build(CommandHost cli) =>
        new FornoCommand(
            "caption",
            Summary,
            "forno caption report cat",
            "forno caption edit cat --remove solo --replace dress=red_dress --dry-run"
        )
        {
            CaptionCleanCommand.Build(cli),
            CaptionEditCommand.Build(cli),
            CaptionPruneCommand.Build(cli),
            CaptionReportCommand.Build(cli),
            CaptionTriggerCommand.Build(cli),
            CaptionTagCommand.Build(cli),
        };
}
