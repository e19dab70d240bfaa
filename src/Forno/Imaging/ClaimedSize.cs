using System.Buffers.Binary;
using System.Globalization;

namespace Forno.Imaging;

/// <summary>
/// How large a picture file says it is, by the bytes of its header alone. Decoders may allocate what a header claims as
/// soon as they open it (WebP, BMP), or pass over the claim and read what is there (the screen of a GIF): so it is
/// looked at before any of them sees the file.
/// </summary>
internal static class ClaimedSize
{
    /// <summary>Refuses a file whose picture or canvas is too large, before it is opened as a picture.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxPixels">Most pixels that it may claim.</param>
    /// <exception cref="FornoException">It claims more, or cannot be read.</exception>
    public static void Check(string path, long maxPixels)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var (width, height) = Of(file);
            Check(path, width, height, maxPixels);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FornoException($"{path}: cannot be read ({e.Message})", e);
        }
    }

    /// <summary>Refuses a size that is too large.</summary>
    /// <param name="source">What claims it; the message begins with it.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="maxPixels">Most pixels.</param>
    /// <exception cref="FornoException">It has more pixels.</exception>
    public static void Check(string source, long width, long height, long maxPixels)
    {
        if (width * height > maxPixels)
        {
            string claim = $"it claims {width}×{height} = {Millions(width * height)} megapixels";
            throw new FornoException($"{source}: {claim}; at most {Millions(maxPixels)} are read");
        }
    }

    // (0, 0) for kinds whose decoders tell the size before they allocate anything: then the opened picture is looked
    // at.
    private static (long Width, long Height) Of(FileStream file)
    {
        byte[] head = new byte[PictureFormat.HeadLength];
        Array.Resize(ref head, file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false));
        return PictureFormat.Detect(head) switch
        {
            "png" when head.Length >= 24 => (Big(head, 16), Big(head, 20)),
            "gif" when head.Length >= 13 => Gif(file, head),
            "webp" when head.Length >= 30 => Webp(head),
            "bmp" when head.Length >= 26 => Bmp(head),
            _ => (0, 0),
        };
    }

    // The screen, or what reaches farther: a frame lies anywhere.
    private static (long Width, long Height) Gif(FileStream file, ReadOnlySpan<byte> head)
    {
        (long width, long height) = (Word(head, 6), Word(head, 8));
        file.Position = 13 + ColourTable(head[10]);
        Span<byte> frame = stackalloc byte[9];
        while (true)
        {
            switch (file.ReadByte())
            {
                case 0x21: // an extension: its label, then blocks
                    file.ReadByte();
                    break;
                case 0x2C when file.ReadAtLeast(frame, 9, throwOnEndOfStream: false) == 9:
                    width = Math.Max(width, Word(frame, 0) + Word(frame, 4));
                    height = Math.Max(height, Word(frame, 2) + Word(frame, 6));
                    file.Position += ColourTable(frame[8]) + 1;
                    break;
                default:
                    return (width, height);
            }

            for (int length = file.ReadByte(); length > 0; length = file.ReadByte())
            {
                file.Position += length;
            }
        }
    }

    private static int ColourTable(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);

    // RIFF's first chunk: the canvas of an extended file, or the frame itself.
    private static (long Width, long Height) Webp(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> kind = head[12..16],
            data = head[20..];
        if (kind.SequenceEqual("VP8X"u8))
        {
            return (1 + (data[4] | (data[5] << 8) | (data[6] << 16)), 1 + (data[7] | (data[8] << 8) | (data[9] << 16)));
        }

        if (kind.SequenceEqual("VP8L"u8))
        {
            int bits = Little(data, 1);
            return (1 + (bits & 0x3FFF), 1 + ((bits >> 14) & 0x3FFF));
        }

        return kind.SequenceEqual("VP8 "u8) ? (Word(data, 6) & 0x3FFF, Word(data, 8) & 0x3FFF) : (0, 0);
    }

    // OS/2's header has sizes of two bytes; rows from the top have a negative height.
    private static (long Width, long Height) Bmp(ReadOnlySpan<byte> head) =>
        head[14] == 12
            ? (Word(head, 18), Word(head, 20))
            : (Math.Abs((long)Little(head, 18)), Math.Abs((long)Little(head, 22)));

    private static string Millions(long pixels) => (pixels / 1e6).ToString("0", CultureInfo.InvariantCulture);

    private static uint Big(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    private static int Little(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);

    private static int Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
}
