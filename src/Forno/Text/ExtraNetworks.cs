using System.Globalization;
using System.Text;

namespace Forno.Text;

/// <summary>A tag such as <c>&lt;lora:name:0.8:te=0.5&gt;</c> as it stands in a prompt.</summary>
/// <param name="Kind">The word before the first colon; case matters.</param>
/// <param name="Items">The parts between colons, as written.</param>
/// <param name="Positional">The parts that do not hold exactly one equals sign.</param>
/// <param name="Named">The others, split at it; a later one of the same name counts.</param>
public sealed record NetworkTag(
    string Kind,
    IReadOnlyList<string> Items,
    IReadOnlyList<string> Positional,
    IReadOnlyDictionary<string, string> Named
)
{
    /// <inheritdoc/>
    public override string ToString() => $"<{Kind}:{string.Join(':', Items)}>";
}

/// <summary>A LoRA (or LyCORIS) that a prompt asks for.</summary>
/// <param name="Name">The file's name without extension, as written.</param>
/// <param name="TextEncoder">Multiplier of its text encoder part.</param>
/// <param name="Unet">Multiplier of its UNet part.</param>
/// <param name="Rank">How many of its ranks to use; null for all.</param>
public sealed record LoraRequest(string Name, double TextEncoder, double Unet, int? Rank);

/// <summary>A hypernetwork that a prompt asks for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Multiplier">Its strength.</param>
public sealed record HypernetRequest(string Name, double Multiplier);

/// <summary>
/// Network tags in prompts (AUTOMATIC1111's web UI, <c>modules/extra_networks.py</c> and its LoRA extension).
/// </summary>
/// <param name="Prompts">The prompts without tags; nothing else is cleaned.</param>
/// <param name="Networks">The tags of the first prompt, which alone decides, grouped by kind in order of first
/// appearance.</param>
public sealed record ExtraNetworks(IReadOnlyList<string> Prompts, IReadOnlyList<NetworkTag> Networks)
{
    /// <summary>Takes the tags out of prompts that are drawn together.</summary>
    /// <param name="prompts">The prompts of a batch.</param>
    /// <returns>The prompts without tags, and the tags.</returns>
    public static ExtraNetworks Parse(params IReadOnlyList<string> prompts)
    {
        List<NetworkTag> tags = [];
        List<string> stripped = new(prompts.Count);
        foreach (string prompt in prompts)
        {
            stripped.Add(Strip(prompt, stripped.Count == 0 ? tags : null));
        }

        return new(stripped, [.. tags.GroupBy(tag => tag.Kind, StringComparer.Ordinal).SelectMany(kind => kind)]);
    }

    /// <summary>The LoRAs asked for, those of the kinds <c>lora</c> and <c>lyco</c>.</summary>
    /// <returns>In the order of <see cref="Networks"/>.</returns>
    /// <exception cref="FornoException">A tag's numbers cannot be read.</exception>
    public IReadOnlyList<LoraRequest> Loras() => [.. Networks.Where(tag => tag.Kind is "lora" or "lyco").Select(Lora)];

    /// <summary>The hypernetworks asked for.</summary>
    /// <returns>In the order of <see cref="Networks"/>.</returns>
    /// <exception cref="FornoException">A tag's numbers cannot be read.</exception>
    public IReadOnlyList<HypernetRequest> Hypernets() =>
        [
            .. Networks
                .Where(tag => tag.Kind == "hypernet")
                .Select(tag => new HypernetRequest(tag.Items[0], tag.Items.Count > 1 ? Number(tag, tag.Items[1]) : 1)),
        ];

    private static LoraRequest Lora(NetworkTag tag)
    {
        IReadOnlyList<string> positional = tag.Positional;
        if (positional.Count == 0)
        {
            throw new FornoException($"{tag} in the prompt has no name; write <{tag.Kind}:NAME:0.8>");
        }

        double te = positional.Count > 1 ? Number(tag, positional[1]) : 1;
        te = tag.Named.TryGetValue("te", out string? named) ? Number(tag, named) : te;
        double unet = positional.Count > 2 ? Number(tag, positional[2]) : te;
        unet = tag.Named.TryGetValue("unet", out named) ? Number(tag, named) : unet;
        int? rank = positional.Count > 3 ? Whole(tag, positional[3]) : null;
        rank = tag.Named.TryGetValue("dyn", out named) ? Whole(tag, named) : rank;
        return new(positional[0], te, unet, rank);
    }

    private static double Number(NetworkTag tag, string text) =>
        double.TryParse(
            text.AsSpan().Trim(),
            NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture,
            out double value
        ) && double.IsFinite(value)
            ? value
            : throw new FornoException($"{tag} in the prompt: '{text}' is not a number; write <{tag.Kind}:NAME:0.8>");

    private static int Whole(NetworkTag tag, string text) =>
        int.TryParse(text.AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
            ? value
            : throw new FornoException(
                $"{tag} in the prompt: '{text}' is not a whole number, which the rank limit must be"
            );

    // A tag is "<", word characters, ":", one or more characters other than ">", ">".
    private static string Strip(string prompt, List<NetworkTag>? tags)
    {
        StringBuilder? rest = null;
        int copied = 0;
        for (int open = prompt.IndexOf('<', StringComparison.Ordinal); open >= 0; open = prompt.IndexOf('<', open))
        {
            int colon = open + 1;
            while (
                colon < prompt.Length
                && Rune.TryGetRuneAt(prompt, colon, out Rune rune)
                && (rune.Value == '_' || Rune.IsLetter(rune) || Rune.IsNumber(rune))
            )
            {
                colon += rune.Utf16SequenceLength;
            }

            int close =
                colon > open + 1 && colon < prompt.Length && prompt[colon] == ':' ? prompt.IndexOf('>', colon) : -1;
            if (close <= colon + 1)
            {
                open++;
                continue;
            }

            tags?.Add(Tag(prompt[(open + 1)..colon], prompt[(colon + 1)..close].Split(':')));
            (rest ??= new(prompt.Length)).Append(prompt, copied, open - copied);
            open = copied = close + 1;
        }

        return rest?.Append(prompt, copied, prompt.Length - copied).ToString() ?? prompt;
    }

    private static NetworkTag Tag(string kind, string[] items)
    {
        Dictionary<string, string> named = new(StringComparer.Ordinal);
        List<string> positional = [];
        foreach (string item in items)
        {
            if (item.Split('=') is [string name, string value])
            {
                named[name] = value;
            }
            else
            {
                positional.Add(item);
            }
        }

        return new(kind, items, positional, named);
    }
}
