using Forno.Imaging;
using Forno.Imaging.Measures;
using Forno.Workspace;

namespace Forno.Datasets.Surveys;

/// <summary>
/// Measures of pictures by the content of their files, kept from one run to the next: what was renamed or moved is
/// known still, what was changed is measured anew. Safe for several threads.
/// </summary>
public sealed class MeasureCache
{
    private const string Magic = "FORNOMS1";
    private readonly ContentCache<PictureMeasures> cache;

    private MeasureCache(string? path) => cache = new ContentCache<PictureMeasures>(path, Magic, Read, Write);

    /// <summary>A cache that lives as long as the process.</summary>
    public static MeasureCache InMemory() => new(null);

    /// <summary>Opens a cache file; one that is absent, damaged or of another version counts as empty.</summary>
    /// <param name="path">The file; see <see cref="PlaceFor"/>.</param>
    public static MeasureCache Open(string path) => new(path);

    /// <summary>Where the cache of a folder lies; see <see cref="ContentCache{T}.PlaceFor"/>.</summary>
    /// <param name="folder">The pictures' folder.</param>
    public static string PlaceFor(string folder) => ContentCache<PictureMeasures>.PlaceFor(folder, "measures");

    /// <summary>The measures of some content.</summary>
    /// <param name="key">The file's hash.</param>
    /// <param name="measure">Measures it where it is not known.</param>
    public PictureMeasures Get(ContentKey key, Func<PictureMeasures> measure) => cache.Get(key, measure);

    /// <summary>Writes what this run asked for, if any of it is new; what was not asked for is forgotten.</summary>
    /// <returns>Why it could not be written, or null: without the file the next run only takes longer.</returns>
    public string? Save() => cache.Save();

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
        foreach (
            ulong hash in (ulong[])
                [.. m.Hash.Frequency, .. m.Hash.MirroredFrequency, m.Hash.Gradient, m.Hash.MirroredGradient]
        )
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
            Hash = new PictureHash(
                Hashes(reader),
                Hashes(reader),
                reader.ReadUInt64(),
                reader.ReadUInt64(),
                Exactly(reader, 32)
            ),
        };
    }

    private static ulong[] Hashes(BinaryReader reader) => [.. PictureHash.Windows.Select(_ => reader.ReadUInt64())];

    private static byte[] Exactly(BinaryReader reader, int count) =>
        ContentCache<PictureMeasures>.Exactly(reader, count);
}
