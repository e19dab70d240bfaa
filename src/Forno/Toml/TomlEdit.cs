namespace Forno.Toml;

/// <summary>
/// Changes single values in the text of a TOML document: comments, blank lines, order and everything else stay as they
/// are, byte for byte.
/// </summary>
public static class TomlEdit
{
    /// <summary>Gives a key a value; a new key goes behind the last of its table.</summary>
    /// <param name="text">The document.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="path">The way to the key: names of tables, places (int, from 0) in arrays of tables, last the key's
    /// own name.</param>
    /// <param name="value">A value that <see cref="TomlTable"/> takes.</param>
    /// <returns>The changed document; the same text if the key has this value already.</returns>
    /// <exception cref="FornoException">The document is no TOML, or there is no such table.</exception>
    public static string Set(string text, string name, IReadOnlyList<object> path, object value)
    {
        var root = TomlFile.Parse(text, name);
        var table =
            path.SkipLast(1)
                .Aggregate(
                    (object)root,
                    (at, step) =>
                        (at, step) switch
                        {
                            (TomlTable t, string key) when t.TryGetValue(key, out object? inner) => inner,
                            (List<object> list, int place) when place >= 0 && place < list.Count => list[place],
                            _ => throw new FornoException(
                                $"{name}: there is no table {string.Join('.', path.SkipLast(1))}"
                            ),
                        }
                ) as TomlTable
            ?? throw new FornoException($"{name}: {string.Join('.', path.SkipLast(1))} is not a table");
        string last = (string)path[^1];
        string written = TomlWriter.Text(new TomlTable { [last] = value }[last]);
        if (!table.ContainsKey(last))
        {
            return Insert(text, root, table, $"{TomlWriter.Key(last)} = {written}");
        }

        var span = table.SpanOf(last);
        if (span.Equals(default) || table[last] is TomlTable)
        {
            throw new FornoException($"{name}: {string.Join('.', path)} is a table, not a value");
        }

        return TomlWriter.Text(table[last]) == written
            ? text
            : string.Concat(text.AsSpan(0, span.Start.Value), written, text.AsSpan(span.End.Value));
    }

    private static string Insert(string text, TomlTable root, TomlTable table, string line)
    {
        int own = table
            .Keys.Select(table.SpanOf)
            .Where(s => !s.Equals(default))
            .Select(s => s.End.Value)
            .DefaultIfEmpty(-1)
            .Max();
        if (table.From == TomlTable.Origin.Inline)
        {
            return own < 0
                ? throw new FornoException("an empty inline table takes no key; write it as a [table]")
                : text.Insert(own, ", " + line);
        }

        if (table.From == TomlTable.Origin.Dotted)
        {
            throw new FornoException("a table written with dotted keys takes no new key; write it as a [table]");
        }

        string newLine = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        int at = own >= 0 ? own : table.HeaderEnd;
        if (own < 0 && table == root)
        {
            return line + newLine + text; // before the first header
        }

        int end = text.IndexOf('\n', at);
        return end >= 0 ? text.Insert(end + 1, line + newLine) : text + newLine + line;
    }
}
