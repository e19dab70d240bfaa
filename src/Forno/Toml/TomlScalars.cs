using System.Globalization;
using System.Text;

namespace Forno.Toml;

/// <summary>The reader's other half: multi-line strings, escapes, numbers, booleans, dates.</summary>
internal sealed partial class TomlReader
{
    private string BasicBlock() => Block('"', escapes: true);

    private string LiteralBlock() => Block('\'', escapes: false);

    private string Block(char quote, bool escapes)
    {
        int opened = line;
        at += 3;
        Newline(); // a newline right after the opening quotes is not part of the string
        var built = new StringBuilder();
        while (true)
        {
            if (Ended)
            {
                throw Error($"the string that starts on line {opened} is never closed");
            }

            if (Now == quote)
            {
                int run = 0;
                while (run < 5 && at + run < text.Length && text[at + run] == quote)
                {
                    run++;
                }

                at += run;
                built.Append(quote, run >= 3 ? run - 3 : run); // up to two quotes may touch the closing ones
                if (run >= 3)
                {
                    return built.ToString();
                }
            }
            else if (escapes && Now == '\\')
            {
                if (!LineContinues())
                {
                    Escape(built);
                }
            }
            else
            {
                int start = at;
                if (Newline())
                {
                    built.Append(text, start, at - start);
                    continue;
                }

                RejectControl();
                built.Append(text[at++]);
            }
        }
    }

    /// <summary>A backslash at the end of a line swallows all white space up to the next character.</summary>
    private bool LineContinues()
    {
        int ahead = at + 1;
        while (ahead < text.Length && text[ahead] is ' ' or '\t')
        {
            ahead++;
        }

        bool ends =
            ahead < text.Length
            && (text[ahead] == '\n' || (text[ahead] == '\r' && ahead + 1 < text.Length && text[ahead + 1] == '\n'));
        if (!ends)
        {
            return false;
        }

        at = ahead;
        while (Newline())
        {
            SkipSpace();
        }

        return true;
    }

    private void Escape(StringBuilder built)
    {
        int start = at++;
        char kind = Now;
        at++;
        switch (kind)
        {
            case 'b':
                built.Append('\b');
                break;
            case 't':
                built.Append('\t');
                break;
            case 'n':
                built.Append('\n');
                break;
            case 'f':
                built.Append('\f');
                break;
            case 'r':
                built.Append('\r');
                break;
            case '"':
                built.Append('"');
                break;
            case '\\':
                built.Append('\\');
                break;
            case 'u' or 'U':
                int digits = kind == 'u' ? 4 : 8;
                if (
                    at + digits > text.Length
                    || !text.AsSpan(at, digits).ContainsOnlyHex()
                    || !Rune.TryCreate(
                        uint.Parse(
                            text.AsSpan(at, digits),
                            NumberStyles.AllowHexSpecifier,
                            CultureInfo.InvariantCulture
                        ),
                        out var rune
                    )
                )
                {
                    throw Error($"\\{kind} needs {digits} hexadecimal digits of a Unicode character", start);
                }

                built.Append(rune.ToString());
                at += digits;
                break;
            default:
                throw Error(
                    "unknown escape; in a \"string\" write \\\\ for a backslash, or use a 'literal string' "
                        + "for Windows paths",
                    start
                );
        }
    }

    private object Scalar()
    {
        int start = at;
        while (char.IsAsciiLetterOrDigit(Now) || Now is '+' or '-' or '_' or '.' or ':')
        {
            at++;
        }

        // a date and a time may have one space between them
        if (
            at - start == 10
            && Now == ' '
            && at + 1 < text.Length
            && char.IsAsciiDigit(text[at + 1])
            && text[start + 4] == '-'
        )
        {
            at++;
            while (char.IsAsciiLetterOrDigit(Now) || Now is '+' or '-' or '.' or ':')
            {
                at++;
            }
        }

        string word = text[start..at];
        return word switch
        {
            "" => throw Error($"expected a value, found {Shown()}"),
            "true" => true,
            "false" => false,
            "inf" or "+inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            "nan" or "+nan" or "-nan" => double.NaN,
            _ => Number(word, start)
                ?? Date(word, start)
                ?? throw Error($"'{word}' is not a value; put text in quotes", start),
        };
    }

    private object? Number(string word, int start)
    {
        if (word.Length > 2 && word[0] == '0' && word[1] is 'x' or 'o' or 'b')
        {
            int radix = word[1] switch
            {
                'x' => 16,
                'o' => 8,
                _ => 2,
            };
            string? bits = Digits(
                word.AsSpan(2),
                c => char.IsAsciiHexDigit(c) && Convert.ToInt32(c.ToString(), 16) < radix
            );
            if (bits is null)
            {
                throw Error($"'{word}' is not a number", start);
            }

            var value = UInt128.Zero;
            foreach (char c in bits)
            {
                value = (value * (UInt128)radix) + (UInt128)Convert.ToInt32(c.ToString(), 16);
                if (value > (UInt128)long.MaxValue)
                {
                    throw Error($"{word} does not fit in 64 bits", start);
                }
            }

            return (long)value;
        }

        var rest = word.AsSpan(word[0] is '+' or '-' ? 1 : 0);
        if (
            rest.IsEmpty
            || !char.IsAsciiDigit(rest[0])
            || rest.Contains(':')
            || rest.LastIndexOf('-') > 0 && !rest.ContainsAny('e', 'E')
        )
        {
            return null;
        }

