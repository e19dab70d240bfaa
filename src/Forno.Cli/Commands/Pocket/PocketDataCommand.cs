using System.CommandLine;
using System.Text.Json;
using Forno.Cli.Setup;
using Forno.Cli.Terminal;
using Forno.Pocket.Data;

namespace Forno.Cli.Commands.Pocket;

/// <summary><c>forno pocket data</c>: fetches the emoji art and draws it into one data file.</summary>
internal static class PocketDataCommand
{
    public static Command Build(CommandHost cli)
    {
        string home = Environment.GetEnvironmentVariable("FORNO_HOME") is { Length: > 0 } set ? set : ".";
        Option<string> output = new("--out")
        {
            Description = "Folder for pictures.safetensors and records.json (0.6 GB)",
            DefaultValueFactory = _ => Path.Combine(home, "out", "pocket"),
        };
        Option<string> assets = new("--assets")
        {
            Description = "Folder of the fetched packages",
            DefaultValueFactory = _ =>
                Environment.GetEnvironmentVariable("FORNO_ASSETS") is { Length: > 0 } folder
                    ? folder
                    : Path.Combine(home, "assets", "fetched"),
        };
        Option<string> heldOut = new("--held-out")
        {
            Description = "List of the concepts that no training sees",
            DefaultValueFactory = _ => Path.Combine(home, "pocket", "held-out.txt"),
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would be fetched and written" };
        Option<bool> json = FornoCommand.JsonOption();
        FornoCommand command = new(
            "data",
            "Fetch the emoji art and draw it into one data file",
            "forno pocket data",
            "forno pocket data --out /data/pocket --json"
        )
        {
            output,
            assets,
            heldOut,
            dryRun,
            json,
        };
        command.SetAction(parsed =>
            Run(
                cli,
                parsed.GetValue(assets)!,
                parsed.GetValue(heldOut)!,
                parsed.GetValue(output)!,
                parsed.GetValue(dryRun),
                parsed.GetValue(json)
            )
        );
        return command;
    }

    private static int Run(CommandHost cli, string assets, string heldOut, string output, bool dryRun, bool json)
    {
        IReadOnlySet<string> names = PocketData.ReadHeldOut(heldOut);
        string[] packages = [.. ArtSet.All.Select(a => a.Name), "emojibase-data"];
        string[] missing = [.. packages.Where(p => !Directory.Exists(Path.Combine(assets, p)))];
        if (dryRun)
        {
            cli.Out.WriteLine(
                json
                    ? JsonSerializer.Serialize(new { Fetch = missing, Write = output }, JsonOutput.Options)
                    : $"would fetch {(missing.Length == 0 ? "nothing" : string.Join(", ", missing))} and write {output}"
            );
            return 0;
        }

        AssetFetch.Ensure(cli, assets, missing);

        PocketReport report;
        using (var progress = new SetProgress(cli))
        {
            report = PocketData.Build(assets, names, output, progress, cli.Cancel);
        }

        if (json)
        {
            cli.Out.WriteLine(
                JsonSerializer.Serialize(
                    new
                    {
                        Folder = output,
                        report.Pictures,
                        report.PerSet,
                        report.Failures,
                    },
                    JsonOutput.Options
                )
            );
            return 0;
        }

        foreach ((string set, int count) in report.PerSet)
        {
            cli.Out.WriteLine($"{count, 6}  {set}");
        }

        cli.Out.WriteLine($"{report.Pictures, 6}  pictures in {output}");
        foreach (string failure in report.Failures)
        {
            cli.Out.WriteLine($"left out  {failure}");
        }

        return 0;
    }

    // A bar for each art set.
    private sealed class SetProgress(CommandHost cli) : IProgress<PocketProgress>, IDisposable
    {
        private ProgressBar? bar;
        private string set = "";

        public void Report(PocketProgress value)
        {
            if (value.Set != set)
            {
                bar?.Dispose();
                set = value.Set;
                bar = cli.Progress($"draw {set}", value.Total, "pictures");
            }

            bar!.Report(value.Done);
        }

        public void Dispose() => bar?.Dispose();
    }
}
