using Forno.Imaging;
using Forno.Imaging.Resampling;

namespace Forno.Datasets.Masks;

/// <summary>A picture made small, opaque, for looking at a mask's fit.</summary>
/// <param name="Rgb">[height, width, 3].</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
public sealed record PictureView(byte[] Rgb, int Width, int Height)
{
    /// <summary>The longer side at most.</summary>
    public const int Side = 256;

    /// <summary>The view of a picture.</summary>
    /// <param name="picture">Any picture; what is transparent counts as white.</param>
    /// <exception cref="FornoException">It is damaged.</exception>
    public static PictureView Of(Picture picture)
    {
        (int width, int height) = SizeOf(picture.Width, picture.Height);
        using Picture srgb = picture.ToSrgb8();
        using Picture opaque = srgb.Flatten(Forno.Imaging.Rgb.White);
        using Picture small = opaque.Resize(width, height, Kernel.Linear);
        return new PictureView(small.ToArray(), width, height);
    }

    /// <summary>The view of a picture that was squashed to another shape.</summary>
    /// <param name="rgb">[squashedHeight, squashedWidth, 3].</param>
    /// <param name="squashedWidth">Its columns.</param>
    /// <param name="squashedHeight">Its rows.</param>
    /// <param name="width">Columns of the picture itself.</param>
    /// <param name="height">Rows of the picture itself.</param>
    public static PictureView OfSquashed(byte[] rgb, int squashedWidth, int squashedHeight, int width, int height)
    {
        (int w, int h) = SizeOf(width, height);
        if (w <= squashedWidth && h <= squashedHeight)
        {
            return new PictureView(Resample.Area(rgb, squashedWidth, squashedHeight, 3, w, h), w, h);
        }

        using var picture = Picture.FromRgb(rgb, squashedWidth, squashedHeight);
        using Picture resized = picture.Resize(w, h, Kernel.Linear);
        return new PictureView(resized.ToArray(), w, h);
    }

    private static (int Width, int Height) SizeOf(int width, int height)
    {
        double scale = Math.Min(1, (double)Side / Math.Max(width, height));
        return (Math.Max(1, (int)Math.Round(width * scale)), Math.Max(1, (int)Math.Round(height * scale)));
    }
}
