using System.Buffers;
using System.Buffers.Binary;

namespace Forno.Imaging.Png;

/// <summary>
/// Writes PNG quickly, row by row, for pictures that will be read more often than stored: rows go through
/// <see cref="RowFilter"/>, then <see cref="RunPacker"/>. Many times as fast as libpng, for photographs as small. Rows
/// of drawings and screenshots (<see cref="FlatRows"/>) are left as they are for zlib, which finds what is repeated.
/// </summary>
internal sealed class PngWriter
{
    private readonly int bands,
        stride;
    private readonly byte[] header = new byte[13];
    private readonly RunPacker packed;
    private readonly byte[] last,
        plain;

    /// <summary>Begins a file.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="bands">3: RGB, 4: RGB and alpha; 8 bits each.</param>
    public PngWriter(int width, int height, int bands)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bands is 3 or 4, true, nameof(bands));
        (this.bands, stride) = (bands, width * bands);
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, (byte)(bands == 3 ? 2 : 6));
        packed = new RunPacker(1 + stride, height);
        last = new byte[stride];
        plain = new byte[1 + stride];
    }

    /// <summary>Adds the next rows, [count, width, bands].</summary>
    public void Add(ReadOnlySpan<byte> rows)
    {
        bool flat = FlatRows.Are(rows, stride, bands);
        ReadOnlySpan<byte> above = last;
        for (; rows.Length > 0; rows = rows[stride..])
        {
            ReadOnlySpan<byte> row = rows[..stride];
            if (flat)
            {
                AddPlain(row, above);
            }
            else
            {
                RowFilter.Apply(row, above, bands, packed.Next(1 + stride));
            }

            above = row;
        }

        above.CopyTo(last);
    }

    /// <summary>Ends the file.</summary>
    /// <returns>Writes it; to be called once.</returns>
    public Action<Stream> Finish()
    {
        IReadOnlyList<ArraySegment<byte>>? pieces = packed.Finish();
        return output =>
        {
            IReadOnlyList<ArraySegment<byte>> all =
                Interlocked.Exchange(ref pieces, null)
                ?? throw new InvalidOperationException("the file was written already");
            output.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
            Chunk(output, "IHDR"u8, header);
            foreach (ArraySegment<byte> piece in all)
            {
                Chunk(output, "IDAT"u8, piece);
                ArrayPool<byte>.Shared.Return(piece.Array!);
            }

            Chunk(output, "IEND"u8, []);
        };
    }

    // Differences would hide what is repeated; a row that is the one above becomes zeros.
    private void AddPlain(ReadOnlySpan<byte> row, ReadOnlySpan<byte> above)
    {
        if (row.SequenceEqual(above))
        {
            plain[0] = 2;
            plain.AsSpan(1).Clear();
        }
        else
        {
            plain[0] = 0;
            row.CopyTo(plain.AsSpan(1));
        }

        packed.AddRepeating(plain);
    }

    private static void Chunk(Stream output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        output.Write(number);
        output.Write(name);
        output.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, PngText.Crc(name, data));
        output.Write(number);
    }
}
