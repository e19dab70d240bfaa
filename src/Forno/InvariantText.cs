using System.Globalization;
using System.Runtime.CompilerServices;

namespace Forno;

/// <summary>Text whose numbers are written the same on every machine.</summary>
public static class Invariant
{
    /// <summary>An interpolated string in the invariant culture.</summary>
    /// <param name="text">The string, <c>$"{x:0.00}"</c>; several may be joined by <c>+</c>.</param>
    public static string Text(InvariantText text) => text.ToString();
}

/// <summary>What the compiler makes of an interpolated string for <see cref="Invariant.Text"/>.</summary>
[InterpolatedStringHandler]
public ref struct InvariantText
{
    private DefaultInterpolatedStringHandler text;

    /// <summary>Made by the compiler.</summary>
    public InvariantText(int literalLength, int formattedCount) =>
        text = new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture);

    /// <summary>Adds fixed text.</summary>
    public void AppendLiteral(string value) => text.AppendLiteral(value);

    /// <summary>Adds a value.</summary>
    public void AppendFormatted<T>(T value) => text.AppendFormatted(value);

    /// <summary>Adds a value in a format.</summary>
    public void AppendFormatted<T>(T value, string? format) => text.AppendFormatted(value, format);

    /// <summary>Adds a value, aligned.</summary>
    public void AppendFormatted<T>(T value, int alignment, string? format = null) =>
        text.AppendFormatted(value, alignment, format);

    /// <inheritdoc/>
    public override string ToString() => text.ToStringAndClear();
}
