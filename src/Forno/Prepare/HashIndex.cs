using System.Numerics;

namespace Forno.Prepare;

/// <summary>
/// Finds all 64-bit hashes within a few bits of a given one without looking at all of them (multi-index hashing, Norouzi,
/// Punjani and Fleet 2012): hashes are filed under each of their four 16-bit quarters; of two hashes within 4k + 3 bits,
/// at least one quarter differs by k bits or less. Fixed once made; safe for several threads.
/// </summary>
public sealed class HashIndex
{
    private const int Quarters = 4, Bits = 16, Values = 1 << Bits, MostRadius = 15;

    private static readonly ushort[][] Masks = [.. Enumerable.Range(0, Quarters)
        .Select(k => Enumerable.Range(0, Values).Where(m => BitOperations.PopCount((uint)m) <= k).Select(m => (ushort)m).ToArray())];

    private readonly int[][] starts = new int[Quarters][];
    private readonly Entry[][] entries = new Entry[Quarters][];

    /// <summary>Files hashes; each is known by its place in the list.</summary>
    /// <param name="hashes">Any number.</param>
    public HashIndex(ReadOnlySpan<ulong> hashes)
    {
        for (int quarter = 0; quarter < Quarters; quarter++)
        {
            var start = new int[Values + 1];
            foreach (ulong hash in hashes)
            {
                start[Part(hash, quarter) + 1]++;
            }

            for (int i = 0; i < Values; i++)
            {
                start[i + 1] += start[i];
            }

            int[] next = start[..Values];
            var filed = new Entry[hashes.Length];
            for (int i = 0; i < hashes.Length; i++)
            {
                filed[next[Part(hashes[i], quarter)]++] = new Entry(hashes[i], i);
            }

            (starts[quarter], entries[quarter]) = (start, filed);
        }
    }

    private readonly record struct Entry(ulong Hash, int Id);

    /// <summary>Adds the places of all hashes within a radius, each once, in no special order.</summary>
    /// <param name="hash">The hash to look near.</param>
    /// <param name="radius">Bits that may differ, 0 to 15. Up to 3, 7 and 11 the work is about 1, 17 and 137 looks a quarter.</param>
    /// <param name="found">Receives the places.</param>
    public void Near(ulong hash, int radius, List<int> found)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(radius, MostRadius);
        int reach = radius / Quarters;
        for (int quarter = 0; quarter < Quarters; quarter++)
        {
            int[] start = starts[quarter];
            Entry[] filed = entries[quarter];
            int part = Part(hash, quarter);
            foreach (ushort mask in Masks[reach])
            {
                int value = part ^ mask;
                for (int i = start[value]; i < start[value + 1]; i++)
                {
                    ulong apart = filed[i].Hash ^ hash;
                    if (BitOperations.PopCount(apart) <= radius && !SeenBefore(apart, quarter, reach))
                    {
                        found.Add(filed[i].Id);
                    }
                }
            }
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
