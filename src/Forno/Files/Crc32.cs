using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Forno.Files;

/// <summary>The checksum of PNG chunks: CRC-32 (PNG specification, annex D).</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;
    private const int Lanes = 4 * 16;
    private static readonly uint[] Table = MakeTable();

    /// <summary>The checksum of bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="before">The checksum of what stands before them; 0 if nothing does.</param>
    public static uint Of(ReadOnlySpan<byte> bytes, uint before = 0)
    {
        uint crc = ~before;
        if (Pclmulqdq.IsSupported && bytes.Length >= 2 * Lanes)
        {
            int whole = bytes.Length & ~15;
            crc = Folded(crc, bytes[..whole]);
            bytes = bytes[whole..];
        }

        return ~Scalar(crc, bytes);
    }

    /// <summary>
    /// The same without carry-less multiplication: eight bytes at a time, table k holding what a byte does k bytes
    /// later.
    /// </summary>
    /// <param name="crc">The inverted checksum of what stands before.</param>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The inverted checksum.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static uint Scalar(uint crc, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<uint> table = Table;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            ulong eight = BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ crc;
            crc =
                table[0x700 | (byte)eight]
                ^ table[0x600 | (byte)(eight >> 8)]
                ^ table[0x500 | (byte)(eight >> 16)]
                ^ table[0x400 | (byte)(eight >> 24)]
                ^ table[0x300 | (byte)(eight >> 32)]
                ^ table[0x200 | (byte)(eight >> 40)]
                ^ table[0x100 | (byte)(eight >> 48)]
                ^ table[(byte)(eight >> 56)];
        }

        foreach (byte b in bytes)
        {
            crc = table[(byte)(crc ^ b)] ^ (crc >> 8);
        }

        return crc;
    }

    // Bytes are coefficients of a polynomial. 128 bits that stand 512 (or 128) bits before others may be replaced by
    // their
    // products with x^(512±32) (or x^(128±32)) modulo the checksum's polynomial, added to those: so all fold into 128
    // bits.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint Folded(uint crc, ReadOnlySpan<byte> bytes)
    {
        Vector128<ulong> by512 = Vector128.Create(0x1_5444_2BD4UL, 0x1_C6E4_1596UL),
            by128 = Vector128.Create(0x1_7519_97D0UL, 0x0_CCAA_009EUL);
        ref byte from = ref MemoryMarshal.GetReference(bytes);
        Vector128<ulong> a = Load(ref from, 0) ^ Vector128.CreateScalar((ulong)crc),
            b = Load(ref from, 16),
            c = Load(ref from, 32),
            d = Load(ref from, 48);
        int at = Lanes;
        for (; at <= bytes.Length - Lanes; at += Lanes)
        {
            a = Fold(a, by512) ^ Load(ref from, at);
            b = Fold(b, by512) ^ Load(ref from, at + 16);
            c = Fold(c, by512) ^ Load(ref from, at + 32);
            d = Fold(d, by512) ^ Load(ref from, at + 48);
        }

        a = Fold(Fold(Fold(a, by128) ^ b, by128) ^ c, by128) ^ d;
        for (; at < bytes.Length; at += 16)
        {
            a = Fold(a, by128) ^ Load(ref from, at);
        }

        Span<byte> rest = stackalloc byte[16];
        a.AsByte().CopyTo(rest);
        return Scalar(0, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Fold(Vector128<ulong> x, Vector128<ulong> by) =>
        Pclmulqdq.CarrylessMultiply(x, by, 0x00) ^ Pclmulqdq.CarrylessMultiply(x, by, 0x11);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Load(ref byte from, int at) => Vector128.LoadUnsafe(ref from, (nuint)at).AsUInt64();

    private static uint[] MakeTable()
    {
        uint[] table = new uint[8 * 256];
        for (uint i = 0; i < 256; i++)
        {
            uint crc = i;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? Polynomial ^ (crc >> 1) : crc >> 1;
            }

            table[i] = crc;
        }

        for (int i = 256; i < table.Length; i++)
        {
            table[i] = table[(byte)table[i - 256]] ^ (table[i - 256] >> 8);
        }

        return table;
    }
}
