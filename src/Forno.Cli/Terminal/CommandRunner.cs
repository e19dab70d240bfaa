using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Forno.Files;
using Forno.Reports;
using Forno.Torch;

namespace Forno.Cli.Terminal;

/// <summary>Finds a command, runs it, turns failures into one line and an exit code.</summary>
internal static class CommandRunner
{
    /// <summary>Runs one command line.</summary>
    /// <param name="commands">The commands there are, by name.</param>
    /// <param name="args">A command's name and its arguments.</param>
    /// <param name="cli">Where to write and what stops it.</param>
    /// <returns>0 done, 1 failed or stopped, 2 bad usage.</returns>
    public static int Run(IReadOnlyDictionary<string, CommandEntry> commands, string[] args, CommandHost cli)
    {
        try
        {
            return Dispatch(commands, args is ["help", .. string[] rest] ? [.. rest, "--help"] : args, cli);
        }
        catch (Exception e) when (!Debugging || e is OperationCanceledException)
        {
            cli.Error.WriteLine($"forno: {Explain(e)}");
            return 1;
        }
    }

    private static bool Debugging => Environment.GetEnvironmentVariable("FORNO_DEBUG") is "1" or "true";

    private static int Dispatch(IReadOnlyDictionary<string, CommandEntry> commands, string[] args, CommandHost cli)
    {
        if (!commands.TryGetValue(args[0], out CommandEntry? entry))
        {
            cli.Error.WriteLine(
                $"forno: there is no command '{args[0]}'; there are: "
                    + string.Join(", ", commands.Keys.Order(StringComparer.Ordinal))
            );
            return 2;
        }

        // Only the command that was asked for is built: the others cost nothing at start-up.
        RootCommand root = new() { entry.Build(cli) };
        root.HelpName = "forno";
        FornoCommand.TeachExamples(root);
        ParseResult parsed = root.Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            foreach (ParseError error in parsed.Errors)
            {
                cli.Error.WriteLine($"forno: {OneLine(error.Message)}");
            }

            cli.Error.WriteLine($"Usage, with examples: forno {CommandPath(parsed)} --help");
            return 2;
        }

        if (UnknownOption(parsed) is { } unknown)
        {
            IEnumerable<string> known = parsed.CommandResult.Command.Options.Select(o => o.Name);
            cli.Error.WriteLine($"forno: there is no option '{unknown}'{Spelling.DidYouMean(unknown, known)}");
            cli.Error.WriteLine($"Usage, with examples: forno {CommandPath(parsed)} --help");
            return 2;
        }

        return parsed.Invoke(
            new InvocationConfiguration
            {
                Output = cli.Out,
                Error = cli.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // Cli handles Ctrl-C: a training may need more than a moment to save
            }
        );
    }

    // Commands that take any number of files would take a mistyped option for one more.
    private static string? UnknownOption(ParseResult parsed) =>
        parsed
            .Tokens.TakeWhile(t => t.Type != TokenType.DoubleDash)
            .FirstOrDefault(t =>
                t.Type == TokenType.Argument && t.Value.Length > 2 && t.Value.StartsWith("--", StringComparison.Ordinal)
            )
            ?.Value;

    // The parser lists what is valid one below the other.
    private static string OneLine(string message) =>
        string.Join(
                " ",
                message
                    .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    .Select((part, i) => i > 0 && part is ['\'', .., '\''] ? part + "," : part)
            )
            .TrimEnd(',');

    private static string CommandPath(ParseResult parsed)
    {
        List<string> names = [];
        for (SymbolResult? at = parsed.CommandResult; at is not null; at = at.Parent)
        {
            if (at is CommandResult { Command: not RootCommand } command)
            {
                names.Insert(0, command.Command.Name);
            }
        }

        return string.Join(' ', names);
    }

    // Messages name files, whose names may hold anything.
    private static string Shown(string message) => string.Join('\n', message.Split('\n').Select(Wording.Shown));

    private static string Explain(Exception e) =>
        e switch
        {
            OperationCanceledException => "stopped",
            FornoException => Shown(e.Message),
            TorchOutOfMemoryException => $"{e.Message}\nOut of memory: a smaller batch or picture size, or "
                + "gradient_checkpointing when training, needs less.",
            IOException or UnauthorizedAccessException => Shown(e.Message),
            DllNotFoundException => $"{e.Message}\n`forno doctor` shows what is missing and how to get it.",
            _ => $"internal error, {e.GetType().Name}: {e.Message}\nThis is a fault in Forno; "
                + "FORNO_DEBUG=1 shows where it happened.",
        };
}
