using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Forno.Imaging;
using Forno.Io;

namespace Forno.Prepare;

/// <summary>
/// Measures of pictures by the content of their files, kept from one run to the next: what was renamed or moved is known
/// still, what was changed is measured anew. Safe for several threads.
/// </summary>
public sealed class MeasureCache
{
    private const string Magic = "FORNOMS1";
    private readonly string? path;
    private readonly Dictionary<ContentKey, PictureMeasures> known = [];
    private readonly ConcurrentDictionary<ContentKey, PictureMeasures> used = new();
    private int added;

    private MeasureCache(string? path) => this.path = path;

    /// <summary>A cache that lives as long as the process.</summary>
    public static MeasureCache InMemory() => new(null);

    /// <summary>Opens a cache file; one that is absent, damaged or of another version counts as empty.</summary>
    /// <param name="path">The file; see <see cref="PlaceFor"/>.</param>
    public static MeasureCache Open(string path)
    {
        var cache = new MeasureCache(path);
        try
        {
            using var reader = new BinaryReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16));
            if (reader.ReadString() == Magic)
            {
                for (int left = reader.ReadInt32(); left > 0; left--)
                {
                    cache.known[ContentKey.From(Exactly(reader, 32))] = Read(reader);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            cache.known.Clear();
        }

        return cache;
    }

    /// <summary>Where the cache of a folder lies: in the work folder's own, else in the user's cache (<c>XDG_CACHE_HOME</c>), never among originals.</summary>
    /// <param name="folder">The pictures' folder.</param>
    public static string PlaceFor(string folder)
    {
        if (WorkFolder.Find(folder) is { } work)
        {
            return Path.Join(work, WorkFolder.Hidden, "measures.cache");
        }

        string home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
            ? set : Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(folder)));
        return Path.Join(home, "forno", "measures", Convert.ToHexStringLower(hash.AsSpan(0, 12)) + ".cache");
    }

    /// <summary>The measures of some content.</summary>
    /// <param name="key">The file's hash.</param>
    /// <param name="measure">Measures it where it is not known.</param>
    public PictureMeasures Get(ContentKey key, Func<PictureMeasures> measure)
    {
        if (used.TryGetValue(key, out PictureMeasures? measures))
        {
            return measures;
        }

        if (!known.TryGetValue(key, out measures))
        {
            measures = measure();
            Interlocked.Increment(ref added);
        }

        used.TryAdd(key, measures);
        return measures;
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
            AtomicFile.Write(path, stream =>
            {
                using var writer = new BinaryWriter(new BufferedStream(stream, 1 << 16), Encoding.UTF8, leaveOpen: true);
                writer.Write(Magic);
                writer.Write(used.Count);
                foreach ((ContentKey key, PictureMeasures measures) in used)
                {
                    writer.Write(key.ToBytes());
                    Write(writer, measures);
                }
            });
            return null;
        }
        catch (Exception e) when (e is FornoException or IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    private static void Write(BinaryWriter writer, PictureMeasures m)
    {
        writer.Write(m.Width);
        writer.Write(m.Height);
        writer.Write(m.Sharpness);
        writer.Write(m.ColouredShare);
        writer.Write(m.Content.Left);
        writer.Write(m.Content.Top);
        writer.Write(m.Content.Width);
        writer.Write(m.Content.Height);
        writer.Write(m.HasAlpha);
        writer.Write(m.TransparentShare);
        writer.Write(m.Blockiness);
        writer.Write(m.Small.Luma);
        writer.Write(m.Small.Cb);
        writer.Write(m.Small.Cr);
        foreach (ulong hash in (ulong[])[.. m.Hash.Frequency, .. m.Hash.MirroredFrequency, m.Hash.Gradient, m.Hash.MirroredGradient])
        {
            writer.Write(hash);
        }

        writer.Write(m.Hash.Colour);
    }

    private static PictureMeasures Read(BinaryReader reader)
    {
        const int Luma = SmallPicture.ScanSide * SmallPicture.ScanSide;
        return new PictureMeasures
        {
            Width = reader.ReadInt32(),
            Height = reader.ReadInt32(),
            Sharpness = reader.ReadDouble(),
            ColouredShare = reader.ReadDouble(),
            Content = new Box(reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32()),
            HasAlpha = reader.ReadBoolean(),
            TransparentShare = reader.ReadDouble(),
            Blockiness = reader.ReadDouble(),
            Small = new SmallPicture(Exactly(reader, Luma), Exactly(reader, Luma / 4), Exactly(reader, Luma / 4)),
            Hash = new PictureHash(Hashes(reader), Hashes(reader), reader.ReadUInt64(), reader.ReadUInt64(), Exactly(reader, 32)),
        };
    }

    private static ulong[] Hashes(BinaryReader reader) => [.. PictureHash.Windows.Select(_ => reader.ReadUInt64())];

    private static byte[] Exactly(BinaryReader reader, int count)
    {
        byte[] bytes = reader.ReadBytes(count);
        return bytes.Length == count ? bytes : throw new EndOfStreamException();
    }
}
