using Forno.Imaging;

namespace Forno.Prepare;

/// <summary>New picture files made of old ones, within bounded memory.</summary>
public static class PictureContent
{
    // Work in progress is read more often than it is stored: zlib's fastest takes a tenth more space, a fifth of the time.
    private const int PngCompression = 1;

    /// <summary>
    /// A picture as 8-bit sRGB PNG, upright, without loss. A PNG that is that already is copied byte for byte, once it has
    /// been decoded to its end.
    /// </summary>
    /// <param name="file">The source.</param>
    /// <param name="maxPixels">Larger ones are refused.</param>
    public static FileContent AsPng(string file, long maxPixels = PictureFile.DefaultMaxPixels) => FileContent.Made("PNG", () =>
    {
        var info = PictureFile.Inspect(file, maxPixels);
        using var share = PixelBudget.Take((long)info.Width * info.Height);
        if (info is { Format: "png", IsPlain: true, Turned: false, Frames: 1 })
        {
            info.Decode().Dispose();
            return FileContent.Copying(file);
        }

        using var picture = Picture.Load(file);
        using var srgb = picture.ToSrgb8();
        return Writing(srgb.EncodePng(PngCompression));
    });

    /// <summary>A picture in changed form, in the format that the new name's extension tells.</summary>
    /// <param name="file">The source.</param>
    /// <param name="target">The new name: .png, .webp (without loss unless a quality is given) or .jpg.</param>
    /// <param name="edit">Makes the new picture of the old one, which is upright 8-bit sRGB.</param>
    /// <param name="quality">1–100 for .jpg and .webp; null = 95 for .jpg and without loss for .webp.</param>
    public static FileContent Edited(string file, string target, Func<Picture, Picture> edit, int? quality = null) => FileContent.Made("edited picture", () =>
    {
        var info = PictureFile.Inspect(file);
        using var share = PixelBudget.Take((long)info.Width * info.Height);
        using var picture = Picture.Load(file);
        using var srgb = picture.ToSrgb8();
        using var edited = edit(srgb);
        return Writing(Encode(edited, target, quality));
    });

    /// <summary>A picture that is at hand, as PNG.</summary>
    internal static FileContent Png(Picture picture)
    {
        var bytes = picture.EncodePng(PngCompression);
        return FileContent.Bytes("PNG", () => bytes);
    }

    private static byte[] Encode(Picture picture, string target, int? quality)
    {
        switch (Path.GetExtension(target).ToLowerInvariant())
        {
            case ".jpg" or ".jpeg":
                using (var opaque = picture.Flatten(Rgb.White))
                {
                    return opaque.EncodeJpeg(quality ?? 95);
                }

            case ".webp":
                return picture.EncodeWebp(quality ?? 100);
            default:
                return picture.EncodePng(PngCompression);
        }
    }

    private static Action<Stream> Writing(byte[] bytes) => output => output.Write(bytes);
}
