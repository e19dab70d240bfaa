using System.Security.Cryptography;
using Forno.Checkpoints.Sources;
using Forno.Files;

namespace Forno.Checkpoints;

/// <summary>The hashes by which the field's tools know model files. All are lower-case hexadecimal.</summary>
public static class ModelHash
{
    // sd-webui and its additional-networks extension once hashed only this window of a file.
    private const long WindowStart = 0x100000;
    private const int WindowLength = 0x10000;

    /// <summary>
    /// SHA-256 of the whole file (AutoV2 is its first ten digits; kohya's <c>ss_new_sd_model_hash</c>).
    /// </summary>
    /// <exception cref="FornoException">The file cannot be read.</exception>
    public static string FileSha256(string path) => Sha256(path, 0);

    /// <summary>
    /// SHA-256 of a safetensors file's tensor data, everything behind the header: <c>sshs_model_hash</c>, and AutoV3.
    /// Metadata can change without changing it.
    /// </summary>
    /// <exception cref="FornoException">The file is no safetensors file.</exception>
    public static string DataSha256(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return Sha256(path, file.DataOffset);
    }

    /// <summary>
    /// The web UI's first hash (AutoV1, kohya's <c>ss_sd_model_hash</c>): 64 KiB at 1 MiB, eight digits.
    /// </summary>
    /// <exception cref="FornoException">The file cannot be read.</exception>
    public static string WebUi(string path)
    {
        using var map = MappedFile.Open(path);
        long start = Math.Min(WindowStart, map.Length);
        return Short(SHA256.HashData(map.Span(start, (int)Math.Min(WindowLength, map.Length - start))));
    }

    /// <summary>
    /// kohya's two hashes of an adapter, made before it is written (precalculate_safetensors_hashes in
    /// library/train_util.py): the data's SHA-256, and the window hash of the file that only the <c>ss_</c> metadata
    /// would give.
    /// </summary>
    /// <param name="tensors">The tensors as they will be written.</param>
    /// <param name="metadata">The metadata; keys that do not begin with <c>ss_</c> do not count.</param>
    /// <returns>Values for <c>sshs_model_hash</c> and <c>sshs_legacy_hash</c>.</returns>
    public static (string Model, string Legacy) Adapter(
        IReadOnlyCollection<TensorToWrite> tensors,
        IReadOnlyDictionary<string, string>? metadata
    )
    {
        var training = (metadata ?? new Dictionary<string, string>())
            .Where(pair => pair.Key.StartsWith("ss_", StringComparison.Ordinal))
            .ToDictionary(StringComparer.Ordinal);
        long total = SafetensorsWriter.Measure(tensors, training);
        long data = tensors.Sum(tensor => new TensorInfo(tensor.Name, tensor.Type, tensor.Shape).ByteLength);
        using var all = new HashStream(total - data, long.MaxValue);
        using var window = new HashStream(WindowStart, WindowStart + WindowLength);
        SafetensorsWriter.Write(new Tee(all, window), tensors, training);
        return (Convert.ToHexStringLower(all.Finish()), Short(window.Finish()));
    }

    /// <summary>
    /// The hash that LyCORIS writes instead: "0x" and the SHA-256 of the tensors' bytes, one after another in the order
    /// of its state dict.
    /// </summary>
    /// <param name="source">The open file.</param>
    /// <param name="order">The tensors' names in that order.</param>
    public static string Lycoris(ITensorSource source, IEnumerable<string> order)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string name in order)
        {
            hash.AppendData(source.ReadBytes(name));
        }

        return "0x" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A file's tensors as they can be written again.</summary>
    public static IReadOnlyCollection<TensorToWrite> Tensors(SafetensorsFile file) =>
        [
            .. file.Tensors.Values.Select(info => new TensorToWrite(
                info.Name,
                info.Type,
                info.Shape,
                stream => stream.Write(file.Bytes(info.Name))
            )),
        ];

    private static string Sha256(string path, long offset)
    {
        using var map = MappedFile.Open(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        const int Chunk = 1 << 24;
        for (long at = offset; at < map.Length; at += Chunk)
        {
            hash.AppendData(map.Span(at, (int)Math.Min(Chunk, map.Length - at)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Short(byte[] hash) => Convert.ToHexStringLower(hash)[..8];

    /// <summary>Hashes what is written between two places.</summary>
    private sealed class HashStream(long start, long end) : IDisposable
    {
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private long at;

        public void Write(ReadOnlySpan<byte> bytes)
        {
            long from = Math.Clamp(start - at, 0, bytes.Length);
            long to = Math.Clamp(end - at, 0, bytes.Length);
            hash.AppendData(bytes[(int)from..(int)to]);
            at += bytes.Length;
        }

        public byte[] Finish() => hash.GetHashAndReset();

        public void Dispose() => hash.Dispose();
    }

    private sealed class Tee(HashStream first, HashStream second) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() { }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            first.Write(buffer);
            second.Write(buffer);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
