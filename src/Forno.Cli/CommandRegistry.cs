using System.Collections.Frozen;
using System.CommandLine;
using Forno.Cli.Commands.Captions;
using Forno.Cli.Commands.Datasets;
using Forno.Cli.Commands.Drawing;
using Forno.Cli.Commands.Machine;
using Forno.Cli.Commands.Pocket;
using Forno.Cli.Commands.Training;
using Forno.Cli.Terminal;

namespace Forno.Cli;

/// <summary>The commands of the program.</summary>
internal static class CommandRegistry
{
    /// <summary>Every command by its name; one line a command, in order of name.</summary>
    public static readonly FrozenDictionary<string, CommandEntry> All = new CommandEntry[]
    {
        new("caption", CaptionCommand.Summary, CaptionCommand.Build),
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

    /// <summary>Commands that the launcher runs by programs of their own: name and summary for the overview.</summary>
    public static readonly (string Name, string Summary)[] Launched =
    [
        ("conformance", "Check Forno's numbers against a folder of reference goldens"),
        ("test", "Run Forno's tests; --fast leaves out the long ones"),
    ];
}
