using System.Buffers;
using System.Globalization;
using System.Text;

namespace Forno.Text;

/// <summary>
/// What CLIP's tokenizer does to a text before it splits it: ftfy 6's <c>fix_text</c> with its defaults (but not the
/// repair of wrongly decoded text, which guesses), HTML unescaping twice, white space, lower case.
/// </summary>
internal static class TextCleaner
{
    // Nothing below concerns a text of these characters alone; nearly all prompts and captions are such.
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyz0123456789 !\"#$%'()*+,-./:;<=>?@[\\]^_`{|}~"
    );

    /// <summary>The whole chain.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>Lower-case text, trimmed, with single spaces and no other white space.</returns>
    public static string Clean(string text)
    {
        if (text.AsSpan().IndexOfAnyExcept(Plain) >= 0)
        {
            text = HtmlEntities.Unescape(HtmlEntities.Unescape(Fix(text)));
            text = Lower(CollapseSpace(text));
        }
        else
        {
            text = CollapseSpace(text);
        }

        return text;
    }

    /// <summary>ftfy's repairs, line by line, each until nothing changes any more.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The repaired text.</returns>
    internal static string Fix(string text)
    {
        StringBuilder result = new(text.Length);
        bool unescape = true;
        for (int at = 0; at < text.Length; )
        {
            int end = text.IndexOf('\n', at) is var feed and >= 0 ? feed + 1 : text.Length;
            string line = text[at..end];
            unescape &= !line.Contains('<', StringComparison.Ordinal); // from the first line with markup on, none
            string before;
            do
            {
                before = line;
                line = unescape ? HtmlEntities.UnescapeStrictly(line) : line;
                line = UnicodeForms.Nfc(RemoveControls(ReplaceCharacters(line)));
            } while (line != before);
            result.Append(line);
            at = end;
        }

        return result.ToString();
    }

    /// <summary>Lower case by Python's rules: full mapping of İ, and final sigma.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The lower-case text.</returns>
    internal static string Lower(string text)
    {
        if (text.AsSpan().IndexOfAny('\u0130', 'Σ') < 0)
        {
            return text.ToLowerInvariant();
        }

        StringBuilder result = new(text);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == 'Σ' && IsFinalSigma(text, i))
            {
                result[i] = 'ς';
            }
        }

        return result.Replace("\u0130", "i\u0307").ToString().ToLowerInvariant();
    }

    // ftfy's C1 controls, ligatures, widths, quotes, line breaks and surrogates in one pass: of these steps only the
    // first makes characters (from Windows-1252) that later ones look at.
    private static string ReplaceCharacters(string text)
    {
        StringBuilder result = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is >= '\u0080' and <= '\u009f')
            {
                c = HtmlEntities.Windows1252[c - '\u0080'];
            }

            switch (c)
            {
                case '\r':
                    if (i + 1 >= text.Length || text[i + 1] != '\n')
                    {
                        result.Append('\n');
                    }

                    break;
                case '\u2028' or '\u2029':
                    result.Append('\n');
                    break;
                case '\u02bc' or (>= '\u2018' and <= '\u201b'):
                    result.Append('\'');
                    break;
                case >= '\u201c' and <= '\u201f':
                    result.Append('"');
                    break;
                case '\u3000':
                    result.Append(' ');
                    break;
                case >= '\uff01' and <= '\uffef':
                    result.Append(UnicodeForms.Nfkc(c.ToString()));
                    break;
                case >= '\ud800' and <= '\udfff':
                    if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                    {
                        result.Append(c).Append(text[++i]);
                    }
                    else
                    {
                        result.Append('\ufffd');
                    }

                    break;
                default:
                    _ = Ligature(c) is { } letters ? result.Append(letters) : result.Append(c);
                    break;
            }
        }

        return result.ToString();
    }

    // Terminal escapes first, whole; then what is left of control characters, byte-order marks and annotations.
    private static string RemoveControls(string text)
    {
        StringBuilder? result = null;
        int copied = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (
                text[i]
                is '\t'
                    or '\n'
                    or '\f'
                    or '\r'
                    or not (
                        < ' '
                        or '\u007f'
                        or (>= '\u206a' and <= '\u206f')
                        or '\ufeff'
                        or (>= '\ufff9' and <= '\ufffc')
                    )
            )
            {
                continue;
            }

            (result ??= new(text.Length)).Append(text, copied, i - copied);
            copied = text[i] == '\u001b' ? AfterEscape(text, i) : i + 1;
            i = copied - 1;
        }

        return result?.Append(text, copied, text.Length - copied).ToString() ?? text;
    }

    // Past "ESC [ digits and semicolons letter"; of any other use of ESC only the control character goes.
    private static int AfterEscape(string text, int at)
    {
        int end = at + 1;
        if (end < text.Length && text[end] == '[')
        {
            do
            {
                end++;
            } while (end < text.Length && (text[end] == ';' || char.IsDigit(text[end])));
            if (end < text.Length && char.IsAsciiLetter(text[end]))
            {
                return end + 1;
            }
        }

        return at + 1;
    }

    private static string? Ligature(char c) =>
        c switch
        {
            'Ĳ' => "IJ",
            'ĳ' => "ij",
            'ŉ' => "'n",
            'Ǳ' => "DZ",
            'ǲ' => "Dz",
            'ǳ' => "dz",
            'Ǆ' => "DŽ",
            'ǅ' => "Dž",
            'ǆ' => "dž",
            'Ǉ' => "LJ",
            'ǈ' => "Lj",
            'ǉ' => "lj",
            'Ǌ' => "NJ",
            'ǋ' => "Nj",
            'ǌ' => "nj",
            '\ufb00' => "ff",
            '\ufb01' => "fi",
            '\ufb02' => "fl",
            '\ufb03' => "ffi",
            '\ufb04' => "ffl",
            '\ufb05' => "ſt",
            '\ufb06' => "st",
            _ => null,
        };

    private static string CollapseSpace(string text)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        bool single = true;
        for (int i = 0; single && i < trimmed.Length; i++)
        {
            single = !char.IsWhiteSpace(trimmed[i]) || (trimmed[i] == ' ' && trimmed[i - 1] != ' ');
        }

        if (single)
        {
            return trimmed.Length == text.Length ? text : trimmed.ToString();
        }

        StringBuilder result = new(trimmed.Length);
        foreach (char c in trimmed)
        {
            if (!char.IsWhiteSpace(c))
            {
                result.Append(c);
            }
            else if (result[^1] != ' ')
            {
                result.Append(' ');
            }
        }

        return result.ToString();
    }

    // Unicode's Final_Sigma: a cased letter before, none after, both through any case-ignorable characters.
    private static bool IsFinalSigma(string text, int at)
    {
        bool before = false,
            after = false;
        for (int i = at; i > 0; )
        {
            Rune.DecodeLastFromUtf16(text.AsSpan(0, i), out Rune rune, out int length);
            i -= length;
            if (!IsCaseIgnorable(rune))
            {
                before = IsCased(rune);
                break;
            }
        }

        for (int i = at + 1; i < text.Length; )
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int length);
            i += length;
            if (!IsCaseIgnorable(rune))
            {
                after = IsCased(rune);
                break;
            }
        }

        return before && !after;
    }

    private static bool IsCaseIgnorable(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.NonSpacingMark
                or UnicodeCategory.EnclosingMark
                or UnicodeCategory.Format
                or UnicodeCategory.ModifierLetter
                or UnicodeCategory.ModifierSymbol
        || rune.Value
            is '\''
                or '.'
                or ':'
                or 0xb7
                or 0x387
                or 0x55f
                or 0x5f4
                or 0x2018
                or 0x2019
                or 0x2024
                or 0x2027
                or 0xfe13
                or 0xfe52
                or 0xfe55
                or 0xff07
                or 0xff0e
                or 0xff1a;

    // Modifier letters are ignorable above, so of the "other" cased characters only these are left to name.
    private static bool IsCased(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.UppercaseLetter
                or UnicodeCategory.LowercaseLetter
                or UnicodeCategory.TitlecaseLetter
        || rune.Value
            is 0xaa
                or 0xba
                or (>= 0x2160 and <= 0x217f)
                or (>= 0x24b6 and <= 0x24e9)
                or (>= 0x1f130 and <= 0x1f149)
                or (>= 0x1f150 and <= 0x1f169)
                or (>= 0x1f170 and <= 0x1f189);
}
