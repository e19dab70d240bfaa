using System.Collections;
using System.Globalization;
using Forno.Python;

namespace Forno.Adapters;

/// <summary>What a file holds, for its <c>modelspec.architecture</c>.</summary>
public enum ModelSpecKind
{
    /// <summary>A whole model.</summary>
    Checkpoint,

    /// <summary>A LoRA or one of its relatives.</summary>
    Lora,

    /// <summary>A textual inversion embedding.</summary>
    TextualInversion,
}

/// <summary>
/// The <c>modelspec.*</c> metadata (Stability AI's ModelSpec 1.0.1), with the values that kohya's trainer gives them:
/// library/sai_model_spec.py as of February 2026.
/// </summary>
public sealed record ModelSpec
{
    /// <summary>What the file holds.</summary>
    public required ModelSpecKind Kind { get; init; }

    /// <summary>Whether the base model is SD 2.x.</summary>
    public bool V2 { get; init; }

    /// <summary>Whether the base model predicts v.</summary>
    public bool VParameterization { get; init; }

    /// <summary>Whether the base model is SDXL.</summary>
    public bool Sdxl { get; init; }

    /// <summary>When the file is written, in seconds since 1970.</summary>
    public required double Timestamp { get; init; }

    /// <summary>Where the date is told.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Local;

    /// <summary>Title; null makes one of the kind and the time.</summary>
    public string? Title { get; init; }

    /// <summary>Training resolution, width and height; null takes the base model's own.</summary>
    public (int Width, int Height)? Resolution { get; init; }

    /// <summary>First and last timestep trained; null when not restricted.</summary>
    public (long First, long Last)? Timesteps { get; init; }

    /// <summary>Clip skip; null when not set.</summary>
    public long? ClipSkip { get; init; }

    /// <summary>
    /// Further fields by their names without "modelspec." (author, description, license, tags, merged_from, usage_hint,
    /// trigger_phrase, thumbnail, …).
    /// </summary>
    public IReadOnlyDictionary<string, string> Fields { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads a training resolution in every form that the trainer takes.</summary>
    /// <param name="given">
    /// A whole number, "768", "640,512", or a list of one or two such: one alone is both sides; null for none.
    /// </param>
    /// <exception cref="FornoException">It is of another form.</exception>
    public static (int Width, int Height)? ParseResolution(object? given)
    {
        object[] sides = given switch
        {
            null => [],
            string text => text.Split(','),
            IEnumerable list => [.. list.Cast<object>()],
            var one => [one],
        };
        int[] read = [.. sides.Select(Side).OfType<int>()];
        return given is null ? null
            : read.Length == sides.Length && read.Length is 1 or 2 ? (read[0], read[^1])
            : throw new FornoException($"resolution = {PythonFormat.Str(given)} must be one size or width,height");
    }

    /// <summary>The metadata entries.</summary>
    public Dictionary<string, string> ToMetadata()
    {
        string architecture =
            Sdxl ? "stable-diffusion-xl-v1-base"
            : V2
                ? VParameterization ? "stable-diffusion-v2-768-v"
                    : "stable-diffusion-v2-512"
            : "stable-diffusion-v1";
        var (suffix, name) = Kind switch
        {
            ModelSpecKind.Lora => ("/lora", "LoRA"),
            ModelSpecKind.TextualInversion => ("/textual-inversion", "TextualInversion"),
            _ => ("", "Checkpoint"),
        };
        var (width, height) =
            Resolution
            ?? (
                Sdxl ? (1024, 1024)
                : V2 && VParameterization ? (768, 768)
                : (512, 512)
            );
        var date = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeSeconds((long)Timestamp), Zone);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["modelspec.architecture"] = architecture + suffix,
            ["modelspec.implementation"] =
                Kind == ModelSpecKind.Lora && !Sdxl ? "diffusers" : "https://github.com/Stability-AI/generative-models",
            ["modelspec.title"] = Title ?? $"{name}@{PythonFormat.Float(Timestamp)}",
            ["modelspec.resolution"] = Invariant.Text($"{width}x{height}"),
            ["modelspec.sai_model_spec"] = "1.0.1",
            ["modelspec.date"] = date.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture),
            ["modelspec.prediction_type"] = VParameterization ? "v" : "epsilon",
        };
        if (Timesteps is var (first, last))
        {
            metadata["modelspec.timestep_range"] = Invariant.Text($"{first},{last}");
        }

        if (ClipSkip is { } skip)
        {
            metadata["modelspec.encoder_layer"] = skip.ToString(CultureInfo.InvariantCulture);
        }

        foreach (var (field, value) in Fields)
        {
            metadata["modelspec." + field] = value;
        }

        return metadata;
    }

    private static int? Side(object side) =>
        side is string or int or long
        && int.TryParse(
            Convert.ToString(side, CultureInfo.InvariantCulture),
            NumberStyles.Integer,
            CultureInfo.InvariantCulture,
            out int pixels
        )
            ? pixels
            : null;
}
