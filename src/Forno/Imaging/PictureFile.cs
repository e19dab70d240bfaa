using System.Buffers.Binary;
using System.Globalization;

namespace Forno.Imaging;

/// <summary>
/// Picture files that nobody vouches for: what their header claims is looked at before anything is decoded, and
/// decoding them says whether they are whole. Failures are <see cref="FornoException"/>s "path: why".
/// </summary>
public sealed record PictureFile
{
    /// <summary>
    /// The largest picture that is decoded unless told otherwise, in pixels (as Pillow's limit for "bombs").
    /// </summary>
    public const long DefaultMaxPixels = 178_956_970;

    private long maxPixels = DefaultMaxPixels;

    /// <summary>Its path.</summary>
    public required string Path { get; init; }

    /// <summary>What it is by its content: see <see cref="PictureFormat.Detect(ReadOnlySpan{byte})"/>.</summary>
    public required string Format { get; init; }

    /// <summary>Pixels in a row of the upright picture.</summary>
    public required int Width { get; init; }

    /// <summary>Rows of the upright picture.</summary>
    public required int Height { get; init; }

    /// <summary>Whether it is stored lying or mirrored, and its EXIF orientation sets it right.</summary>
    public required bool Turned { get; init; }

    /// <summary>
    /// Frames of an animation (gif, webp, apng), pages of a TIFF that are pictures of their own; 1 for stills.
    /// </summary>
    public required int Frames { get; init; }

    /// <summary>Whether it has an alpha channel or a transparent colour.</summary>
    public required bool HasAlpha { get; init; }

    /// <summary>
    /// Whether its samples are 8-bit grey or RGB without a colour profile, so that decoding changes none.
    /// </summary>
    public required bool IsPlain { get; init; }

    /// <summary>Reads what the header tells, without decoding.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxPixels">Most pixels that a picture may claim.</param>
    /// <exception cref="FornoException">The file is absent, empty, no picture, of a kind that cannot be read, or too
    /// large.</exception>
    public static PictureFile Inspect(string path, long maxPixels = DefaultMaxPixels)
    {
        string format = FormatOf(path);
        using var picture = Picture.Load(path, maxPixels);
        using var upright = picture.Autorotate();
        return new PictureFile
        {
            Path = path,
            maxPixels = maxPixels,
            Format = format,
            Width = upright.Width,
            Height = upright.Height,
            Turned = picture.Orientation is > 1 and <= 8,
            Frames =
                format is "gif" or "webp" ? picture.Frames
                : format == "png" ? PngFrames(path)
                : format == "tiff" && picture.Frames > 1 ? PageReader.Pages(path, maxPixels).Count
                : 1,
            HasAlpha = picture.HasAlpha,
            IsPlain = picture.Is8Bit && picture.IsGreyOrRgb && !picture.HasProfile,
        };
    }

    /// <summary>
    /// The whole picture in memory, upright, 8-bit sRGB (the first frame of an animation). All of its data must be
    /// there and pass the format's checksums.
    /// </summary>
    /// <exception cref="FornoException">The file is damaged.</exception>
    public Picture Decode()
    {
        using var picture = Picture.Load(Path, maxPixels);
        using var srgb = picture.ToSrgb8();
        return srgb.InMemory();
    }

    private static string FormatOf(string path)
    {
        try
        {
            return new FileInfo(path) is not { Exists: true } info
                    ? throw new FornoException($"{path}: there is no such file")
                : info.Length == 0 ? throw new FornoException($"{path}: the file is empty")
                : PictureFormat.Detect(PictureFormat.Head(path))
                    ?? throw new FornoException($"{path}: not a picture: its content is of no known kind");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FornoException($"{path}: cannot be read ({e.Message})", e);
        }
    }

    // acTL stands before the image data: chunk = length, type, data, CRC.
    private static int PngFrames(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        Span<byte> chunk = stackalloc byte[12];
        file.Seek(8, SeekOrigin.Begin);
        while (file.ReadAtLeast(chunk, 12, throwOnEndOfStream: false) == 12 && !chunk[4..8].SequenceEqual("IDAT"u8))
        {
            if (chunk[4..8].SequenceEqual("acTL"u8))
            {
                return (int)Math.Clamp(BinaryPrimitives.ReadUInt32BigEndian(chunk[8..]), 1, int.MaxValue);
            }

            file.Seek(BinaryPrimitives.ReadUInt32BigEndian(chunk), SeekOrigin.Current);
        }

        return 1;
    }
}
