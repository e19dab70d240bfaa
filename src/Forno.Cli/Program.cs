using Forno.Cli.Terminal;

namespace Forno.Cli;

/// <summary>The program's entry.</summary>
internal static class Program
{
    private static int Main(string[] args) => Run(args, CommandHost.ForProcess());

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments without the program's name.</param>
    /// <param name="cli">Where to write and what stops it.</param>
    /// <returns>0 done, 1 failed or stopped, 2 bad usage.</returns>
    internal static int Run(string[] args, CommandHost cli) =>
        args switch
        {
            [] or ["help" or "--help" or "-h" or "-?"] => Print(cli, Overview.Text(brief: args.Length == 0)),
            ["--version"] => Print(cli, Product.Version),
            _ => CommandRunner.Run(CommandRegistry.All, args, cli),
        };

    private static int Print(CommandHost cli, string text)
    {
        cli.Out.WriteLine(text);
        return 0;
    }
}
