using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Forno.Imaging.Resampling;

/// <summary>
/// Averages a picture, row by row, into whole-pixel cells so that 256 to 511 of them are left a side (fewer only for
/// smaller pictures); the last cells may be partial. A small picture for hashes and comparisons without a second
/// decode.
/// </summary>
internal sealed class CellReducer
{
    private const int Target = 256,
        MostRows = 256; // a ushort holds 257 bytes of 255

    private ushort[] sums = [];
    private byte[] cells = [];
    private float[] scratch = [];
    private float[] square = [];
    private int width,
        height,
        across,
        down,
        rowsInCell,
        filled;

    /// <summary>Cells in a row.</summary>
    public int Columns { get; private set; }

    /// <summary>Begins a picture; buffers are kept from the one before.</summary>
    public void Begin(int pixels, int rows)
    {
        (width, height) = (pixels, rows);
        across = Math.Max(1, width / Target);
        down = Math.Clamp(height / Target, 1, MostRows);
        Columns = (width + across - 1) / across;
        int cellRows = (height + down - 1) / down;
        (rowsInCell, filled) = (0, 0);
        Grow(ref sums, width * 3);
        Grow(ref cells, Columns * cellRows * 3);
        Array.Clear(sums, 0, width * 3);
    }

    /// <summary>Takes the next row, [width, 3].</summary>
    public void Add(ReadOnlySpan<byte> rgb)
    {
        if (across == 1 && down == 1)
        {
            rgb.CopyTo(cells.AsSpan(filled++ * width * 3));
            return;
        }

        ref byte from = ref MemoryMarshal.GetReference(rgb);
        ref ushort to = ref MemoryMarshal.GetArrayDataReference(sums);
        int i = 0;
        for (; i + 16 <= rgb.Length; i += 16)
        {
            (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.LoadUnsafe(ref from, (nuint)i));
            (Vector128.LoadUnsafe(ref to, (nuint)i) + low).StoreUnsafe(ref to, (nuint)i);
            (Vector128.LoadUnsafe(ref to, (nuint)(i + 8)) + high).StoreUnsafe(ref to, (nuint)(i + 8));
        }

        for (; i < rgb.Length; i++)
        {
            sums[i] += rgb[i];
        }

        rowsInCell++;
        if (rowsInCell == down || (filled * down) + rowsInCell == height)
        {
            Close();
        }
    }

    /// <summary>The whole picture as a square of one channel.</summary>
    /// <param name="channel">0 red, 1 green, 2 blue.</param>
    /// <param name="size">Pixels of a side.</param>
    /// <returns>[size, size], valid until the next call.</returns>
    public ReadOnlySpan<float> Square(int channel, int size)
    {
        Grow(ref square, size * size);
        Grow(ref scratch, size * (filled + 1));
        // The true extent in cells: the last ones may be partial.
        AreaAverage.Reduce(
            cells.AsSpan(channel),
            Columns * 3,
            3,
            (0, 0, (double)width / across, (double)height / down),
            square,
            size,
            scratch
        );
        return square.AsSpan(0, size * size);
    }

    private void Close()
    {
        Span<byte> row = cells.AsSpan(filled++ * Columns * 3, Columns * 3);
        for (int cell = 0, x = 0; cell < Columns; cell++)
        {
            int end = Math.Min(width, x + across),
                count = (end - x) * rowsInCell;
            int r = 0,
                g = 0,
                b = 0;
            for (; x < end; x++)
            {
                r += sums[x * 3];
                g += sums[(x * 3) + 1];
                b += sums[(x * 3) + 2];
            }

            row[cell * 3] = (byte)((r + (count / 2)) / count);
            row[(cell * 3) + 1] = (byte)((g + (count / 2)) / count);
            row[(cell * 3) + 2] = (byte)((b + (count / 2)) / count);
        }

        Array.Clear(sums, 0, width * 3);
        rowsInCell = 0;
    }

    private static void Grow<T>(ref T[] buffer, int length)
    {
        if (buffer.Length < length)
        {
            buffer = GC.AllocateUninitializedArray<T>(length);
        }
    }
}
