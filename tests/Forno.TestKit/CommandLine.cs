using Forno.Cli;
using Forno.Cli.Terminal;

namespace Forno.TestKit;

/// <summary>
/// Command lines run within the test's own process: <c>using static Forno.Tests.App.CommandLine;</c>.
/// </summary>
internal static class CommandLine
{
    /// <summary>Runs a command to its end.</summary>
    /// <param name="args">What stands behind <c>forno</c>.</param>
    /// <returns>Its exit code, and what it wrote to standard output and standard error, with line feeds.</returns>
    public static (int Code, string Output, string Error) Run(params string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" },
            error = new() { NewLine = "\n" };
        using CommandHost cli = new() { Out = output, Error = error };
        int code = Program.Run(args, cli);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command that is to do its work: exit code 0 and nothing on standard error.</summary>
    /// <param name="args">What stands behind <c>forno</c>.</param>
    /// <returns>What it wrote to standard output.</returns>
    public static string Done(params string[] args)
    {
        (int code, string output, string error) = Run(args);
        Assert.True(
            code == 0 && error.Length == 0,
            $"forno {string.Join(' ', args)}: exit code {code}\n{error}\n{output}"
        );
        return output;
    }
}
