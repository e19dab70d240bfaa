using System.CommandLine;
using System.Globalization;
using System.Numerics;
using Forno.Diffusion;
using Forno.Diffusion.Schedules;
using Forno.Generation.Loras;
using Forno.Generation.Requests;
using Forno.Models;
using Forno.Torch;

namespace Forno.Cli.Commands.Drawing;

/// <summary>The options that all commands which draw have, named as A1111 and kohya's scripts name them.</summary>
internal sealed class DrawOptions
{
    private readonly Option<string?> model = new("--model", "--ckpt")
    {
        Description = "Checkpoint; the base model that ships if not given",
    };
    private readonly Option<string?> vae = new("--vae")
    {
        Description = "File whose VAE stands in for the checkpoint's",
    };
    private readonly Option<string> precision = new("--precision", "--mixed_precision")
    {
        Description = "Type of the weights: fp32, bf16, fp16",
        DefaultValueFactory = _ => "fp32",
    };

    private readonly Option<string?> device = new("--device")
    {
        Description = "cpu or cuda; the graphics card where there is one",
    };
    private readonly Option<bool> vPrediction = new("--v-parameterization", "--v_parameterization")
    {
        Description = "The model predicts v (SD 2.x at 768)",
    };
    private readonly Option<string> negative = new("--negative-prompt", "--negative_prompt", "-n")
    {
        Description = "What to draw away from",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<int> steps = new("--steps")
    {
        Description = "Sampling steps",
        DefaultValueFactory = _ => 20,
    };
    private readonly Option<double> cfg = new("--cfg-scale", "--cfg_scale", "--scale")
    {
        Description = "How strongly the prompt is followed",
        DefaultValueFactory = _ => 7,
    };

    private readonly Option<int?> width = new("--width", "-W")
    {
        Description = "Pixels in a row, a multiple of 8; the model's own size if not given",
    };
    private readonly Option<int?> height = new("--height", "-H") { Description = "Rows, a multiple of 8" };
    private readonly Option<string> sampler = new("--sampler")
    {
        Description = "Sampler by A1111's name, such as \"Euler a\"",
        DefaultValueFactory = _ => "DPM++ 2M",
    };

    private readonly Option<string> scheduler = new("--scheduler", "--schedule-type")
    {
        Description = "Schedule type by A1111's name, such as Karras",
        DefaultValueFactory = _ => ScheduleRegistry.Automatic,
    };

    private readonly Option<int> clipSkip = new("--clip-skip", "--clip_skip")
    {
        Description = "Hidden state of the text encoder, from the end",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<string[]> loraDirs = new("--lora-dir", "--lora_dir")
    {
        Description = "Folder in which <lora:NAME:WEIGHT> of a prompt is found; may be given again",
        AllowMultipleArgumentsPerToken = true,
    };

    /// <summary>Adds them all to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (
            Option option in (Option[])
                [
                    negative,
                    steps,
                    cfg,
                    width,
                    height,
                    sampler,
                    scheduler,
                    clipSkip,
                    loraDirs,
                    model,
                    vae,
                    precision,
                    device,
                    vPrediction,
                ]
        )
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The checkpoint's path: the one named, else the base model that ships.</summary>
    /// <exception cref="FornoException">None is named and the base model is not there.</exception>
    public string ModelPath(ParseResult parsed)
    {
        if (parsed.GetValue(model) is { } named)
        {
            return named;
        }

        string pocket = Path.Combine(Home(), "pocket", "pocket.safetensors");
        return File.Exists(pocket)
            ? pocket
            : throw FornoException.ForFile(
                pocket,
                "the base model that ships is not there",
                "Name a checkpoint: --model FILE."
            );
    }

    /// <summary>Where prompts' adapters are found.</summary>
    public LoraLibrary Library(ParseResult parsed) => new(parsed.GetValue(loraDirs) ?? []);

    /// <summary>Opens the checkpoint.</summary>
    public BaseModel Load(ParseResult parsed) =>
        BaseModel.Load(
            ModelPath(parsed),
            new BaseModelOptions
            {
                VaePath = parsed.GetValue(vae),
                Type = BaseModelOptions.ParseType(parsed.GetValue(precision)!),
                Device = parsed.GetValue(device) switch
                {
                    null => Device.CudaCount > 0 ? Device.Cuda() : Device.Cpu,
                    "cpu" => Device.Cpu,
                    "cuda" when Device.CudaCount > 0 => Device.Cuda(),
                    "cuda" => throw new FornoException(
                        "--device cuda: this libtorch sees no CUDA card; `forno doctor` tells more"
                    ),
                    var other => throw new FornoException($"--device '{other}' is unknown; valid: cpu, cuda"),
                },
                Prediction = parsed.GetValue(vPrediction) ? Prediction.Velocity : null,
            }
        );

    /// <summary>
    /// The request as far as these options tell it. Sizes that are not given are 0 until <see cref="Sized"/>.
    /// </summary>
    public GenerateRequest Request(ParseResult parsed, string prompt) =>
        new()
        {
            Prompt = prompt,
            NegativePrompt = parsed.GetValue(negative)!,
            Steps = parsed.GetValue(steps),
            CfgScale = parsed.GetValue(cfg),
            Width = parsed.GetValue(width) ?? 0,
            Height = parsed.GetValue(height) ?? 0,
            Sampler = parsed.GetValue(sampler)!,
            Scheduler = parsed.GetValue(scheduler)!,
            ClipSkip = parsed.GetValue(clipSkip),
        };

    /// <summary>The request with the model's own size where none was given.</summary>
    public static GenerateRequest Sized(GenerateRequest request, int nativeSize) =>
        request with
        {
            Width = request.Width == 0 ? nativeSize : request.Width,
            Height = request.Height == 0 ? nativeSize : request.Height,
        };

    /// <summary>A seed: a number, or −1 for any.</summary>
    public static ulong Seed(long seed) =>
        seed >= 0 ? (ulong)seed : (ulong)System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue);

    /// <summary>Numbers with commas between them.</summary>
    public static T[] List<T>(string option, string text)
        where T : INumberBase<T> =>
        [
            .. text.Split(',')
                .Select(part =>
                    T.TryParse(
                        part.Trim(),
                        NumberStyles.Float & ~NumberStyles.AllowExponent,
                        CultureInfo.InvariantCulture,
                        out T? value
                    )
                        ? value
                        : throw new FornoException(
                            $"{option}: '{part.Trim()}' is no number; write them with commas, such as 0,0.5,1"
                        )
                ),
        ];

    // As the launcher says; else the folder above the program that holds Pocket's.
    private static string Home()
    {
        if (Environment.GetEnvironmentVariable("FORNO_HOME") is { Length: > 0 } set)
        {
            return set;
        }

        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (Directory.Exists(Path.Combine(d.FullName, "pocket")) && File.Exists(Path.Combine(d.FullName, "forno")))
            {
                return d.FullName;
            }
        }
        return ".";
    }
}
