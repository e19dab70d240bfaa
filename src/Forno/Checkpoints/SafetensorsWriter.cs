using System.Text;
using Forno.Checkpoints.Sources;
using Forno.Files;
using Forno.Torch;

namespace Forno.Checkpoints;

/// <summary>A tensor to be written, and how its bytes are had.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="WriteTo">Writes exactly the tensor's bytes, row-major and little-endian.</param>
public sealed record TensorToWrite(string Name, ElementType Type, IReadOnlyList<long> Shape, Action<Stream> WriteTo)
{
    /// <summary>A tensor whose bytes are in memory.</summary>
    public static TensorToWrite From(
        string name,
        ElementType type,
        IReadOnlyList<long> shape,
        ReadOnlyMemory<byte> bytes
    ) => new(name, type, shape, stream => stream.Write(bytes.Span));

    /// <summary>
    /// A tensor whose contiguous bytes lie at an address, which must stay valid until the file is written.
    /// </summary>
    public static unsafe TensorToWrite At(string name, ElementType type, IReadOnlyList<long> shape, nint address)
    {
        long length = new TensorInfo(name, type, shape).ByteLength;
        return new TensorToWrite(
            name,
            type,
            shape,
            stream =>
            {
                const int Chunk = 1 << 24; // spans end at 2 GiB
                for (long at = 0; at < length; at += Chunk)
                {
                    stream.Write(new ReadOnlySpan<byte>((byte*)address + at, (int)Math.Min(Chunk, length - at)));
                }
            }
        );
    }

    /// <summary>
    /// A libtorch tensor, wherever and however it lies; it must live until the file is written, and is brought to the
    /// processor and converted only then.
    /// </summary>
    /// <param name="name">Its key.</param>
    /// <param name="tensor">The tensor.</param>
    /// <param name="type">The type to store; null for the tensor's own.</param>
    public static unsafe TensorToWrite From(string name, Tensor tensor, DType? type = null)
    {
        var stored = type ?? tensor.DType;
        long[] shape = tensor.Shape.ToArray();
        return new TensorToWrite(
            name,
            ElementTypes.FromDType(stored),
            shape,
            stream =>
            {
                using var scope = new Scope();
                Tensor host = tensor.Detach().To(Device.Cpu).To(stored).Contiguous();
                At(name, ElementTypes.FromDType(stored), shape, (nint)host.Pointer).WriteTo(stream);
            }
        );
    }
}

/// <summary>
/// Writes safetensors files byte for byte as the reference library lays them out: <c>__metadata__</c> first, tensors
/// by element type (greatest first) and then by name, no spaces in the JSON, the header padded by blanks to 8 bytes.
/// Metadata, whose order the library leaves to chance, is sorted, so that equal content gives equal files.
/// </summary>
public static class SafetensorsWriter
{
    /// <summary>Writes a file; the old one stays if anything fails.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Its tensors, in any order, with unique names.</param>
    /// <param name="metadata">Its metadata, or null for none.</param>
    public static void Write(
        string path,
        IReadOnlyCollection<TensorToWrite> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    ) => AtomicFile.Write(path, stream => Write(stream, tensors, metadata));

    /// <summary>Writes a dictionary of tensors to a file; the old one stays if anything fails.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Its tensors by key.</param>
    /// <param name="metadata">Its metadata, or null for none.</param>
    /// <param name="type">The type to store floating-point tensors in; null for each one's own.</param>
    public static void Write(
        string path,
        IReadOnlyDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        DType? type = null
    ) =>
        Write(
            path,
            tensors
                .Select(pair => TensorToWrite.From(pair.Key, pair.Value, pair.Value.DType.IsFloat() ? type : null))
                .ToArray(),
            metadata
        );

