using System.Diagnostics.CodeAnalysis;

namespace Forno.Checkpoints.Sources;

/// <summary>What a weight file says of one tensor.</summary>
/// <param name="Name">Its key in the file.</param>
/// <param name="Type">Its element type as stored.</param>
/// <param name="Shape">Its dimensions; empty for a scalar.</param>
public sealed record TensorInfo(string Name, ElementType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Elements, the product of the shape; readers have checked that it does not overflow.</summary>
    public long ElementCount
    {
        get
        {
            long count = 1;
            foreach (long side in Shape)
            {
                count = checked(count * side);
            }

            return count;
        }
    }

    /// <summary>Bytes the tensor takes when contiguous.</summary>
    public long ByteLength => checked(ElementCount * Type.Size());

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Type.Name()} [{string.Join(", ", Shape)}]";
}

/// <summary>
/// A file of named tensors, opened and checked but not read: safetensors or PyTorch's formats
/// (<see cref="Checkpoint.Open"/> finds out which). Safe for concurrent reading.
/// </summary>
public interface ITensorSource : IDisposable
{
    /// <summary>The file, as it was named on opening.</summary>
    string Path { get; }

    /// <summary>The header's string metadata; empty for formats without.</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>All tensors by name.</summary>
    IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Copies a tensor's bytes, contiguous and row-major.</summary>
    /// <param name="name">A key of <see cref="Tensors"/>; others throw <see cref="FornoException"/>.</param>
    /// <param name="destination">Exactly <see cref="TensorInfo.ByteLength"/> bytes.</param>
    void Read(string name, Span<byte> destination);

    /// <summary>
    /// The address of a tensor's contiguous bytes in the mapped file, where they lie there as they are. The mapping is
    /// private: writing there never reaches the file. May be unaligned.
    /// </summary>
    /// <param name="name">A key of <see cref="Tensors"/>; others throw <see cref="FornoException"/>.</param>
    /// <param name="address">The first byte, or 0.</param>
    /// <param name="keepAlive">The address is valid as long as this object is referenced, even after the source is
    /// disposed.</param>
    /// <returns>False when the bytes must be fetched by <see cref="Read"/> (compressed or strided storage).</returns>
    bool TryGetAddress(string name, out nint address, [NotNullWhen(true)] out object? keepAlive);
}