        int exponentAt = rest.IndexOfAny('e', 'E');
        var mantissa = exponentAt < 0 ? rest : rest[..exponentAt];
        int pointAt = mantissa.IndexOf('.');
        string? whole = Digits(pointAt < 0 ? mantissa : mantissa[..pointAt], char.IsAsciiDigit);
        string? fraction = pointAt < 0 ? "" : Digits(mantissa[(pointAt + 1)..], char.IsAsciiDigit);
        string? exponent = exponentAt < 0 ? "" : Exponent(rest[(exponentAt + 1)..]);
        if (whole is null || fraction is null || exponent is null || (whole.Length > 1 && whole[0] == '0'))
        {
            throw Error(
                $"'{word}' is not a number"
                    + (whole is { Length: > 1 } && whole[0] == '0' ? " (leading zeros are not allowed)" : ""),
                start
            );
        }

        string sign = word[0] == '-' ? "-" : "";
        if (pointAt >= 0 || exponentAt >= 0)
        {
            string shown =
                sign
                + whole
                + (fraction.Length > 0 ? "." + fraction : "")
                + (exponent.Length > 0 ? "e" + exponent : "");
            return double.Parse(shown, NumberStyles.Float, CultureInfo.InvariantCulture);
        }

        return long.TryParse(
            sign + whole,
            NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out long integer
        )
            ? integer
            : throw Error($"{word} does not fit in 64 bits", start);
    }

    private static string? Exponent(ReadOnlySpan<char> text)
    {
        bool signed = !text.IsEmpty && text[0] is '+' or '-';
        string? digits = Digits(signed ? text[1..] : text, char.IsAsciiDigit);
        return digits is null ? null : (signed ? text[..1].ToString() : "") + digits;
    }

    /// <summary>The digits without underscores, or null unless every underscore stands between two digits.</summary>
    private static string? Digits(ReadOnlySpan<char> text, Func<char, bool> isDigit)
    {
        var kept = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (isDigit(text[i]))
            {
                kept.Append(text[i]);
            }
            else if (text[i] != '_' || i == 0 || i == text.Length - 1 || text[i - 1] == '_')
            {
                return null;
            }
        }

        return kept.Length == 0 ? null : kept.ToString();
    }

    private object? Date(string word, int start)
    {
        // RFC 3339; T and Z may be lower case, T may be a space; at most seven decimals of a second are kept
        string form = word.ToUpperInvariant().Replace(' ', 'T');
        if (word.Contains('_') || form.Length < 8 || !char.IsAsciiDigit(form[0]))
        {
            return null;
        }

        bool isTime = form[2] == ':';
        int split = form.IndexOf('T');
        if (!isTime && form.Length > 10 && split != 10)
        {
            return null;
        }

        var day = default(DateOnly);
        if (
            !isTime
            && !DateOnly.TryParseExact(
                form.AsSpan(0, Math.Min(10, form.Length)),
                "yyyy-MM-dd",
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out day
            )
        )
        {
            return Looks(form) ? throw Error($"'{word}' is not a date", start) : null;
        }

        if (!isTime && form.Length == 10)
        {
            return day;
        }

        string clock = isTime ? form : form[11..];
        int zoneAt = clock.IndexOfAny(['Z', '+', '-']);
        var time = Clock(zoneAt < 0 ? clock : clock[..zoneAt]) ?? throw Error($"'{word}' is not a time", start);
        if (isTime)
        {
            return zoneAt < 0 ? time : throw Error("a time without a date has no time zone", start);
        }

        if (zoneAt < 0)
        {
            return day.ToDateTime(time);
        }

        var zone = Zone(clock[zoneAt..]) ?? throw Error($"'{word}' has no valid time zone", start);
        try
        {
            return new DateTimeOffset(day.ToDateTime(time), zone);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw Error($"'{word}' is out of range", start);
        }
    }

    private static bool Looks(string form) => form.Length >= 10 && form[4] == '-' && form[7] == '-';

    private static TimeOnly? Clock(string text)
    {
        int point = text.IndexOf('.');
        var (whole, fraction) = point < 0 ? (text, "0") : (text[..point], text[(point + 1)..]);
        if (
            fraction.Length == 0
            || !fraction.All(char.IsAsciiDigit)
            || !TimeOnly.TryParseExact(
                whole,
                "HH:mm:ss",
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out var time
            )
        )
        {
            return null;
        }

        return time.Add(TimeSpan.FromTicks(long.Parse(fraction.PadRight(7, '0')[..7], CultureInfo.InvariantCulture)));
    }

    private static TimeSpan? Zone(string text)
    {
        if (text == "Z")
        {
            return TimeSpan.Zero;
        }

        if (
            text.Length != 6
            || !TimeOnly.TryParseExact(
                text.AsSpan(1),
                "HH:mm",
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out var offset
            )
        )
        {
            return null;
        }

        return text[0] == '-' ? -offset.ToTimeSpan() : offset.ToTimeSpan();
    }
}

/// <summary>Small helpers of the TOML reader.</summary>
internal static class TomlText
{
    /// <summary>Whether every character is a hexadecimal digit.</summary>
    public static bool ContainsOnlyHex(this ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiHexDigit(c))
            {
                return false;
            }
        }

        return true;
    }
}
