using System.Collections.Frozen;
using System.CommandLine;

namespace Forno.App.Commands;

/// <summary>A command that can be asked for, not yet built.</summary>
/// <param name="Name">What the user types first.</param>
/// <param name="Summary">One line for the overview.</param>
/// <param name="Build">Builds it, with its sub-commands.</param>
internal sealed record CommandEntry(string Name, string Summary, Func<Cli, Command> Build);

/// <summary>The commands of the program.</summary>
internal static class CommandRegistry
{
    /// <summary>Every command by its name; one line a command, in order of name.</summary>
    public static readonly FrozenDictionary<string, CommandEntry> All = new CommandEntry[]
    {
        new("caption", CaptionCommand.Summary, CaptionCommand.Build),
        new("conformance", ConformanceCommand.Summary, ConformanceCommand.Build),
        new("dataset", DatasetCommand.Summary, DatasetCommand.Build),
        new("demo", DemoCommand.Summary, DemoCommand.Build),
        new("doctor", DoctorCommand.Summary, DoctorCommand.Build),
        new("generate", GenerateCommand.Summary, GenerateCommand.Build),
        new("grid", GridCommand.Summary, GridCommand.Build),
        new("plan", PlanCommand.Summary, PlanCommand.Build),
        new("pocket", PocketCommand.Summary, PocketCommand.Build),
        new("train", TrainCommand.Summary, TrainCommand.Build),
        new("upscale", UpscaleCommand.Summary, UpscaleCommand.Build),
    }.ToFrozenDictionary(entry => entry.Name, StringComparer.Ordinal);
}
