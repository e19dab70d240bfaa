using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using Forno.Cli.Terminal;
using Forno.Files;
using Forno.Generation;
using Forno.Generation.Grids;
using Forno.Generation.Loras;
using Forno.Generation.Requests;
using Forno.Imaging;
using Forno.Models;
using Forno.Torch;

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
            string[] texts = [.. parsed.GetValue(prompts)!.SelectMany(Prompts)];
            var request = new GridRequest
            {
                Base = draw.Request(parsed, ""),
                Adapters = GridAdapter.Of(parsed.GetValue(adapters) ?? []),
                Weights = DrawOptions.List<double>("--weights", parsed.GetValue(weights)!),
                Prompts = texts,
                Seeds = DrawOptions.List<ulong>("--seeds", parsed.GetValue(seeds)!),
            };
            string file = parsed.GetValue(output)!;
            PicturePaths.RequireFree(file, parsed.GetValue(overwrite));
            return Run(cli, draw, parsed, request, file, parsed.GetValue(dryRun), parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(
        CommandHost cli,
        DrawOptions draw,
        ParseResult parsed,
        GridRequest request,
        string file,
        bool dryRun,
        bool json
    )
    {
        LoraLibrary library = draw.Library(parsed);
        foreach (string prompt in request.Prompts)
        {
            GenerateRequest one = DrawOptions.Sized(request.Base, 512) with { Prompt = prompt };
            one.Validate();
            foreach (LoraUse lora in one.AllLoras())
            {
                library.Find(lora.Name);
            }
        }

        if (dryRun)
        {
            cli.Out.WriteLine(
                json
                    ? JsonSerializer.Serialize(
                        new
                        {
                            Model = draw.ModelPath(parsed),
                            Adapters = request.Adapters.Select(a => a.Path),
                            request.Weights,
                            request.Prompts,
                            request.Seeds,
                            Pictures = request.Count,
                            File = file,
                        },
                        JsonOutput.Options
                    )
                    : $"would draw {request.Count} pictures of {draw.ModelPath(parsed)}: "
                        + $"{request.Adapters.Count} LoRA files, weights {string.Join(", ", request.Weights)}, "
                        + $"{request.Prompts.Count} prompts, {request.Seeds.Count} seeds; into {file}"
            );
            return 0;
        }

        using BaseModel model = draw.Load(parsed);
        using IDisposable threads = ProductThreads.Use(model.ProductThreads);
        request = request with { Base = DrawOptions.Sized(request.Base, model.NativeSize) };
        PicturePaths.MakeFolder(file);
        IReadOnlyList<GridSection> sections;
        IReadOnlyList<string> warnings;
        using (ProgressBar bar = cli.Progress("draw", request.Count, "pictures"))
        {
            (sections, warnings) = request.Draw(new PictureGenerator(model, library), bar, cli.Cancel);
        }

        foreach (string warning in warnings)
        {
            cli.Error.WriteLine(warning);
        }

        var info = Infotext.Of(request.Base with { Prompt = "" }, request.Seeds[0], model);
        info = request.Seeds.Count == 1 ? info : info with { Fields = [.. info.Fields.Where(f => f.Key != "Seed")] };
        using (Picture sheet = PictureGrid.Draw("", sections, info.ToString()))
        {
            AtomicFile.WriteBytes(file, sheet.EncodePng());
        }

        cli.Out.WriteLine(
            json
                ? JsonSerializer.Serialize(
                    new
                    {
                        File = file,
                        Pictures = request.Count,
                        Warnings = warnings,
                    },
                    JsonOutput.Options
                )
                : file
        );
        return 0;
    }

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
