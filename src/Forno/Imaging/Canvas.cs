namespace Forno.Imaging;

/// <summary>
/// An opaque 8-bit RGB sheet in memory on which pictures and words are laid one after another: grids, contact sheets,
/// before-and-after sheets. Not for several threads at once.
/// </summary>
public sealed class Canvas
{
    private readonly byte[] pixels;

    /// <summary>A sheet of one colour.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="background">Its colour.</param>
    public Canvas(int width, int height, Rgb background)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        Width = width;
        Height = height;
        pixels = new byte[checked(width * height * 3)];
        for (int i = 0; i < pixels.Length; i += 3)
        {
            (pixels[i], pixels[i + 1], pixels[i + 2]) = (background.R, background.G, background.B);
        }
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>
    /// Lays a picture down; its alpha, if any, lets the sheet show through. What reaches over the edge is cut off.
    /// </summary>
    /// <param name="picture">Any picture; turned into 8-bit sRGB.</param>
    /// <param name="left">Column of its first pixel; may be negative.</param>
    /// <param name="top">Row of its first pixel; may be negative.</param>
    public void Draw(Picture picture, int left, int top)
    {
        using Picture srgb = picture.ToSrgb8();
        Draw(srgb.ToArray(), srgb.Width, srgb.Height, srgb.Bands, left, top);
    }

    /// <summary>Lays pixels down.</summary>
    /// <param name="samples">[height, width, bands], row by row.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="bands">3: RGB; 4: RGB and alpha.</param>
    /// <param name="left">Column of the first pixel; may be negative.</param>
    /// <param name="top">Row of the first pixel; may be negative.</param>
    public void Draw(ReadOnlySpan<byte> samples, int width, int height, int bands, int left, int top)
    {
        if (bands is not (3 or 4) || samples.Length < (long)width * height * bands)
        {
            throw new ArgumentException(
                $"{samples.Length} samples do not make {width}×{height} pixels of {bands} bands",
                nameof(samples)
            );
        }

        for (int y = Math.Max(0, -top); y < Math.Min(height, Height - top); y++)
        {
            for (int x = Math.Max(0, -left); x < Math.Min(width, Width - left); x++)
            {
                ReadOnlySpan<byte> from = samples.Slice(((y * width) + x) * bands, bands);
                Span<byte> to = pixels.AsSpan((((top + y) * Width) + left + x) * 3, 3);
                int alpha = bands == 4 ? from[3] : 255;
                for (int c = 0; c < 3; c++)
                {
                    to[c] = (byte)(((from[c] * alpha) + (to[c] * (255 - alpha)) + 127) / 255);
                }
            }
        }
    }

    /// <summary>Writes words on the sheet.</summary>
    /// <param name="text">Plain text.</param>
    /// <param name="left">Column where the ink begins.</param>
    /// <param name="top">Row where the ink begins.</param>
    /// <param name="pixels">Height of the font in pixels.</param>
    /// <param name="colour">The ink.</param>
    /// <param name="maxWidth">Where lines wrap, in pixels; 0: never.</param>
    /// <returns>Width and height of the ink.</returns>
    public (int Width, int Height) Write(string text, int left, int top, int pixels, Rgb colour, int maxWidth = 0)
    {
        using var ink = Picture.Text(text, pixels, colour, maxWidth: maxWidth);
        Draw(ink, left, top);
        return (ink.Width, ink.Height);
    }

    /// <summary>The sheet as a picture; later drawing does not change it.</summary>
    public Picture ToPicture() => Picture.FromRgb(pixels, Width, Height);
}
