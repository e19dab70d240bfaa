using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using Forno.Files;

namespace Forno.Imaging.Png;

/// <summary>
/// Text chunks of encoded PNG files (tEXt, zTXt, iTXt), read and written without touching the picture. Format: the PNG
/// specification, third edition, section 11.3.3. Files may be hostile: lengths and CRCs are checked.
/// </summary>
public static class PngText
{
    /// <summary>The keyword under which generators keep their settings.</summary>
    public const string Parameters = "parameters";

    private const int MaxText = 1 << 20;
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];

    /// <summary>Whether these bytes begin as a PNG file.</summary>
    public static bool IsPng(ReadOnlySpan<byte> file) => file.StartsWith(Signature);

    /// <summary>All texts by keyword; of several with one keyword the last counts.</summary>
    /// <param name="file">The encoded file.</param>
    /// <param name="name">Its name, for errors.</param>
    /// <exception cref="FornoException">The file is damaged, or a text unpacks to more than 1 MiB.</exception>
    public static Dictionary<string, string> Read(ReadOnlySpan<byte> file, string name)
    {
        try
        {
            var texts = new Dictionary<string, string>(StringComparer.Ordinal);
            for (int at = Signature.Length; Next(file, ref at, out string? type, out var data); )
            {
                if (IsText(type))
                {
                    var (keyword, text) = Decode(type, data);
                    texts[keyword] = text;
                }
            }

            return texts;
        }
        catch (CorruptFileException e)
        {
            throw Damaged(name, e);
        }
    }

    /// <summary>A copy of the file with a text under a keyword, in place of any it had there.</summary>
    /// <param name="file">The encoded file.</param>
    /// <param name="keyword">1 to 79 Latin-1 characters.</param>
    /// <param name="text">The text; a tEXt chunk if Latin-1 can hold it, else an iTXt chunk, as Pillow chooses.</param>
    /// <param name="name">The file's name, for errors.</param>
    /// <exception cref="FornoException">The file is damaged.</exception>
    public static byte[] Write(ReadOnlySpan<byte> file, string keyword, string text, string name = "the picture")
    {
        if (keyword.Length is < 1 or > 79 || keyword.Any(c => c is < ' ' or > 'ÿ'))
        {
            throw new ArgumentException("a keyword has 1 to 79 printable Latin-1 characters", nameof(keyword));
        }

        try
        {
            using var output = new MemoryStream(file.Length + text.Length + 128);
            output.Write(Signature);
            bool written = false;
            int at = Signature.Length;
            for (int start = at; Next(file, ref at, out string? type, out var data); start = at)
            {
                if (!written && type is "IDAT" or "IEND")
                {
                    WriteChunk(output, keyword, text);
                    written = true;
                }

                if (!IsText(type) || Keyword(data) != keyword)
                {
                    output.Write(file[start..at]);
                }
            }

            output.Write(file[at..]);
            return output.ToArray();
        }
        catch (CorruptFileException e)
        {
            throw Damaged(name, e);
        }
    }

    /// <summary>Moves over a chunk; false behind IEND. CRCs of the header and of texts are checked.</summary>
    private static bool Next(ReadOnlySpan<byte> file, ref int at, out string type, out ReadOnlySpan<byte> data)
    {
        type = "";
        data = default;
        bool first = at == Signature.Length;
        if (first && !IsPng(file))
        {
            throw new CorruptFileException("it is not a PNG file");
        }

        // IEND is the last chunk; what follows belongs to nobody.
        if (!first && file.Slice(at - 8, 4).SequenceEqual("IEND"u8))
        {
            return false;
        }

        if (file.Length - at < 12)
        {
            throw new CorruptFileException("it ends too early");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
        if (length > int.MaxValue || length > file.Length - at - 12)
        {
            throw new CorruptFileException("a chunk is longer than the file");
        }

        type = Encoding.Latin1.GetString(file.Slice(at + 4, 4));
        data = file.Slice(at + 8, (int)length);
        if (
            (first || IsText(type))
            && Crc(file.Slice(at + 4, (int)length + 4))
                != BinaryPrimitives.ReadUInt32BigEndian(file[(at + 8 + (int)length)..])
        )
        {
            throw new CorruptFileException($"the checksum of its chunk {type} is wrong");
        }

        if (
            first
            && (
                type != "IHDR"
                || length != 13
                || BinaryPrimitives.ReadInt32BigEndian(data) <= 0
                || BinaryPrimitives.ReadInt32BigEndian(data[4..]) <= 0
            )
        )
        {
            throw new CorruptFileException("its header is missing or has no size");
        }

        at += 12 + (int)length;
        return true;
    }

    private static bool IsText(string type) => type is "tEXt" or "zTXt" or "iTXt";

    private static string Keyword(ReadOnlySpan<byte> data) => Encoding.Latin1.GetString(TakeString(ref data));

    private static ReadOnlySpan<byte> TakeString(ref ReadOnlySpan<byte> data)
    {
        int end = data.IndexOf((byte)0);
        if (end < 0)
        {
            throw new CorruptFileException("a text chunk ends too early");
        }

        var text = data[..end];
        data = data[(end + 1)..];
        return text;
    }

    private static (string Keyword, string Text) Decode(string type, ReadOnlySpan<byte> data)
    {
        string keyword = Encoding.Latin1.GetString(TakeString(ref data));
        if (type == "tEXt")
        {
            return (keyword, Encoding.Latin1.GetString(data));
        }

        bool compressed = true;
        if (type == "iTXt")
        {
            compressed = data.Length > 0 && data[0] == 1;
            data =
                data.Length > 1 && data[0] <= 1
                    ? data[1..]
                    : throw new CorruptFileException("a text chunk is malformed");
        }

        if (data.Length == 0 || (compressed && data[0] != 0))
        {
            throw new CorruptFileException("a text chunk is packed by an unknown method");
        }

        data = data[1..];
        if (type == "zTXt")
        {
            return (keyword, Encoding.Latin1.GetString(Inflate(data)));
        }

        TakeString(ref data); // language
        TakeString(ref data); // translated keyword
        try
        {
            return (keyword, StrictUtf8.GetString(compressed ? Inflate(data) : data));
        }
        catch (DecoderFallbackException)
        {
            throw new CorruptFileException("a text is not valid UTF-8");
        }
    }

    private static byte[] Inflate(ReadOnlySpan<byte> packed)
    {
        try
        {
            using var source = new MemoryStream(packed.ToArray());
            using var inflated = new ZLibStream(source, CompressionMode.Decompress);
            using var text = new MemoryStream();
            byte[] buffer = new byte[1 << 14];
            for (int read; (read = inflated.Read(buffer)) > 0; )
            {
                text.Write(buffer, 0, read);
                if (text.Length > MaxText)
                {
                    throw new CorruptFileException("a text unpacks to more than 1 MiB");
                }
            }

            return text.ToArray();
        }
        catch (InvalidDataException)
        {
            throw new CorruptFileException("a packed text is damaged");
        }
    }

    private static void WriteChunk(Stream output, string keyword, string text)
    {
        bool latin = text.All(c => c is not '\0' and <= 'ÿ');
        byte[] body = latin
            ? [.. "tEXt"u8, .. Encoding.Latin1.GetBytes(keyword), 0, .. Encoding.Latin1.GetBytes(text)]
            : [.. "iTXt"u8, .. Encoding.Latin1.GetBytes(keyword), 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(text)];
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length - 4);
        output.Write(number);
        output.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
        output.Write(number);
    }

    /// <summary>The checksum of a chunk.</summary>
    /// <param name="type">Its four letters, or type and data together.</param>
    /// <param name="data">Its data.</param>
    internal static uint Crc(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data = default)
    {
        var sum = new Crc32();
        sum.Append(type);
        sum.Append(data);
        return sum.GetCurrentHashAsUInt32();
    }

    private static FornoException Damaged(string name, CorruptFileException e) =>
        FornoException.ForFile(name, $"its texts cannot be read: {e.Message}", "Save or export the picture again.", e);
}
