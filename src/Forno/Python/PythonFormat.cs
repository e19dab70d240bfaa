using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Forno.Python;

/// <summary>
/// Writes values as Python does: what kohya's files hold is made by <c>str()</c> and <c>json.dumps()</c>.
/// </summary>
public static class PythonFormat
{
    /// <summary>A float as <c>repr()</c> writes it: shortest digits, <c>1.0</c>, <c>1e-05</c>, <c>inf</c>.</summary>
    public static string Float(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan"
                : value > 0 ? "inf"
                : "-inf";
        }

        if (value == 0)
        {
            return double.IsNegative(value) ? "-0.0" : "0.0";
        }

        // Digits and exponent both of the shortest form that reads back as the same number: of 1e-06, which is a little
        // less than 0.000001, a form with more digits begins at 1e-07.
        string shortest = value.ToString("R", CultureInfo.InvariantCulture).TrimStart('-');
        int mark = shortest.IndexOf('E', StringComparison.Ordinal);
        string plain = mark < 0 ? shortest : shortest[..mark];
        int point = plain.IndexOf('.', StringComparison.Ordinal);
        string all = plain.Replace(".", "", StringComparison.Ordinal);
        string leading = all.TrimStart('0');
        int exponent = (point < 0 ? all.Length : point) - (all.Length - leading.Length) - 1;
        exponent += mark < 0 ? 0 : int.Parse(shortest.AsSpan(mark + 1), CultureInfo.InvariantCulture);
        string digits = leading.TrimEnd('0');
        string sign = value < 0 ? "-" : "";
        if (exponent is < -4 or >= 16)
        {
            string rest = digits.Length > 1 ? "." + digits[1..] : "";
            return $"{sign}{digits[0]}{rest}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        if (exponent < 0)
        {
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        }

        digits = digits.PadRight(exponent + 1, '0');
        string fraction = digits[(exponent + 1)..];
        return $"{sign}{digits[..(exponent + 1)]}.{(fraction.Length > 0 ? fraction : "0")}";
    }

    /// <summary><c>str()</c> of None, booleans, numbers, strings, and sequences (as tuples).</summary>
    public static string Str(object? value) => value is string text ? text : Repr(value);

    /// <summary>
    /// <c>json.dumps()</c> of nulls, booleans, numbers, strings, sequences and dictionaries with string keys.
    /// </summary>
    public static string Json(object? value)
    {
        var json = new StringBuilder();
        AppendJson(json, value);
        return json.ToString();
    }

    private static string Repr(object? value) =>
        value switch
        {
            null => "None",
            bool flag => flag ? "True" : "False",
            double number => Float(number),
            int or long or BigInteger => Convert.ToString(value, CultureInfo.InvariantCulture)!,
            string text => Quote(text),
            IEnumerable items => Tuple([.. items.Cast<object?>().Select(Repr)]),
            _ => throw new ArgumentException($"no Python form for {value.GetType().Name}", nameof(value)),
        };

    private static string Tuple(string[] items) =>
        items.Length == 1 ? $"({items[0]},)" : $"({string.Join(", ", items)})";

    private static string Quote(string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var result = new StringBuilder().Append(quote);
        foreach (char c in text)
        {
            _ = c switch
            {
                '\\' => result.Append("\\\\"),
                '\n' => result.Append("\\n"),
                '\r' => result.Append("\\r"),
                '\t' => result.Append("\\t"),
                _ when c == quote => result.Append('\\').Append(c),
                < ' ' or '\x7f' => result.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => result.Append(c),
            };
        }

        return result.Append(quote).ToString();
    }

    private static void AppendJson(StringBuilder json, object? value)
    {
        switch (value)
        {
            case null:
                json.Append("null");
                break;
            case bool flag:
                json.Append(flag ? "true" : "false");
                break;
            case double number:
                json.Append(JsonFloat(number));
                break;
            case int or long or BigInteger:
                json.Append(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
            case string text:
                AppendJsonString(json, text);
                break;
            case IDictionary map:
                json.Append('{');
                AppendAll(
                    json,
                    map.Keys.Cast<string>(),
                    key =>
                    {
                        AppendJsonString(json, key);
                        json.Append(": ");
                        AppendJson(json, map[key]);
                    }
                );
                json.Append('}');
                break;
            case IEnumerable items:
                json.Append('[');
                AppendAll(json, items.Cast<object?>(), item => AppendJson(json, item));
                json.Append(']');
                break;
            default:
                throw new ArgumentException($"no JSON for {value.GetType().Name}", nameof(value));
        }
    }

    private static string JsonFloat(double number) =>
        double.IsFinite(number) ? Float(number)
        : double.IsNaN(number) ? "NaN"
        : number > 0 ? "Infinity"
        : "-Infinity";

    private static void AppendAll<T>(StringBuilder json, IEnumerable<T> items, Action<T> append)
    {
        bool first = true;
        foreach (var item in items)
        {
            json.Append(first ? "" : ", ");
            first = false;
            append(item);
        }
    }

    private static void AppendJsonString(StringBuilder json, string text)
    {
        json.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => json.Append("\\\""),
                '\\' => json.Append("\\\\"),
                '\b' => json.Append("\\b"),
                '\f' => json.Append("\\f"),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                < ' ' or > '~' => json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => json.Append(c),
            };
        }

        json.Append('"');
    }
}
