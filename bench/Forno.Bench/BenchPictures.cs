using Forno.Imaging;
using Forno.Workspace;

namespace Forno.Bench;

/// <summary>The pictures that reading is measured on, and the floor: libvips decoding them.</summary>
internal static class BenchPictures
{
    /// <summary>Decodes every file to its end, with all cores.</summary>
    public static void Decode(PictureFolder pictures) =>
        Parallel.ForEach(
            pictures.Pictures,
            item =>
            {
                using var picture = Picture.LoadStreaming(item.File);
                picture.ReadStrips((_, _, _) => { });
            }
        );

    // Smooth fields with grain: compress about as photographs do. Half PNG, half JPEG, 3 to 6 megapixels.
    public static void Make(string folder, int count)
    {
        Directory.CreateDirectory(folder);
        for (int i = 0; i < count; i++)
        {
            string path = Path.Combine(folder, $"{i:000}{(i % 2 == 0 ? ".jpg" : ".png")}");
            if (File.Exists(path))
            {
                continue;
            }

            (int width, int height) = (2000 + (i % 4 * 250), 1500 + (i % 3 * 250));
            Save(path, width, height, i);
        }
    }

    /// <summary>Draws one; the name's extension says whether it is a JPEG or a PNG.</summary>
    public static void Save(string path, int width, int height, int seed)
    {
        var random = new Random(seed);
        byte[] small = new byte[24 * 18 * 3];
        random.NextBytes(small);
        using var coarse = Picture.FromRgb(small, 24, 18);
        using Picture field = coarse.Resize(width, height, Kernel.Cubic);
        byte[] pixels = field.ToArray(),
            grain = new byte[1 << 16];
        random.NextBytes(grain);
        for (int p = 0; p < pixels.Length; p++)
        {
            pixels[p] = (byte)Math.Clamp(pixels[p] + (grain[(p * 7919L) & 0xFFFF] % 9) - 4, 0, 255);
        }

        using var made = Picture.FromRgb(pixels, width, height);
        File.WriteAllBytes(
            path,
            path.EndsWith(".jpg", StringComparison.Ordinal) ? made.EncodeJpeg(90) : made.EncodePng(3)
        );
    }
}
