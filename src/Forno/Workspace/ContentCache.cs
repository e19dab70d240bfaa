using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Forno.Files;

namespace Forno.Workspace;

/// <summary>
/// What is known of files by their content, kept from one run to the next: what was renamed or moved is known still,
/// what was changed is looked at anew. Safe for several threads.
/// </summary>
/// <typeparam name="T">What is known of a file.</typeparam>
public sealed class ContentCache<T>
    where T : class
{
    private readonly string? path;
    private readonly string magic;
    private readonly Action<BinaryWriter, T> write;
    private readonly Dictionary<ContentKey, T> known = [];
    private readonly ConcurrentDictionary<ContentKey, T> used = new();
    private int added;

    /// <summary>Opens a cache file; one that is absent, damaged or of another kind counts as empty.</summary>
    /// <param name="path">The file; null: a cache that lives as long as the process.</param>
    /// <param name="magic">Kind and version; whatever else the answers depend on belongs in it too.</param>
    /// <param name="read">Reads an entry.</param>
    /// <param name="write">Writes an entry.</param>
    public ContentCache(string? path, string magic, Func<BinaryReader, T> read, Action<BinaryWriter, T> write)
    {
        (this.path, this.magic, this.write) = (path, magic, write);
        if (path is null)
        {
            return;
        }

        try
        {
            using var reader = new BinaryReader(
                new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16)
            );
            if (reader.ReadString() == magic)
            {
                for (int left = reader.ReadInt32(); left > 0; left--)
                {
                    known[ContentKey.From(Exactly(reader, 32))] = read(reader);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            known.Clear();
        }
    }

    /// <summary>
    /// Where a cache of a folder lies: in the work folder's own, else in the user's cache (<c>XDG_CACHE_HOME</c>),
    /// never among originals.
    /// </summary>
    /// <param name="folder">The pictures' folder.</param>
    /// <param name="kind">What is cached, one word: <c>measures</c>.</param>
    public static string PlaceFor(string folder, string kind)
    {
        if (WorkFolder.Find(folder) is { } work)
        {
            return Path.Join(work, WorkFolder.Hidden, kind + ".cache");
        }

        string home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
            ? set
            : Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(folder)));
        return Path.Join(home, "forno", kind, Convert.ToHexStringLower(hash.AsSpan(0, 12)) + ".cache");
    }

    /// <summary>What is known of some content.</summary>
    /// <param name="key">The file's hash.</param>
    /// <param name="look">Looks at it where nothing is known.</param>
    public T Get(ContentKey key, Func<T> look)
    {
        if (used.TryGetValue(key, out T? entry))
        {
            return entry;
        }

        if (!known.TryGetValue(key, out entry))
        {
            entry = look();
            Interlocked.Increment(ref added);
        }

        used.TryAdd(key, entry);
        return entry;
    }

    /// <summary>Writes what this run asked for, if any of it is new; what was not asked for is forgotten.</summary>
    /// <returns>Why it could not be written, or null: without the file the next run only takes longer.</returns>
    public string? Save()
    {
        if (path is null || added == 0)
        {
            return null;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(
                path,
                stream =>
                {
                    using var writer = new BinaryWriter(
                        new BufferedStream(stream, 1 << 16),
                        Encoding.UTF8,
                        leaveOpen: true
                    );
                    writer.Write(magic);
                    writer.Write(used.Count);
                    foreach ((ContentKey key, T entry) in used)
                    {
                        writer.Write(key.ToBytes());
                        write(writer, entry);
                    }
                }
            );
            return null;
        }
        catch (Exception e) when (e is FornoException or IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <summary>Reads so many bytes.</summary>
    /// <exception cref="EndOfStreamException">There are fewer.</exception>
    internal static byte[] Exactly(BinaryReader reader, int count)
    {
        byte[] bytes = reader.ReadBytes(count);
        return bytes.Length == count ? bytes : throw new EndOfStreamException();
    }
}
