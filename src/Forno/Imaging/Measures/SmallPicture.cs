namespace Forno.Imaging.Measures;

/// <summary>
/// A picture squashed to a square of luma and half as large squares of chroma (JPEG's YCbCr): what pictures are
/// compared by. Luma is [side, side], Cb and Cr are [side/2, side/2], one byte each.
/// </summary>
/// <param name="Luma">0 black to 255 white.</param>
/// <param name="Cb">Blue less luma, around 128.</param>
/// <param name="Cr">Red less luma, around 128.</param>
public sealed record SmallPicture(byte[] Luma, byte[] Cb, byte[] Cr)
{
    /// <summary>Side of the small pictures that <see cref="PictureScanner"/> makes.</summary>
    public const int ScanSide = 64;

    /// <summary>Pixels of a side of the luma.</summary>
    public int Side => (int)Math.Sqrt(Luma.Length);

    /// <summary>A small picture of RGB squares.</summary>
    /// <param name="red">[side, side], 0–255.</param>
    /// <param name="green">[side, side].</param>
    /// <param name="blue">[side, side].</param>
    /// <param name="side">Even.</param>
    public static SmallPicture From(
        ReadOnlySpan<float> red,
        ReadOnlySpan<float> green,
        ReadOnlySpan<float> blue,
        int side
    )
    {
        int half = side / 2;
        var small = new SmallPicture(new byte[side * side], new byte[half * half], new byte[half * half]);
        for (int i = 0; i < side * side; i++)
        {
            small.Luma[i] = Byte((0.299f * red[i]) + (0.587f * green[i]) + (0.114f * blue[i]));
        }

        for (int y = 0; y < half; y++)
        {
            for (int x = 0; x < half; x++)
            {
                int at = (2 * y * side) + (2 * x);
                float r = Four(red, at, side),
                    g = Four(green, at, side),
                    b = Four(blue, at, side);
                small.Cb[(y * half) + x] = Byte(128 - (0.168736f * r) - (0.331264f * g) + (0.5f * b));
                small.Cr[(y * half) + x] = Byte(128 + (0.5f * r) - (0.418688f * g) - (0.081312f * b));
            }
        }

        return small;
    }

    /// <summary>The same mirrored left to right.</summary>
    public SmallPicture Mirrored() => new(Mirror(Luma), Mirror(Cb), Mirror(Cr));

    private static byte[] Mirror(byte[] plane)
    {
        int side = (int)Math.Sqrt(plane.Length);
        byte[] mirrored = [.. plane];
        for (int y = 0; y < side; y++)
        {
            mirrored.AsSpan(y * side, side).Reverse();
        }

        return mirrored;
    }

    private static float Four(ReadOnlySpan<float> plane, int at, int side) =>
        (plane[at] + plane[at + 1] + plane[at + side] + plane[at + side + 1]) / 4;

    private static byte Byte(float value) => (byte)Math.Clamp(MathF.Round(value), 0, 255);
}
