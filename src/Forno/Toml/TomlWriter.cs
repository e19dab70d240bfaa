using System.Globalization;
using System.Text;

namespace Forno.Toml;

/// <summary>Writes TOML: plain keys first, then sub-tables under headers.</summary>
internal static class TomlWriter
{
    public static string Write(TomlTable table)
    {
        var built = new StringBuilder();
        Body(built, table, "");
        return built.ToString();
    }

    /// <summary>A value as it stands behind <c>=</c>.</summary>
    public static string Text(object value)
    {
        var built = new StringBuilder();
        Value(built, value);
        return built.ToString();
    }

    private static void Body(StringBuilder built, TomlTable table, string path)
    {
        foreach (var (key, value) in table.Where(e => !IsSection(e.Value)))
        {
            built.Append(Key(key)).Append(" = ");
            Value(built, value);
            built.Append('\n');
        }

        foreach (var (key, value) in table.Where(e => IsSection(e.Value)))
        {
            string name = path.Length == 0 ? Key(key) : path + "." + Key(key);
            foreach (var section in value is TomlTable one ? [one] : ((List<object>)value).Cast<TomlTable>())
            {
                built
                    .Append(built.Length == 0 ? "" : "\n")
                    .Append(value is TomlTable ? $"[{name}]\n" : $"[[{name}]]\n");
                Body(built, section, name);
            }
        }
    }

    private static bool IsSection(object value) =>
        value is TomlTable || (value is List<object> { Count: > 0 } list && list.All(v => v is TomlTable));

    /// <summary>A key as it stands before <c>=</c>.</summary>
    public static string Key(string key) =>
        key.Length > 0 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? key : Quoted(key);

    private static void Value(StringBuilder built, object value)
    {
        switch (value)
        {
            case string s:
                built.Append(Quoted(s));
                break;
            case bool b:
                built.Append(b ? "true" : "false");
                break;
            case long n:
                built.Append(n.ToString(CultureInfo.InvariantCulture));
                break;
            case double d:
                built.Append(Real(d));
                break;
            case DateTimeOffset t:
                built.Append(t.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture));
                break;
            case DateTime t:
                built.Append(t.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture));
                break;
            case DateOnly t:
                built.Append(t.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
                break;
            case TimeOnly t:
                built.Append(t.ToString("HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture));
                break;
            case List<object> list:
                Joined(built, "[", list, v => Value(built, v), "]");
                break;
            case TomlTable table:
                Joined(
                    built,
                    "{",
                    table,
                    e =>
                    {
                        built.Append(Key(e.Key)).Append(" = ");
                        Value(built, e.Value);
                    },
                    "}"
                );
                break;
            default:
                throw new ArgumentException($"TOML has no value of type {value.GetType().Name}");
        }
    }

    private static void Joined<T>(StringBuilder built, string open, IEnumerable<T> items, Action<T> each, string close)
    {
        built.Append(open);
        bool first = true;
        foreach (var item in items)
        {
            built.Append(first ? "" : ", ");
            first = false;
            each(item);
        }

        built.Append(close);
    }

    private static string Real(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan"
                : value > 0 ? "inf"
                : "-inf";
        }

        string shown = value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');
        return shown.Contains('.') || shown.Contains('e') ? shown : shown + ".0";
    }

    private static string Quoted(string text)
    {
        var built = new StringBuilder("\"");
        foreach (char c in text)
        {
            built.Append(
                c switch
                {
                    '"' => "\\\"",
                    '\\' => @"\\",
                    '\n' => "\\n",
                    '\r' => "\\r",
                    '\t' => "\\t",
                    < ' ' or '\x7F' => $"\\u{(int)c:X4}",
                    _ => c.ToString(),
                }
            );
        }

        return built.Append('"').ToString();
    }
}
