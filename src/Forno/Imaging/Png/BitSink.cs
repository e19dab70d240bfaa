using System.Runtime.CompilerServices;

namespace Forno.Imaging.Png;

/// <summary>
/// Writes bits one after the other, the lowest first, a word at a time: behind them eight bytes must be free.
/// </summary>
/// <param name="to">Where the next whole byte goes.</param>
/// <param name="held">Bits that fill no byte yet.</param>
/// <param name="count">How many: 0 to 7.</param>
internal ref struct BitSink(ref byte to, ulong held, uint count)
{
    /// <summary>Most bits that are written at once.</summary>
    public const int Most = 56;

    private readonly ref byte to = ref to;
    private nuint at;

    /// <summary>Bits that fill no byte yet.</summary>
    public ulong Held { get; private set; } = held;

    /// <summary>How many.</summary>
    public uint Count { get; private set; } = count;

    /// <summary>Whole bytes that were written.</summary>
    public readonly int Written => (int)at;

    /// <summary>Writes bits.</summary>
    /// <param name="bits">The bits; none above the length.</param>
    /// <param name="length">How many, at most <see cref="Most"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(ulong bits, uint length)
    {
        ulong all = Held | (bits << (int)Count);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, at), all);
        uint total = Count + length;
        at += total >> 3;
        Held = all >> (int)(total & 56);
        Count = total & 7;
    }
}
