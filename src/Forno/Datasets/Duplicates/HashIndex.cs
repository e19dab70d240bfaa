using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Forno.Datasets.Duplicates;

/// <summary>
/// Finds all 64-bit hashes within a few bits of a given one without looking at all of them (multi-index hashing,
/// Norouzi, Punjani and Fleet 2012): hashes are filed under each of their four 16-bit quarters; of two hashes within 4k
/// + 3 bits, at least one quarter differs by k bits or less. Fixed once made; safe for several threads.
/// </summary>
public sealed class HashIndex
{
    private const int Quarters = 4,
        Bits = 16,
        Values = 1 << Bits,
        MostRadius = 15;

    private static readonly ushort[][] Masks =
    [
        .. Enumerable
            .Range(0, Quarters)
            .Select(k =>
                Enumerable
                    .Range(0, Values)
                    .Where(m => BitOperations.PopCount((uint)m) <= k)
                    .Select(m => (ushort)m)
                    .ToArray()
            ),
    ];

    private readonly int[][] starts = new int[Quarters][];

    // apart from the places: a search reads only these, and waits for memory
    private readonly ulong[][] hashes = new ulong[Quarters][];
    private readonly int[][] places = new int[Quarters][];

    /// <summary>Files hashes; each is known by its place in the list.</summary>
    /// <param name="hashes">Any number.</param>
    public HashIndex(ReadOnlySpan<ulong> hashes)
    {
        for (int quarter = 0; quarter < Quarters; quarter++)
        {
            int[] start = new int[Values + 1];
            foreach (ulong hash in hashes)
            {
                start[Part(hash, quarter) + 1]++;
            }

            for (int i = 0; i < Values; i++)
            {
                start[i + 1] += start[i];
            }

            int[] next = start[..Values];
            (ulong[] filed, int[] ids) = (new ulong[hashes.Length], new int[hashes.Length]);
            for (int i = 0; i < hashes.Length; i++)
            {
                int at = next[Part(hashes[i], quarter)]++;
                (filed[at], ids[at]) = (hashes[i], i);
            }

            (starts[quarter], this.hashes[quarter], places[quarter]) = (start, filed, ids);
        }
    }

    /// <summary>Adds the places of all hashes within a radius, each once, in no special order.</summary>
    /// <param name="hash">The hash to look near.</param>
    /// <param name="radius">Bits that may differ, 0 to 15. Up to 3, 7 and 11 the work is about 1, 17 and 137 looks a
    /// quarter.</param>
    /// <param name="found">Receives the places.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Near(ulong hash, int radius, List<int> found)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(radius, MostRadius);
        int reach = radius / Quarters;
        ushort[] masks = Masks[reach];
        Span<(int Start, int End)> looks = stackalloc (int, int)[masks.Length];
        for (int quarter = 0; quarter < Quarters; quarter++)
        {
            int[] start = starts[quarter];
            ulong[] filed = hashes[quarter];
            int part = Part(hash, quarter);
            // Memory is asked for all of them first: waiting for one after the other is most of the work.
            for (int k = 0; k < masks.Length; k++)
            {
                int value = part ^ masks[k];
                looks[k] = (start[value], start[value + 1]);
                Prefetch(filed, start[value]);
            }

            foreach ((int first, int end) in looks)
            {
                for (int i = first; i < end; i++)
                {
                    ulong apart = filed[i] ^ hash;
                    if (BitOperations.PopCount(apart) <= radius && !SeenBefore(apart, quarter, reach))
                    {
                        found.Add(places[quarter][i]);
                    }
                }
            }
        }
    }

    private static unsafe void Prefetch(ulong[] filed, int at)
    {
        if (Sse.IsSupported && filed.Length > 0)
        {
            // An address is only asked for, never read: it may have moved.
            byte* line =
                (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(filed)) + ((long)at * sizeof(ulong));
            Sse.Prefetch0(line);
            Sse.Prefetch0(line + 64);
        }
    }

    // An earlier quarter that is near has reported it already.
    private static bool SeenBefore(ulong apart, int quarter, int reach)
    {
        for (int q = 0; q < quarter; q++)
        {
            if (BitOperations.PopCount((uint)Part(apart, q)) <= reach)
            {
                return true;
            }
        }

        return false;
    }

    private static int Part(ulong hash, int quarter) => (int)(hash >> (quarter * Bits)) & (Values - 1);
}
