using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Forno.Imaging.Png;

namespace Forno.Imaging.Png;

/// <summary>
/// Tells rows of drawings, screenshots and tables, which repeat themselves, from those of photographs and soft shades,
/// whose differences are small. A few rows are looked at.
/// </summary>
internal static class FlatRows
{
    private const int Looked = 8,
        Word = 8;
    private const int Soft = 2; // a difference as large is a shade's or a grain's, not an edge's

    /// <summary>Whether most pixels are as those beside or above them, and the others differ strongly.</summary>
    /// <param name="rows">Samples of at least two rows; of fewer it is not said.</param>
    /// <param name="stride">Samples of a row.</param>
    /// <param name="bands">Samples of a pixel.</param>
    public static bool Are(ReadOnlySpan<byte> rows, int stride, int bands)
    {
        int count = rows.Length / stride,
            step = Math.Max(1, count / Looked);
        int words = 0,
            repeated = 0;
        for (int y = 1; y < count; y += step)
        {
            repeated += Repeated(
                rows.Slice(y * stride, stride),
                rows.Slice((y - 1) * stride, stride),
                bands,
                ref words
            );
        }

        return words > 0 && 2 * repeated >= words && HaveEdges(rows, stride, bands, step);
    }

    private static bool HaveEdges(ReadOnlySpan<byte> rows, int stride, int bands, int step)
    {
        byte[] filtered = ArrayPool<byte>.Shared.Rent(1 + stride);
        long differences = 0,
            soft = 0;
        for (int y = 1; y < rows.Length / stride; y += step)
        {
            RowFilter.Apply(
                rows.Slice(y * stride, stride),
                rows.Slice((y - 1) * stride, stride),
                bands,
                filtered.AsSpan(0, 1 + stride)
            );
            foreach (byte difference in filtered.AsSpan(1, stride))
            {
                int size = Math.Abs((int)(sbyte)difference);
                differences += size > 0 ? 1 : 0;
                soft += size is > 0 and <= Soft ? 1 : 0;
            }
        }

        ArrayPool<byte>.Shared.Return(filtered);
        return 5 * soft <= 2 * differences;
    }

    // How many words of a row are there one pixel before, or above.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Repeated(ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int bands, ref int words)
    {
        ref byte here = ref MemoryMarshal.GetReference(row),
            up = ref MemoryMarshal.GetReference(above);
        int repeated = 0;
        for (int i = Word; i <= row.Length - Word; i += Word, words++)
        {
            ulong word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref here, i));
            if (
                word == Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref here, i - bands))
                || word == Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref up, i))
            )
            {
                repeated++;
            }
        }

        return repeated;
    }
}
