using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Forno.Checkpoints.Sources;
using Forno.Files;

namespace Forno.Checkpoints.Pickle;

/// <summary>
/// A PyTorch file (.ckpt, .pt, .pth, .bin; zip or legacy), opened as data only: nothing in it is ever executed or
/// imported, globals come from an allowlist, every length is checked. Tensors are named by their path in the saved
/// object (<c>state_dict/model.w</c>), and read when asked for. Formats: torch/serialization.py.
/// </summary>
public sealed class PickleFile : ITensorSource
{
    // torch/serialization.py: MAGIC_NUMBER (10 bytes) and PROTOCOL_VERSION
    private static readonly System.Numerics.BigInteger Magic = System.Numerics.BigInteger.Parse(
        "01950a86a20f9469cfc6c",
        System.Globalization.NumberStyles.HexNumber,
        System.Globalization.CultureInfo.InvariantCulture
    );

    private const long LegacyVersion = 1001;

    private readonly MappedFile map;
    private readonly TorchZip? zip;
    private readonly Dictionary<string, PickleTensor> tensors;
    private readonly Dictionary<string, long> offsets = new(StringComparer.Ordinal); // storage key → place in the file
    private readonly Dictionary<string, ZipRecord> packed = new(StringComparer.Ordinal); // storages that are deflated
    private readonly Lock @lock = new();
    private (string Key, byte[] Bytes)? lastUnpacked;

