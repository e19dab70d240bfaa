using System.Buffers.Binary;
using Forno.Imaging;
using Forno.Imaging.Vips;

namespace Forno.TestKit;

/// <summary>Pictures in formats that Forno reads and does not write, made by libvips or by hand.</summary>
internal static class OddFormats
{
    public static byte[] Avif(Picture picture) =>
        Save(picture, "heifsave_buffer", s => s.Set("compression", "av1").Set("Q", 70).Set("effort", 0));

    public static byte[] Heic(Picture picture) =>
        Save(picture, "heifsave_buffer", s => s.Set("compression", "hevc").Set("Q", 70).Set("effort", 0));

    public static byte[] Jxl(Picture picture) =>
        Save(picture, "jxlsave_buffer", s => s.Set("lossless", true).Set("effort", 3));

    public static byte[] Gif(Picture picture) => Save(picture, "gifsave_buffer", s => s.Set("effort", 1));

    /// <summary>A TIFF; several pictures of one size become its pages.</summary>
    public static byte[] Tiff(params Picture[] pages) =>
        Paged("tiffsave_buffer", pages, s => s.Set("compression", "lzw"));

    /// <summary>
    /// A TIFF whose further pages are smaller versions of the first, as cameras and viewers add them.
    /// </summary>
    public static byte[] WithPreview(Picture picture) =>
        Save(
            picture,
            "tiffsave_buffer",
            s => s.Set("pyramid", true).Set("tile", true).Set("tile-width", 64).Set("tile-height", 64)
        );

    public static byte[] AnimatedGif(params Picture[] frames) =>
        Paged("gifsave_buffer", frames, s => s.Set("effort", 1));

    public static byte[] AnimatedWebp(params Picture[] frames) =>
        Paged("webpsave_buffer", frames, s => s.Set("lossless", true));

    /// <summary>The picture in CMYK by libvips' own profile, which the file carries.</summary>
    public static Picture Cmyk(Picture picture)
    {
        using var convert = new VipsOperation("colourspace", "test");
        return convert.Set("in", picture).Set("space", "cmyk").Picture();
    }

    /// <summary>The same samples in 16 bits: v × 257.</summary>
    public static Picture Sixteen(Picture picture)
    {
        using var scale = new VipsOperation("linear", "test");
        using Picture scaled = scale.Set("in", picture).Set("a", [257.0]).Set("b", [0.0]).Picture();
        using var cast = new VipsOperation("cast", "test");
        using Picture words = cast.Set("in", scaled).Set("format", "ushort").Picture();
        using var copy = new VipsOperation("copy", "test");
        return copy.Set("in", words).Set("interpretation", "rgb16").Picture();
    }

    public static byte[] Png16(Picture picture)
    {
        using Picture deep = Sixteen(picture);
        return Save(deep, "pngsave_buffer", s => s.Set("bitdepth", 16));
    }

    public static byte[] Tiff16(Picture picture)
    {
        using Picture deep = Sixteen(picture);
        return Tiff(deep);
    }

    public static byte[] CmykTiff(Picture picture)
    {
        using Picture print = Cmyk(picture);
        return Tiff(print);
    }

    public static byte[] CmykJpeg(Picture picture)
    {
        using Picture print = Cmyk(picture);
        return Save(print, "jpegsave_buffer", s => s.Set("Q", 95));
    }

    /// <summary>A palette PNG; transparency goes into the palette.</summary>
    public static byte[] PalettePng(Picture picture) => Save(picture, "pngsave_buffer", s => s.Set("palette", true));

    /// <summary>24 bits, rows from the bottom up, padded to four bytes.</summary>
    public static byte[] Bmp(Picture picture)
    {
        using Picture opaque = picture.Flatten(Rgb.White);
        using Picture colour = opaque.ToSrgb8();
        byte[] rgb = colour.ToArray();
        int width = opaque.Width,
            height = opaque.Height,
            stride = ((width * 3) + 3) & ~3;
        byte[] file = new byte[54 + (stride * height)];
        "BM"u8.CopyTo(file);
        foreach (
            var (at, value) in ((int, int)[])
                [(2, file.Length), (10, 54), (14, 40), (18, width), (22, height), (26, 1 | (24 << 16))]
        )
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        }

        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                for (int c = 0; c < 3; c++)
                {
                    file[54 + ((height - 1 - y) * stride) + (x * 3) + c] = rgb[(((y * width) + x) * 3) + 2 - c];
                }
            }
        }

        return file;
    }

    /// <summary>A JPEG with an EXIF orientation.</summary>
    public static byte[] Turned(Picture picture, byte orientation)
    {
        byte[] exif =
        [
            0xFF,
            0xE1,
            0,
            34,
            .. "Exif\0\0MM\0*\0\0\0\x08\0\x01"u8,
            1,
            0x12,
            0,
            3,
            0,
            0,
            0,
            1,
            0,
            orientation,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        byte[] jpeg = picture.EncodeJpeg(92);
        return [.. jpeg[..2], .. exif, .. jpeg[2..]];
    }

    /// <summary>A PNG whose header claims 60,000 × 60,000 one-bit pixels, with a few bytes of data.</summary>
    public static byte[] Bomb()
    {
        var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        TestPictures.Chunk(
            file,
            "IHDR",
            [.. TestPictures.Number(60_000), .. TestPictures.Number(60_000), 1, 0, 0, 0, 0]
        );
        TestPictures.Chunk(file, "IDAT", [0x78, 0x9C, 3, 0, 0, 0, 0, 1]);
        TestPictures.Chunk(file, "IEND", []);
        return file.ToArray();
    }

    /// <summary>
    /// Whether this libvips can write a format; those of HEIC and JPEG XL are plugins on some systems.
    /// </summary>
    public static bool Writes(Func<Picture, byte[]> format)
    {
        try
        {
            using var dot = Picture.Solid(64, 64, Rgb.White);
            return format(dot).Length > 0;
        }
        catch (FornoException)
        {
            return false;
        }
    }

    private static byte[] Paged(string operation, Picture[] pages, Action<VipsOperation> settings)
    {
        using var join = new VipsOperation("arrayjoin", "test");
        using Picture strip = join.Set("in", pages).Set("across", 1).Picture();
        return Save(
            strip,
            operation,
            s =>
            {
                settings(s);
                s.Set("page-height", pages[0].Height);
            }
        );
    }

    private static byte[] Save(Picture picture, string operation, Action<VipsOperation> settings)
    {
        using var save = new VipsOperation(operation, "test");
        save.Set("in", picture);
        settings(save);
        return save.Bytes();
    }
}
