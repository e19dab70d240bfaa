using System.CommandLine;
using Forno.Cli.Terminal;
using Forno.Pocket.Data;

namespace Forno.Cli.Commands.Pocket;

/// <summary>
/// <c>forno pocket</c>: everything that makes and measures the small base model that ships with Forno.
/// </summary>
internal static class PocketCommand
{
    public const string Summary = "Make the Pocket base model: its data, its training, its figures";

    /// <summary>The art sets that trainings see, with commas between.</summary>
    public static string TrainedSets => string.Join(',', ArtSet.All.Where(a => !a.HeldOut).Select(a => a.Name));

    /// <summary>Folder of data and trainings.</summary>
    public static string Runs => Path.Combine(Home, "out", "pocket");

    /// <summary>Folder of the model that ships.</summary>
    public static string Shipped => Path.Combine(Home, "pocket");

    private static string Home => Environment.GetEnvironmentVariable("FORNO_HOME") is { Length: > 0 } set ? set : ".";

    /// <summary>Builds the command; one line a sub-command.</summary>
    public static Command Build(CommandHost cli) =>
        new FornoCommand("pocket", Summary, "forno pocket data")
        {
            PocketDataCommand.Build(cli),
            PocketEffectCommand.Build(cli),
            PocketTrainCommand.Build(cli),
            PocketAssembleCommand.Build(cli),
            PocketMeasureCommand.Build(cli),
        };

    /// <summary>The folder of the built data.</summary>
    public static Option<string> DataOption() =>
        new("--data") { Description = "Folder that `forno pocket data` filled", DefaultValueFactory = _ => Runs };

    /// <summary>Names of trained art sets out of a list with commas; none if there is no list.</summary>
    /// <exception cref="FornoException">One is no trained art set.</exception>
    public static string[] Styles(string? list)
    {
        string[] names =
        [
            .. (list ?? "")
                .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Distinct(),
        ];
        return names.FirstOrDefault(n => !TrainedSets.Split(',').Contains(n)) is { } wrong
            ? throw new FornoException($"--styles {wrong}: no trained art set; there are {TrainedSets}")
            : names;
    }
}
