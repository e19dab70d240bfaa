using System.Text.RegularExpressions;

namespace Forno.Datasets.Import;

/// <summary>
/// Tag files as booru downloaders write them: tags between <c>|</c>, spaces or line ends (or commas, in a file that is
/// known to hold tags), some as <c>prefix:tag</c>. They become captions: <c>tag_one, tag_two</c>.
/// </summary>
public static partial class TagFile
{
    /// <summary>Reads tags, if the text is a list of tags rather than a caption.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="isTags">Whether it is known to hold tags; else it is judged: a text with commas or of plain words
    /// is a caption.</param>
    /// <returns>The tags with <c>_</c> for spaces; null if it is a caption.</returns>
    public static IReadOnlyList<string>? Read(string text, bool isTags)
    {
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        char separator =
            text.Contains('|', StringComparison.Ordinal) ? '|'
            : text.Contains(',', StringComparison.Ordinal) ? ','
            : lines.Length > 1 && lines.All(l => !l.Contains(' ', StringComparison.Ordinal)) ? '\n'
            : lines.Any(l => l.Contains(' ', StringComparison.Ordinal)) ? ' '
            : '\n';
        bool known =
            isTags
            || separator switch
            {
                '|' => !text.Contains('{', StringComparison.Ordinal), // {a|b} is a caption's wildcard
                ' ' => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
                    .Any(w => w.Contains('_', StringComparison.Ordinal) || Prefixed().IsMatch(w)),
                '\n' => lines.Length > 1,
                _ => false,
            };
        if (!known)
        {
            return null;
        }

        char[] separators = separator == ' ' ? [' ', '\t', '\r', '\n'] : [separator, '\r', '\n'];
        return
        [
            .. text.Split(separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(t => Spaces().Replace(t, "_"))
                .Distinct(StringComparer.Ordinal),
        ];
    }

    /// <summary>Drops <c>prefix:tag</c>.</summary>
    /// <param name="tags">The tags.</param>
    /// <param name="prefixes">The prefixes without colon; <c>*</c> for all.</param>
    public static IReadOnlyList<string> Drop(IEnumerable<string> tags, IReadOnlyCollection<string> prefixes) =>
        [
            .. tags.Where(t =>
                Prefixed().Match(t) is not { Success: true } m
                || !(prefixes.Contains("*") || prefixes.Contains(m.Groups[1].Value, StringComparer.OrdinalIgnoreCase))
            ),
        ];

    // Emoticons such as :d and >:( have no letters before the colon.
    [GeneratedRegex(@"^([\p{L}][\p{L}\d_-]*):(?=[^\s:])")]
    private static partial Regex Prefixed();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
