using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Forno.Cli.Terminal;
using Forno.Files;
using Forno.Pocket.Data;
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
            DemoRun.Require(options);
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

        DemoResult result = DemoRun.Run(cli, options);
        if (json)
        {
            cli.Out.WriteLine(JsonSerializer.Serialize(DemoRun.Figures(result), JsonOutput.Options));
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
        yield return $"Done in {DemoReport.Clock(r.Total)}. Look at {Path.Combine(options.Out, "report.html")}";
        yield return $"  (or {r.Grid}; the LoRA is {r.Adapter})";
        yield return "";
        yield return $"Measured on {r.Shift.Pairs.Count} pairs of pictures, without and with the LoRA, by Pocket's CLIP:";
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
        foreach ((string command, string why) in r.Next)
        {
            yield return $"  # {why}";
            yield return $"  {command}";
        }
    }
}
