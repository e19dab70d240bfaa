using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Forno.Files;

namespace Forno.Checkpoints.Pickle;

/// <summary>One record of a zip archive, found and checked.</summary>
/// <param name="Name">Its full name.</param>
/// <param name="Deflated">Whether it is compressed (method 8) rather than stored.</param>
/// <param name="Packed">Bytes it takes in the file.</param>
/// <param name="Length">Bytes it holds.</param>
/// <param name="Offset">Where its bytes begin in the file.</param>
internal sealed record ZipRecord(string Name, bool Deflated, long Packed, long Length, long Offset);

/// <summary>
/// A strict reader of the zip archives that torch.save writes: central directory and local headers must agree, names
/// must be harmless, nothing overlaps, bombs are refused. Format: PKWARE's APPNOTE.TXT, sections 4.3 to 4.5.
/// </summary>
internal sealed class TorchZip
{
    private const uint LocalSignature = 0x04034b50;
    private const uint EntrySignature = 0x02014b50;
    private const uint EndSignature = 0x06054b50;
    private const uint End64Signature = 0x06064b50;
    private const uint Locator64Signature = 0x07064b50;
    private const long FreelyInflated = 16L << 20;
    private const int MaxEntries = 1_000_000;
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly MappedFile map;
    private readonly Dictionary<string, ZipRecord> records = new(StringComparer.Ordinal);

    /// <summary>Reads the central directory and checks every entry.</summary>
    /// <exception cref="CorruptFileException">The archive breaks a rule.</exception>
    public TorchZip(MappedFile map)
    {
        this.map = map;
        var (count, size, offset) = FindDirectory();
        long at = offset;
        for (long i = 0; i < count; i++)
        {
            at = ReadEntry(at, offset + size, offset);
        }

        CheckOverlaps();
    }

    /// <summary>All records by name.</summary>
    public IReadOnlyDictionary<string, ZipRecord> Records => records;

