using System.Text;

namespace Forno.Toml;

/// <summary>
/// Recursive-descent reader of TOML 1.0: structure and strings. Numbers and dates are in the other part.
/// </summary>
internal sealed partial class TomlReader(string text, string name)
{
    private readonly TomlTable root = new() { From = TomlTable.Origin.Header };
    private readonly HashSet<List<object>> tableArrays = new(ReferenceEqualityComparer.Instance);
    private int at;
    private int line = 1;
    private int lineStart;

    private char Now => at < text.Length ? text[at] : '\0';

    private bool Ended => at >= text.Length;

    public TomlTable Document()
    {
        var current = root;
        while (true)
        {
            SkipBlank(newlines: true);
            if (Ended)
            {
                return root;
            }

            if (Now == '[')
            {
                current = Header();
                current.HeaderEnd = at;
            }
            else
            {
                KeyValue(current, depth: 0);
            }

            SkipBlank(newlines: false);
            if (!Ended && !Newline())
            {
                throw Error($"expected the end of the line, found {Shown()}");
            }
        }
    }

    /// <summary>Error at the given place, or at the current one.</summary>
    private FornoException Error(string message, int? at = null)
    {
        int column = Math.Max(1, (at ?? this.at) - lineStart + 1);
        return new FornoException($"{name}:{line}:{column}: {message}");
    }

    private string Shown() =>
        Ended ? "the end of the file"
        : char.IsControl(Now) ? $"control character U+{(int)Now:X4}"
        : $"'{(char.IsSurrogate(Now) ? '?' : Now)}'";

    private bool Newline()
    {
        if (Now == '\r' && at + 1 < text.Length && text[at + 1] == '\n')
        {
            at++;
        }
        else if (Ended || Now != '\n')
        {
            return false;
        }

        at++;
        line++;
        lineStart = at;
        return true;
    }

    private void SkipBlank(bool newlines)
    {
        while (true)
        {
            while (Now is ' ' or '\t')
            {
                at++;
            }

            if (Now == '#')
            {
                for (
                    at++;
                    !Ended && Now != '\n' && !(Now == '\r' && at + 1 < text.Length && text[at + 1] == '\n');
                    at++
                )
                {
                    RejectControl();
                }
            }

            if (!newlines || !Newline())
            {
                return;
            }
        }
    }

    private void RejectControl()
    {
        if ((Now < ' ' && Now != '\t') || Now == '\x7F')
        {
            throw Error($"{Shown()} is not allowed here");
        }
    }

    private void Expect(char wanted)
    {
        if (Ended || Now != wanted)
        {
            throw Error($"expected '{wanted}', found {Shown()}");
        }

        at++;
    }

    private TomlTable Header()
    {
        int line = this.line;
        at++;
        bool many = Now == '[';
        at += many ? 1 : 0;
        int start = at;
        SkipSpace();
        var path = Key();
        Expect(']');
        if (many)
        {
            Expect(']');
        }

        var parent = root;
        foreach (string part in path[..^1])
        {
            parent = Descend(parent, part, start, line);
        }

        string last = path[^1];
        if (many)
        {
            var item = new TomlTable { From = TomlTable.Origin.Header };
            if (!parent.TryGetValue(last, out object? array))
            {
                var fresh = new List<object>();
                tableArrays.Add(fresh);
                parent.Add(last, fresh, line);
                array = fresh;
            }

            if (array is not List<object> list || !tableArrays.Contains(list))
            {
                throw Error($"'{last}' is already there and is not an array of tables", start);
            }

            list.Add(item);
            return item;
        }

        if (!parent.TryGetValue(last, out object? found))
        {
            var table = new TomlTable { From = TomlTable.Origin.Header };
            parent.Add(last, table, line);
            return table;
        }

        if (found is not TomlTable { From: TomlTable.Origin.Implicit } existing)
        {
            throw Error($"'{string.Join('.', path)}' is defined twice (first on line {parent.LineOf(last)})", start);
        }

        existing.From = TomlTable.Origin.Header;
        return existing;
    }

    private TomlTable Descend(TomlTable parent, string part, int start, int line)
    {
        if (!parent.TryGetValue(part, out object? next))
        {
            var table = new TomlTable();
            parent.Add(part, table, line);
            return table;
        }

        return next switch
        {
            TomlTable { From: not TomlTable.Origin.Inline } table => table,
            List<object> list when tableArrays.Contains(list) => (TomlTable)list[^1],
            _ => throw Error(
                $"'{part}' (line {parent.LineOf(part)}) is a finished value and cannot be extended",
                start
            ),
        };
    }