    /// <summary>Writes to a stream.</summary>
    /// <param name="stream">Where to; only written forward.</param>
    /// <param name="tensors">The tensors, in any order, with unique names.</param>
    /// <param name="metadata">The metadata, or null for none.</param>
    public static void Write(
        Stream stream,
        IReadOnlyCollection<TensorToWrite> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        var ordered = Order(tensors);
        stream.Write(Header(ordered, metadata));
        var counter = new CountingStream(stream);
        foreach (var tensor in ordered)
        {
            long due = counter.Count + Length(tensor);
            tensor.WriteTo(counter);
            if (counter.Count != due)
            {
                throw new InvalidOperationException(
                    $"tensor '{tensor.Name}' wrote {counter.Count - due + Length(tensor)} bytes instead of "
                        + $"{Length(tensor)}"
                );
            }
        }
    }

    /// <summary>Bytes a file of these tensors takes.</summary>
    public static long Measure(
        IReadOnlyCollection<TensorToWrite> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    ) => Header(Order(tensors), metadata).Length + tensors.Sum(Length);

    /// <summary>
    /// The order of the reference library: element type, greatest first, then the name's UTF-8 bytes.
    /// </summary>
    public static TensorToWrite[] Order(IReadOnlyCollection<TensorToWrite> tensors)
    {
        var named = tensors.Select(tensor => (tensor, Key: Encoding.UTF8.GetBytes(tensor.Name))).ToArray();
        Array.Sort(
            named,
            (a, b) =>
                a.tensor.Type != b.tensor.Type
                    ? b.tensor.Type.CompareTo(a.tensor.Type)
                    : a.Key.AsSpan().SequenceCompareTo(b.Key)
        );
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (tensor, _) in named)
        {
            if (!seen.Add(tensor.Name) || tensor.Name == "__metadata__")
            {
                throw new ArgumentException($"'{tensor.Name}' is there twice or reserved", nameof(tensors));
            }
        }

        return Array.ConvertAll(named, pair => pair.tensor);
    }

    private static byte[] Header(TensorToWrite[] ordered, IReadOnlyDictionary<string, string>? metadata)
    {
        var json = new StringBuilder("{");
        if (metadata is not null)
        {
            json.Append("\"__metadata__\":{");
            foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                AppendString(json, key).Append(':');
                AppendString(json, value).Append(',');
            }

            Close(json, '}').Append(',');
        }

        long at = 0;
        foreach (var tensor in ordered)
        {
            long end = at + Length(tensor);
            AppendString(json, tensor.Name)
                .Append($":{{\"dtype\":\"{tensor.Type.Name()}\",\"shape\":[")
                .AppendJoin(',', tensor.Shape)
                .Append($"],\"data_offsets\":[{at},{end}]}},");
            at = end;
        }

        Close(json, '}');
        byte[] text = Encoding.UTF8.GetBytes(json.ToString());
        int padded = (text.Length + 7) / 8 * 8;
        byte[] header = new byte[8 + padded];
        header.AsSpan().Fill((byte)' ');
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)padded);
        text.CopyTo(header, 8);
        return header;
    }

    private static StringBuilder Close(StringBuilder json, char bracket)
    {
        if (json[^1] == ',')
        {
            json.Length--;
        }

        return json.Append(bracket);
    }

    /// <summary>Escapes as serde_json does: only what JSON demands, so that lengths agree with the library's.</summary>
    private static StringBuilder AppendString(StringBuilder json, string text)
    {
        json.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => json.Append("\\\""),
                '\\' => json.Append("\\\\"),
                '\b' => json.Append("\\b"),
                '\f' => json.Append("\\f"),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                < ' ' => json.Append($"\\u{(int)c:x4}"),
                _ => json.Append(c),
            };
        }

        return json.Append('"');
    }

    private static long Length(TensorToWrite tensor) =>
        new TensorInfo(tensor.Name, tensor.Type, tensor.Shape).ByteLength;

    private sealed class CountingStream(Stream inner) : Stream
    {
        public long Count { get; private set; }
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => Count;

        public override long Position
        {
            get => Count;
            set => throw new NotSupportedException();
        }

        public override void Flush() { }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            inner.Write(buffer);
            Count += buffer.Length;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