    /// <summary>Inflates or copies a record's bytes; under 2 GiB.</summary>
    public byte[] Read(ZipRecord record)
    {
        if (record.Length > Array.MaxLength || record.Packed > int.MaxValue)
        {
            throw new CorruptFileException($"its record '{record.Name}' is larger than 2 GiB");
        }

        if (!record.Deflated)
        {
            return map.Span(record.Offset, (int)record.Length).ToArray();
        }

        byte[] bytes = new byte[record.Length];
        try
        {
            using var packed = Stream(record);
            using var inflated = new DeflateStream(packed, CompressionMode.Decompress);
            inflated.ReadExactly(bytes);
            if (inflated.ReadByte() >= 0)
            {
                throw new CorruptFileException($"its record '{record.Name}' is larger than it says");
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new CorruptFileException($"its compressed record '{record.Name}' is damaged");
        }

        return bytes;
    }

    private unsafe UnmanagedMemoryStream Stream(ZipRecord record) => new(map.Address + record.Offset, record.Packed);

    /// <summary>
    /// The end-of-directory record lies in the last 64 KiB; the zip64 one, if any, is named just before it.
    /// </summary>
    private (long Count, long Size, long Offset) FindDirectory()
    {
        int tailLength = (int)Math.Min(map.Length, 22 + ushort.MaxValue);
        long tailStart = map.Length - tailLength;
        var tail = map.Span(tailStart, tailLength);
        for (int i = tailLength - 22; i >= 0; i--)
        {
            var end = tail[i..];
            if (U32(end) != EndSignature || U16(end[20..]) != end.Length - 22)
            {
                continue;
            }

            long count = U16(end[10..]);
            long size = U32(end[12..]);
            long offset = U32(end[16..]);
            bool onOneDisk = U16(end[4..]) == 0 && U16(end[6..]) == 0 && U16(end[8..]) == count;
            long endOffset = tailStart + i;
            if (endOffset >= 20 && U32(map.Span(endOffset - 20, 20)) == Locator64Signature)
            {
                endOffset = Signed(U64(map.Span(endOffset - 12, 8)));
                var end64 = Window(endOffset, 56, "end of its directory");
                if (U32(end64) != End64Signature)
                {
                    break;
                }

                count = Signed(U64(end64[32..]));
                size = Signed(U64(end64[40..]));
                offset = Signed(U64(end64[48..]));
                onOneDisk = U32(end64[16..]) == 0 && U32(end64[20..]) == 0 && Signed(U64(end64[24..])) == count;
            }

            if (!onOneDisk || count > MaxEntries || size > endOffset || offset > endOffset - size)
            {
                throw new CorruptFileException("its zip directory does not fit in the file");
            }

            return (count, size, offset);
        }

        throw new CorruptFileException("its zip directory is missing (the file is probably cut off)");
    }

    private long ReadEntry(long at, long directoryEnd, long dataEnd)
    {
        var fixedPart = Window(at, 46, "zip directory");
        if (U32(fixedPart) != EntrySignature)
        {
            throw new CorruptFileException("its zip directory is damaged");
        }

        ushort flags = U16(fixedPart[8..]);
        ushort method = U16(fixedPart[10..]);
        int nameLength = U16(fixedPart[28..]),
            extraLength = U16(fixedPart[30..]),
            commentLength = U16(fixedPart[32..]);
        long next = at + 46 + nameLength + extraLength + commentLength;
        if (next > directoryEnd)
        {
            throw new CorruptFileException("its zip directory is damaged");
        }

        var nameBytes = map.Span(at + 46, nameLength);
        string name = CheckName(nameBytes);
        long packed = U32(fixedPart[20..]),
            length = U32(fixedPart[24..]),
            local = U32(fixedPart[42..]);
        ReadExtra64(map.Span(at + 46 + nameLength, extraLength), ref length, ref packed, ref local);
        if ((flags & 0x2041) != 0)
        {
            throw new CorruptFileException($"its record '{name}' is encrypted");
        }

        if (method is not (0 or 8))
        {
            throw new CorruptFileException(
                $"its record '{name}' uses zip method {method}; only stored and deflated are read"
            );
        }

        if (method == 0 && packed != length)
        {
            throw new CorruptFileException($"its record '{name}' is stored, but its two sizes differ");
        }

        if (length > FreelyInflated && length / 100 > packed)
        {
            throw new CorruptFileException(
                $"its record '{name}' unpacks to {length} bytes from {packed}, which looks like a zip bomb"
            );
        }

        long data = CheckLocal(local, name, nameBytes, flags, method, packed, length);
        if (data > dataEnd - packed)
        {
            throw new CorruptFileException($"its record '{name}' does not fit in the file");
        }

        if (!records.TryAdd(name, new ZipRecord(name, method == 8, packed, length, data)))
        {
            throw new CorruptFileException($"it has the record '{name}' twice");
        }

        return next;
    }

    private long CheckLocal(
        long at,
        string name,
        ReadOnlySpan<byte> nameBytes,
        int flags,
        int method,
        long packed,
        long length
    )
    {
        var header = Window(at, 30, $"record '{name}'");
        if (U32(header) != LocalSignature)
        {
            throw new CorruptFileException($"its record '{name}' is not where the directory says");
        }

        int localNameLength = U16(header[26..]),
            extraLength = U16(header[28..]);
        var rest = Window(at + 30, localNameLength + extraLength, $"record '{name}'");
        if (!rest[..localNameLength].SequenceEqual(nameBytes))
        {
            throw new CorruptFileException($"its record '{name}' has another name in its own header");
        }

        long localPacked = U32(header[18..]),
            localLength = U32(header[22..]),
            unused = 0;
        ReadExtra64(rest[localNameLength..], ref localLength, ref localPacked, ref unused);
        // With flag 3 the sizes follow the data, and the header may hold zeros.
        bool streamed = (U16(header[6..]) & 8) != 0 && localPacked == 0 && localLength == 0;
        if (
            ((U16(header[6..]) ^ flags) & 0x2041) != 0
            || U16(header[8..]) != method
            || (!streamed && (localPacked != packed || localLength != length))
        )
        {
            throw new CorruptFileException($"its record '{name}' is described in two ways that contradict each other");
        }

        return at + 30 + localNameLength + extraLength;
    }

    /// <summary>Zip64: sizes and offsets of 0xFFFFFFFF stand in an extra field, in this order, those only.</summary>
    private static void ReadExtra64(ReadOnlySpan<byte> extra, ref long length, ref long packed, ref long offset)
    {
        while (extra.Length >= 4)
        {
            ushort size = U16(extra[2..]);
            if (size > extra.Length - 4)
            {
                break;
            }

            if (U16(extra) == 1)
            {
                var field = extra.Slice(4, size);
                Take64(ref field, ref length);
                Take64(ref field, ref packed);
                Take64(ref field, ref offset);
                return;
            }

            extra = extra[(4 + size)..];
        }
    }

    private static void Take64(ref ReadOnlySpan<byte> field, ref long value)
    {
        if (value == uint.MaxValue && field.Length >= 8)
        {
            value = Signed(U64(field));
            field = field[8..];
        }
    }

    private static string CheckName(ReadOnlySpan<byte> bytes)
    {
        string name;
        try
        {
            name = StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new CorruptFileException("it has a record whose name is not UTF-8");
        }

        if (
            name.Length == 0
            || name[0] == '/'
            || name.AsSpan().IndexOfAny('\\', ':') >= 0
            || name.Any(char.IsControl)
            || name.Split('/').Contains("..")
        )
        {
            throw new CorruptFileException("it has a record with a dangerous name");
        }

        return name;
    }

    private void CheckOverlaps()
    {
        long end = 0;
        foreach (var record in records.Values.OrderBy(record => record.Offset))
        {
            // Each record has at least its own header of 30 bytes and a name before its data.
            if (record.Offset - 30 < end)
            {
                throw new CorruptFileException($"its record '{record.Name}' overlaps another");
            }

            end = record.Offset + record.Packed;
        }
    }

    private ReadOnlySpan<byte> Window(long offset, int count, string what) =>
        offset >= 0 && offset <= map.Length - count
            ? map.Span(offset, count)
            : throw new CorruptFileException($"its {what} is outside of the file");

    private static long Signed(ulong value) =>
        value <= long.MaxValue / 2
            ? (long)value
            : throw new CorruptFileException("its zip directory claims absurd sizes");

    private static ushort U16(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static uint U32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static ulong U64(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64LittleEndian(bytes);
}
