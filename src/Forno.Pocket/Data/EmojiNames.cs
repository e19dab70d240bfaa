using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Forno.Pocket.Data;

/// <summary>What emojibase tells of an emoji.</summary>
/// <param name="Concept">Code points of the emoji without skin tone: the same for all its drawings.</param>
/// <param name="Name">Lower-case name; a skin tone comes after a comma.</param>
/// <param name="Tags">Lower-case words for it, the ones shared with many emoji first; none repeats the name.</param>
/// <param name="Group">E.g. "food and drink".</param>
/// <param name="Subgroup">E.g. "fruit".</param>
/// <param name="GroupNumber">emojibase's group, −1 without one.</param>
/// <param name="Toned">Whether this is a variant in a skin tone.</param>
internal sealed record Emoji(
    string Concept,
    string Name,
    string[] Tags,
    string Group,
    string Subgroup,
    int GroupNumber,
    bool Toned
);

/// <summary>Emojibase's list, found by code points or by any of the names that art sets use.</summary>
internal sealed partial class EmojiNames
{
    /// <summary>emojibase's group of skin-tone swatches and hair.</summary>
    public const int Components = 2;

    /// <summary>emojibase's group of flags.</summary>
    public const int Flags = 9;

    private const int MostTags = 6;

    private static readonly string[] ShortcodeFiles =
    [
        "cldr",
        "emojibase",
        "iamcal",
        "joypixels",
        "github",
        "emojibase-legacy",
    ];

    private readonly Dictionary<string, Emoji> byCodePoints = [];
    private readonly Dictionary<string, string> byName = [];
    private readonly Dictionary<string, int> words = [];

    /// <summary>Reads the list.</summary>
    /// <param name="folder">The unpacked package <c>emojibase-data</c>.</param>
    /// <exception cref="FornoException">The package is not there.</exception>
    public EmojiNames(string folder)
    {
        using JsonDocument messages = PocketFiles.ReadJson(Path.Combine(folder, "en", "messages.json"));
        using JsonDocument meta = PocketFiles.ReadJson(Path.Combine(folder, "meta", "groups.json"));
        Dictionary<int, string> groups = Messages("groups"),
            subgroups = Messages("subgroups");
        Dictionary<int, string> Messages(string kind)
        {
            // Numbers name keys in one file, keys name words in the other.
            var byKey = messages
                .RootElement.GetProperty(kind)
                .EnumerateArray()
                .ToDictionary(
                    m => m.GetProperty("key").GetString()!,
                    m => Clean(m.GetProperty("message").GetString()!)
                );
            return meta
                .RootElement.GetProperty(kind)
                .EnumerateObject()
                .ToDictionary(
                    k => int.Parse(k.Name, CultureInfo.InvariantCulture),
                    k => byKey.GetValueOrDefault(k.Value.GetString()!, "")
                );
        }

        using JsonDocument data = PocketFiles.ReadJson(Path.Combine(folder, "en", "data.json"));
        var uses = data
            .RootElement.EnumerateArray()
            .SelectMany(Tags)
            .GroupBy(t => t)
            .ToDictionary(g => g.Key, g => g.Count());
        foreach (JsonElement entry in data.RootElement.EnumerateArray())
        {
            string concept = CodePoints(entry.GetProperty("hexcode").GetString()!);
            string name = Clean(entry.GetProperty("label").GetString()!);
            int group = entry.TryGetProperty("group", out JsonElement g) ? g.GetInt32() : -1;
            int subgroup = entry.TryGetProperty("subgroup", out JsonElement s) ? s.GetInt32() : -1;
            string[] nameWords = name.Split([' ', ',', '-'], StringSplitOptions.RemoveEmptyEntries);
            string[] tags =
            [
                .. Tags(entry)
                    .Where(t =>
                        t != name
                        && t.Length > 2
                        && t.Split(' ').Length <= 2
                        && !t.Split(' ').All(nameWords.Contains)
                        && t.All(c => char.IsAsciiLetter(c) || c == ' ')
                    )
                    .OrderByDescending(t => uses[t])
                    .ThenBy(t => t, StringComparer.Ordinal)
                    .Take(MostTags),
            ];
            var emoji = new Emoji(
                concept,
                name,
                tags,
                group < 0 ? "" : groups[group],
                subgroup < 0 ? "" : subgroups[subgroup],
                group,
                false
            );
            byCodePoints[concept] = emoji;
            byName.TryAdd(Squash(name), concept);
            foreach (string word in nameWords.Concat(tags.SelectMany(t => t.Split(' '))))
            {
                words[word] = words.GetValueOrDefault(word) + 1;
            }

            foreach (
                JsonElement skin in entry.TryGetProperty("skins", out JsonElement skins) ? skins.EnumerateArray() : []
            )
            {
                byCodePoints[CodePoints(skin.GetProperty("hexcode").GetString()!)] = emoji with
                {
                    Name = Clean(skin.GetProperty("label").GetString()!),
                    Toned = true,
                };
            }
        }

        using JsonDocument formal = PocketFiles.ReadJson(Path.Combine(folder, "meta", "unicode-names.json"));
        foreach (JsonProperty entry in formal.RootElement.EnumerateObject())
        {
            Learn(entry.Value.GetString()!, CodePoints(entry.Name));
        }

        foreach (string file in ShortcodeFiles)
        {
            using JsonDocument codes = PocketFiles.ReadJson(Path.Combine(folder, "en", "shortcodes", file + ".json"));
            foreach (JsonProperty entry in codes.RootElement.EnumerateObject())
            {
                string codePoints = CodePoints(entry.Name);
                foreach (
                    JsonElement code in entry.Value.ValueKind == JsonValueKind.Array
                        ? [.. entry.Value.EnumerateArray()]
                        : new[] { entry.Value }
                )
                {
                    Learn(code.GetString()!, codePoints);
                }
            }
        }
    }

