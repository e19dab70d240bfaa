using System.Buffers.Binary;
using Forno.Imaging.Png;

namespace Forno.Imaging.Frames;

/// <summary>
/// Reads the frames of an animated PNG one after another, composed as a viewer shows them. Format: the PNG
/// specification, third edition, section 11.3.6 (acTL, fcTL, fdAT): each frame is a small PNG whose data stand in
/// fdAT chunks; it is put on the canvas, and before the next one the canvas stays, is cleared there or goes back.
/// </summary>
public static class ApngReader
{
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <summary>The frames, 8-bit sRGB; the caller disposes each.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxPixels">Most pixels that the canvas may claim.</param>
    /// <exception cref="FornoException">While reading: the file is damaged, or claims too much.</exception>
    public static IEnumerable<Picture> Read(string path, long maxPixels = PictureFile.DefaultMaxPixels)
    {
        ClaimedSize.Check(path, maxPixels);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        file.Seek(Signature.Length, SeekOrigin.Begin);
        byte[] header = [];
        var shared = new MemoryStream(); // palette, transparency, colour space: they hold for all frames
        MemoryStream? data = null;
        Control? control = null;
        Canvas? canvas = null;
        while (true)
        {
            var (type, content) = Chunk(file, path);
            if (type is "fcTL" or "IEND" && control is { } shown && data is not null)
            {
                using var part = Picture.Decode(Png(header, shown, shared, data), path);
                yield return canvas!.Show(part, shown);
                data = null;
            }

            switch (type)
            {
                case "IHDR":
                    header = content.Length == 13 && canvas is null ? content : throw Damaged(path, "its header");
                    canvas = new Canvas(header, path);
                    break;
                case "fcTL":
                    control = Control.Read(content, canvas ?? throw Damaged(path, "the order of its parts"), path);
                    break;
                // Without a control before it the default image is no part of the animation.
                case "IDAT" when control is not null:
                    WriteChunk(data ??= new MemoryStream(), "IDAT", content);
                    break;
                case "fdAT" when control is not null && content.Length > 4:
                    WriteChunk(data ??= new MemoryStream(), "IDAT", content.AsSpan(4));
                    break;
                case "PLTE" or "tRNS" or "gAMA" or "sRGB" or "iCCP" or "cHRM":
                    WriteChunk(shared, type, content);
                    break;
                case "IEND":
                    yield break;
            }
        }
    }

    private static (string Type, byte[] Content) Chunk(FileStream file, string path)
    {
        Span<byte> head = stackalloc byte[8];
        if (file.ReadAtLeast(head, 8, throwOnEndOfStream: false) < 8)
        {
            throw Damaged(path, "its end is missing");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(head);
        if (length > file.Length - file.Position - 4)
        {
            throw Damaged(path, "it is cut off");
        }

        byte[] content = new byte[length];
        file.ReadExactly(content);
        string type = System.Text.Encoding.Latin1.GetString(head[4..]);
        Span<byte> sum = stackalloc byte[4];
        file.ReadExactly(sum);
        return PngText.Crc(head[4..], content) == BinaryPrimitives.ReadUInt32BigEndian(sum)
            ? (type, content)
            : throw Damaged(path, $"the checksum of its {type}");
    }

    private static byte[] Png(byte[] header, Control control, MemoryStream shared, MemoryStream data)
    {
        var png = new MemoryStream();
        png.Write(Signature);
        byte[] size = [.. header];
        BinaryPrimitives.WriteInt32BigEndian(size, control.Width);
        BinaryPrimitives.WriteInt32BigEndian(size.AsSpan(4), control.Height);
        WriteChunk(png, "IHDR", size);
        shared.WriteTo(png);
        data.WriteTo(png);
        WriteChunk(png, "IEND", []);
        return png.ToArray();
    }

    private static void WriteChunk(MemoryStream png, string type, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[4];
        byte[] name = System.Text.Encoding.Latin1.GetBytes(type);
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        png.Write(number);
        png.Write(name);
        png.Write(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, PngText.Crc(name, content));
        png.Write(number);
    }

    private static FornoException Damaged(string path, string what) => new($"{path}: a damaged animated PNG ({what})");

    private sealed record Control(int Left, int Top, int Width, int Height, int Dispose, bool Over)
    {
        public static Control Read(byte[] content, Canvas canvas, string path)
        {
            if (content.Length != 26)
            {
                throw Damaged(path, "a frame's description");
            }

            int At(int at) => BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(at));
            var control = new Control(At(12), At(16), At(4), At(8), content[24], content[25] == 1);
            bool inside =
                control is { Left: >= 0, Top: >= 0, Width: > 0, Height: > 0 }
                && control.Left <= canvas.Width - control.Width
                && control.Top <= canvas.Height - control.Height;
            return inside ? control : throw Damaged(path, "a frame is outside");
        }
    }

    private sealed class Canvas(byte[] header, string path)
    {
        private byte[] pixels = [];
        private Control? last;
        private byte[]? before;

        public int Width { get; } = BinaryPrimitives.ReadInt32BigEndian(header);

        public int Height { get; } = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4));

        public Picture Show(Picture part, Control control)
        {
            if (last is null)
            {
                pixels = new byte[checked(Width * Height * 4)];
                control = control with { Dispose = control.Dispose == 2 ? 1 : control.Dispose };
            }
            else if (last.Dispose == 1)
            {
                Clear(last);
            }
            else if (last.Dispose == 2)
            {
                before!.CopyTo(pixels, 0);
            }

            before = control.Dispose == 2 ? [.. pixels] : null;
            last = control;
            using var srgb = part.ToSrgb8();
            Draw(srgb.ToArray(), srgb.Bands, control);
            return Made();
        }

        private Picture Made()
        {
            using var full = Picture.FromPixels(pixels, Width, Height, 4, path);
            for (int i = 3; i < pixels.Length; i += 4)
            {
                if (pixels[i] < 255)
                {
                    return full.InMemory();
                }
            }

            using var opaque = full.Extract(0, 3);
            return opaque.InMemory();
        }

        private void Clear(Control control)
        {
            for (int y = 0; y < control.Height; y++)
            {
                Array.Clear(pixels, (((control.Top + y) * Width) + control.Left) * 4, control.Width * 4);
            }
        }

        private void Draw(byte[] part, int bands, Control control)
        {
            for (int y = 0; y < control.Height; y++)
            {
                for (int x = 0; x < control.Width; x++)
                {
                    var from = part.AsSpan(((y * control.Width) + x) * bands, bands);
                    var to = pixels.AsSpan((((control.Top + y) * Width) + control.Left + x) * 4, 4);
                    int alpha = bands == 4 ? from[3] : 255;
                    if (!control.Over || alpha == 255 || to[3] == 0)
                    {
                        from[..3].CopyTo(to);
                        to[3] = (byte)alpha;
                    }
                    else if (alpha > 0)
                    {
                        // over: straight alpha
                        double rest = to[3] * (255 - alpha) / 255.0;
                        double sum = alpha + rest;
                        for (int c = 0; c < 3; c++)
                        {
                            to[c] = (byte)Math.Round(((from[c] * alpha) + (to[c] * rest)) / sum);
                        }

                        to[3] = (byte)Math.Round(sum);
                    }
                }
            }
        }
    }
}
