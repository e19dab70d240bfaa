using Forno.Diffusion.Samplers;
using Forno.Diffusion.Schedules;
using Forno.Models.Clip;
using Forno.Text;

namespace Forno.Generation.Requests;

/// <summary>An adapter to draw with.</summary>
/// <param name="Name">A file's path, or its name without extension in one of the library's folders.</param>
/// <param name="Unet">Its strength on the UNet; 1 as trained.</param>
/// <param name="TextEncoder">Its strength on the text encoders.</param>
public sealed record LoraUse(string Name, double Unet = 1, double TextEncoder = 1);

/// <summary>What to draw. Names and defaults are AUTOMATIC1111's.</summary>
public sealed record GenerateRequest
{
    /// <summary>
    /// The prompt: attention weights as in <c>(word:1.2)</c>, BREAK, and <c>&lt;lora:name:0.8&gt;</c>; any length.
    /// </summary>
    public required string Prompt { get; init; }

    /// <summary>What to draw away from.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>Seed of the first picture; each further one has the next.</summary>
    public ulong Seed { get; init; }

    /// <summary>Sampling steps.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>How strongly the prompt is followed; 1 ignores the negative prompt.</summary>
    public double CfgScale { get; init; } = 7;

    /// <summary>Pixels in a row, a multiple of 8.</summary>
    public int Width { get; init; } = 512;

    /// <summary>Rows, a multiple of 8.</summary>
    public int Height { get; init; } = 512;

    /// <summary>A sampler of <see cref="SamplerRegistry"/>; may name a schedule too ("DPM++ 2M Karras").</summary>
    public string Sampler { get; init; } = "DPM++ 2M";

    /// <summary>A schedule of <see cref="ScheduleRegistry"/>.</summary>
    public string Scheduler { get; init; } = ScheduleRegistry.Automatic;

    /// <summary>Which hidden state of the text encoder, from the end; XL always takes its own.</summary>
    public int ClipSkip { get; init; } = 1;

    /// <summary>Pictures drawn at once.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>Batches drawn one after another.</summary>
    public int BatchCount { get; init; } = 1;

    /// <summary>Adapters beside those that the prompt names.</summary>
    public IReadOnlyList<LoraUse> Loras { get; init; } = [];

    /// <summary>How token weights are applied: a name of <see cref="Forno.Models.Clip.Emphasis"/>.</summary>
    public string Emphasis { get; init; } = Forno.Models.Clip.Emphasis.Default;

    /// <summary>
    /// Fills the shorter of prompt and negative prompt up with empty chunks, so that both run as one batch. A1111's
    /// "Pad prompt/negative prompt to be same length"; changes the picture, off there and here.
    /// </summary>
    public bool PadConds { get; init; }

    /// <summary>Pictures in all.</summary>
    public int Count => BatchSize * BatchCount;

    /// <summary>Checks what can be checked without a model.</summary>
    /// <exception cref="FornoException">Something is wrong; the message names it and says what is valid.</exception>
    public void Validate()
    {
        foreach ((string name, int value) in (ReadOnlySpan<(string, int)>)[("width", Width), ("height", Height)])
        {
            if (value < 8 || value % 8 != 0)
            {
                int near = Math.Max(8, (value + 4) / 8 * 8);
                throw new FornoException($"{name} {value} is no multiple of 8; the nearest is {near}");
            }
        }

        foreach (
            (string name, int value) in (ReadOnlySpan<(string, int)>)
                [("steps", Steps), ("clip skip", ClipSkip), ("batch size", BatchSize), ("batch count", BatchCount)]
        )
        {
            if (value < 1)
            {
                throw new FornoException($"{name} must be at least 1, not {value}");
            }
        }

        if (!double.IsFinite(CfgScale))
        {
            throw new FornoException("the CFG scale must be a number");
        }

        _ = SamplerRegistry.Find(Sampler);
        if (!Scheduler.Equals(ScheduleRegistry.Automatic, StringComparison.OrdinalIgnoreCase))
        {
            _ = ScheduleRegistry.Find(Scheduler);
        }
        _ = Forno.Models.Clip.Emphasis.Named(Emphasis);
        if (ExtraNetworks.Parse(Prompt).Networks.FirstOrDefault(n => n.Kind is not ("lora" or "lyco")) is { } other)
        {
            throw new FornoException(
                $"{other} in the prompt: networks of the kind '{other.Kind}' cannot be used; lora and lyco can"
            );
        }
    }

    /// <summary>The schedule that will be run: the one named, or named with the sampler.</summary>
    public string EffectiveScheduler()
    {
        bool automatic = Scheduler.Equals(ScheduleRegistry.Automatic, StringComparison.OrdinalIgnoreCase);
        _ = SamplerRegistry.Find(Sampler, out string? named);
        return automatic ? named ?? ScheduleRegistry.Automatic : Scheduler;
    }

    /// <summary>All adapters: those of the prompt's tags, then <see cref="Loras"/>.</summary>
    /// <exception cref="FornoException">A tag cannot be read, or limits the rank.</exception>
    public IReadOnlyList<LoraUse> AllLoras() =>
        [
            .. ExtraNetworks
                .Parse(Prompt)
                .Loras()
                .Select(tag =>
                    tag.Rank is null
                        ? new LoraUse(tag.Name, tag.Unet, tag.TextEncoder)
                        : throw new FornoException(
                            $"<lora:{tag.Name}> in the prompt limits the rank to {tag.Rank}, which is not "
                                + "supported; leave the fourth number out"
                        )
                ),
            .. Loras,
        ];
}
