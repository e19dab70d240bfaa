namespace Forno.Imaging;

/// <summary>A size in pixels.</summary>
/// <param name="Width">Pixels across.</param>
/// <param name="Height">Pixels down.</param>
public readonly record struct Size(int Width, int Height) : IComparable<Size>
{
    /// <summary>Width over height.</summary>
    public double Aspect => (double)Width / Height;

    /// <summary>Pixels in all.</summary>
    public long Area => (long)Width * Height;

    /// <summary>Orders by width, then height.</summary>
    public int CompareTo(Size other) => (Width, Height).CompareTo((other.Width, other.Height));

    /// <inheritdoc/>
    public override string ToString() => $"{Width}x{Height}";
}
