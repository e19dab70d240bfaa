using System.Buffers.Binary;
using Forno.Imaging;
using Forno.Imaging.Png;

namespace Forno.TestKit;

/// <summary>Small pictures with something in them.</summary>
internal static class TestPictures
{
    /// <summary>Noise of a seed in the middle, a border of one colour around.</summary>
    public static Picture Make(int width, int height, int seed, int border = 0, byte colour = 255)
    {
        var random = new Random(seed);
        byte[] pixels = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                bool inside = x >= border && y >= border && x < width - border && y < height - border;
                for (int c = 0; c < 3; c++)
                {
                    pixels[(((y * width) + x) * 3) + c] = inside ? (byte)random.Next(30, 200) : colour;
                }
            }
        }

        return Picture.FromRgb(pixels, width, height);
    }

    public static byte[] Png(int width, int height, int seed, int border = 0)
    {
        using Picture picture = Make(width, height, seed, border);
        return picture.EncodePng();
    }

    public static byte[] Jpeg(int width, int height, int seed)
    {
        using Picture picture = Make(width, height, seed);
        return picture.EncodeJpeg(95);
    }

    /// <summary>Half transparent, RGB and alpha.</summary>
    public static byte[] Transparent(int width, int height)
    {
        byte[] pixels = new byte[width * height * 4];
        for (int i = 0; i < width * height; i++)
        {
            pixels[i * 4] = 200;
            pixels[(i * 4) + 3] = (byte)(i % width < width / 2 ? 0 : 255);
        }

        using var picture = Picture.FromPixels(pixels, width, height, 4);
        return picture.EncodePng();
    }

    /// <summary>
    /// An animated PNG whose second frame is a small part, whose third clears it, by the specification's words.
    /// </summary>
    /// <param name="frames">Each: the part, where it lies, how it is disposed of, whether it is blended over.</param>
    public static byte[] Apng(
        int width,
        int height,
        params (Picture Part, int Left, int Top, byte Dispose, byte Blend)[] frames
    )
    {
        var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        uint sequence = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            var (part, left, top, dispose, blend) = frames[i];
            var chunks = Chunks(part.EncodePng());
            if (i == 0)
            {
                Chunk(file, "IHDR", chunks.First(c => c.Type == "IHDR").Data);
                Chunk(file, "acTL", [.. Number((uint)frames.Length), .. Number(0)]);
            }

            Chunk(
                file,
                "fcTL",
                [
                    .. Number(sequence++),
                    .. Number((uint)part.Width),
                    .. Number((uint)part.Height),
                    .. Number((uint)left),
                    .. Number((uint)top),
                    0,
                    1,
                    0,
                    10,
                    dispose,
                    blend,
                ]
            );
            foreach (var (_, data) in chunks.Where(c => c.Type == "IDAT"))
            {
                Chunk(file, i == 0 ? "IDAT" : "fdAT", i == 0 ? data : [.. Number(sequence++), .. data]);
            }
        }

        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    private static List<(string Type, byte[] Data)> Chunks(byte[] png)
    {
        var chunks = new List<(string, byte[])>();
        for (int at = 8; at < png.Length; )
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            chunks.Add((System.Text.Encoding.ASCII.GetString(png, at + 4, 4), png[(at + 8)..(at + 8 + length)]));
            at += 12 + length;
        }

        return chunks;
    }

    public static void Chunk(MemoryStream file, string type, byte[] data)
    {
        byte[] name = System.Text.Encoding.ASCII.GetBytes(type);
        file.Write(Number((uint)data.Length));
        file.Write(name);
        file.Write(data);
        file.Write(Number(PngText.Crc(name, data)));
    }

    public static byte[] Number(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
