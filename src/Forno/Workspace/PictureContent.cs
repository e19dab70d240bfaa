using Forno.Imaging;

namespace Forno.Workspace;

/// <summary>New picture files made of old ones, within bounded memory.</summary>
public static class PictureContent
{
    /// <summary>
    /// A picture as 8-bit sRGB PNG, upright, without loss. A PNG that is that already is copied byte for byte, once it
    /// has been decoded to its end.
    /// </summary>
    /// <param name="file">The source.</param>
    /// <param name="maxPixels">Larger ones are refused.</param>
    public static FileContent AsPng(string file, long maxPixels = PictureFile.DefaultMaxPixels) =>
        FileContent.Made(
            "PNG",
            () =>
            {
                var info = PictureFile.Inspect(file, maxPixels);
                using var share = PixelBudget.Take((long)info.Width * info.Height);
                if (info is { Format: "png", IsPlain: true, Turned: false, Frames: 1 })
                {
                    using var plain = Picture.LoadStreaming(file, useProfile: false, maxPixels);
                    plain.ReadStrips((_, _, _) => { });
                    return FileContent.Copying(file);
                }

                return Packed(file, maxPixels);
            }
        );

    /// <summary>A picture in changed form, in the format that the new name's extension tells.</summary>
    /// <param name="file">The source.</param>
    /// <param name="target">The new name: .png, .webp (without loss unless a quality is given) or .jpg.</param>
    /// <param name="edit">Makes the new picture of the old one, which is upright 8-bit sRGB.</param>
    /// <param name="quality">1–100 for .jpg and .webp; null = 95 for .jpg and without loss for .webp.</param>
    public static FileContent Edited(string file, string target, Func<Picture, Picture> edit, int? quality = null) =>
        FileContent.Made(
            "edited picture",
            () =>
            {
                var info = PictureFile.Inspect(file);
                using var share = PixelBudget.Take((long)info.Width * info.Height);
                using var picture = Picture.Load(file);
                using var srgb = picture.ToSrgb8();
                using var edited = edit(srgb);
                return Encode(edited, target, quality);
            }
        );

    /// <summary>A picture that is at hand, as PNG.</summary>
    internal static FileContent Png(Picture picture)
    {
        var write = picture.PackPng();
        return FileContent.Made("PNG", () => write);
    }

    // Rows go from the decoder to the packer; the picture is never whole in memory unless it must be turned.
    private static Action<Stream> Packed(string file, long maxPixels)
    {
        using var picture = Picture.LoadStreaming(file, useProfile: true, maxPixels);
        return picture.PackPng();
    }

    private static Action<Stream> Encode(Picture picture, string target, int? quality)
    {
        switch (Path.GetExtension(target).ToLowerInvariant())
        {
            case ".jpg" or ".jpeg":
                using (var opaque = picture.Flatten(Rgb.White))
                {
                    return Writing(opaque.EncodeJpeg(quality ?? 95));
                }

            case ".webp":
                return Writing(picture.EncodeWebp(quality ?? 100));
            default:
                return picture.PackPng();
        }
    }

    private static Action<Stream> Writing(byte[] bytes) => output => output.Write(bytes);
}
