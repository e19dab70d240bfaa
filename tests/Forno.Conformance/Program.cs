using Forno.Cli.Terminal;

namespace Forno.Conformance;

/// <summary>The entry of <c>forno conformance</c>, which the launcher starts.</summary>
internal static class Program
{
    private static int Main(string[] args) => Run(["conformance", .. args], CommandHost.ForProcess());

    /// <summary>Runs <c>conformance …</c>.</summary>
    /// <returns>0 all held, 1 something failed, 2 bad usage.</returns>
    internal static int Run(string[] args, CommandHost cli) =>
        CommandRunner.Run(
            new Dictionary<string, CommandEntry>
            {
                ["conformance"] = new("conformance", ConformanceCommand.Summary, ConformanceCommand.Build),
            },
            args,
            cli
        );
}
