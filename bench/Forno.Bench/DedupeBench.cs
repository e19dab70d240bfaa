using System.Globalization;
using System.Numerics;
using Forno.Datasets.Duplicates;
using Forno.Imaging.Measures;

namespace Forno.Bench;

/// <summary>
/// The search for look-alikes among many hashes: with the index for all of them, and against all pairs for a sample,
/// which must find the same.
/// </summary>
internal static class DedupeBench
{
    private const int Sample = 300;

    public static void Run(BenchOptions options)
    {
        int count = options.Number("count") ?? 100_000;
        PictureHash[] hashes = Hashes(count);
        var found = new List<Candidate>();
        long candidates = 0;
        int[][] of = new int[count][];
        double before = Memory.Now;
        var index = Clock.Of(() =>
        {
            var search = new LookAlikes(hashes, mirror: false);
            for (int i = 0; i < hashes.Length; i++)
            {
                search.Near(i, found);
                search.Announce();
                candidates += found.Count;
                of[i] = found.Count == 0 ? [] : [.. found.Select(f => f.Id)];
            }
        });
        Console.WriteLine(
            Invariant.Text(
                $"{count} hashes by the index, building included   {index}   {candidates} pairs, "
                    + $"{Memory.Peak - before:0.00} GiB"
            )
        );

        // The same pairs without an index, in flat arrays, for pictures spread over the list.
        var all = new AllPairs(hashes);
        int[] sample = [.. Enumerable.Range(0, Sample).Select(i => (int)((i + 0.5) * count / Sample))];
        var plain = new List<int>[Sample];
        Clock pairs =
            Clock.Of(() =>
            {
                for (int s = 0; s < Sample; s++)
                {
                    plain[s] = all.Near(sample[s]);
                }
            }) * (count / (double)Sample);
        Clock one =
            Clock.Of(() =>
            {
                foreach (int i in sample)
                {
                    all.CountOfOneHash(i);
                }
            }) * (count / (double)Sample);
        for (int s = 0; s < Sample; s++)
        {
            if (!of[sample[s]].SequenceEqual(plain[s]))
            {
                throw new FornoException($"the index and all pairs disagree about picture {sample[s]}");
            }
        }

        Console.WriteLine(
            Invariant.Text($"all pairs, the same hashes and pairs          {pairs}   from {Sample} of {count}")
        );
        Console.WriteLine(Invariant.Text($"all pairs, one hash of 64 bits and no crops   {one}"));
        Console.WriteLine(
            Invariant.Text($"ratio {pairs.Cpu / index.Cpu:0} (to one plain hash: {one.Cpu / index.Cpu:0})")
        );
    }

    // A third are near copies of others, as in a set of variants; the parts' hashes lie near the whole's.
    private static PictureHash[] Hashes(int count)
    {
        var random = new Random(1);
        var hashes = new PictureHash[count];
        for (int i = 0; i < count; i++)
        {
            PictureHash? near = i > 0 && random.Next(3) == 0 ? hashes[random.Next(i)] : null;
            ulong whole = near is null
                ? (ulong)random.NextInt64(long.MinValue, long.MaxValue)
                : Flipped(near.Frequency[0], random.Next(12));
            ulong[] frequency =
            [
                whole,
                .. Enumerable.Range(1, PictureHash.Windows.Count - 1).Select(_ => Flipped(whole, 4 + random.Next(10))),
            ];
            ulong gradient = near is null
                ? (ulong)random.NextInt64(long.MinValue, long.MaxValue)
                : Flipped(near.Gradient, random.Next(6));
            byte[] colour = new byte[32];
            colour.AsSpan().Fill(128);
            hashes[i] = new PictureHash(frequency, frequency, gradient, gradient, colour);
        }

        return hashes;

        ulong Flipped(ulong hash, int bits)
        {
            for (int i = 0; i < bits; i++)
            {
                hash ^= 1UL << random.Next(64);
            }

            return hash;
        }
    }

    private sealed class AllPairs(PictureHash[] hashes)
    {
        private const int Radius = 7,
            GradientRadius = 3;
        private readonly int each = PictureHash.Windows.Count - 1;
        private readonly ulong[] wholes = [.. hashes.Select(h => h.Frequency[0])];
        private readonly ulong[] parts = [.. hashes.SelectMany(h => h.Frequency.Skip(1))];
        private readonly ulong[] gradients = [.. hashes.Select(h => h.Gradient)];

        public List<int> Near(int id)
        {
            var near = new List<int>();
            ulong whole = wholes[id],
                gradient = gradients[id];
            ReadOnlySpan<ulong> own = parts.AsSpan(id * each, each);
            for (int j = 0; j < id; j++)
            {
                ulong other = wholes[j];
                bool hit =
                    BitOperations.PopCount(whole ^ other) <= Radius
                    || BitOperations.PopCount(gradient ^ gradients[j]) <= GradientRadius;
                ReadOnlySpan<ulong> theirs = parts.AsSpan(j * each, each);
                for (int k = 0; k < own.Length && !hit; k++)
                {
                    hit =
                        BitOperations.PopCount(own[k] ^ other) <= Radius
                        || BitOperations.PopCount(whole ^ theirs[k]) <= Radius;
                }

                if (hit)
                {
                    near.Add(j);
                }
            }

            return near;
        }

        public int CountOfOneHash(int id)
        {
            ulong whole = wholes[id];
            int near = 0;
            foreach (ulong other in wholes.AsSpan(0, id))
            {
                near += BitOperations.PopCount(whole ^ other) <= Radius ? 1 : 0;
            }

            return near;
        }
    }
}
