namespace Forno.Imaging.Resampling;

/// <summary>Resizing of pictures with transparency as Pillow does it: what is hardly seen hardly counts.</summary>
public static class Opacity
{
    /// <summary>
    /// Pillow's <c>RGBA → RGBa → LANCZOS → RGBA</c>, then the colours alone: they are multiplied by opacity before the
    /// resizing and divided by it after, each step rounded to 8 bits as there.
    /// </summary>
    /// <param name="source">[height, width, 4]; overwritten.</param>
    /// <param name="width">The source's columns.</param>
    /// <param name="height">The source's rows.</param>
    /// <param name="newWidth">Columns wanted.</param>
    /// <param name="newHeight">Rows wanted.</param>
    /// <returns>[newHeight, newWidth, 3].</returns>
    public static byte[] Resize(Span<byte> source, int width, int height, int newWidth, int newHeight)
    {
        for (int i = 0; i < source.Length; i += 4)
        {
            int alpha = source[i + 3];
            for (int c = 0; c < 3; c++)
            {
                int product = (source[i + c] * alpha) + 128;
                source[i + c] = (byte)(((product >> 8) + product) >> 8);
            }
        }

        byte[] resized = Resample.Lanczos(source, width, height, 4, newWidth, newHeight);
        byte[] colours = new byte[newWidth * newHeight * 3];
        for (int from = 0, to = 0; from < resized.Length; from += 4, to += 3)
        {
            int alpha = resized[from + 3];
            for (int c = 0; c < 3; c++)
            {
                int value = resized[from + c];
                colours[to + c] = alpha is 0 or 255 ? (byte)value : (byte)Math.Min(255, 255 * value / alpha);
            }
        }

        return colours;
    }
}
