using System.CommandLine;
using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Studio;
using Forno.Studio.Training;

namespace Forno.Cli.Commands.Training;

/// <summary><c>forno train</c>: bakes an adapter by a configuration in kohya's format.</summary>
internal static class TrainCommand
{
    public const string Summary = "Train a LoRA by a configuration in kohya's format";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Argument<string> config = new("config")
        {
            Description =
                "TOML of training options, with or without .toml; its dataset_config or train_data_dir names the data",
        };
        Option<string?> resume = new("--resume") { Description = "Folder of a saved state (…-state) to go on from" };
        Option<bool> dryRun = new("--dry-run")
        {
            Description = "Say what would be trained: pictures, buckets, steps; train nothing",
        };
        Option<bool> json = FornoCommand.JsonOption();
        Argument<string[]> options = new("options")
        {
            Description = "After --: further options as kohya's command line takes them, which override the file",
            Arity = ArgumentArity.ZeroOrMore,
        };
        FornoCommand command = new(
            "train",
            Summary,
            "forno train my-lora.toml",
            "forno train my-lora.toml --resume output/my-lora-000004-state",
            "forno train my-lora.toml -- --learning_rate 5e-5 --max_train_epochs 8"
        )
        {
            config,
            options,
            resume,
            dryRun,
            json,
        };
        command.SetAction(parsed =>
        {
            var job = new TrainJob(
                new TrainJobRequest
                {
                    Configuration = parsed.GetValue(config)!,
                    Overrides = parsed.GetValue(options) ?? [],
                    Resume = parsed.GetValue(resume),
                }
            );
            if (parsed.GetValue(dryRun))
            {
                Describe(cli, Watched(cli, job.Plan), parsed.GetValue(json));
                return 0;
            }

            TrainJobResult result = Watched(cli, printer => job.Run(printer, cli.Cancel));
            Report(cli, result, parsed.GetValue(json));
            return result.Completed && result.Check is { Good: false } ? 1 : 0;
        });
        return command;
    }

    // The progress line is gone before the result is printed.
    private static T Watched<T>(CommandHost cli, Func<IProgress<JobEvent>, T> work)
    {
        using var printer = new TrainPrinter(cli);
        return work(printer);
    }

    private static void Report(CommandHost cli, TrainJobResult result, bool json)
    {
        if (json)
        {
            cli.Out.WriteLine(JsonSerializer.Serialize(result, JsonOutput.Options));
            return;
        }
        if (result.Check is not { } check)
        {
            return;
        }
        cli.Out.WriteLine(
            check.Good
                ? Invariant.Text(
                    $"{result.Adapter}: read back, all {check.Modules} modules found their layer; the network's "
                        + $"output changes by {check.Change:0.0%}"
                )
            : check.Unplaced.Count > 0
                ? $"{result.Adapter}: {check.Unplaced.Count} keys found no layer, such as {check.Unplaced[0]}"
            : $"{result.Adapter}: read back, but it changes nothing. Train longer, or with a higher learning rate."
        );
    }

    private static void Describe(CommandHost cli, TrainJobPlan plan, bool json) =>
        cli.Out.WriteLine(
            json ? JsonSerializer.Serialize(plan, JsonOutput.Options) : string.Join('\n', TrainPrinter.PlanLines(plan))
        );
}
