using Forno.Torch;

namespace Forno.Data;

/// <summary>Where random choices come from: a keyed stream, or a test that walks through all of them.</summary>
public interface IChoices
{
    /// <summary>A whole number in [0, <paramref name="count"/>), each equally likely.</summary>
    int Below(int count);

    /// <summary>A real number in [0, 1).</summary>
    double Unit();
}

/// <summary>
/// A counter-based random stream (Philox 4×32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011)
/// that belongs to one (seed, purpose, step, item). Streams do not depend on each other, on the batch size or on the
/// number of workers, and a resumed run draws the same numbers.
/// </summary>
public sealed class KeyedRandom : IChoices
{
    private readonly ulong key;
    private readonly uint[] block = new uint[4];
    private ulong counter;
    private int left;

    private KeyedRandom(ulong key) => this.key = key;

    /// <summary>The stream of one thing to decide.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="purpose">What is decided, say "flip".</param>
    /// <param name="step">Epoch or step.</param>
    /// <param name="item">Which of the things at that step.</param>
    public static KeyedRandom For(ulong seed, string purpose, long step = 0, long item = 0) =>
        new(Rng.Key(seed, purpose, step, item));

    /// <inheritdoc/>
    public int Below(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        // multiply and reject the uneven rest (Lemire, "Fast random integer generation in an interval", 2019)
        ulong product = (ulong)Next32() * (ulong)count;
        if ((uint)product < (uint)count)
        {
            uint uneven = (uint)(-count) % (uint)count;
            while ((uint)product < uneven)
            {
                product = (ulong)Next32() * (ulong)count;
            }
        }

        return (int)(product >> 32);
    }

    /// <inheritdoc/>
    public double Unit() => (Next64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A standard normal number (Box–Muller, first of the pair).</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - Unit())) * Math.Cos(2 * Math.PI * Unit());

    /// <summary>64 random bits.</summary>
    public ulong Next64() => ((ulong)Next32() << 32) | Next32();

    /// <summary>32 random bits.</summary>
    public uint Next32()
    {
        if (left == 0)
        {
            Philox(block, counter++, 0, key);
            left = 4;
        }

        return block[4 - left--];
    }

    /// <summary>Ten rounds of Philox 4×32 on the counter (low, high) under a key.</summary>
    internal static void Philox(Span<uint> output, ulong low, ulong high, ulong key)
    {
        var (c0, c1, c2, c3) = ((uint)low, (uint)(low >> 32), (uint)high, (uint)(high >> 32));
        var (k0, k1) = ((uint)key, (uint)(key >> 32));
        for (int round = 0; round < 10; round++)
        {
            ulong a = 0xD2511F53UL * c0;
            ulong b = 0xCD9E8D57UL * c2;
            (c0, c1, c2, c3) = ((uint)(b >> 32) ^ c1 ^ k0, (uint)b, (uint)(a >> 32) ^ c3 ^ k1, (uint)a);
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }

        (output[0], output[1], output[2], output[3]) = (c0, c1, c2, c3);
    }
}

/// <summary>What can be done with any source of choices.</summary>
public static class ChoicesExtensions
{
    /// <summary>Shuffles in place (Fisher–Yates): every order equally likely.</summary>
    public static void Shuffle<T>(this IChoices choices, IList<T> items)
    {
        for (int i = items.Count - 1; i > 0; i--)
        {
            int j = choices.Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
