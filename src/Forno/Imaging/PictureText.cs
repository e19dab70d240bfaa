using System.Buffers.Binary;
using System.Text;
using Forno.Files;
using Forno.Imaging.Png;

namespace Forno.Imaging;

/// <summary>
/// The text that generators leave in pictures: PNG's keyword "parameters", EXIF's UserComment in JPEG and WebP (tag
/// 0x9286, Exif 2.32 section 4.6.5), GIF's comment extension. Files may be hostile.
/// </summary>
public static class PictureText
{
    private const int MaxText = 1 << 20;

    /// <summary>Finds the text.</summary>
    /// <param name="file">The encoded picture.</param>
    /// <param name="name">Its name, for errors.</param>
    /// <returns>The text, or null if the picture has none.</returns>
    /// <exception cref="FornoException">The file is damaged or of another kind.</exception>
    public static string? Read(ReadOnlySpan<byte> file, string name)
    {
        if (PngText.IsPng(file))
        {
            return PngText.Read(file, name).GetValueOrDefault(PngText.Parameters);
        }

        try
        {
            if (file.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8]))
            {
                return Jpeg(file);
            }

            if (file.StartsWith("RIFF"u8) && file.Length >= 12 && file.Slice(8, 4).SequenceEqual("WEBP"u8))
            {
                return WebP(file);
            }

