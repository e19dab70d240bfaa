namespace Forno.Imaging.Png;

/// <summary>Lengths of Huffman codes for deflate's literals and run lengths (RFC 1951).</summary>
internal static class HuffmanLengths
{
    /// <summary>Literals 0–255, the end of the block, lengths 257–285.</summary>
    public const int Symbols = 286;

    private static readonly (int Symbol, int Bits, int Extra)[] Runs = MakeRuns();

    /// <summary>The symbol of a run's length (3–258), with the bits after it.</summary>
    public static (int Symbol, int Bits, int Extra) RunSymbol(int length) => Runs[length];

    /// <summary>
    /// Lengths of at most <paramref name="most"/> bits; every symbol has one, whether it was counted or not.
    /// </summary>
    /// <param name="counts">How often each symbol comes.</param>
    /// <param name="most">Bits of the longest code.</param>
    public static byte[] Of(ReadOnlySpan<int> counts, int most)
    {
        var (weights, symbols, lengths) = (new long[counts.Length], new int[counts.Length], new byte[counts.Length]);
        for (int i = 0; i < weights.Length; i++)
        {
            (weights[i], symbols[i]) = (counts[i] + 1L, i);
        }

        Array.Sort(weights, symbols);
        int[] ofLength = Bounded(Depths(weights), most);
        for (int length = most, at = 0; length > 0; length--)
        {
            for (int n = ofLength[length]; n > 0; n--)
            {
                lengths[symbols[at++]] = (byte)length;
            }
        }

        return lengths;
    }

    // Huffman's algorithm over two queues: the leaves by weight, and the nodes, which come about in order of weight.
    private static int[] Depths(long[] weights)
    {
        int count = weights.Length;
        long[] nodeWeights = new long[count - 1];
        int[] parents = new int[(2 * count) - 1]; // leaves, then nodes
        (int leaf, int node) = (0, 0);
        for (int made = 0; made < count - 1; made++)
        {
            for (int child = 0; child < 2; child++)
            {
                bool takesLeaf = leaf < count && (node >= made || weights[leaf] <= nodeWeights[node]);
                nodeWeights[made] += takesLeaf ? weights[leaf] : nodeWeights[node];
                parents[takesLeaf ? leaf++ : count + node++] = count + made;
            }
        }

        int[] depths = new int[(2 * count) - 1];
        for (int i = (2 * count) - 3; i >= 0; i--)
        {
            depths[i] = depths[parents[i]] + 1;
        }

        return depths[..count];
    }

    // How many codes there are of each length: those that were too long get the most, for which others must grow until
    // all fit: a code of the most goes, and a shorter one makes room for two.
    private static int[] Bounded(int[] depths, int most)
    {
        int[] ofLength = new int[most + 1];
        int used = 0; // of 2^most codes
        foreach (int depth in depths)
        {
            ofLength[Math.Min(depth, most)]++;
            used += 1 << (most - Math.Min(depth, most));
        }

        for (; used > 1 << most; used--)
        {
            int shorter = most - 1;
            while (ofLength[shorter] == 0)
            {
                shorter--;
            }

            ofLength[shorter]--;
            ofLength[shorter + 1] += 2;
            ofLength[most]--;
        }

        return ofLength;
    }

    // RFC 1951, section 3.2.5.
    private static (int, int, int)[] MakeRuns()
    {
        var runs = new (int, int, int)[259];
        for (int length = 3, symbol = 257; symbol < 285; symbol++)
        {
            int bits = symbol < 265 ? 0 : (symbol - 261) / 4;
            for (int extra = 0; extra < 1 << bits && length < 258; extra++)
            {
                runs[length++] = (symbol, bits, extra);
            }
        }

        runs[258] = (285, 0, 0);
        return runs;
    }
}
