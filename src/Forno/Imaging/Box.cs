namespace Forno.Imaging;

/// <summary>A rectangle of pixels; the first pixel of a picture is (0, 0).</summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
public readonly record struct Box(int Left, int Top, int Width, int Height)
{
    /// <summary>Pixels inside.</summary>
    public long Area => (long)Width * Height;

    /// <inheritdoc/>
    public override string ToString() => Invariant.Text($"{Width}x{Height}+{Left}+{Top}");
}
