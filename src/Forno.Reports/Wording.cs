using System.Globalization;

namespace Forno.Reports;

/// <summary>Words that console and pages share.</summary>
public static class Wording
{
    /// <summary>A file's name for the terminal: control characters do nothing there.</summary>
    public static string Shown(string name) =>
        string.Concat(
            name.Select(c =>
                c == '\n' ? "\\n"
                : char.IsControl(c) ? Invariant.Text($"\\u{(int)c:x4}")
                : c.ToString()
            )
        );

    /// <summary>A word for one or for several.</summary>
    public static string Counted(int count, string one) => count == 1 ? one : one + "s";

    /// <summary>A path, or any word, as a shell takes it.</summary>
    public static string Quoted(string path) =>
        path.Length > 0
        && path[0] != '='
        && path.All(c => char.IsLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or '+' or '=' or ':' or ',' or '@')
            ? path
            : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
