namespace Forno.Imaging;

/// <summary>Lengths of Huffman codes for deflate's literals and run lengths (RFC 1951).</summary>
internal static class HuffmanLengths
{
    /// <summary>Literals 0–255, the end of the block, lengths 257–285.</summary>
    public const int Symbols = 286;

    private static readonly (int Symbol, int Bits, int Extra)[] Runs = MakeRuns();

    /// <summary>The symbol of a run's length (3–258), with the bits after it.</summary>
    public static (int Symbol, int Bits, int Extra) RunSymbol(int length) => Runs[length];

    /// <summary>Lengths of at most <paramref name="most"/> bits; every symbol has one, whether it was counted or not.</summary>
    /// <param name="counts">How often each symbol comes.</param>
    /// <param name="most">Bits of the longest code.</param>
    public static byte[] Of(ReadOnlySpan<int> counts, int most)
    {
        var weights = new long[counts.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = counts[i] + 1L;
        }

        while (true)
        {
            byte[] lengths = Plain(weights);
            if (lengths.Max() <= most)
            {
                return lengths;
            }

            // Flatter weights make shorter trees.
            for (int i = 0; i < weights.Length; i++)
            {
                weights[i] = (weights[i] + 1) / 2;
            }
        }
    }

    // Huffman's algorithm over two queues: the leaves by weight, and the nodes, which come about in order of weight.
    private static byte[] Plain(long[] weights)
    {
        int count = weights.Length;
        int[] leaves = [.. Enumerable.Range(0, count)];
        Array.Sort((long[])weights.Clone(), leaves);
        var nodeWeights = new long[count - 1];
        var parents = new int[(2 * count) - 1]; // leaves in order of weight, then nodes
        (int leaf, int node) = (0, 0);
        for (int made = 0; made < count - 1; made++)
        {
            for (int child = 0; child < 2; child++)
            {
                bool takesLeaf = leaf < count && (node >= made || weights[leaves[leaf]] <= nodeWeights[node]);
                nodeWeights[made] += takesLeaf ? weights[leaves[leaf]] : nodeWeights[node];
                parents[takesLeaf ? leaf++ : count + node++] = count + made;
            }
        }

        var depths = new int[(2 * count) - 1];
        for (int i = (2 * count) - 3; i >= 0; i--)
        {
            depths[i] = depths[parents[i]] + 1;
        }

        var lengths = new byte[count];
        for (int i = 0; i < count; i++)
        {
            lengths[leaves[i]] = (byte)depths[i];
        }

        return lengths;
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
