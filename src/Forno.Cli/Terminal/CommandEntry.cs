using System.CommandLine;

namespace Forno.Cli.Terminal;

/// <summary>A command that can be asked for, not yet built.</summary>
/// <param name="Name">What the user types first.</param>
/// <param name="Summary">One line for the overview.</param>
/// <param name="Build">Builds it, with its sub-commands.</param>
internal sealed record CommandEntry(string Name, string Summary, Func<CommandHost, Command> Build);
