namespace Forno.Io;

/// <summary>Conveniences over any <see cref="ITensorSource"/>.</summary>
public static class TensorSources
{
    /// <summary>What the source says of a tensor.</summary>
    /// <exception cref="FornoException">There is no tensor of that name.</exception>
    public static TensorInfo Info(this ITensorSource source, string name) =>
        source.Tensors.TryGetValue(name, out var info)
            ? info
            : throw FornoException.ForFile(
                source.Path, $"it has no tensor '{name}'", "It may be of another model family or incomplete; `forno model inspect` lists what it holds.");

    /// <summary>A copy of a tensor's bytes, contiguous and row-major. Under 2 GiB.</summary>
    public static byte[] ReadBytes(this ITensorSource source, string name)
    {
        var bytes = new byte[source.Info(name).ByteLength];
        source.Read(name, bytes);
        return bytes;
    }
}