            return file.StartsWith("GIF8"u8)
                ? Gif(file)
                : throw new CorruptFileException("it is not a PNG, JPEG, WebP or GIF picture");
        }
        catch (CorruptFileException e)
        {
            throw FornoException.ForFile(
                name,
                $"its text cannot be read: {e.Message}",
                "Save or export the picture again.",
                e
            );
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            // slices past the end: every read here is a bounds-checked slice of the file
            throw FornoException.ForFile(
                name,
                "its text cannot be read: it ends too early, or points outside of itself",
                "Save or export the picture again.",
                e
            );
        }
    }

    private static string? Jpeg(ReadOnlySpan<byte> file)
    {
        for (int at = 2; ; )
        {
            if (file[at] != 0xff)
            {
                throw new CorruptFileException("a segment is not where it should be");
            }

            byte marker = file[at + 1];
            if (marker is 0xff)
            {
                at++; // fill byte
                continue;
            }

            if (marker is 0xda or 0xd9)
            {
                return null; // the picture's data begin, or it ends
            }

            if (marker is 0x01 or (>= 0xd0 and <= 0xd7))
            {
                at += 2;
                continue;
            }

            ushort length = BinaryPrimitives.ReadUInt16BigEndian(file.Slice(at + 2, 2));
            var segment = file.Slice(at + 4, length - 2);
            if (marker == 0xe1 && segment.StartsWith("Exif\0\0"u8))
            {
                return UserComment(segment[6..]);
            }

            at += 2 + length;
        }
    }

    private static string? WebP(ReadOnlySpan<byte> file)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(file[4..]) > file.Length - 8)
        {
            throw new CorruptFileException("it ends too early");
        }

        for (int at = 12; at < file.Length; )
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(file.Slice(at + 4, 4));
            var data = file.Slice(at + 8, (int)Math.Min(length, int.MaxValue));
            if (file.Slice(at, 4).SequenceEqual("EXIF"u8))
            {
                return UserComment(data.StartsWith("Exif\0\0"u8) ? data[6..] : data);
            }

            at = checked(at + 8 + data.Length + (data.Length & 1));
        }

        return null;
    }

    /// <summary>A TIFF block: the first directory points to the Exif directory, which has the comment.</summary>
    private static string? UserComment(ReadOnlySpan<byte> tiff)
    {
        bool little = tiff.StartsWith("II*\0"u8);
        if (!little && !tiff.StartsWith("MM\0*"u8))
        {
            throw new CorruptFileException("its EXIF block has no TIFF header");
        }

        if (Find(tiff, little, Number(tiff, 4, little), 0x8769, out _, out _) is not { } pointer)
        {
            return null;
        }

        if (
            Find(tiff, little, Number(tiff, pointer, little), 0x9286, out ushort type, out uint count) is not { } value
            || type != 7
        )
        {
            return null;
        }

        if (count < 8 || count > MaxText)
        {
            throw new CorruptFileException("its comment has an impossible length");
        }

        return Decode(tiff.Slice((int)Number(tiff, value, little), (int)count));
    }

    /// <summary>Where in the block an entry's value field is; null if the directory has no such tag.</summary>
    private static int? Find(
        ReadOnlySpan<byte> tiff,
        bool little,
        uint directory,
        ushort tag,
        out ushort type,
        out uint count
    )
    {
        (type, count) = (0, 0);
        if (directory > int.MaxValue - 2)
        {
            throw new CorruptFileException("its EXIF block points outside of itself");
        }

        ushort entries = Short(tiff, (int)directory, little);
        for (int i = 0; i < entries; i++)
        {
            int entry = (int)directory + 2 + (12 * i);
            if (Short(tiff, entry, little) == tag)
            {
                (type, count) = (Short(tiff, entry + 2, little), Number(tiff, entry + 4, little));
                _ = tiff.Slice(entry + 8, 4);
                return entry + 8;
            }
        }

        return null;
    }

    private static ushort Short(ReadOnlySpan<byte> tiff, int at, bool little) =>
        little
            ? BinaryPrimitives.ReadUInt16LittleEndian(tiff.Slice(at, 2))
            : BinaryPrimitives.ReadUInt16BigEndian(tiff.Slice(at, 2));

    private static uint Number(ReadOnlySpan<byte> tiff, int at, bool little) =>
        little
            ? BinaryPrimitives.ReadUInt32LittleEndian(tiff.Slice(at, 4))
            : BinaryPrimitives.ReadUInt32BigEndian(tiff.Slice(at, 4));

    private static string? Decode(ReadOnlySpan<byte> value)
    {
        var text = value[8..];
        try
        {
            if (value.StartsWith("UNICODE\0"u8))
            {
                return Utf16(text);
            }

            if (value.StartsWith("ASCII\0\0\0"u8))
            {
                return System.Text.Ascii.IsValid(text)
                    ? Encoding.ASCII.GetString(text)
                    : throw new CorruptFileException("its comment is not ASCII");
            }

            return value[..8].IndexOfAnyExcept((byte)0) < 0 ? new UTF8Encoding(false, true).GetString(text) : null;
        }
        catch (DecoderFallbackException)
        {
            throw new CorruptFileException("its comment is not valid text");
        }
    }

    /// <summary>A mark decides; else zero bytes show where Latin letters have their high halves.</summary>
    private static string Utf16(ReadOnlySpan<byte> text)
    {
        bool big;
        if (text.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]) || text.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]))
        {
            big = text[0] == 0xfe;
            text = text[2..];
        }
        else
        {
            int even = 0,
                odd = 0;
            for (int i = 0; i < text.Length; i++)
            {
                _ =
                    text[i] != 0 ? 0
                    : i % 2 == 0 ? even++
                    : odd++;
            }

            big = odd <= even;
        }

        return new UnicodeEncoding(big, byteOrderMark: false, throwOnInvalidBytes: true).GetString(text);
    }

    private static string? Gif(ReadOnlySpan<byte> file)
    {
        var comment = new List<byte>();
        bool found = false;
        int at = 13 + ColourTable(file[10]);
        while (file[at] != 0x3b)
        {
            switch (file[at])
            {
                case 0x21:
                    bool isComment = file[at + 1] == 0xfe;
                    if (isComment && found)
                    {
                        comment.Add((byte)'\n'); // several comments are joined by lines
                    }

                    found |= isComment;
                    at = SubBlocks(file, at + 2, isComment ? comment : null);
                    break;
                case 0x2c:
                    at = SubBlocks(file, at + 11 + ColourTable(file[at + 9]), null);
                    break;
                default:
                    throw new CorruptFileException("a block is of an unknown kind");
            }
        }

        try
        {
            return found ? new UTF8Encoding(false, true).GetString([.. comment]) : null;
        }
        catch (DecoderFallbackException)
        {
            throw new CorruptFileException("its comment is not valid UTF-8");
        }
    }

    private static int ColourTable(byte flags) => (flags & 0x80) != 0 ? 3 << ((flags & 7) + 1) : 0;

    private static int SubBlocks(ReadOnlySpan<byte> file, int at, List<byte>? into)
    {
        for (; file[at] != 0; at += 1 + file[at])
        {
            into?.AddRange(file.Slice(at + 1, file[at]));
            if (into?.Count > MaxText)
            {
                throw new CorruptFileException("its comment is longer than 1 MiB");
            }
        }

        return at + 1;
    }
}
