using System.CommandLine;

namespace Forno.App.Commands;

/// <summary><c>forno pocket</c>: everything that makes and measures the small base model that ships with Forno.</summary>
internal static class PocketCommand
{
    public const string Summary = "Make the Pocket base model: its data, its training, its figures";

    /// <summary>Builds the command; one line a sub-command.</summary>
    public static Command Build(Cli cli) => new FornoCommand("pocket", Summary, "forno pocket data")
    {
        PocketDataCommand.Build(cli),
        PocketEffectCommand.Build(cli),
        PocketTrainCommand.Build(cli),
    };
}
