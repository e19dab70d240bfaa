using System.Text;

namespace Forno.Datasets.Captions;

/// <summary>The forms that tags are written in.</summary>
public static class TagForms
{
    /// <summary>
    /// Underscores become spaces, as most models want it. They stay in emoticons (<c>^_^</c>, <c>o_o</c>: no part
    /// beside an underscore has two letters or digits in a row) and in Pony's <c>score_9</c>, <c>source_anime</c>,
    /// <c>rating_safe</c>, which are read with them.
    /// </summary>
    public static string Spaced(string tag) => KeepsUnderscores(tag) ? tag : tag.Replace('_', ' ');

    /// <summary>Spaces become underscores, as boorus write it.</summary>
    public static string Underscored(string tag) => tag.Replace(' ', '_');

    /// <summary>
    /// Parentheses get a backslash in front where there is none, so that prompts do not take them for emphasis.
    /// </summary>
    public static string Escaped(string tag)
    {
        if (tag.AsSpan().IndexOfAny('(', ')') < 0)
        {
            return tag;
        }

        var built = new StringBuilder(tag.Length + 4);
        foreach (char c in tag)
        {
            _ =
                c is '(' or ')' && (built.Length == 0 || built[^1] != '\\')
                    ? built.Append('\\').Append(c)
                    : built.Append(c);
        }

        return built.ToString();
    }

    /// <summary>Parentheses lose the backslash in front.</summary>
    public static string Unescaped(string tag) =>
        tag.Replace("\\(", "(", StringComparison.Ordinal).Replace("\\)", ")", StringComparison.Ordinal);

    /// <summary>A tag in the form of another text: with underscores if that has them, else with spaces.</summary>
    /// <param name="tag">The tag, with spaces.</param>
    /// <param name="underscores">Whether it is to have underscores.</param>
    internal static string Like(string tag, bool underscores) => underscores ? Underscored(tag) : tag;

    /// <summary>
    /// Whether a caption writes its tags of several words with underscores; null if it has none of several words.
    /// </summary>
    internal static bool? UsesUnderscores(CaptionText caption)
    {
        var (under, spaced) = (0, 0);
        for (int i = 0; i < caption.Tags.Count; i++)
        {
            if (!caption.IsSentence(i))
            {
                under +=
                    caption.Tags[i].Contains('_', StringComparison.Ordinal) && !KeepsUnderscores(caption.Tags[i])
                        ? 1
                        : 0;
                spaced += caption.Tags[i].Contains(' ', StringComparison.Ordinal) ? 1 : 0;
            }
        }

        return under + spaced == 0 ? null : under > spaced;
    }

    private static bool KeepsUnderscores(string tag)
    {
        if (
            !tag.Contains('_', StringComparison.Ordinal)
            || tag.StartsWith("score_", StringComparison.Ordinal)
            || tag.StartsWith("source_", StringComparison.Ordinal)
            || tag.StartsWith("rating_", StringComparison.Ordinal)
        )
        {
            return true;
        }

        for (int i = 1; i < tag.Length; i++)
        {
            if (char.IsLetterOrDigit(tag[i]) && char.IsLetterOrDigit(tag[i - 1]))
            {
                return false;
            }
        }

        return true;
    }
}
