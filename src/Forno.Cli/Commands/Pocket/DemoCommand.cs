using System.CommandLine;
using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Setup;
using Forno.Cli.Terminal;
using Forno.Files;
using Forno.Pocket.Data;
using Forno.Pocket.Demo;
using Forno.Reports.Demo;

namespace Forno.Cli.Commands.Pocket;

/// <summary><c>forno demo</c>: the whole walk on the small base model, in a few minutes.</summary>
internal static class DemoCommand
{
    public const string Summary = "Bake a LoRA on the small base model in a few minutes and show what it learnt";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        string home = Assets.Home() ?? ".";
        Option<string> output = new("--out", "-o")
        {
            Description = "Folder that everything is written into",
            DefaultValueFactory = _ => Path.Combine(home, "out", "demo"),
        };
        Option<string> style = new("--style")
        {
            Description = "The style to learn: one that Pocket has not seen",
            DefaultValueFactory = _ => "openmoji",
        };
        style.AcceptOnlyFromAmong([.. ArtSet.All.Where(a => a.HeldOut).Select(a => a.Name)]);
        Option<int> epochs = new("--epochs") { Description = "Epochs to bake", DefaultValueFactory = _ => 5 };
        epochs.Validators.Add(given =>
        {
            if (given.GetValue(epochs) < 1)
            {
                given.AddError("--epochs must be at least 1");
            }
        });
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would be fetched, baked and written" };
        Option<bool> json = FornoCommand.JsonOption();
        FornoCommand command = new("demo", Summary, "forno demo", "forno demo --style fxemoji --out /tmp/demo")
        {
            output,
            style,
            epochs,
            dryRun,
            json,
        };
        command.SetAction(parsed =>
            Run(
                cli,
                new DemoOptions
                {
                    Model = Path.Combine(home, "pocket", "pocket.safetensors"),
                    Clip = Path.Combine(home, "pocket", "pocket-clip.safetensors"),
                    Assets = Assets.Folder() ?? Path.Combine(home, "assets", "fetched"),
                    HeldOut = Path.Combine(home, "pocket", "held-out.txt"),
                    Out = Path.GetFullPath(parsed.GetValue(output)!),
                    Style = parsed.GetValue(style)!,
                    Epochs = parsed.GetValue(epochs),
                },
                parsed.GetValue(dryRun),
                parsed.GetValue(json)
            )
        );
        return command;
    }

    private static int Run(CommandHost cli, DemoOptions options, bool dryRun, bool json)
    {
        if (dryRun)
        {
            new DemoJob(options).Require();
            cli.Out.WriteLine(
                json
                    ? JsonSerializer.Serialize(
                        new
                        {
                            options.Style,
                            options.Pictures,
                            options.Repeats,
                            options.Epochs,
                            options.Out,
                        },
                        JsonOutput.Options
                    )
                    : $"would draw {options.Pictures} pictures of {options.Style}, bake {options.Epochs} "
                        + $"epochs of about {options.StepsPerEpoch} steps "
                        + $"on {options.Model}, and write {options.Out}"
            );
            return 0;
        }

        DemoResult result = Bake(cli, options);
        if (json)
        {
            cli.Out.WriteLine(JsonSerializer.Serialize(result.Figures, JsonOutput.Options));
            return 0;
        }

        foreach (string line in Lines(options, result))
        {
            cli.Out.WriteLine(line);
        }
        return 0;
    }

    /// <summary>What the demo says at its end: where to look, what was measured, what to try.</summary>
    internal static IEnumerable<string> Lines(DemoOptions options, DemoResult r)
    {
        yield return "";
        yield return $"Done in {DemoReport.Clock(r.Total)}. Look at {DemoFiles.Report(options)}";
        yield return $"  (or {r.Grid}; the LoRA is {r.Adapter})";
        yield return "";
        yield return $"Measured on {r.Shift.Pairs.Count} pairs of pictures, without and with the LoRA, "
            + "by Pocket's CLIP:";
        yield return Invariant.Text(
            $"  style similarity  {r.Shift.Style.Before:0.000} → {r.Shift.Style.After:0.000}   (p "
                + $"{DemoReport.Probability(r.Shift.Style.Test.P)})"
        );
        yield return Invariant.Text(
            $"  prompt match      {r.Shift.Prompt.Before:0.000} → {r.Shift.Prompt.After:0.000}   (p "
                + $"{DemoReport.Probability(r.Shift.Prompt.Test.P)})"
        );
        yield return Invariant.Text(
            $"  loss on {r.Loss.Pictures} pictures of the style that it has not seen  {r.Loss.Before:0.0000} "
                + $"→ {r.Loss.After:0.0000}   ({-100 * r.Loss.Fall:+0.0;−0.0} %)"
        );
        yield return "  " + DemoReport.Balance(r.Shift);
        yield return "";
        yield return "Try next:";
        foreach ((string command, string why) in Next(options, r.Trigger))
        {
            yield return $"  # {why}";
            yield return $"  {command}";
        }
    }

    /// <summary>Does all of it, and writes the report and the figures.</summary>
    internal static DemoResult Bake(CommandHost cli, DemoOptions options)
    {
        var job = new DemoJob(options);
        job.Require();
        AssetFetch.Ensure(cli, options.Assets, [.. job.Packages]);
        DemoResult result;
        using (var printer = new TrainPrinter(cli))
        {
            result = job.Run(printer, cli.Cancel);
        }

        cli.Error.WriteLine("5/5 report");
        AtomicFile.WriteText(DemoFiles.Report(options), DemoReport.Make(result, Next(options, result.Trigger)));
        // Without the pictures, which are in the report.
        AtomicFile.WriteText(
            DemoFiles.Figures(options),
            JsonSerializer.Serialize(result.Figures, JsonOutput.Options) + "\n"
        );
        return result;
    }

    private static List<(string Command, string Why)> Next(DemoOptions options, string trigger) =>
        [
            (
                $"forno generate \"birthday cake, {trigger} <lora:{DemoFiles.Name(options)}:1>\" "
                    + $"--lora-dir {DemoFiles.Adapters(options)}",
                "Draw with the LoRA, at the strength you like"
            ),
            (
                $"forno train {DemoFiles.Config(options)} -- --network_dim 4 --learning_rate 5e-4 --output_name small",
                "Bake it again with settings of your own"
            ),
            (
                $"forno grid {DemoFiles.Adapters(options)} --prompts \"ghost, {trigger}\" --weights "
                    + "0,0.4,0.7,1 --seeds 1,2,3",
                "Compare the epochs on something else, a concept that Pocket has never seen either"
            ),
        ];
}
