using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using Forno.Diffusion;
using Forno.Diffusion.Schedules;
using Forno.Generation.Requests;
using Forno.Models;
using Forno.Studio;
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

    /// <summary>Folders in which prompts' adapters are found.</summary>
    public IReadOnlyList<string> LoraFolders(ParseResult parsed) => parsed.GetValue(loraDirs) ?? [];

    /// <summary>The base model.</summary>
    /// <exception cref="FornoException">The precision or the device has no such name.</exception>
    public ModelChoice Model(ParseResult parsed) =>
        new()
        {
            Path = parsed.GetValue(model),
            VaePath = parsed.GetValue(vae),
            Type = BaseModelOptions.ParseType(parsed.GetValue(precision)!),
            Device = parsed.GetValue(device) switch
            {
                null => null,
                "cpu" => Device.Cpu,
                "cuda" when Device.CudaCount > 0 => Device.Cuda(),
                "cuda" => throw new FornoException(
                    "--device cuda: this libtorch sees no CUDA card; `forno doctor` tells more"
                ),
                var other => throw new FornoException($"--device '{other}' is unknown; valid: cpu, cuda"),
            },
            Prediction = parsed.GetValue(vPrediction) ? Prediction.Velocity : null,
        };

    /// <summary>The request as far as these options tell it.</summary>
    public GenerateRequest Request(ParseResult parsed, string prompt) =>
        new()
        {
            Prompt = prompt,
            NegativePrompt = parsed.GetValue(negative)!,
            Steps = parsed.GetValue(steps),
            CfgScale = parsed.GetValue(cfg),
            Width = parsed.GetValue(width),
            Height = parsed.GetValue(height),
            Sampler = parsed.GetValue(sampler)!,
            Scheduler = parsed.GetValue(scheduler)!,
            ClipSkip = parsed.GetValue(clipSkip),
        };

    /// <summary>Reads a seed: a whole number, or −1 for any, which is null.</summary>
    public static ulong? Seed(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (text == "-1")
        {
            return null;
        }
        if (!ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
        {
            result.AddError($"--seed {text} is no seed: a whole number from 0 to {ulong.MaxValue}, or -1 for any");
        }
        return seed;
    }

    /// <summary>Numbers with commas between them.</summary>
    public static IReadOnlyList<T> List<T>(string option, string text)
        where T : INumberBase<T> =>
        [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => Number<T>(option, part))];

    private static T Number<T>(string option, string part)
        where T : INumberBase<T>
    {
        if (!T.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out T? value) || !T.IsFinite(value))
        {
            bool number = double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
            throw new FornoException(
                number
                    ? $"{option}: {part} cannot be used here"
                    : $"{option}: '{part}' is no number; write them with commas, such as 0,1,2"
            );
        }
        return value;
    }
}
