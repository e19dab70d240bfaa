using System.Security.Cryptography;
using System.Text;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Torch;

namespace Forno.Data;

/// <summary>
/// Tensors by key, in memory or on disk: one safetensors file a key, whole or absent, with a checksum. A file that is
/// torn, changed or foreign counts as absent, so it is built again.
/// </summary>
public sealed class TensorCache : IDisposable
{
    private const string KeyName = "forno_cache_key";
    private const string ChecksumName = "forno_cache_sha256";
    private readonly Dictionary<string, Dictionary<string, Tensor>> memory = new(StringComparer.Ordinal);
    private readonly HashSet<string> onDisk = new(StringComparer.Ordinal);
    private readonly string? folder;

    /// <summary>Opens a cache.</summary>
    /// <param name="folder">Where files go; made if it is absent. Null keeps everything in memory.</param>
    public TensorCache(string? folder)
    {
        this.folder = folder;
        if (folder is not null)
        {
            Directory.CreateDirectory(folder);
        }
    }

    /// <summary>A key of what a value depends on: SHA-256 over the parts, as 64 hexadecimal digits.</summary>
    public static string Key(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string part in parts)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            hash.AppendData(BitConverter.GetBytes((long)bytes.Length)); // so that parts cannot run into each other
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The SHA-256 of a file's content, as 64 hexadecimal digits.</summary>
    /// <exception cref="FornoException">The file cannot be read.</exception>
    public static string HashFile(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FornoException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Whether a whole value is there. Files are checked completely the first time.</summary>
    public bool Has(string key)
    {
        if (folder is null)
        {
            return memory.ContainsKey(key);
        }

        if (onDisk.Contains(key))
        {
            return true;
        }

        using var scope = new Scope();
        return TryRead(key) is not null && onDisk.Add(key);
    }

    /// <summary>Keeps copies of tensors under a key; an older value is replaced.</summary>
    public void Put(string key, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var scope = new Scope();
        if (folder is null)
        {
            Drop(key);
            memory[key] = tensors.ToDictionary(
                t => t.Key,
                t => t.Value.Detach().To(Device.Cpu).Contiguous().Clone().Own(),
                StringComparer.Ordinal
            );
            return;
        }

        var local = tensors
            .OrderBy(t => t.Key, StringComparer.Ordinal)
            .Select(t => (t.Key, Tensor: t.Value.Detach().To(Device.Cpu).Contiguous()))
            .ToArray();
        SafetensorsWriter.Write(
            PathOf(key),
            [.. local.Select(t => TensorToWrite.From(t.Key, t.Tensor))],
            new Dictionary<string, string> { [KeyName] = key, [ChecksumName] = Checksum(local) }
        );
        onDisk.Add(key);
    }

    /// <summary>The tensors under a key, in the current scope, on the CPU.</summary>
    /// <exception cref="FornoException">The value is not there, or its file was damaged since it was
    /// checked.</exception>
    public Dictionary<string, Tensor> Get(string key)
    {
        if (folder is null)
        {
            return memory.TryGetValue(key, out var found)
                ? found.ToDictionary(t => t.Key, t => t.Value.Alias(), StringComparer.Ordinal)
                : throw new FornoException($"the cache has no entry {key}");
        }

        return TryRead(key)
            ?? throw new FornoException(
                $"{PathOf(key)}: this cached file is absent or damaged; start again to rebuild it"
            );
    }

    /// <summary>Frees what is held in memory; files stay.</summary>
    public void Dispose()
    {
        foreach (string? key in memory.Keys.ToArray())
        {
            Drop(key);
        }
    }

    private void Drop(string key)
    {
        if (memory.Remove(key, out var tensors))
        {
            foreach (var tensor in tensors.Values)
            {
                tensor.Dispose();
            }
        }
    }

    private string PathOf(string key) => Path.Combine(folder!, key + ".safetensors");

    /// <summary>
    /// Reads a file into the current scope; null if it is not exactly what was written under this key.
    /// </summary>
    private Dictionary<string, Tensor>? TryRead(string key)
    {
        if (!File.Exists(PathOf(key)))
        {
            return null;
        }

        try
        {
            using var file = SafetensorsFile.Open(PathOf(key));
            if (file.Metadata.GetValueOrDefault(KeyName) != key)
            {
                return null;
            }

            var tensors = file
                .Tensors.Keys.Order(StringComparer.Ordinal)
                .Select(name => (name, file.Load(name).Clone()))
                .ToArray();
            return file.Metadata.GetValueOrDefault(ChecksumName) == Checksum(tensors)
                ? tensors.ToDictionary(t => t.name, t => t.Item2, StringComparer.Ordinal)
                : null;
        }
        catch (FornoException)
        {
            return null; // no safetensors file, or cut short
        }
    }

    private static unsafe string Checksum((string Name, Tensor Tensor)[] tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, tensor) in tensors)
        {
            hash.AppendData(
                Encoding.UTF8.GetBytes($"{name}:{tensor.DType}:{string.Join(',', tensor.Shape.ToArray())}\n")
            );
            hash.AppendData(new ReadOnlySpan<byte>(tensor.Pointer, checked((int)(tensor.Count * tensor.DType.Size()))));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
