using System.Globalization;
using System.Text;

namespace Forno.Vision.Tagging;

/// <summary>A tag that a tagger knows.</summary>
/// <param name="Name">As its list writes it, with underscores.</param>
/// <param name="Category"><c>general</c>, <c>character</c>, <c>rating</c>, <c>artist</c>, <c>copyright</c>,
/// <c>meta</c>, or a number.</param>
public sealed record KnownTag(string Name, string Category);

/// <summary>The tags of a tagger in the order of its output, from the list that lies beside it.</summary>
public static class TaggerTags
{
    /// <summary>Every category that has a name.</summary>
    public static IReadOnlyList<string> Categories { get; } =
    ["general", "character", "rating", "copyright", "artist", "meta"];

    /// <summary>Reads a list.</summary>
    /// <param name="path">
    /// A .csv with the columns name and category (the booru's numbers: 0 general, 1 artist, 3 copyright, 4 character, 5
    /// meta, 9 rating), as the WD14 family has it; or a text with a tag a line (<c>rating:safe</c> and such are
    /// ratings), as DeepDanbooru has it, with <c>tags-character.txt</c> beside it if there is one.
    /// </param>
    /// <exception cref="FornoException">It cannot be read, or is no such list.</exception>
    public static IReadOnlyList<KnownTag> Read(string path)
    {
        string text = ReadText(path);
        IReadOnlyList<KnownTag> tags = Path.GetExtension(path).Equals(".csv", StringComparison.OrdinalIgnoreCase)
            ? Csv(path, text)
            : Lines(path, text);
        return tags.Count > 0
            ? tags
            : throw FornoException.ForFile(path, "it has no tags", "Fetch the tagger's own list again.");
    }

    private static List<KnownTag> Lines(string path, string text)
    {
        string characters = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "tags-character.txt");
        HashSet<string> known =
            File.Exists(characters) && Path.GetFullPath(path) != characters ? [.. Split(ReadText(characters))] : [];
        return
        [
            .. Split(text)
                .Select(t => new KnownTag(
                    t,
                    t.StartsWith("rating:", StringComparison.Ordinal) ? "rating"
                        : known.Contains(t) ? "character"
                        : "general"
                )),
        ];
    }

    private static IEnumerable<string> Split(string text) =>
        text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0);

    private static List<KnownTag> Csv(string path, string text)
    {
        var tags = new List<KnownTag>();
        int name = -1,
            category = -1,
            row = 0;
        foreach (string line in text.Split('\n').Select(l => l.TrimEnd('\r')))
        {
            row++;
            if (line.Length == 0)
            {
                continue;
            }

            List<string> fields = Fields(line);
            if (name < 0)
            {
                (name, category) = (fields.IndexOf("name"), fields.IndexOf("category"));
                if (name < 0 || category < 0)
                {
                    throw FornoException.ForFile(
                        path,
                        $"its first row is '{line}'; the columns name and category were expected",
                        "Give the selected_tags.csv that belongs to the model."
                    );
                }

                continue;
            }

            if (fields.Count <= Math.Max(name, category))
            {
                throw FornoException.ForFile(
                    path,
                    Invariant.Text($"row {row} ('{line}') has {fields.Count} fields"),
                    "Fetch the model's selected_tags.csv again: a missing row would shift all tags behind it."
                );
            }

            tags.Add(new KnownTag(fields[name], Category(fields[category])));
        }

        return tags;
    }

    private static string Category(string number) =>
        number.Trim() switch
        {
            "0" => "general",
            "1" => "artist",
            "3" => "copyright",
            "4" => "character",
            "5" => "meta",
            "9" => "rating",
            var other => other,
        };

    private static List<string> Fields(string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
            {
                field.Append(line[++i]);
            }
            else if (line[i] == '"')
            {
                quoted = !quoted;
            }
            else if (line[i] == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(line[i]);
            }
        }

        fields.Add(field.ToString());
        return fields;
    }

    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw FornoException.ForFile(
                path,
                $"cannot be read ({e.Message})",
                "A list of the tagger's tags in UTF-8 was expected.",
                e
            );
        }
    }
}
