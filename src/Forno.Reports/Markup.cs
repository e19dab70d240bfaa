using System.Globalization;
using System.Runtime.CompilerServices;

namespace Forno.Reports;

/// <summary>HTML as an interpolated string: what is written stands as it is, texts put in are escaped.</summary>
[InterpolatedStringHandler]
internal ref struct Markup
{
    private DefaultInterpolatedStringHandler html;

    /// <summary>Made by the compiler.</summary>
    public Markup(int literalLength, int formattedCount) =>
        html = new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture);

    /// <summary>Adds markup.</summary>
    public void AppendLiteral(string value) => html.AppendLiteral(value);

    /// <summary>Adds a text, escaped.</summary>
    public void AppendFormatted(string? value) => html.AppendLiteral(Html.Text(value ?? ""));

    /// <summary>Adds a number or another value that holds no markup.</summary>
    public void AppendFormatted<T>(T value, string? format = null)
        where T : struct => html.AppendFormatted(value, format);

    /// <inheritdoc/>
    public override string ToString() => html.ToStringAndClear();
}
