using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Forno.Generation.Loras;
using Forno.Imaging;
using Forno.Models;
using Forno.Models.Clip;

namespace Forno.Generation.Requests;

/// <summary>
/// What a picture was drawn with, as the text that AUTOMATIC1111's web UI keeps in it: prompt, negative prompt, fields
/// (<c>modules/processing.py</c>, <c>create_infotext</c>; <c>modules/infotext_utils.py</c>).
/// </summary>
/// <param name="Prompt">The prompt, network tags included.</param>
/// <param name="NegativePrompt">The negative prompt.</param>
/// <param name="Fields">Names and plain values, in order.</param>
public sealed partial record Infotext(
    string Prompt,
    string NegativePrompt,
    IReadOnlyList<(string Key, string Value)> Fields
)
{
    private const string NegativeMark = "Negative prompt:";

    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly string ForVersion =
        "Forno "
        + typeof(Infotext)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];

    /// <summary>A field's value; null: there is none of that name.</summary>
    public string? this[string key] => Fields.LastOrDefault(f => f.Key == key).Value;

    /// <summary>The infotext of a picture.</summary>
    /// <param name="request">What was drawn.</param>
    /// <param name="seed">The picture's own seed.</param>
    /// <param name="loras">The adapters used; those that no tag of the prompt names are added to it as tags.</param>
    public static Infotext Of(FittedRequest request, ulong seed, IReadOnlyList<UsedLora>? loras = null) =>
        Of(request.Request, request.Size, seed, request.Model, loras);

    /// <summary>The same where the model may not be known, which leaves its name and hash out.</summary>
    internal static Infotext Of(
        ResolvedRequest resolved,
        Size size,
        ulong seed,
        BaseModel? model = null,
        IReadOnlyList<UsedLora>? loras = null
    )
    {
        GenerateRequest request = resolved.Asked;
        loras ??= [];
        var fields = new List<(string, string)>();
        void Add(string key, string? value)
        {
            if (value is not null)
            {
                fields.Add((key, value));
            }
        }

        Add("Steps", Text(request.Steps));
        Add("Sampler", resolved.Sampler.Name);
        Add("Schedule type", resolved.Schedule);
        Add("CFG scale", Text(request.CfgScale));
        Add("Seed", Text(seed));
        Add("Size", $"{Text(size.Width)}x{Text(size.Height)}");
        Add("Model hash", model?.Hash[..10]);
        Add("Model", model?.Name);
        Add("VAE hash", model?.VaeHash?[..10]);
        Add("VAE", Path.GetFileName(model?.Options.VaePath));
        Add("Clip skip", request.ClipSkip > 1 ? Text(request.ClipSkip) : null);
        Add("RNG", "CPU");
        Add("Lora hashes", loras.Count > 0 ? string.Join(", ", loras.Select(l => $"{l.Lora.Name}: {l.Hash}")) : null);
        Add("Emphasis", request.Emphasis == Emphasis.Default ? null : request.Emphasis);
        Add("Pad conds", request.PadConds ? "True" : null);
        Add("Version", ForVersion);
        string tags = string.Concat(loras.Where(l => !l.Lora.InPrompt).Select(l => " " + Tag(l.Lora)));
        return new Infotext(request.Prompt + tags, request.NegativePrompt, fields);
    }

    /// <summary>
    /// Reads an infotext: fields from its last line if that has three or more, prompts from the rest.
    /// </summary>
    /// <param name="text">The text as a picture carries it.</param>
    /// <returns>Plain values as they stand, unquoted; nothing is filled in.</returns>
    public static Infotext Parse(string text)
    {
        string[] lines = text.Trim().Split('\n');
        MatchCollection found = Field().Matches(lines[^1]);
        string[] prompts = found.Count >= 3 ? lines[..^1] : lines;
        var parts = (Positive: new StringBuilder(), Negative: new StringBuilder());
        bool negative = false;
        foreach (string raw in prompts)
        {
            string line = raw.Trim();
            if (line.StartsWith(NegativeMark, StringComparison.Ordinal))
            {
                negative = true;
                line = line[NegativeMark.Length..].Trim();
            }
            StringBuilder part = negative ? parts.Negative : parts.Positive;
            part.Append(part.Length > 0 ? "\n" : "").Append(line);
        }

        return new Infotext(
            parts.Positive.ToString(),
            parts.Negative.ToString(),
            found.Count >= 3
                ? [.. found.Select(m => (m.Groups[1].Value.Trim(), Unquote(m.Groups[2].Value.Trim())))]
                : []
        );
    }

    /// <summary>
    /// A value as it stands between commas: a JSON string if it has a comma, a colon or a line break.
    /// </summary>
    public static string Quote(string value) =>
        value.AsSpan().IndexOfAny(',', ':', '\n') < 0 ? value : JsonSerializer.Serialize(value, Plain);

    /// <summary>The value of such a string; what is no JSON string stays as it is.</summary>
    public static string Unquote(string value)
    {
        if (value.Length < 2 || value[0] != '"' || value[^1] != '"')
        {
            return value;
        }

        try
        {
            return JsonSerializer.Deserialize<string>(value) ?? value;
        }
        catch (JsonException)
        {
            return value;
        }
    }

    /// <summary>The text as pictures carry it.</summary>
    public override string ToString()
    {
        string negative = NegativePrompt.Length > 0 ? $"\n{NegativeMark} {NegativePrompt}" : "";
        string fields = string.Join(", ", Fields.Select(f => f.Key == f.Value ? f.Key : $"{f.Key}: {Quote(f.Value)}"));
        return $"{Prompt}{negative}\n{fields}".Trim();
    }

    private static string Tag(FoundLora lora) =>
        lora.Use.Unet == lora.Use.TextEncoder
            ? $"<lora:{lora.Name}:{Text(lora.Use.Unet)}>"
            : $"<lora:{lora.Name}:{Text(lora.Use.TextEncoder)}:{Text(lora.Use.Unet)}>";

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);

    // Name, colon, then a quoted string or anything up to the next comma.
    [GeneratedRegex(@"\s*(\w[\w \-/]+):\s*(""(?:\\.|[^\\""])+""|[^,]*)(?:,|$)")]
    private static partial Regex Field();
}
