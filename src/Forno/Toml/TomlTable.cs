using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Forno.Toml;

/// <summary>
/// A TOML table: keys in the order of the file. Values are <see cref="string"/>, <see cref="long"/>,
/// <see cref="double"/>, <see cref="bool"/>, <see cref="DateTimeOffset"/>, <see cref="DateTime"/> (local, kind
/// unspecified), <see cref="DateOnly"/>, <see cref="TimeOnly"/>, <c>List&lt;object&gt;</c> (array) or
/// <see cref="TomlTable"/>.
/// </summary>
public sealed class TomlTable : IReadOnlyDictionary<string, object>
{
    private readonly OrderedDictionary<string, Entry> entries = new(StringComparer.Ordinal);

    private readonly record struct Entry(object Value, int Line, Range Span);

    /// <summary>How the table came to be, which decides what may be added to it later.</summary>
    internal enum Origin
    {
        Implicit,
        Header,
        Dotted,
        Inline,
    }

    internal Origin From { get; set; } = Origin.Implicit;

    /// <summary>The table whose body wrote this one with dotted keys; only that body may extend it.</summary>
    internal TomlTable? DottedBy { get; set; }

    /// <summary>The keys in file order.</summary>
    public IEnumerable<string> Keys => entries.Keys;

    /// <summary>The values in file order.</summary>
    public IEnumerable<object> Values => entries.Values.Select(e => e.Value);

    /// <summary>Number of keys.</summary>
    public int Count => entries.Count;

    /// <summary>The value of a key, which must exist when read. Setting appends the key if it is new.</summary>
    /// <exception cref="KeyNotFoundException">The key is absent.</exception>
    /// <exception cref="ArgumentException">The value's type is not one that TOML has.</exception>
    public object this[string key]
    {
        get => entries[key].Value;
        set => entries[key] = new Entry(Checked(value), LineOf(key), default);
    }

    /// <summary>The line (from 1) on which the key was written, 0 if it did not come from a file.</summary>
    public int LineOf(string key) => entries.TryGetValue(key, out var entry) ? entry.Line : 0;

    /// <inheritdoc/>
    public bool ContainsKey(string key) => entries.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out object value)
    {
        bool found = entries.TryGetValue(key, out var entry);
        value = found ? entry.Value : null;
        return found;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object>> GetEnumerator() =>
        entries.Select(e => KeyValuePair.Create(e.Key, e.Value.Value)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Where the value stands in the text it was read from; empty for a table under a header.</summary>
    internal Range SpanOf(string key) => entries[key].Span;

    /// <summary>Where the table's own header ends in the text; 0 without one.</summary>
    internal int HeaderEnd { get; set; }

    internal void Add(string key, object value, int line, Range span = default) =>
        entries.Add(key, new Entry(value, line, span));

    private static object Checked(object value) =>
        value switch
        {
            string
            or long
            or double
            or bool
            or DateTimeOffset
            or DateTime
            or DateOnly
            or TimeOnly
            or TomlTable
            or List<object> => value,
            int i => (long)i,
            float f => (double)f,
            IEnumerable<string> strings => strings.Cast<object>().ToList(),
            _ => throw new ArgumentException($"TOML has no value of type {value.GetType().Name}", nameof(value)),
        };
}
