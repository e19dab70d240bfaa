using System.Text;
using System.Text.Unicode;

namespace Forno.Files;

/// <summary>How a small text file is stored.</summary>
public enum TextEncoding
{
    /// <summary>UTF-8 without a byte order mark.</summary>
    Utf8,

    /// <summary>UTF-8 behind a byte order mark.</summary>
    Utf8Mark,

    /// <summary>UTF-16, low byte first, behind a byte order mark.</summary>
    Utf16,

    /// <summary>UTF-16, high byte first, behind a byte order mark.</summary>
    Utf16BigEndian,
}

/// <summary>Text files as bytes and back: what was decoded encodes to the same bytes.</summary>
public static class EncodedText
{
    private static readonly UnicodeEncoding Little = new(
        bigEndian: false,
        byteOrderMark: false,
        throwOnInvalidBytes: true
    );
    private static readonly UnicodeEncoding Big = new(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true);

    /// <summary>The text of a file: UTF-8 with or without byte order mark, or UTF-16 with one.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="encoding">Which of them it is.</param>
    /// <returns>The text without the mark; null if it is neither, or damaged.</returns>
    public static string? Decode(ReadOnlySpan<byte> bytes, out TextEncoding encoding)
    {
        encoding = bytes switch
        {
            [0xEF, 0xBB, 0xBF, ..] => TextEncoding.Utf8Mark,
            [0xFF, 0xFE, ..] => TextEncoding.Utf16,
            [0xFE, 0xFF, ..] => TextEncoding.Utf16BigEndian,
            _ => TextEncoding.Utf8,
        };
        try
        {
            return encoding switch
            {
                TextEncoding.Utf16 => Little.GetString(bytes[2..]),
                TextEncoding.Utf16BigEndian => Big.GetString(bytes[2..]),
                _ => Utf8.IsValid(bytes)
                    ? Encoding.UTF8.GetString(encoding == TextEncoding.Utf8Mark ? bytes[3..] : bytes)
                    : null,
            };
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>The bytes of a text, its byte order mark in front where the encoding has one.</summary>
    /// <param name="text">The text.</param>
    /// <param name="encoding">How to store it.</param>
    public static byte[] Encode(string text, TextEncoding encoding) =>
        encoding switch
        {
            TextEncoding.Utf8 => Encoding.UTF8.GetBytes(text),
            TextEncoding.Utf8Mark => [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(text)],
            TextEncoding.Utf16 => [0xFF, 0xFE, .. Little.GetBytes(text)],
            TextEncoding.Utf16BigEndian => [0xFE, 0xFF, .. Big.GetBytes(text)],
            _ => throw new ArgumentOutOfRangeException(nameof(encoding), encoding, null),
        };
}
