using Forno.Imaging.Resampling;

namespace Forno.Imaging.Masks;

/// <summary>
/// A mask: one byte a pixel, 255 white (trained), 0 black (ignored), grey in between. Operations are pure and give a
/// new one.
/// </summary>
/// <param name="Samples">[height, width], row by row.</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
public sealed record MaskPlane(byte[] Samples, int Width, int Height)
{
    /// <summary>From here on a pixel counts as white.</summary>
    public const byte Half = 128;

    /// <summary>Reads a mask file; colours become grey, transparency black.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FornoException">It cannot be read.</exception>
    public static MaskPlane Load(string path)
    {
        using Picture picture = PictureFile.Inspect(path).Decode();
        using Picture opaque = picture.Flatten(Rgb.Black);
        byte[] rgb = opaque.ToArray(),
            grey = new byte[rgb.Length / 3];
        for (int i = 0; i < grey.Length; i++)
        {
            grey[i] = (byte)((299 * rgb[3 * i] + 587 * rgb[(3 * i) + 1] + 114 * rgb[(3 * i) + 2] + 500) / 1000);
        }

        return new MaskPlane(grey, opaque.Width, opaque.Height);
    }

    /// <summary>A picture's alpha; null if every pixel is opaque.</summary>
    /// <param name="picture">Any picture.</param>
    public static MaskPlane? OfAlpha(Picture picture)
    {
        using Picture srgb = picture.ToSrgb8();
        if (!srgb.HasAlpha)
        {
            return null;
        }

        using Picture alpha = srgb.Extract(srgb.Bands - 1);
        byte[] samples = alpha.ToArray();
        return samples.AsSpan().ContainsAnyExcept((byte)255) ? new MaskPlane(samples, alpha.Width, alpha.Height) : null;
    }

    /// <summary>The same at another size: averages where it shrinks, linear where it grows.</summary>
    /// <param name="width">New pixels in a row.</param>
    /// <param name="height">New rows.</param>
    public MaskPlane Resize(int width, int height)
    {
        if ((width, height) == (Width, Height))
        {
            return this;
        }

        if (width <= Width && height <= Height)
        {
            return new MaskPlane(Resample.Area(Samples, Width, Height, 1, width, height), width, height);
        }

        using var picture = Picture.FromPixels(Samples, Width, Height, 1, "mask");
        using Picture resized = picture.Resize(width, height, Kernel.Linear);
        return new MaskPlane(resized.ToArray(), width, height);
    }

    /// <summary>Black below a level, white from it on.</summary>
    /// <param name="level">0 to 1; the level of white is 1.</param>
    public MaskPlane Threshold(double level)
    {
        double limit = level * 255;
        return this with { Samples = Array.ConvertAll(Samples, s => s >= limit ? (byte)255 : (byte)0) };
    }

    /// <summary>
    /// White grows into black by a number of pixels, or shrinks if it is negative; in all directions alike (an
    /// octagon).
    /// </summary>
    /// <param name="pixels">How far.</param>
    public MaskPlane Grow(int pixels)
    {
        if (pixels == 0)
        {
            return this;
        }

        // Shrinking white is growing black.
        byte[] samples = pixels > 0 ? [.. Samples] : Array.ConvertAll(Samples, s => (byte)(255 - s));
        // A square and a diamond in turn, about 2 to 3, make an octagon: nearer to a circle than either.
        for (int step = 0; step < Math.Abs(pixels); step++)
        {
            samples = Spread(samples, Width, Height, diagonal: step % 5 is 1 or 3);
        }

        return this with
        {
            Samples = pixels > 0 ? samples : Array.ConvertAll(samples, s => (byte)(255 - s)),
        };
    }

    /// <summary>Softens the edge: a blur of three box averages in a row, about a Gaussian.</summary>
    /// <param name="pixels">Its standard deviation, 0 for none.</param>
    public MaskPlane Feather(double pixels)
    {
        if (pixels <= 0)
        {
            return this;
        }

        // Three boxes of 2r + 1 have the variance r(r + 1).
        int radius = Math.Max(1, (int)Math.Round((Math.Sqrt(1 + (4 * pixels * pixels)) - 1) / 2));
        float[] plane = Array.ConvertAll(Samples, s => (float)s),
            line = new float[Math.Max(Width, Height)];
        for (int turn = 0; turn < 3; turn++)
        {
            for (int y = 0; y < Height; y++)
            {
                Average(plane, y * Width, 1, Width, radius, line);
            }

            for (int x = 0; x < Width; x++)
            {
                Average(plane, x, Width, Height, radius, line);
            }
        }

        return this with
        {
            Samples = Array.ConvertAll(plane, v => (byte)Math.Clamp(MathF.Round(v), 0, 255)),
        };
    }

    /// <summary>As a picture.</summary>
    public Picture ToPicture() => Picture.FromPixels(Samples, Width, Height, 1, "mask");

    /// <summary>The mask's file, an 8-bit grey PNG.</summary>
    public byte[] EncodePng()
    {
        using Picture picture = ToPicture();
        return picture.EncodePng();
    }

    /// <summary>Intersection over union of the white parts of two masks of one size; 1 if both are black.</summary>
    /// <param name="other">The other.</param>
    public double Overlap(MaskPlane other)
    {
        if ((Width, Height) != (other.Width, other.Height))
        {
            throw new ArgumentException(
                $"masks of {Width}×{Height} and {other.Width}×{other.Height} cannot be compared",
                nameof(other)
            );
        }

        long both = 0,
            either = 0;
        for (int i = 0; i < Samples.Length; i++)
        {
            bool here = Samples[i] >= Half,
                there = other.Samples[i] >= Half;
            both += here && there ? 1 : 0;
            either += here || there ? 1 : 0;
        }

        return either == 0 ? 1 : (double)both / either;
    }

    // Every pixel becomes the lightest of itself and its neighbours.
    private static byte[] Spread(byte[] from, int width, int height, bool diagonal)
    {
        byte[] to = new byte[from.Length];
        for (int y = 0; y < height; y++)
        {
            int above = Math.Max(0, y - 1) * width,
                here = y * width,
                below = Math.Min(height - 1, y + 1) * width;
            for (int x = 0; x < width; x++)
            {
                int left = Math.Max(0, x - 1),
                    right = Math.Min(width - 1, x + 1);
                byte most = Math.Max(Math.Max(from[here + x], from[above + x]), from[below + x]);
                most = Math.Max(most, Math.Max(from[here + left], from[here + right]));
                if (diagonal)
                {
                    most = Math.Max(
                        most,
                        Math.Max(
                            Math.Max(from[above + left], from[above + right]),
                            Math.Max(from[below + left], from[below + right])
                        )
                    );
                }

                to[here + x] = most;
            }
        }

        return to;
    }

    // Moving average of a line in place; what lies outside is as the end.
    private static void Average(float[] plane, int start, int step, int count, int radius, float[] line)
    {
        for (int i = 0; i < count; i++)
        {
            line[i] = plane[start + (i * step)];
        }

        float share = 1f / ((2 * radius) + 1);
        double sum = 0;
        for (int i = -radius; i <= radius; i++)
        {
            sum += line[Math.Clamp(i, 0, count - 1)];
        }

        for (int i = 0; i < count; i++)
        {
            plane[start + (i * step)] = (float)(sum * share);
            sum += line[Math.Min(count - 1, i + radius + 1)] - line[Math.Max(0, i - radius)];
        }
    }
}
