using System.Buffers.Binary;
using System.Globalization;
using Forno.Imaging;

namespace Forno.TestKit;

/// <summary>
/// Tiny files that claim 65,535 × 65,535 pixels, or as many as their decoders let pass, each in another place. The
/// largest that WebP can say, and BMP and HEIF without another limit being met, is about 16,000 × 16,000.
/// </summary>
internal static class HostileSizes
{
    private const int Side = 65_535;

    public static Dictionary<string, byte[]> All()
    {
        using Picture small = TestPictures.Make(40, 30, 1),
            other = TestPictures.Make(40, 30, 2);
        var files = new Dictionary<string, byte[]>
        {
            ["still.png"] = Png(animated: false),
            ["moving.png"] = Png(animated: true),
            ["screen.gif"] = Gif(Side, Side, 0, 0, 2, 2),
            ["moving.gif"] = GifScreen(OddFormats.AnimatedGif(small, other)),
            ["frame.gif"] = Gif(16, 16, 0, 0, Side, Side),
            ["far.gif"] = Gif(16, 16, Side - 2, Side - 2, 2, 2),
            ["second.gif"] = Gif(16, 16, 0, 0, 2, 2, 0, 0, Side, Side),
            ["moving.webp"] = WebpCanvas(OddFormats.AnimatedWebp(small, other), 16_383),
            ["huge.webp"] = WebpCanvas(OddFormats.AnimatedWebp(small, other), 1 << 24),
            ["still.webp"] = WebpCanvas(OddFormats.AnimatedWebp(small, other), 16_383, animated: false),
            ["lossless.webp"] = Riff("VP8L", [0x2F, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0, 0, 0]),
            ["lossy.webp"] = Riff("VP8 ", [0x10, 0, 0, 0x9D, 1, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F, 0, 0]),
            ["bitmap.bmp"] = Bmp(15_999, 15_999),
            ["downwards.bmp"] = Bmp(15_999, -15_999),
            ["old.bmp"] = [.. BmpHead(26, 12), .. Words(Side, Side, 1, 24), 1, 2, 3, 4],
            ["page.tif"] = Tiff(OddFormats.Tiff(small), page: 0),
            ["later.tif"] = Tiff(OddFormats.Tiff(small, other), page: 1),
            ["still.avif"] = Ispe(OddFormats.Avif(small), 16_000),
            ["rows.ppm"] = [.. "P6\n65535 65535\n255\n"u8, 0, 0, 0],
            ["frame.jpg"] = Jpeg(small.EncodeJpeg(90)),
        };
        return files;
    }

    /// <summary>The same of HEIC, for machines that make some.</summary>
    public static byte[] Heic()
    {
        using Picture square = TestPictures.Make(64, 64, 3);
        return Ispe(OddFormats.Heic(square), 16_000);
    }

    /// <summary>
    /// A bare JPEG XL codestream, bits from the lowest: not small; 18 bits of height − 1; as wide as high; the rest
    /// by default.
    /// </summary>
    public static byte[] Jxl() =>
        [0xFF, 0x0A, .. Little(0b0 | (0b10 << 1) | ((Side - 1) << 3) | (1 << 21) | (1 << 24)), .. new byte[32]];

    private static byte[] Png(bool animated)
    {
        var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        TestPictures.Chunk(file, "IHDR", [.. TestPictures.Number(Side), .. TestPictures.Number(Side), 1, 0, 0, 0, 0]);
        if (animated)
        {
            TestPictures.Chunk(file, "acTL", [.. TestPictures.Number(2), .. TestPictures.Number(0)]);
            TestPictures.Chunk(file, "fcTL", [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, .. new byte[14]]);
        }

        TestPictures.Chunk(file, "IDAT", [0x78, 0x9C, 3, 0, 0, 0, 0, 1]);
        TestPictures.Chunk(file, "IEND", []);
        return file.ToArray();
    }

    // Frames: left, top, width, height each; two colours, four pixels of data.
    private static byte[] Gif(int width, int height, params int[] frames)
    {
        var file = new MemoryStream();
        file.Write([.. "GIF89a"u8, .. Words(width, height), 0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
        foreach (int[] frame in frames.Chunk(4))
        {
            file.Write([0x2C, .. Words(frame), 0, 2, 3, 0x44, 0x02, 0x05, 0]);
        }

        file.WriteByte(0x3B);
        return file.ToArray();
    }

    private static byte[] GifScreen(byte[] gif) => [.. gif[..6], .. Words(Side, Side), .. gif[10..]];

    // VP8X: flags, three bytes reserved, width − 1 and height − 1 of three bytes each.
    private static byte[] WebpCanvas(byte[] webp, int side, bool animated = true)
    {
        byte[] file = [.. webp],
            claim = Little(side - 1)[..3];
        file[20] = (byte)(animated ? file[20] : file[20] & ~2);
        claim.CopyTo(file, 24);
        claim.CopyTo(file, 27);
        return file;
    }

    private static byte[] Riff(string type, byte[] data)
    {
        byte[] name = System.Text.Encoding.ASCII.GetBytes(type);
        return [.. "RIFF"u8, .. Little(data.Length + 12), .. "WEBP"u8, .. name, .. Little(data.Length), .. data];
    }

    private static byte[] Bmp(int width, int height) =>
        [.. BmpHead(54, 40), .. Little(width), .. Little(height), 1, 0, 24, 0, .. new byte[24], 1, 2, 3, 4];

    private static byte[] BmpHead(int data, int header) =>
        [.. "BM"u8, .. Little(data + 4), .. Little(0), .. Little(data), .. Little(header)];

    // ImageWidth (256) and ImageLength (257) of a page, which stand first in its directory.
    private static byte[] Tiff(byte[] tiff, int page)
    {
        byte[] file = [.. tiff];
        int at = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(4));
        for (; page > 0; page--)
        {
            at = BinaryPrimitives.ReadInt32LittleEndian(
                file.AsSpan(at + 2 + (12 * BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at))))
            );
        }

        for (int entry = at + 2; ; entry += 12)
        {
            ushort tag = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(entry));
            if (tag is not (254 or 255 or 256 or 257))
            {
                return file;
            }

            if (tag is 256 or 257)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(entry + 2), 4);
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(entry + 8), Side);
            }
        }
    }

    // Every "ispe" of a HEIF file: the size of an item.
    private static byte[] Ispe(byte[] file, uint side)
    {
        byte[] patched = [.. file];
        for (int at = 0; file.AsSpan(at).IndexOf("ispe"u8) is >= 0 and int next; )
        {
            at += next + 8;
            TestPictures.Number(side).CopyTo(patched, at);
            TestPictures.Number(side).CopyTo(patched, at + 4);
        }

        return patched;
    }

    // SOF0: marker, length, precision, height, width.
    private static byte[] Jpeg(byte[] jpeg)
    {
        byte[] file = [.. jpeg];
        int at = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]) + 5;
        (file[at], file[at + 1], file[at + 2], file[at + 3]) = (0xFF, 0xDC, 0xFF, 0xDC);
        return file;
    }

    private static byte[] Words(params int[] values) => [.. values.SelectMany(v => new[] { (byte)v, (byte)(v >> 8) })];

    private static byte[] Little(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
