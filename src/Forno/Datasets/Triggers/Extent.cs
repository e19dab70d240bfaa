using System.Numerics;

namespace Forno.Datasets.Triggers;

/// <summary>A set of pictures out of a fixed number, one bit each. It does not change.</summary>
public sealed class Extent : IEquatable<Extent>
{
    private const int Bits = 64;
    private readonly ulong[] words;

    /// <summary>The set of the given pictures.</summary>
    /// <param name="size">How many pictures there are at all.</param>
    /// <param name="members">Places of those in the set, 0 to <paramref name="size"/> − 1; repeated ones count
    /// once.</param>
    /// <exception cref="ArgumentOutOfRangeException">A place is out of range.</exception>
    public Extent(int size, IEnumerable<int> members)
    {
        words = new ulong[(size + Bits - 1) / Bits];
        Size = size;
        foreach (int member in members)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(member);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(member, size);
            words[member / Bits] |= 1UL << (member % Bits);
        }

        Count = Ones(words);
    }

    private Extent(int size, ulong[] words)
    {
        this.words = words;
        Size = size;
        Count = Ones(words);
    }

    /// <summary>How many pictures there are at all.</summary>
    public int Size { get; }

    /// <summary>How many are in the set.</summary>
    public int Count { get; }

    /// <summary>Whether none is.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>Places of those in the set, ascending.</summary>
    public IEnumerable<int> Members
    {
        get
        {
            for (int w = 0; w < words.Length; w++)
            {
                for (ulong left = words[w]; left != 0; left &= left - 1)
                {
                    yield return (w * Bits) + BitOperations.TrailingZeroCount(left);
                }
            }
        }
    }

    /// <summary>Whether a picture is in the set.</summary>
    /// <param name="picture">Its place.</param>
    public bool this[int picture] => (words[picture / Bits] >> (picture % Bits) & 1) != 0;

    /// <summary>The set of all pictures.</summary>
    public static Extent All(int size) => new(size, Enumerable.Range(0, size));

    /// <summary>The set of no pictures.</summary>
    public static Extent Empty(int size) => new(size, new ulong[(size + Bits - 1) / Bits]);

    /// <summary>All that are in any of several sets.</summary>
    /// <param name="size">How many pictures there are at all.</param>
    /// <param name="sets">Sets of that size; none gives the empty set.</param>
    public static Extent Union(int size, IEnumerable<Extent> sets) =>
        sets.Aggregate(Empty(size), (all, set) => all.Or(set));

    /// <summary>How many are in both.</summary>
    public int Overlap(Extent other)
    {
        Check(other);
        int count = 0;
        for (int w = 0; w < words.Length; w++)
        {
            count += BitOperations.PopCount(words[w] & other.words[w]);
        }

        return count;
    }

    /// <summary>Whether all of it is in another.</summary>
    public bool IsWithin(Extent other) => Overlap(other) == Count;

    /// <summary>What is in both.</summary>
    public Extent And(Extent other) => Each(other, (a, b) => a & b);

    /// <summary>What is in either.</summary>
    public Extent Or(Extent other) => Each(other, (a, b) => a | b);

    /// <summary>What is in this one alone.</summary>
    public Extent Minus(Extent other) => Each(other, (a, b) => a & ~b);

    /// <inheritdoc/>
    public bool Equals(Extent? other) =>
        other is not null && Size == other.Size && words.AsSpan().SequenceEqual(other.words);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Extent);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (ulong word in words)
        {
            hash.Add(word);
        }

        return hash.ToHashCode();
    }

    private static int Ones(ulong[] words)
    {
        int count = 0;
        foreach (ulong word in words)
        {
            count += BitOperations.PopCount(word);
        }

        return count;
    }

    private Extent Each(Extent other, Func<ulong, ulong, ulong> join)
    {
        Check(other);
        ulong[] joined = new ulong[words.Length];
        for (int w = 0; w < words.Length; w++)
        {
            joined[w] = join(words[w], other.words[w]);
        }

        return new Extent(Size, joined);
    }

    private void Check(Extent other)
    {
        if (other.Size != Size)
        {
            throw new ArgumentException(
                $"sets of {Size} and of {other.Size} pictures have nothing in common",
                nameof(other)
            );
        }
    }
}
