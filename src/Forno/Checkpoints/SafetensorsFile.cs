using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Forno.Checkpoints.Sources;
using Forno.Files;

namespace Forno.Checkpoints;

/// <summary>
/// A safetensors file, mapped into memory: opening checks the header against the file (hostile files included) and
/// reads no tensor. Format: huggingface/safetensors, README, "Format".
/// </summary>
public sealed class SafetensorsFile : ITensorSource
{
    private readonly MappedFile map;
    private readonly SafetensorsHeader header;

    private SafetensorsFile(string path, MappedFile map, SafetensorsHeader header, long dataOffset) =>
        (Path, this.map, this.header, DataOffset) = (path, map, header, dataOffset);

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => header.Tensors;

    /// <summary>Where the tensors' data begin in the file: 8 plus the header's length.</summary>
    public long DataOffset { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FornoException">It cannot be read, or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        var map = MappedFile.Open(path);
        try
        {
            return Open(path, map);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    internal static SafetensorsFile Open(string path, MappedFile map)
    {
        try
        {
            if (map.Length < 8)
            {
                throw new CorruptFileException($"it has {map.Length} bytes, too few for a safetensors file");
            }

            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(map.Span(0, 8));
            if (length > SafetensorsHeader.MaxHeaderLength || (long)length > map.Length - 8)
            {
                throw new CorruptFileException(
                    $"its first bytes claim a header of {length} bytes in a file of {map.Length}"
                );
            }

            long dataOffset = 8 + (long)length;
            var header = SafetensorsHeader.Parse(map.Span(8, (int)length), map.Length - dataOffset);
            return new SafetensorsFile(path, map, header, dataOffset);
        }
        catch (CorruptFileException e)
        {
            throw FornoException.ForFile(
                path,
                $"not a whole safetensors file: {e.Message}",
                "Download or export it again.",
                e
            );
        }
    }

    /// <summary>A tensor's bytes where they are mapped, without copying; valid until the file is disposed.</summary>
    /// <param name="name">A key of <see cref="Tensors"/>; others throw <see cref="FornoException"/>. Under 2
    /// GiB.</param>
    public ReadOnlySpan<byte> Bytes(string name) => map.Span(Locate(name, out var info), checked((int)info.ByteLength));

    /// <inheritdoc/>
    public void Read(string name, Span<byte> destination)
    {
        var bytes = Bytes(name);
        if (bytes.Length != destination.Length)
        {
            throw new ArgumentException(
                $"'{name}' has {bytes.Length} bytes, the destination {destination.Length}",
                nameof(destination)
            );
        }

        bytes.CopyTo(destination);
    }

    /// <inheritdoc/>
    public unsafe bool TryGetAddress(string name, out nint address, [NotNullWhen(true)] out object? keepAlive)
    {
        keepAlive = map.Lend();
        address = (nint)(map.Address + Locate(name, out _));
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => map.Dispose();

    private long Locate(string name, out TensorInfo info)
    {
        info = this.Info(name);
        return DataOffset + header.Begins[name];
    }
}
