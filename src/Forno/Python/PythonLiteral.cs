using System.Globalization;
using System.Text;

namespace Forno.Python;

/// <summary>
/// Python literals as kohya's <c>key=value</c> arguments hold them: <c>True</c>, <c>None</c>, <c>1e-6</c>,
/// <c>"text"</c>, <c>0.9,0.99</c>. Data only; nothing is evaluated.
/// </summary>
public static class PythonLiteral
{
    private const int MaxDepth = 32;

    /// <summary>Reads a literal.</summary>
    /// <returns><see cref="long"/>, <see cref="double"/>, <see cref="bool"/>, <see cref="string"/>, <c>object?[]</c>
    /// (tuple or list) or null (<c>None</c>).</returns>
    /// <exception cref="FornoException">The text is no literal of these kinds.</exception>
    public static object? Parse(string text)
    {
        int at = 0;
        object? value = Tuple(text, ref at, end: '\0', depth: 0);
        return at == text.Length ? value : throw Bad(text);
    }

    /// <summary>Reads a list of <c>key=value</c> arguments.</summary>
    /// <param name="arguments">The arguments; null counts as none.</param>
    /// <param name="option">The option's name, for errors.</param>
    /// <param name="literals">Whether values are Python literals; otherwise they stay strings.</param>
    /// <exception cref="FornoException">No equals sign, a repeated key, or a value that is no literal.</exception>
    public static Dictionary<string, object?> Arguments(
        IEnumerable<string>? arguments,
        string option,
        bool literals = true
    )
    {
        var found = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (string argument in arguments ?? [])
        {
            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new FornoException($"{option}: '{argument}' is not of the form key=value");
            }

            var (key, value) = (argument[..equals].Trim(), argument[(equals + 1)..]);
            object? parsed = value;
            try
            {
                parsed = literals ? Parse(value) : value;
            }
            catch (FornoException e)
            {
                throw new FornoException($"{option}: {key}: {e.Message}", e);
            }

            if (!found.TryAdd(key, parsed))
            {
                throw new FornoException($"{option}: '{key}' is given twice");
            }
        }

        return found;
    }

    private static FornoException Bad(string text) =>
        new(
            $"'{text}' is not a Python literal; write a number, True, False, None, a quoted \"text\" or values "
                + "joined by commas"
        );

    private static object? Tuple(string text, ref int at, char end, int depth)
    {
        var items = new List<object?>();
        int commas = 0;
        while (true)
        {
            Space(text, ref at);
            if (at == text.Length || text[at] == end)
            {
                break;
            }

            items.Add(Single(text, ref at, depth));
            Space(text, ref at);
            if (at == text.Length || text[at] != ',')
            {
                break;
            }

            at++;
            commas++;
        }

        if (end == ']')
        {
            return items.ToArray();
        }

        return (items.Count, commas) switch
        {
            (0, 0) when end == ')' => Array.Empty<object?>(),
            (1, 0) => items[0],
            (> 0, > 0) => items.ToArray(),
            _ => throw Bad(text),
        };
    }

    private static object? Single(string text, ref int at, int depth)
    {
        if (depth > MaxDepth)
        {
            throw Bad(text);
        }

        char c = text[at];
        if (c is '(' or '[')
        {
            at++;
            char close = c == '(' ? ')' : ']';
            object? inner = Tuple(text, ref at, close, depth + 1);
            if (at == text.Length || text[at] != close)
            {
                throw Bad(text);
            }

            at++;
            return inner;
        }

        if (c is '"' or '\'')
        {
            return Quoted(text, ref at, c);
        }

        int start = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '+' or '-' or '.' or '_'))
        {
            at++;
        }

        return Word(text[start..at]) ?? (text[start..at] == "None" ? null : throw Bad(text));
    }

    private static object? Word(string word)
    {
        if (word is "True" or "False")
        {
            return word == "True";
        }

        if (
            word.Contains('_', StringComparison.Ordinal)
            || word.Length == 0
            || char.IsAsciiLetter(word.TrimStart('+', '-').FirstOrDefault())
        )
        {
            return null;
        }

        if (long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
        {
            return whole;
        }

        return double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) ? real : null;
    }

    private static string Quoted(string text, ref int at, char quote)
    {
        var built = new StringBuilder();
        for (at++; at < text.Length && text[at] != quote; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
                built.Append(
                    text[at] switch
                    {
                        'n' => "\n",
                        't' => "\t",
                        '\\' => "\\",
                        '\'' => "'",
                        '"' => "\"",
                        var other => "\\" + other,
                    }
                );
            }
            else
            {
                built.Append(text[at]);
            }
        }

        if (at == text.Length)
        {
            throw Bad(text);
        }

        at++;
        return built.ToString();
    }

    private static void Space(string text, ref int at)
    {
        while (at < text.Length && text[at] is ' ' or '\t')
        {
            at++;
        }
    }
}