    /// <summary>
    /// Code points as one string: upper-case hexadecimal, no leading zeros, no variation selectors, by hyphens.
    /// </summary>
    public static string CodePoints(string hexcode) =>
        string.Join('-', hexcode.ToUpperInvariant().Split('-').Select(p => p.TrimStart('0')).Where(p => p != "FE0F"));

    /// <summary>Learns a set's own names of emoji.</summary>
    public void Learn(IconSet set)
    {
        foreach ((string name, string codePoints) in set.Characters)
        {
            Learn(name, codePoints);
        }

        foreach ((string alias, string parent) in set.Aliases)
        {
            if (Find(parent, set.Characters) is { } emoji)
            {
                Learn(alias, emoji.Concept);
            }
        }
    }

    /// <summary>The emoji that an icon draws, or null: by its set's list of code points, else by its name.</summary>
    /// <param name="icon">The icon's name.</param>
    /// <param name="characters">The list of its set.</param>
    public Emoji? Find(string icon, IReadOnlyDictionary<string, string> characters)
    {
        if (
            characters.TryGetValue(icon, out string? codePoints)
            && byCodePoints.TryGetValue(codePoints, out Emoji? emoji)
        )
        {
            return emoji;
        }

        // Sets disagree on "face" ("grinning cat face") and "mark", and number their variants ("baby-2").
        string plain = Numbered().Replace(icon, "");
        foreach (
            string name in (string[])
                [
                    icon,
                    plain,
                    plain.Replace("-face", "", StringComparison.Ordinal),
                    plain + "face",
                    plain + "-mark-button",
                ]
        )
        {
            if (byName.TryGetValue(Squash(name), out codePoints))
            {
                return byCodePoints[codePoints];
            }
        }

        return null;
    }

    /// <summary>
    /// An icon's name as words; names written in one word ("blackheartsuit") are parted where all parts are known.
    /// </summary>
    public string Words(string icon) =>
        string.Join(' ', Pieces().Matches(Numbered().Replace(icon, "").ToLowerInvariant()).Select(m => Part(m.Value)));

    private static string Clean(string text) =>
        Spaces()
            .Replace(
                text.ToLowerInvariant()
                    .Replace('’', '\'')
                    .Replace(":", ",", StringComparison.Ordinal)
                    .Replace(" / ", " or ", StringComparison.Ordinal)
                    .Replace("&", "and", StringComparison.Ordinal)
                    .Replace("“", "", StringComparison.Ordinal)
                    .Replace("”", "", StringComparison.Ordinal),
                " "
            )
            .Trim();

    private static string Squash(string name) =>
        string.Concat(name.Normalize(System.Text.NormalizationForm.FormD).Where(char.IsAsciiLetterOrDigit))
            .ToLowerInvariant();

    private static IEnumerable<string> Tags(JsonElement entry) =>
        entry.TryGetProperty("tags", out JsonElement tags)
            ? tags.EnumerateArray().Select(t => Clean(t.GetString()!))
            : [];

    private void Learn(string name, string codePoints)
    {
        if (byCodePoints.ContainsKey(codePoints))
        {
            byName.TryAdd(Squash(name), codePoints);
        }
    }

    // Fewest parts, each a known word of three letters or more (or one of the short words); the word itself if it
    // cannot be parted.
    private string Part(string word)
    {
        if (words.ContainsKey(word) || word.Length < 5)
        {
            return word;
        }

        string?[] best = new string?[word.Length + 1];
        int[] parts = new int[word.Length + 1];
        best[0] = "";
        for (int end = 1; end <= word.Length; end++)
        {
            for (int start = Math.Max(0, end - 16); start < end; start++)
            {
                string piece = word[start..end];
                bool known =
                    piece.Length >= 3
                        ? words.ContainsKey(piece)
                        : piece is "in" or "on" or "of" or "no" or "up" or "ok" or "at";
                if (known && best[start] is { } before && (best[end] is null || parts[start] + 1 < parts[end]))
                {
                    best[end] = before.Length == 0 ? piece : $"{before} {piece}";
                    parts[end] = parts[start] + 1;
                }
            }
        }

        return best[word.Length] ?? word;
    }

    [GeneratedRegex(@"(-\d+)+$")]
    private static partial Regex Numbered();

    [GeneratedRegex(@"[a-z]+|\d+")]
    private static partial Regex Pieces();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
