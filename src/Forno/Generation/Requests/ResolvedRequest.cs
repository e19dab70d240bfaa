using Forno.Diffusion.Samplers;
using Forno.Diffusion.Schedules;
using Forno.Generation.Loras;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Text;

namespace Forno.Generation.Requests;

/// <summary>
/// A request of which all is found and checked that needs no model: names, adapters' files, the prompt without tags,
/// seeds. <see cref="Fit"/> does the rest, once a model is there.
/// </summary>
public sealed record ResolvedRequest
{
    /// <summary>The most steps: as many as the models were trained on.</summary>
    public const int MostSteps = 1000;

    /// <summary>The longest side in pixels; far above what a model can do.</summary>
    public const int LongestSide = 16384;

    /// <summary>The most pictures of one request.</summary>
    public const int MostPictures = 100_000;

    private ResolvedRequest(GenerateRequest asked) => Asked = asked;

    /// <summary>What was asked for.</summary>
    public GenerateRequest Asked { get; }

    /// <summary>The sampler.</summary>
    public required Sampler Sampler { get; init; }

    /// <summary>The schedule's name, or <see cref="ScheduleRegistry.Automatic"/>: the sampler's own.</summary>
    public required string Schedule { get; init; }

    /// <summary>The prompt without network tags.</summary>
    public required string Prompt { get; init; }

    /// <summary>The adapters with their files: those of the prompt's tags, then the others.</summary>
    public required IReadOnlyList<FoundLora> Loras { get; init; }

    /// <summary>The seeds of all pictures, in order.</summary>
    public required IReadOnlyList<ulong> Seeds { get; init; }

    /// <summary>Applies weights of tokens.</summary>
    public required ApplyEmphasis Weigh { get; init; }

    /// <summary>Whether brackets weigh; if not, they are text.</summary>
    public bool BracketsWeigh => Asked.Emphasis != "None";

    /// <summary>What is odd about the request without being wrong.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Finds and checks everything.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="library">Where adapters are found by name.</param>
    /// <exception cref="FornoException">Something is wrong; the message names it and says what is valid.</exception>
    public static ResolvedRequest Of(GenerateRequest request, LoraLibrary library)
    {
        Parts parts = Find(request);
        return new ResolvedRequest(request)
        {
            Sampler = parts.Sampler,
            Schedule = parts.Schedule,
            Prompt = parts.Prompt,
            Loras = [.. parts.Loras.Select(l => new FoundLora(l.Use, library.Find(l.Use.Name), l.InPrompt))],
            Seeds =
            [
                .. Enumerable
                    .Range(0, request.BatchSize * request.BatchCount)
                    .Select(i => unchecked(request.Seed + (ulong)i)),
            ],
            Weigh = parts.Weigh,
            Warnings =
                parts.Sampler.UsesTimesteps && parts.Schedule != ScheduleRegistry.Automatic
                    ?
                    [
                        $"{parts.Sampler.Name} walks whole timesteps, on which the schedule {parts.Schedule} "
                            + "has no effect",
                    ]
                    : [],
        };
    }

    /// <summary>Checks a request as <see cref="Of"/> does, but for the adapters' files.</summary>
    internal static void Check(GenerateRequest request) => Find(request);

    /// <summary>The request on a model.</summary>
    /// <exception cref="FornoException">The model cannot draw it.</exception>
    public FittedRequest Fit(BaseModel model) => new(this, model);

    private static Parts Find(GenerateRequest request)
    {
        CheckNumbers(request);
        Sampler sampler = SamplerRegistry.Find(request.Sampler, out string? named);
        string schedule = ScheduleRegistry.NameOf(request.Scheduler);
        schedule = schedule == ScheduleRegistry.Automatic ? named ?? schedule : schedule;
        if (sampler.UsesTimesteps && request.Steps >= MostSteps)
        {
            throw new FornoException(
                $"steps must be below {MostSteps} with {sampler.Name}, which walks whole timesteps, "
                    + $"not {request.Steps}"
            );
        }

        var tags = ExtraNetworks.Parse(request.Prompt);
        if (tags.Networks.FirstOrDefault(n => n.Kind is not ("lora" or "lyco")) is { } other)
        {
            throw new FornoException(
                $"{other} in the prompt: networks of the kind '{other.Kind}' cannot be used; lora and lyco can"
            );
        }

        (LoraUse Use, bool)[] loras =
        [
            .. tags.Loras().Select(t => (UseOf(t), true)),
            .. request.Loras.Select(l => (l, false)),
        ];
        if (
            loras.FirstOrDefault(l => !double.IsFinite(l.Use.Unet) || !double.IsFinite(l.Use.TextEncoder)).Use is { } no
        )
        {
            throw new FornoException($"LoRA '{no.Name}': its strength must be a number, such as 0.8");
        }

        ApplyEmphasis weigh = Emphasis.Named(request.Emphasis);
        return new Parts(sampler, schedule, tags.Prompts[0], loras, weigh);
    }

    private static void CheckNumbers(GenerateRequest request)
    {
        foreach (
            (string name, int? given) in (ReadOnlySpan<(string, int?)>)
                [("width", request.Width), ("height", request.Height)]
        )
        {
            if (given is not { } value)
            {
                continue;
            }
            if (value > LongestSide)
            {
                throw new FornoException($"{name} {value} is too large; at most {LongestSide}");
            }
            if (value < 8 || value % 8 != 0)
            {
                throw new FornoException($"{name} {value} is not a multiple of 8; the nearest is {Nearest(value, 8)}");
            }
        }

        foreach (
            (string name, int value, int most) in (ReadOnlySpan<(string, int, int)>)
                [
                    ("steps", request.Steps, MostSteps),
                    ("clip skip", request.ClipSkip, int.MaxValue),
                    ("batch size", request.BatchSize, MostPictures),
                    ("batch count", request.BatchCount, MostPictures),
                ]
        )
        {
            if (value < 1)
            {
                throw new FornoException($"{name} must be at least 1, not {value}");
            }
            if (value > most)
            {
                throw new FornoException($"{name} must be at most {most}, not {value}");
            }
        }

        if ((long)request.BatchSize * request.BatchCount > MostPictures)
        {
            throw new FornoException(
                $"{request.BatchCount} batches of {request.BatchSize} are too many pictures; "
                    + $"at most {MostPictures} in all"
            );
        }

        if (!double.IsFinite(request.CfgScale))
        {
            throw new FornoException("the CFG scale must be a number");
        }
    }

    /// <summary>The nearest size that is a whole number of steps, at least one.</summary>
    internal static int Nearest(int value, int step) => Math.Max(step, (int)(((long)value + (step / 2)) / step * step));

    private static LoraUse UseOf(LoraRequest tag) =>
        tag.Rank is null
            ? new LoraUse(tag.Name, tag.Unet, tag.TextEncoder)
            : throw new FornoException(
                $"<lora:{tag.Name}> in the prompt limits the rank to {tag.Rank}, which is not "
                    + "supported; leave the fourth number out"
            );

    private sealed record Parts(
        Sampler Sampler,
        string Schedule,
        string Prompt,
        IReadOnlyList<(LoraUse Use, bool InPrompt)> Loras,
        ApplyEmphasis Weigh
    );
}
