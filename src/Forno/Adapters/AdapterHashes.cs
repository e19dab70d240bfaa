using System.Buffers.Binary;
using System.Security.Cryptography;
using Forno.Io;

namespace Forno.Adapters;

/// <summary>
/// The hashes that kohya's trainer puts into a file's metadata, over a serialisation of the tensors with only the
/// metadata that begins with <c>ss_</c> (kohya-ss/sd-scripts, <c>precalculate_safetensors_hashes</c>).
/// </summary>
public static class AdapterHashes
{
    /// <summary>Both hashes of what would be written.</summary>
    /// <param name="tensors">The file's tensors.</param>
    /// <param name="metadata">The file's metadata.</param>
    /// <returns>
    /// <c>sshs_model_hash</c>, SHA-256 of the tensors' data; <c>sshs_legacy_hash</c>, the first 8 digits of the SHA-256 of
    /// 64 KiB at 1 MiB.
    /// </returns>
    public static (string Model, string Legacy) Of(
        IReadOnlyCollection<TensorToWrite> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var stream = new HashStream();
        SafetensorsWriter.Write(stream, tensors, metadata.Where(m => m.Key.StartsWith("ss_", StringComparison.Ordinal))
            .ToDictionary(StringComparer.Ordinal));
        return stream.Result();
    }

    private sealed class HashStream : Stream
    {
        private const long LegacyStart = 0x100000, LegacyEnd = LegacyStart + 0x10000;
        private readonly IncrementalHash data = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly IncrementalHash legacy = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly byte[] length = new byte[8];
        private long at;

        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => at;

        public override long Position
        {
            get => at;
            set => throw new NotSupportedException();
        }

        public (string Model, string Legacy) Result() =>
            (Convert.ToHexStringLower(data.GetHashAndReset()), Convert.ToHexStringLower(legacy.GetHashAndReset())[..8]);

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            ReadOnlySpan<byte> head = Part(buffer, 0, 8);
            head.CopyTo(length.AsSpan((int)Math.Min(at, 8)));
            legacy.AppendData(Part(buffer, LegacyStart, LegacyEnd));
            if (at + buffer.Length > 8)
            {
                data.AppendData(Part(buffer, 8 + (long)BinaryPrimitives.ReadUInt64LittleEndian(length), long.MaxValue));
            }
            at += buffer.Length;
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            data.Dispose();
            legacy.Dispose();
            base.Dispose(disposing);
        }

        // The part of the buffer that lies in [from, to) of the stream.
        private ReadOnlySpan<byte> Part(ReadOnlySpan<byte> buffer, long from, long to)
        {
            long start = Math.Max(from - at, 0), end = Math.Min(to - at, buffer.Length);
            return start < end ? buffer[(int)start..(int)end] : default;
        }
    }
}
