using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Forno.Cli.Terminal;

/// <summary>A command with examples, which its <c>--help</c> shows.</summary>
/// <param name="name">What the user types.</param>
/// <param name="summary">What it does, in one line.</param>
/// <param name="examples">Whole command lines, beginning with <c>forno</c>.</param>
internal sealed class FornoCommand(string name, string summary, params string[] examples) : Command(name, summary)
{
    /// <summary>Whole command lines.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>More about it, for its <c>--help</c>: whole lines, or null.</summary>
    public string? Details { get; set; }

    /// <summary>Makes the help of a tree of commands end with their examples.</summary>
    /// <param name="root">The tree's root; help is an option of it that all inherit.</param>
    public static void TeachExamples(RootCommand root)
    {
        foreach (HelpOption help in root.Options.OfType<HelpOption>())
        {
            help.Action = new HelpWithExamples((HelpAction)help.Action!);
        }
    }

    /// <summary>
    /// The switch for machine-readable answers: one JSON document on standard output and nothing else there.
    /// </summary>
    /// <returns>An option to add to a command.</returns>
    public static Option<bool> JsonOption() => new("--json") { Description = "Answer as JSON on standard output" };

    private sealed class HelpWithExamples(HelpAction plain) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            int code = plain.Invoke(parseResult);
            if (parseResult.CommandResult.Command is FornoCommand { Examples.Count: > 0 } command)
            {
                TextWriter output = parseResult.InvocationConfiguration.Output;
                if (command.Details is { } details)
                {
                    output.WriteLine(details);
                    output.WriteLine();
                }

                output.WriteLine("Examples:");
                foreach (string example in command.Examples)
                {
                    output.WriteLine($"  {example}");
                }
            }

            return code;
        }
    }
}
