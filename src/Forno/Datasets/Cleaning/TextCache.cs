using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.Vision.TextDetection;
using Forno.Workspace;

namespace Forno.Datasets.Cleaning;

/// <summary>The texts of a picture.</summary>
/// <param name="Width">Its width in pixels.</param>
/// <param name="Height">Its height in pixels.</param>
/// <param name="Texts">The boxes, in its pixels.</param>
public sealed record PictureTexts(int Width, int Height, IReadOnlyList<TextArea> Texts)
{
    /// <summary>The share of the picture that lies in text boxes, 0 to 1.</summary>
    public double Coverage => TextMap.Coverage(Texts, Width, Height);
}

/// <summary>
/// Texts of pictures by the content of their files, kept from one run to the next. Safe for several threads.
/// </summary>
public sealed class TextCache
{
    private readonly ContentCache<PictureTexts> cache;

    private TextCache(string? path, string detector) =>
        cache = new ContentCache<PictureTexts>(path, "FORNOTX1 " + detector, Read, Write);

    /// <summary>A cache that lives as long as the process.</summary>
    public static TextCache InMemory() => new(null, "");

    /// <summary>Opens the cache of a folder, in its work folder or in the user's own place.</summary>
    /// <param name="folder">The pictures' folder.</param>
    /// <param name="detector">What found the texts, with its settings: answers of another one do not count.</param>
    public static TextCache Open(string folder, string detector) =>
        new(ContentCache<PictureTexts>.PlaceFor(folder, "texts"), detector);

    /// <summary>The texts of a picture.</summary>
    /// <param name="item">The picture.</param>
    /// <param name="find">Finds them where they are not known.</param>
    /// <exception cref="FornoException">The file cannot be read.</exception>
    public PictureTexts Of(PictureItem item, Func<Picture, IReadOnlyList<TextArea>> find)
    {
        ContentKey key;
        try
        {
            key = ContentKey.OfFile(item.File);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FornoException($"{item.File}: cannot be read ({e.Message})", e);
        }

        return cache.Get(
            key,
            () =>
            {
                var info = PictureFile.Inspect(item.File);
                using IDisposable share = PixelBudget.Take(3L * info.Width * info.Height);
                using Picture picture = info.Decode();
                return new PictureTexts(info.Width, info.Height, find(picture));
            }
        );
    }

    /// <summary>Writes what this run asked for, if any of it is new.</summary>
    /// <returns>Why it could not be written, or null.</returns>
    public string? Save() => cache.Save();

    private static void Write(BinaryWriter writer, PictureTexts texts)
    {
        writer.Write(texts.Width);
        writer.Write(texts.Height);
        writer.Write(texts.Texts.Count);
        foreach (TextArea text in texts.Texts)
        {
            foreach (Spot s in (Spot[])[text.Quad.A, text.Quad.B, text.Quad.C, text.Quad.D])
            {
                writer.Write((float)s.X);
                writer.Write((float)s.Y);
            }

            writer.Write(text.Score);
        }
    }

    private static PictureTexts Read(BinaryReader reader)
    {
        (int width, int height, int count) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        if (width < 1 || height < 1 || count is < 0 or > 100_000)
        {
            throw new FormatException("not a list of texts");
        }

        var texts = new List<TextArea>();
        for (; count > 0; count--)
        {
            texts.Add(new TextArea(new Quad(Corner(), Corner(), Corner(), Corner()), reader.ReadSingle()));
        }

        return new PictureTexts(width, height, texts);

        Spot Corner() => new(reader.ReadSingle(), reader.ReadSingle());
    }
}
