using Forno.Torch;

namespace Forno.Checkpoints.Sources;

/// <summary>Conveniences over any <see cref="ITensorSource"/>: bytes and tensors out of files.</summary>
public static class TensorSources
{
    /// <summary>What the source says of a tensor.</summary>
    /// <exception cref="FornoException">There is no tensor of that name.</exception>
    public static TensorInfo Info(this ITensorSource source, string name) =>
        source.Tensors.TryGetValue(name, out var info)
            ? info
            : throw FornoException.ForFile(
                source.Path,
                $"it has no tensor '{name}'",
                "It may be of another model family or incomplete."
            );

    /// <summary>A copy of a tensor's bytes, contiguous and row-major. Under 2 GiB.</summary>
    public static byte[] ReadBytes(this ITensorSource source, string name)
    {
        byte[] bytes = new byte[source.Info(name).ByteLength];
        source.Read(name, bytes);
        return bytes;
    }

    /// <summary>
    /// A tensor of a file, in the current scope. Where it lies in the file as it is, nothing is copied: it shares the
    /// private mapping (which it keeps alive), is read from disk when touched, and may even be written to without
    /// changing the file.
    /// </summary>
    /// <param name="source">An open file; may be disposed before the tensor.</param>
    /// <param name="name">The tensor's key.</param>
    /// <param name="type">The type wanted; null for the stored one (8-bit floats become fp32, which libtorch 1.13
    /// has).</param>
    /// <exception cref="FornoException">No such tensor, or a type that libtorch has no place for (U16, U32,
    /// U64).</exception>
    public static Tensor Load(this ITensorSource source, string name, DType? type = null)
    {
        using var scope = new Scope();
        var tensor = LoadStored(source, source.Info(name));
        return scope.Keep(type is { } wanted && wanted != tensor.DType ? tensor.To(wanted) : tensor);
    }

    private static unsafe Tensor LoadStored(ITensorSource source, TensorInfo info)
    {
        long[] shape = [.. info.Shape];
        if (info.Type is ElementType.F8E4M3 or ElementType.F8E5M2)
        {
            return Widen(source, info, shape);
        }

        var type =
            info.Type.ToDType()
            ?? throw FornoException.ForFile(
                source.Path,
                $"tensor '{info.Name}' has the type {info.Type.Name()}, which cannot be computed with",
                "Convert the file with another tool."
            );
        if (
            info.ByteLength > 0
            && source.TryGetAddress(info.Name, out nint address, out object? keepAlive)
            && address % info.Type.Size() == 0
        )
        {
            return Tensor.Wrap((void*)address, type, shape, keepAlive);
        }

        var tensor = Tensor.Empty(shape, type);
        source.Read(info.Name, new Span<byte>(tensor.Pointer, checked((int)info.ByteLength)));
        return tensor;
    }

    private static Tensor Widen(ITensorSource source, TensorInfo info, long[] shape)
    {
        Span<float> table = stackalloc float[256];
        for (int i = 0; i < 256; i++)
        {
            table[i] = (float)info.Type.ReadFloat([(byte)i]);
        }

        var tensor = Tensor.Empty(shape, DType.Float32);
        var values = tensor.AsSpan<float>();
        byte[] bytes = source.ReadBytes(info.Name);
        for (int i = 0; i < bytes.Length; i++)
        {
            values[i] = table[bytes[i]];
        }

        return tensor;
    }
}
