using Forno.Imaging;
using Forno.Imaging.Resampling;
using Forno.Torch;

namespace Forno.Data;

/// <summary>What a picture file's header tells.</summary>
/// <param name="Size">Size in pixels, upright.</param>
/// <param name="HasAlpha">Whether it has transparency, which training drops.</param>
public readonly record struct PictureInfo(Size Size, bool HasAlpha);

/// <summary>
/// Picture files as training input, by kohya's rules: colour profiles are ignored and alpha is dropped, then resize and
/// crop. Unlike there, EXIF orientation is applied: pictures are trained as people see them.
/// </summary>
public static class PictureLoader
{
    /// <summary>Reads a picture's header.</summary>
    /// <exception cref="FornoException">The file is no picture.</exception>
    public static PictureInfo Measure(string path)
    {
        using var picture = Picture.Load(path);
        using var upright = picture.Autorotate();
        return new PictureInfo(new Size(upright.Width, upright.Height), picture.HasAlpha);
    }

    /// <summary>Loads a planned draw.</summary>
    /// <returns>[3, height, width] of the bucket, fp32 in [−1, 1], in the current scope.</returns>
    /// <exception cref="FornoException">The file is damaged, or not the one that was scanned.</exception>
    public static Tensor Load(PlannedExample planned) =>
        Load(planned.Item, planned.CropLeft, planned.CropTop, planned.Flip);

    /// <summary>Loads a picture of a data set.</summary>
    /// <inheritdoc cref="Load(string, BucketFit, int, int, bool, bool)"/>
    public static Tensor Load(DatasetItem item, int cropLeft, int cropTop, bool flip) =>
        Load(item.Example.Path, item.Fit, cropLeft, cropTop, flip, item.Subset.AlphaMask);

    /// <summary>Loads a picture: resized, cropped, then mirrored if asked.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fit">Its sizes.</param>
    /// <param name="cropLeft">Left edge of the crop within the resized picture.</param>
    /// <param name="cropTop">Top edge of the crop within the resized picture.</param>
    /// <param name="flip">Whether to mirror it.</param>
    /// <param name="opacity">Whether transparency has a say in the resizing, as with <c>alpha_mask</c>.</param>
    /// <returns>[3, height, width] of the bucket, fp32 in [−1, 1], in the current scope.</returns>
    /// <exception cref="FornoException">The file is damaged, or not the one that was scanned.</exception>
    public static Tensor Load(string path, BucketFit fit, int cropLeft, int cropTop, bool flip, bool opacity = false)
    {
        byte[] pixels = Resized(path, fit, opacity);
        var (width, height) = (fit.Bucket.Width, fit.Bucket.Height);
        float[] planes = new float[3 * height * width];
        for (int y = 0; y < height; y++)
        {
            var row = pixels.AsSpan((((y + cropTop) * fit.Resized.Width) + cropLeft) * 3, width * 3);
            for (int x = 0; x < width; x++)
            {
                int at = (y * width) + (flip ? width - 1 - x : x);
                for (int c = 0; c < 3; c++)
                {
                    planes[(c * height * width) + at] = ((row[(x * 3) + c] / 255f) - 0.5f) / 0.5f;
                }
            }
        }

        return Tensor.From(planes, 3, height, width);
    }

    /// <summary>8-bit RGB, [height, width, 3].</summary>
    private static byte[] Resized(string path, BucketFit fit, bool opacity)
    {
        using var picture = Picture.Load(path);
        using var colour = picture.ToSrgb8(useProfile: false);
        if (new Size(colour.Width, colour.Height) != fit.Original)
        {
            throw new FornoException(
                $"{path}: it is {colour.Width}x{colour.Height} now but was {fit.Original} when it was "
                    + "scanned; start again without changing pictures meanwhile"
            );
        }

        // An area average looks at each channel alone, so only growing pictures need their transparency here.
        bool grows = fit.Resized.Width > fit.Original.Width || fit.Resized.Height > fit.Original.Height;
        if (opacity && grows && colour.Bands == 4)
        {
            return Opacity.Resize(
                colour.ToArray(),
                fit.Original.Width,
                fit.Original.Height,
                fit.Resized.Width,
                fit.Resized.Height
            );
        }

        using var opaque = colour.Bands == 3 ? null : colour.Extract(0, 3);
        return Resample.ForTraining(
            (opaque ?? colour).ToArray(),
            fit.Original.Width,
            fit.Original.Height,
            3,
            fit.Resized.Width,
            fit.Resized.Height
        );
    }
}
