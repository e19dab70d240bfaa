using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Forno.Imaging.Png;

/// <summary>
/// The checksum of a zlib stream (RFC 1950): a is 1 and the sum of the bytes, b the sum of all values of a, modulo
/// 65521.
/// </summary>
internal struct Adler32()
{
    private const uint Base = 65521;
    private const int Most = 4096; // sums fit 32 bits until here
    private uint a = 1,
        b;

    /// <summary>The checksum of all bytes so far.</summary>
    public readonly uint Value => (b << 16) | a;

    /// <summary>Adds bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            ReadOnlySpan<byte> part = bytes[..Math.Min(Most, bytes.Length)];
            int i = Avx2.IsSupported ? AddVectors(part) : 0;
            for (; i < part.Length; i++)
            {
                a += part[i];
                b += a;
            }

            a %= Base;
            b %= Base;
            bytes = bytes[part.Length..];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int AddVectors(ReadOnlySpan<byte> part)
    {
        // Of 32 bytes the first counts 32 times in b, the last once; and a as it was before counts 32 times.
        var weights = Vector256.Create(
            32,
            31,
            30,
            29,
            28,
            27,
            26,
            25,
            24,
            23,
            22,
            21,
            20,
            19,
            18,
            17,
            16,
            15,
            14,
            13,
            12,
            11,
            10,
            9,
            8,
            7,
            6,
            5,
            4,
            3,
            2,
            (sbyte)1
        );
        Vector256<int> sums = default,
            befores = default,
            weighted = default;
        ref byte from = ref MemoryMarshal.GetReference(part);
        int i = 0;
        for (; i <= part.Length - 32; i += 32)
        {
            var bytes = Vector256.LoadUnsafe(ref from, (nuint)i);
            befores += sums;
            sums += Avx2.SumAbsoluteDifferences(bytes, default).AsInt32();
            weighted += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(bytes, weights), Vector256.Create((short)1));
        }

        b += (a * (uint)i) + (32 * (uint)Vector256.Sum(befores)) + (uint)Vector256.Sum(weighted);
        a += (uint)Vector256.Sum(sums);
        return i;
    }
}
