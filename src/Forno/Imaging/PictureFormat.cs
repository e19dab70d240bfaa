using System.Buffers.Binary;
using System.Text;

namespace Forno.Imaging;

/// <summary>Kinds of picture files by their first bytes, whatever their name.</summary>
public static class PictureFormat
{
    /// <summary>How many bytes <see cref="Detect(ReadOnlySpan{byte})"/> wants to see.</summary>
    public const int HeadLength = 64;

    /// <summary>png, jpeg, webp, gif, bmp, tiff, avif, heic, jxl, jp2 or pnm; null if it is none of them.</summary>
    /// <param name="head">The file's beginning, <see cref="HeadLength"/> bytes if it has as many.</param>
    public static string? Detect(ReadOnlySpan<byte> head) =>
        head.StartsWith("\x89PNG\r\n\x1a\n"u8[1..])
        || head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10])
            ? "png"
        : head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? "jpeg"
        : head.StartsWith("GIF87a"u8) || head.StartsWith("GIF89a"u8) ? "gif"
        : head.Length >= 12 && head.StartsWith("RIFF"u8) && head[8..].StartsWith("WEBP"u8) ? "webp"
        : IsBmp(head) ? "bmp"
        : head.StartsWith("II*\0"u8)
        || head.StartsWith("MM\0*"u8)
        || head.StartsWith("II+\0"u8)
        || head.StartsWith("MM\0+"u8)
            ? "tiff"
        : head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x0A]) || head.StartsWith("\0\0\0\x0cJXL \r\n"u8) ? "jxl"
        : head.StartsWith("\0\0\0\x0cjP  \r\n"u8) || head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x4F, 0xFF, 0x51])
            ? "jp2"
        : head.Length >= 3
        && head[0] == 'P'
        && head[1] is >= (byte)'1' and <= (byte)'6'
        && char.IsWhiteSpace((char)head[2])
            ? "pnm"
        : Heif(head);

    /// <summary>The kind of a file; null if it is no picture, or cannot be read.</summary>
    public static string? Detect(string path)
    {
        try
        {
            // Opening a pipe would wait for ever; it has no length.
            return new FileInfo(path).Length == 0 ? null : Detect(Head(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The first bytes of a file.</summary>
    internal static byte[] Head(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        byte[] head = new byte[HeadLength];
        return head[..file.ReadAtLeast(head, HeadLength, throwOnEndOfStream: false)];
    }

    // "BM" alone begins many texts: the header's length must be one of those that exist.
    private static bool IsBmp(ReadOnlySpan<byte> head) =>
        head.Length >= 18
        && head.StartsWith("BM"u8)
        && BinaryPrimitives.ReadInt32LittleEndian(head[14..]) is 12 or 40 or 52 or 56 or 64 or 108 or 124;

    private static string? Heif(ReadOnlySpan<byte> head)
    {
        if (head.Length < 12 || !head[4..].StartsWith("ftyp"u8))
        {
            return null;
        }

        string brands = Encoding.ASCII.GetString(
            head[8..Math.Min(head.Length, (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(head), HeadLength))]
        );
        string[] avif = ["avif", "avis"],
            heic = ["heic", "heix", "hevc", "heim", "heis", "mif1", "msf1"];
        return avif.Any(b => brands.Contains(b, StringComparison.Ordinal)) ? "avif"
            : heic.Any(b => brands.Contains(b, StringComparison.Ordinal)) ? "heic"
            : null;
    }
}
