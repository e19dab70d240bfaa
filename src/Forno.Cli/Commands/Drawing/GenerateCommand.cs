using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Forno.Cli.Terminal;
using Forno.Generation.Loras;
using Forno.Generation.Requests;
using Forno.Studio;

namespace Forno.Cli.Commands.Drawing;

/// <summary><c>forno generate</c>: draws pictures from a prompt.</summary>
internal static class GenerateCommand
{
    public const string Summary = "Draw pictures from a prompt, with LoRAs";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        var draw = new DrawOptions();
        Argument<string> prompt = new("prompt")
        {
            Description = "What to draw: (word:1.2) weighs, <lora:NAME:0.8> adds a LoRA",
        };
        Option<ulong?> seed = new("--seed", "-s")
        {
            Description = "Seed of the first picture; -1, or none given: any",
            CustomParser = DrawOptions.Seed,
        };
        Option<int> batchSize = new("--batch-size", "--batch_size")
        {
            Description = "Pictures drawn at once",
            DefaultValueFactory = _ => 1,
        };
        Option<int> batchCount = new("--batch-count", "--n_iter", "--images_per_prompt")
        {
            Description = "Batches drawn one after another",
            DefaultValueFactory = _ => 1,
        };
        Option<string[]> loras = new("--lora") { Description = "LoRA file, or FILE:WEIGHT; may be given again" };
        Option<string> output = new("--out", "-o")
        {
            Description = "Folder for numbered PNG files, or one .png file",
            DefaultValueFactory = _ => Path.Combine("out", "generate"),
        };
        Option<bool> overwrite = new("--overwrite") { Description = "Replace the file that --out names" };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would be drawn and where; draw nothing" };
        Option<bool> json = FornoCommand.JsonOption();
        FornoCommand command = new(
            "generate",
            Summary,
            "forno generate \"red heart, noto style\" --seed 1",
            "forno generate \"a cat <lora:my-style:0.8>\" --lora-dir out/demo -n \"blurry\" --batch-size 4 -o out/cats",
            "forno generate \"1girl, smile\" --model anything-v5.safetensors --sampler \"Euler a\" --steps "
                + "28 --cfg-scale 6 --clip-skip 2"
        )
        {
            prompt,
            seed,
            batchSize,
            batchCount,
            loras,
            output,
            overwrite,
            dryRun,
            json,
        };
        draw.AddTo(command);
        command.SetAction(parsed =>
        {
            var job = new GenerateJob(
                new GenerateJobRequest
                {
                    Model = draw.Model(parsed),
                    LoraFolders = draw.LoraFolders(parsed),
                    Pictures = draw.Request(parsed, parsed.GetValue(prompt)!) with
                    {
                        Seed = parsed.GetValue(seed) ?? GenerateRequest.AnySeed(),
                        BatchSize = parsed.GetValue(batchSize),
                        BatchCount = parsed.GetValue(batchCount),
                        Loras = [.. (parsed.GetValue(loras) ?? []).Select(Lora)],
                    },
                    Output = parsed.GetValue(output)!,
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

    private static void Print(CommandHost cli, GeneratePlan plan, bool json) =>
        cli.Out.WriteLine(
            json
                ? JsonSerializer.Serialize(plan, JsonOutput.Options)
                : $"would draw {plan.Files.Count} with {string.Join(" and ", [plan.Model, .. plan.Adapters])} into\n"
                    + $"{string.Join('\n', plan.Files)}"
        );

    private static void Print(CommandHost cli, GenerateJobResult result, bool json) =>
        cli.Out.WriteLine(
            json
                ? JsonSerializer.Serialize(result, JsonOutput.Options)
                : string.Join('\n', result.Files.Select(f => f.Path))
        );

    // FILE or FILE:WEIGHT.
    private static LoraUse Lora(string text)
    {
        int colon = text.LastIndexOf(':');
        return
            colon > 0
            && double.TryParse(
                text.AsSpan(colon + 1),
                NumberStyles.Float,
                CultureInfo.InvariantCulture,
                out double weight
            )
            ? new LoraUse(text[..colon], weight, weight)
            : new LoraUse(text);
    }
}
