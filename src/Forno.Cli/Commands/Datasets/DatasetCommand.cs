using System.CommandLine;
using Forno.Cli.Terminal;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno dataset</c>: from a messy folder to clean, bucket-ready pictures.</summary>
internal static class DatasetCommand
{
    public const string Summary = "Clean a folder of pictures for training: import, trim, resize, sort, undo";

    /// <summary>Builds the command; one line a sub-command.</summary>
    public static Command Build(CommandHost cli) =>
        new FornoCommand("dataset", Summary, "forno dataset import ~/Downloads/cat -o cat", "forno dataset undo cat")
        {
            DatasetBucketsCommand.Build(cli),
            DatasetCheckCommand.Build(cli),
            DatasetEditCommands.Convert(cli),
            DatasetCleanCommand.Build(cli),
            DatasetCropCommand.Build(cli),
            DatasetDedupeCommand.Build(cli),
            DatasetEditCommands.Flatten(cli),
            DatasetImportCommand.Build(cli),
            DatasetMaskCommand.Build(cli),
            DatasetEditCommands.Resize(cli),
            DatasetSortCommand.Build(cli),
            DatasetEditCommands.Square(cli),
            DatasetEditCommands.Trim(cli),
            DatasetUndoCommand.Build(cli),
        };
}
