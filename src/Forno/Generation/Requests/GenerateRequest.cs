using System.Security.Cryptography;
using Forno.Diffusion.Samplers;
using Forno.Diffusion.Schedules;
using Forno.Generation.Loras;
using Forno.Models.Clip;

namespace Forno.Generation.Requests;

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

    /// <summary>Pixels in a row, a multiple of 8; null: the model's own size.</summary>
    public int? Width { get; init; }

    /// <summary>Rows, a multiple of 8; null: the model's own size.</summary>
    public int? Height { get; init; }

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

    /// <summary>Checks what can be checked without a model and without looking for adapters.</summary>
    /// <exception cref="FornoException">Something is wrong; the message names it and says what is valid.</exception>
    public void Validate() => ResolvedRequest.Check(this);

    /// <summary>A seed by chance, below 2³¹ as other programs take them.</summary>
    public static ulong AnySeed() => (ulong)RandomNumberGenerator.GetInt32(int.MaxValue);
}
