using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Forno.Workspace;

/// <summary>The SHA-256 of a file's bytes.</summary>
/// <param name="A">Bytes 0 to 7, big-endian.</param>
/// <param name="B">Bytes 8 to 15.</param>
/// <param name="C">Bytes 16 to 23.</param>
/// <param name="D">Bytes 24 to 31.</param>
public readonly record struct ContentKey(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>Hashes a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ContentKey OfFile(string path)
    {
        using var stream = new FileStream(
            path,
            new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 0 }
        );
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(stream, hash);
        return From(hash);
    }

    /// <summary>The hash as 32 bytes.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, A);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), B);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(16), C);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(24), D);
        return bytes;
    }

    /// <summary>The key of 32 bytes.</summary>
    public static ContentKey From(ReadOnlySpan<byte> hash) =>
        new(
            BinaryPrimitives.ReadUInt64BigEndian(hash),
            BinaryPrimitives.ReadUInt64BigEndian(hash[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(hash[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(hash[24..])
        );

    /// <inheritdoc/>
    public override string ToString() => $"{A:x16}{B:x16}{C:x16}{D:x16}";
}
