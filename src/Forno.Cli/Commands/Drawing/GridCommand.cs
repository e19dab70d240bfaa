using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using Forno.Cli.Terminal;
using Forno.Studio;

namespace Forno.Cli.Commands.Drawing;

/// <summary><c>forno grid</c>: epochs × weights × prompts on one sheet.</summary>
internal static partial class GridCommand
{
    public const string Summary = "Compare LoRA epochs at several weights on one labelled sheet";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        var draw = new DrawOptions();
        Argument<string[]> adapters = new("loras")
        {
            Description = "LoRA files, or folders of them; none draws the model alone",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<string[]> prompts = new("--prompts", "-p")
        {
            Description = "Prompts, or text files with one a line (# begins a comment)",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string> weights = new("--weights", "-w")
        {
            Description = "Strengths of the LoRAs; 0 is without",
            DefaultValueFactory = _ => "0,0.5,1",
        };
        Option<string> seeds = new("--seeds", "-s")
        {
            Description = "Seeds; each prompt is drawn with each",
            DefaultValueFactory = _ => "1",
        };
        Option<string> output = new("--out", "-o")
        {
            Description = "The sheet, a .png file",
            DefaultValueFactory = _ => Path.Combine("out", "grid.png"),
        };
        Option<bool> overwrite = new("--overwrite") { Description = "Replace the sheet if it exists" };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would be drawn; draw nothing" };
        Option<bool> json = FornoCommand.JsonOption();
        FornoCommand command = new(
            "grid",
            Summary,
            "forno grid out/my-lora --prompts \"red heart, mystyle\" \"cat face, mystyle\"",
            "forno grid out/my-lora-000002.safetensors out/my-lora.safetensors --weights 0,0.4,0.7,1 --seeds "
                + "1,2 --prompts prompts.txt -o grid.png"
        )
        {
            adapters,
            prompts,
            weights,
            seeds,
            output,
            overwrite,
            dryRun,
            json,
        };
        draw.AddTo(command);
        command.SetAction(parsed =>
        {
            var job = new GridJob(
                new GridJobRequest
                {
                    Model = draw.Model(parsed),
                    LoraFolders = draw.LoraFolders(parsed),
                    Base = draw.Request(parsed, ""),
                    Adapters = parsed.GetValue(adapters) ?? [],
                    Weights = DrawOptions.List<double>("--weights", parsed.GetValue(weights)!),
                    Prompts = [.. parsed.GetValue(prompts)!.SelectMany(Prompts)],
                    Seeds = DrawOptions.List<ulong>("--seeds", parsed.GetValue(seeds)!),
                    File = parsed.GetValue(output)!,
                    Overwrite = parsed.GetValue(overwrite),
                }
            );
            if (parsed.GetValue(dryRun))
            {
                Print(cli, job.Plan(), parsed.GetValue(json));
            }
            else
            {
                using var printer = new JobPrinter(cli);
                Print(cli, job.Run(printer, cli.Cancel), parsed.GetValue(json));
            }

            return 0;
        });
        return command;
    }

    private static void Print(CommandHost cli, GridPlan plan, bool json) =>
        cli.Out.WriteLine(
            json
                ? JsonSerializer.Serialize(plan, JsonOutput.Options)
                : Invariant.Text(
                    $"would draw {plan.Pictures} pictures of {plan.Model}: {plan.Adapters.Count} LoRA files, weights "
                        + $"{string.Join(", ", plan.Weights.Select(w => Invariant.Text($"{w}")))}, "
                        + $"{plan.Prompts.Count} prompts, {plan.Seeds.Count} seeds; into {plan.File}"
                )
        );

    private static void Print(CommandHost cli, GridJobResult result, bool json) =>
        cli.Out.WriteLine(json ? JsonSerializer.Serialize(result, JsonOutput.Options) : result.File);

    // A file's lines, or the text itself.
    private static IEnumerable<string> Prompts(string value)
    {
        string[] lines = File.Exists(value)
            ? [.. File.ReadAllLines(value).Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#')]
            : [value];
        return Array.Find(lines, l => LineOption().IsMatch(l)) is { } told
                ? throw new FornoException(
                    $"the prompt \"{told}\" carries options; here they come from the command line and hold "
                        + "for all prompts"
                )
            : lines.Length > 0 ? lines
            : throw FornoException.ForFile(value, "it holds no prompts", "Write one a line.");
    }

    // kohya's sample prompts: "a cat --n blurry --s 20".
    [GeneratedRegex(@" --[a-z]{1,2} ")]
    private static partial Regex LineOption();
}