    private PickleFile(string path, MappedFile map)
    {
        (Path, this.map) = (path, map);
        var walk = new PickleWalk();
        if (map.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(map.Span(0, 4)) == 0x04034b50)
        {
            zip = new TorchZip(map);
            walk.Run(LoadZip());
        }
        else
        {
            walk.Run(LoadLegacy());
        }

        tensors = walk.Tensors;
        Values = walk.Values;
        Tensors = tensors.ToFrozenDictionary(
            pair => pair.Key,
            pair => new TensorInfo(pair.Key, pair.Value.Type, pair.Value.Size),
            StringComparer.Ordinal
        );
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata { get; } = FrozenDictionary<string, string>.Empty;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>
    /// Plain values by path (<c>global_step</c>, an embedding's <c>name</c>): null, bool, long, BigInteger, double or
    /// string. Only the first 10,000 of a file are kept.
    /// </summary>
    public IReadOnlyDictionary<string, object?> Values { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FornoException">It cannot be read, is no PyTorch file, is damaged, or asks to run
    /// code.</exception>
    public static PickleFile Open(string path)
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

    internal static PickleFile Open(string path, MappedFile map)
    {
        try
        {
            return new PickleFile(path, map);
        }
        catch (CorruptFileException e)
        {
            throw FornoException.ForFile(
                path,
                $"refused as a PyTorch file: {e.Message}",
                "Get it again from a source you trust, best as .safetensors.",
                e
            );
        }
    }

    /// <inheritdoc/>
    public void Read(string name, Span<byte> destination)
    {
        var info = this.Info(name);
        if (info.ByteLength != destination.Length)
        {
            throw new ArgumentException(
                $"'{name}' has {info.ByteLength} bytes, the destination {destination.Length}",
                nameof(destination)
            );
        }

        if (destination.Length == 0)
        {
            return;
        }

        var tensor = tensors[name];
        if (packed.TryGetValue(tensor.Storage.Key, out var record))
        {
            byte[] bytes = Unpack(tensor.Storage.Key, record);
            Gather(tensor, bytes.AsSpan((int)tensor.ByteOffset), destination);
        }
        else
        {
            long reach = Reach(tensor);
            Gather(tensor, map.Span(offsets[tensor.Storage.Key] + tensor.ByteOffset, checked((int)reach)), destination);
        }
    }

    /// <inheritdoc/>
    public unsafe bool TryGetAddress(string name, out nint address, [NotNullWhen(true)] out object? keepAlive)
    {
        this.Info(name);
        var tensor = tensors[name];
        bool direct = IsContiguous(tensor) && offsets.ContainsKey(tensor.Storage.Key);
        keepAlive = direct ? map.Lend() : null;
        address = direct ? (nint)(map.Address + offsets[tensor.Storage.Key] + tensor.ByteOffset) : 0;
        return direct;
    }

    /// <inheritdoc/>
    public void Dispose() => map.Dispose();

    private object? LoadZip()
    {
        var records = zip!.Records;
        string[] pickles = records.Keys.Where(name => name.Split('/')[^1] == "data.pkl").ToArray();
        if (pickles.Length != 1 || pickles[0].Count(c => c == '/') != 1)
        {
            throw new CorruptFileException(
                pickles.Length > 1
                    ? "it has more than one data.pkl"
                    : "it is a zip archive without the data.pkl of torch.save"
            );
        }

        string root = pickles[0][..^"data.pkl".Length];
        if (
            records.Keys.Any(name =>
                name == root + "constants.pkl" || name.StartsWith(root + "code/", StringComparison.Ordinal)
            )
        )
        {
            throw new CorruptFileException("it is a TorchScript program, not a file of weights");
        }

        if (
            records.TryGetValue(root + "byteorder", out var order)
            && (order.Length > 16 || !zip.Read(order).AsSpan().SequenceEqual("little"u8))
        )
        {
            throw new CorruptFileException("it was written on a big-endian machine");
        }

        var storages = new PickleStorages(legacy: false);
        object? value = new PickleMachine(storages.Resolve).Run(zip.Read(records[pickles[0]]), out _);
        foreach (var (key, type, count) in storages.Roots)
        {
            if (!records.TryGetValue($"{root}data/{key}", out var record))
            {
                throw new CorruptFileException($"its storage '{key}' is missing");
            }

            if (record.Length != count * type.Size())
            {
                throw new CorruptFileException(
                    $"its storage '{key}' has {record.Length} bytes instead of {count * type.Size()}"
                );
            }

            if (record.Deflated)
            {
                packed.Add(key, record);
            }
            else
            {
                offsets.Add(key, record.Offset);
            }
        }

        return value;
    }

    private object? LoadLegacy()
    {
        long at = 0;
        if (RunAt(ref at, null) is not System.Numerics.BigInteger magic || magic != Magic)
        {
            throw new CorruptFileException("it does not start as torch.save writes it");
        }

        if (RunAt(ref at, null) is not LegacyVersion)
        {
            throw new CorruptFileException("its protocol version is unknown");
        }

        if (RunAt(ref at, null) is not PickleDict system)
        {
            throw new CorruptFileException("its system information is malformed");
        }

        if (system["little_endian"] is not null and not true)
        {
            throw new CorruptFileException("it was written on a big-endian machine");
        }

        var storages = new PickleStorages(legacy: true);
        object? value = RunAt(ref at, storages.Resolve);
        if (RunAt(ref at, null) is not PickleList keys)
        {
            throw new CorruptFileException("its list of storages is malformed");
        }

        FindLegacyStorages(keys, storages, at);
        return value;
    }

    private void FindLegacyStorages(PickleList keys, PickleStorages storages, long at)
    {
        foreach (object? item in keys.Items)
        {
            if (
                item is not string key
                || !storages.TryGet(key, out var type, out long count)
                || offsets.ContainsKey(key)
            )
            {
                throw new CorruptFileException("its list of storages does not fit its object");
            }

            if (at > map.Length - 8 || BinaryPrimitives.ReadInt64LittleEndian(map.Span(at, 8)) != count)
            {
                throw new CorruptFileException($"its storage '{key}' is missing or of another length than described");
            }

            at += 8;
            offsets.Add(key, at);
            if (count * type.Size() > map.Length - at)
            {
                throw new CorruptFileException($"its storage '{key}' ends too early (the file is probably cut off)");
            }

            at += count * type.Size();
        }

        if (offsets.Count != storages.Count)
        {
            throw new CorruptFileException("its list of storages does not name all that are used");
        }
    }

    private object? RunAt(ref long at, Func<object?, object>? persistent)
    {
        var rest = map.Span(at, (int)Math.Min(map.Length - at, int.MaxValue));
        object? value = new PickleMachine(persistent).Run(rest, out int consumed);
        at += consumed;
        return value;
    }

    private byte[] Unpack(string key, ZipRecord record)
    {
        lock (@lock)
        {
            if (lastUnpacked is not { } last || last.Key != key)
            {
                try
                {
                    lastUnpacked = last = (key, zip!.Read(record));
                }
                catch (CorruptFileException e)
                {
                    throw FornoException.ForFile(Path, $"damaged: {e.Message}", "Get it again.", e);
                }
            }

            return last.Bytes;
        }
    }

    private static bool IsContiguous(PickleTensor tensor)
    {
        long due = 1;
        for (int i = tensor.Size.Length - 1; i >= 0; i--)
        {
            if (tensor.Size[i] != 1 && tensor.Stride[i] != due)
            {
                return tensor.Size.Contains(0);
            }

            due *= tensor.Size[i];
        }

        return true;
    }

    /// <summary>Bytes from the tensor's first element to the end of its furthest one.</summary>
    private static long Reach(PickleTensor tensor)
    {
        long last = 0;
        for (int i = 0; i < tensor.Size.Length; i++)
        {
            last += (tensor.Size[i] - 1) * tensor.Stride[i];
        }

        return (last + 1) * tensor.Type.Size();
    }

    private static void Gather(PickleTensor tensor, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (IsContiguous(tensor))
        {
            source[..destination.Length].CopyTo(destination);
            return;
        }

        int width = tensor.Type.Size();
        long[] index = new long[tensor.Size.Length];
        long at = 0;
        for (int written = 0; written < destination.Length; written += width)
        {
            source.Slice((int)(at * width), width).CopyTo(destination[written..]);
            for (int axis = index.Length - 1; axis >= 0; axis--)
            {
                at += tensor.Stride[axis];
                if (++index[axis] < tensor.Size[axis])
                {
                    break;
                }

                at -= tensor.Size[axis] * tensor.Stride[axis];
                index[axis] = 0;
            }
        }
    }
}
