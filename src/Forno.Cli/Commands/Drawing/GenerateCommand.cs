using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Forno.Cli.Terminal;
using Forno.Generation;
using Forno.Generation.Loras;
using Forno.Generation.Requests;
using Forno.Models;
using Forno.Torch;

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
        Option<long> seed = new("--seed", "-s")
        {
            Description = "Seed of the first picture; -1: any",
            DefaultValueFactory = _ => -1,
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
            GenerateRequest request = draw.Request(parsed, parsed.GetValue(prompt)!) with
            {
                Seed = DrawOptions.Seed(parsed.GetValue(seed)),
                BatchSize = parsed.GetValue(batchSize),
                BatchCount = parsed.GetValue(batchCount),
                Loras = [.. (parsed.GetValue(loras) ?? []).Select(Lora)],
            };
            return Run(
                cli,
                draw,
                parsed,
                request,
                new PicturePaths(parsed.GetValue(output)!, parsed.GetValue(overwrite)),
                parsed.GetValue(dryRun),
                parsed.GetValue(json)
            );
        });
        return command;
    }

    private static int Run(
        CommandHost cli,
        DrawOptions draw,
        ParseResult parsed,
        GenerateRequest request,
        PicturePaths paths,
        bool dryRun,
        bool json
    )
    {
        // All that can be wrong without the model is told before it is loaded.
        DrawOptions.Sized(request, 512).Validate();
        LoraLibrary library = draw.Library(parsed);
        string[] adapters = [.. request.AllLoras().Select(l => library.Find(l.Name))];
        string[] files = paths.For(request);
        if (dryRun)
        {
            string checkpoint = draw.ModelPath(parsed);
            cli.Out.WriteLine(
                json
                    ? JsonSerializer.Serialize(
                        new
                        {
                            Model = checkpoint,
                            Adapters = adapters,
                            Files = files,
                        },
                        JsonOutput.Options
                    )
                    : $"would draw {files.Length} with {string.Join(" and ", [checkpoint, .. adapters])} into\n"
                        + $"{string.Join('\n', files)}"
            );
            return 0;
        }

        using BaseModel model = draw.Load(parsed);
        using IDisposable threads = ProductThreads.Use(model.ProductThreads);
        request = DrawOptions.Sized(request, model.NativeSize);
        PicturePaths.MakeFolder(files[0]);
        GenerateResult result;
        using (ProgressBar bar = cli.Progress("draw", (long)request.Steps * request.BatchCount, "steps"))
        {
            int saved = 0;
            var progress = new Told(p =>
            {
                p.Finished?.Save(files[saved++]);
                bar.Report(p.Step);
            });
            result = new PictureGenerator(model, library).Draw(request, progress, cli.Cancel);
        }

        foreach (string warning in result.Warnings)
        {
            cli.Error.WriteLine(warning);
        }

        cli.Out.WriteLine(
            json
                ? JsonSerializer.Serialize(
                    new
                    {
                        Model = model.Path,
                        Files = result.Pictures.Select(
                            (p, i) =>
                                new
                                {
                                    Path = files[i],
                                    p.Seed,
                                    p.Width,
                                    p.Height,
                                    p.Infotext,
                                }
                        ),
                        result.Warnings,
                    },
                    JsonOutput.Options
                )
                : string.Join('\n', files)
        );
        return 0;
    }

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

    private sealed class Told(Action<GenerateProgress> tell) : IProgress<GenerateProgress>
    {
        public void Report(GenerateProgress value) => tell(value);
    }
}
