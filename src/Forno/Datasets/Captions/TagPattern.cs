using System.Text;
using System.Text.RegularExpressions;

namespace Forno.Datasets.Captions;

/// <summary>
/// What names tags in an edit: a tag (<c>red dress</c>), a wildcard (<c>*_hair</c>), or a regular expression between
/// slashes (<c>/^\d+girls?$/</c>). Tags and wildcards are compared as expressions do: upper and lower case, <c>_</c>
/// and spaces, escaped and bare parentheses are alike. A regular expression sees the tag as it is written, finds any
/// part of it, and ignores case. Safe for several threads.
/// </summary>
public sealed class TagPattern
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly object Yes = new(),
        No = new();
    private readonly TagLookup<object> known;
    private readonly string text;
    private readonly string normal;
    private readonly Regex? regex;
    private readonly bool whole;

    private TagPattern(string text, Regex? regex, bool whole)
    {
        this.text = text;
        normal = TagExpression.Normal(text);
        this.regex = regex;
        this.whole = whole;
        known = new TagLookup<object>(t => Matches(t.Text, t.Normal) ? Yes : No);
    }

    /// <summary>Whether it names one tag exactly.</summary>
    public bool IsExact => regex is null;

    /// <summary>Reads a pattern.</summary>
    /// <param name="text">Any of the three forms.</param>
    /// <exception cref="FornoException">It is empty, or no regular expression.</exception>
    public static TagPattern Parse(string text)
    {
        string trimmed = text.Trim();
        if (trimmed is ['/', _, .., '/'])
        {
            try
            {
                return new TagPattern(
                    trimmed,
                    new Regex(trimmed[1..^1], RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, Patience),
                    whole: false
                );
            }
            catch (RegexParseException e)
            {
                throw new FornoException(
                    Invariant.Text(
                        $"the regular expression {trimmed} cannot be read at character {e.Offset + 1}: {e.Message}"
                    ),
                    e
                );
            }
        }

        return trimmed.Length == 0
            ? throw new FornoException(
                "a tag is missing; name a tag, a wildcard (*_hair) or a regular expression (/^\\d+girls?$/)"
            )
            : new TagPattern(
                trimmed,
                trimmed.Contains('*', StringComparison.Ordinal) ? Wildcard(trimmed) : null,
                whole: true
            );
    }

    /// <summary>Whether it names a tag.</summary>
    /// <param name="tag">The tag as written.</param>
    /// <param name="normalTag">The same as <see cref="TagExpression.Normal"/> makes it.</param>
    /// <exception cref="FornoException">A regular expression takes too long.</exception>
    public bool Matches(string tag, string normalTag) =>
        regex is null ? normal == normalTag : Run(() => regex.IsMatch(tag));

    /// <summary>Whether it names a tag; a set has few different tags, so each is asked about once.</summary>
    internal bool Matches(PooledTag tag) => regex is null ? normal == tag.Normal : known.Get(tag) == Yes;

    /// <summary>What a tag becomes.</summary>
    /// <param name="tag">The tag as written.</param>
    /// <param name="normalTag">The same as <see cref="TagExpression.Normal"/> makes it.</param>
    /// <param name="with">
    /// The replacement: for a wildcard its <c>*</c> are in turn what the pattern's stood for, for a regular expression
    /// <c>$1</c> is its first group.
    /// </param>
    /// <returns>The new text, which may hold commas or be empty; null if the tag is not named.</returns>
    /// <exception cref="FornoException">A regular expression takes too long.</exception>
    public string? Replace(string tag, string normalTag, string with)
    {
        return regex is null
            ? normal == normalTag
                ? with
                : null
            : Run(() =>
            {
                var match = regex.Match(tag);
                return !match.Success ? null
                    : whole ? Fill(with, match)
                    : regex.Replace(tag, with);
            });
    }

    /// <inheritdoc/>
    public override string ToString() => text;

    private static string Fill(string with, Match match)
    {
        var built = new StringBuilder();
        int star = 0;
        foreach (char c in with)
        {
            _ = c == '*' && ++star < match.Groups.Count ? built.Append(match.Groups[star].Value) : built.Append(c);
        }

        return built.ToString();
    }

    private static Regex Wildcard(string text)
    {
        var pattern = new StringBuilder("^");
        foreach (
            char c in text.Replace("\\(", "(", StringComparison.Ordinal).Replace("\\)", ")", StringComparison.Ordinal)
        )
        {
            pattern.Append(
                c switch
                {
                    '*' => "(.*)",
                    '_' or ' ' => "[_ ]",
                    '(' or ')' => @"\\?\" + c,
                    _ => Regex.Escape(c.ToString()),
                }
            );
        }

        return new Regex(
            pattern.Append('$').ToString(),
            RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline,
            Patience
        );
    }

    private T Run<T>(Func<T> match)
    {
        try
        {
            return match();
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new FornoException($"{text} takes too long on this caption; write a simpler pattern", e);
        }
    }
}
