using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Studio.Datasets;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno dataset dedupe</c>: moves pictures that another one makes superfluous out of the way.</summary>
internal static class DatasetDedupeCommand
{
    private const string Summary = "Move pictures that show the same as a better one to _duplicates, with a list";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        FornoCommand command = new(
            "dedupe",
            Summary,
            "forno dataset dedupe cat",
            "forno dataset dedupe cat --mirror --dry-run",
            "forno dataset dedupe ~/Downloads/cat -o cat --similarity 80"
        );
        DuplicateSettings duplicates = new DuplicateSettings().AddTo(command);
        DatasetOptions options = new DatasetOptions().AddTo(command);
        command.SetAction(parsed =>
            WorkFolderRun.Run(
                cli,
                parsed,
                options,
                new DedupeJob(new DedupeRequest(options.Place(parsed), duplicates.Options(parsed)))
            )
        );
        return command;
    }
}
