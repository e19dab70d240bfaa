using System.Globalization;
using Forno.Imaging;

namespace Forno.Kohya.Options;

/// <summary>The kinds of rows. What each takes from a configuration and in which type it lands.</summary>
internal static class Rows
{
    // What still is a number after some arithmetic in fp32.
    private const double Most = 1e30;

    /// <summary>A switch, off by default; where it is off, false lands.</summary>
    public static KohyaOption<bool> Flag(string name) => new(name, OptionKind.Flag, false, (v, _) => (bool)v);

    /// <summary>A whole number that fits 32 bits.</summary>
    public static KohyaOption<int> Whole(string name, long? @default = null) =>
        new KohyaOption<int>(name, OptionKind.Whole, @default, (v, _) => checked((int)(long)v))
            .From(int.MinValue)
            .To(int.MaxValue);

    /// <summary>A whole number of 64 bits.</summary>
    public static KohyaOption<long> Long(string name, long? @default = null) =>
        new(name, OptionKind.Whole, @default, (v, _) => (long)v);

    /// <summary>A real number.</summary>
    public static KohyaOption<double> Real(string name, double? @default = null) =>
        new KohyaOption<double>(name, OptionKind.Real, @default, (v, _) => Number(v)).From(-Most).To(Most);

    /// <summary>A number of steps, or a fraction of all.</summary>
    public static KohyaOption<double> Steps(string name, long @default) =>
        new KohyaOption<double>(name, OptionKind.Steps, @default, (v, _) => Number(v)).From(0);

    /// <summary>Text.</summary>
    public static KohyaOption<string> Str(string name, string? @default = null) =>
        new(name, OptionKind.Text, @default, (v, _) => (string)v);

    /// <summary>A file or folder that is read.</summary>
    public static KohyaOption<string> Input(string name) =>
        new(name, OptionKind.Text, null, (v, paths) => paths.Input((string)v));

    /// <summary>A file or folder that is written.</summary>
    public static KohyaOption<string> Output(string name) =>
        new(name, OptionKind.Text, null, (v, paths) => paths.Output((string)v));

    /// <summary>One of several names, each with its meaning.</summary>
    public static KohyaOption<T> Choice<T>(string name, string? @default, params (string Name, T Means)[] choices) =>
        new KohyaOption<T>(
            name,
            OptionKind.Text,
            @default,
            (v, _) => Array.Find(choices, c => c.Name == (string)v).Means
        ).OneOf([.. choices.Select(c => c.Name)]);

    /// <summary>A list of texts.</summary>
    public static KohyaOption<IReadOnlyList<string>> Texts(string name) =>
        new(name, OptionKind.Text, null, (v, _) => [.. ((List<object>)v).Cast<string>()]) { List = true };

    /// <summary>A list of real numbers.</summary>
    public static KohyaOption<IReadOnlyList<double>> Reals(string name) =>
        new(name, OptionKind.Real, null, (v, _) => [.. ((List<object>)v).Select(Number)]) { List = true };

    /// <summary>Width and height.</summary>
    public static KohyaOption<Size> Sides(string name) =>
        new KohyaOption<Size>(
            name,
            OptionKind.Size,
            null,
            (v, _) => v is List<object> { Count: 2 } pair ? new(Side(pair[0]), Side(pair[1])) : new(Side(v), Side(v))
        )
            .From(1)
            .To(1 << 20);

    /// <summary>Two real numbers.</summary>
    public static KohyaOption<IReadOnlyList<double>> Span(string name) =>
        new(name, OptionKind.Span, null, (v, _) => [.. ((List<object>)v).Select(Number)]);

    /// <summary>A table of a dataset config.</summary>
    public static KohyaOption<object> Table(string name) => new(name, OptionKind.Table, null, (v, _) => v);

    private static double Number(object value) => Convert.ToDouble(value, CultureInfo.InvariantCulture);

    private static int Side(object value) => checked((int)(long)value);
}