    private void KeyValue(TomlTable body, int depth)
    {
        var (start, line) = (at, this.line);
        var path = Key();
        Expect('=');
        SkipSpace();
        var table = body;
        foreach (string part in path[..^1])
        {
            if (!table.TryGetValue(part, out object? next))
            {
                next = new TomlTable { From = TomlTable.Origin.Dotted, DottedBy = body };
                table.Add(part, next, line);
            }
            else if (next is not TomlTable { From: TomlTable.Origin.Dotted } t || t.DottedBy != body)
            {
                throw Error(
                    $"'{part}' is already defined on line {table.LineOf(part)} and cannot be extended with a "
                        + "dotted key",
                    start
                );
            }

            table = (TomlTable)next;
        }

        if (table.ContainsKey(path[^1]))
        {
            throw Error($"'{path[^1]}' is given twice (first on line {table.LineOf(path[^1])})", start);
        }

        int from = at;
        object value = Value(depth + path.Count);
        table.Add(path[^1], value, line, from..at);
    }

    private List<string> Key()
    {
        var parts = new List<string>();
        do
        {
            if (parts.Count > 0)
            {
                at++;
                SkipBlank(newlines: false);
            }

            if (parts.Count == TomlFile.MaxDepth)
            {
                throw Error($"a key of more than {TomlFile.MaxDepth} parts");
            }

            parts.Add(
                Now switch
                {
                    '"' when !text.AsSpan(at).StartsWith("\"\"\"") => Basic(),
                    '\'' when !text.AsSpan(at).StartsWith("'''") => Literal(),
                    _ => Bare(),
                }
            );
            SkipSpace();
        } while (Now == '.');
        return parts;
    }

    private void SkipSpace()
    {
        while (Now is ' ' or '\t')
        {
            at++;
        }
    }

    private string Bare()
    {
        int start = at;
        while (char.IsAsciiLetterOrDigit(Now) || Now is '_' or '-')
        {
            at++;
        }

        return at > start ? text[start..at] : throw Error($"expected a key, found {Shown()}");
    }

    private object Value(int depth)
    {
        if (depth > TomlFile.MaxDepth)
        {
            throw Error($"nested more than {TomlFile.MaxDepth} deep");
        }

        return Now switch
        {
            '"' => text.AsSpan(at).StartsWith("\"\"\"") ? BasicBlock() : Basic(),
            '\'' => text.AsSpan(at).StartsWith("'''") ? LiteralBlock() : Literal(),
            '[' => Array(depth),
            '{' => Inline(depth),
            _ => Scalar(),
        };
    }

    private List<object> Array(int depth)
    {
        at++;
        var items = new List<object>();
        while (true)
        {
            SkipBlank(newlines: true);
            if (Now == ']')
            {
                break;
            }

            items.Add(Value(depth + 1));
            SkipBlank(newlines: true);
            if (Now == ',')
            {
                at++;
            }
            else if (Now != ']')
            {
                throw Error($"expected ',' or ']' in the array, found {Shown()}");
            }
        }

        at++;
        return items;
    }

    private TomlTable Inline(int depth)
    {
        at++;
        var table = new TomlTable();
        SkipSpace();
        while (Now != '}' || table.Count > 0)
        {
            KeyValue(table, depth);
            SkipSpace();
            if (Now == '}')
            {
                break;
            }

            Expect(',');
            SkipSpace();
        }

        at++;
        Freeze(table);
        return table;
    }

    /// <summary>
    /// Inline tables are complete: nothing outside their braces may extend them or the tables dotted into them.
    /// </summary>
    private static void Freeze(TomlTable table)
    {
        table.From = TomlTable.Origin.Inline;
        foreach (var inner in table.Values.OfType<TomlTable>().Where(t => t.From != TomlTable.Origin.Inline))
        {
            Freeze(inner);
        }
    }

    private string Basic()
    {
        var built = new StringBuilder();
        for (at++; Now != '"'; )
        {
            if (Ended || Now is '\n' or '\r')
            {
                throw Error("the string has no closing \" on its line");
            }

            if (Now == '\\')
            {
                Escape(built);
                continue;
            }

            RejectControl();
            built.Append(text[at++]);
        }

        at++;
        return built.ToString();
    }

    private string Literal()
    {
        int start = ++at;
        for (; Now != '\''; at++)
        {
            if (Ended || Now is '\n' or '\r')
            {
                throw Error("the string has no closing ' on its line");
            }

            RejectControl();
        }

        return text[start..at++];
    }
}
