using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Diffusion;
using Forno.Kohya;
using Forno.Training;
using Forno.Training.Recipes;
using Forno.Training.Setups;

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
            Run(
                cli,
                parsed.GetValue(config)!,
                parsed.GetValue(options) ?? [],
                parsed.GetValue(resume),
                parsed.GetValue(dryRun),
                parsed.GetValue(json)
            )
        );
        return command;
    }

    private static int Run(CommandHost cli, string config, string[] options, string? resume, bool dryRun, bool json)
    {
        TrainRecipe recipe = TrainRecipeReader.Read(config, options);
        foreach (string notice in recipe.Notices)
        {
            cli.Error.WriteLine(notice);
        }
        if (dryRun)
        {
            if ((resume ?? recipe.Run.Resume) is { } state)
            {
                recipe = LoraTraining.ForResume(recipe, state);
            }
            Describe(cli, TrainPlan.Make(recipe, null, Prediction.Epsilon, cli.Error.WriteLine), json);
            return 0;
        }

        TrainResult result = TrainRun.Run(cli, recipe, resume);
        Report(cli, result, json);
        return result.Completed && result.Check is { Good: false } ? 1 : 0;
    }

    private static void Report(CommandHost cli, TrainResult result, bool json)
    {
        if (json)
        {
            cli.Out.WriteLine(
                JsonSerializer.Serialize(
                    new
                    {
                        result.Completed,
                        result.Step,
                        Adapter = result.File,
                        result.Check,
                    },
                    JsonOutput.Options
                )
            );
            return;
        }
        if (result.Check is not { } check)
        {
            return;
        }
        string change = check.Change.ToString("0.0%", CultureInfo.InvariantCulture);
        cli.Out.WriteLine(
            check.Good
                ? $"{result.File}: read back, all {check.Modules} modules found their layer; the network's "
                    + $"output changes by {change}"
            : check.Unplaced.Count > 0
                ? $"{result.File}: {check.Unplaced.Count} keys found no layer, such as {check.Unplaced[0]}"
            : $"{result.File}: read back, but it changes nothing. Train longer, or with a higher learning rate."
        );
    }

    private static void Describe(CommandHost cli, TrainPlan plan, bool json)
    {
        if (json)
        {
            cli.Out.WriteLine(
                JsonSerializer.Serialize(
                    new
                    {
                        Images = plan.Datasets.Sum(d => d.TrainImages),
                        Regularisation = plan.Datasets.Sum(d => d.RegImages),
                        Buckets = plan
                            .Datasets.SelectMany(d => d.Buckets)
                            .Select(b => new
                            {
                                b.Size.Width,
                                b.Size.Height,
                                b.Count,
                            }),
                        plan.Steps.BatchesPerEpoch,
                        plan.Steps.Epochs,
                        OptimizerSteps = plan.Steps.TotalSteps,
                    },
                    JsonOutput.Options
                )
            );
            return;
        }
        foreach (string line in TrainPrinter.PlanLines(plan))
        {
            cli.Out.WriteLine(line);
        }
    }
}
