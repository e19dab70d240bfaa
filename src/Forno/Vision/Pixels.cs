using Forno.Imaging;

namespace Forno.Vision;

/// <summary>8-bit samples in memory, [height, width, bands], row by row.</summary>
internal readonly record struct Pixels(byte[] Samples, int Width, int Height, int Bands)
{
    /// <summary>Room for a picture.</summary>
    /// <exception cref="FornoException">It is larger than one array can be.</exception>
    public static Pixels Of(long width, long height, int bands, string source) =>
        width * height * bands <= Array.MaxLength
            ? new Pixels(
                GC.AllocateUninitializedArray<byte>((int)(width * height * bands)),
                (int)width,
                (int)height,
                bands
            )
            : throw FornoException.ForFile(
                source,
                $"{width}×{height} pixels do not fit into memory",
                "Upscale by less (--scale, --resolution, a model of a smaller scale), or cut the picture first."
            );

    /// <summary>A picture's samples as 8-bit sRGB, upright, with alpha if it has any.</summary>
    public static Pixels Of(Picture picture)
    {
        using Picture srgb = picture.ToSrgb8();
        return new Pixels(srgb.ToArray(), srgb.Width, srgb.Height, srgb.Bands);
    }

    /// <summary>Whether any pixel is not opaque.</summary>
    public bool IsTransparent()
    {
        for (int i = 3; Bands == 4 && i < Samples.Length; i += 4)
        {
            if (Samples[i] != 255)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The first three channels.</summary>
    public Pixels Colour()
    {
        if (Bands == 3)
        {
            return this;
        }
        byte[] rgb = GC.AllocateUninitializedArray<byte>(Width * Height * 3);
        for (int i = 0, at = 0; at < rgb.Length; i += 4, at += 3)
        {
            (rgb[at], rgb[at + 1], rgb[at + 2]) = (Samples[i], Samples[i + 1], Samples[i + 2]);
        }
        return new Pixels(rgb, Width, Height, 3);
    }

    /// <summary>The last channel of four.</summary>
    public Pixels Alpha()
    {
        byte[] alpha = GC.AllocateUninitializedArray<byte>(Width * Height);
        for (int i = 0; i < alpha.Length; i++)
        {
            alpha[i] = Samples[(i * 4) + 3];
        }
        return new Pixels(alpha, Width, Height, 1);
    }

    /// <summary>Colour and alpha of one size as RGBA.</summary>
    public static Pixels Join(Pixels colour, Pixels alpha, string source)
    {
        Pixels joined = Of(colour.Width, colour.Height, 4, source);
        for (int i = 0, c = 0; i < alpha.Samples.Length; i++, c += 3)
        {
            colour.Samples.AsSpan(c, 3).CopyTo(joined.Samples.AsSpan(i * 4));
            joined.Samples[(i * 4) + 3] = alpha.Samples[i];
        }
        return joined;
    }

    /// <summary>As a picture (a copy).</summary>
    public Picture ToPicture(string source) => Picture.FromPixels(Samples, Width, Height, Bands, source);
}
