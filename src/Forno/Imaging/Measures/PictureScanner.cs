using Forno.Imaging.Resampling;

namespace Forno.Imaging.Measures;

/// <summary>What one pass over a picture's pixels tells.</summary>
public sealed record PictureMeasures
{
    /// <summary>Share of coloured pixels below which a picture is monochrome.</summary>
    public const double MonochromeShare = 0.002;

    /// <summary>Pixels in a row, upright.</summary>
    public required int Width { get; init; }

    /// <summary>Rows, upright.</summary>
    public required int Height { get; init; }

    /// <summary>Variance of the Laplacian; see <see cref="Forno.Imaging.Measures.Sharpness"/>.</summary>
    public required double Sharpness { get; init; }

    /// <summary>Share of pixels whose channels lie more than 24 apart.</summary>
    public required double ColouredShare { get; init; }

    /// <summary>
    /// What is left without borders of one colour, at a fuzz of <see cref="PictureScanner.BorderFuzz"/> percent.
    /// </summary>
    public required Box Content { get; init; }

    /// <summary>Whether the file has an alpha channel.</summary>
    public required bool HasAlpha { get; init; }

    /// <summary>Share of pixels that are not opaque.</summary>
    public required double TransparentShare { get; init; }

    /// <summary>Compression damage in grey levels; see <see cref="Forno.Imaging.Measures.Blockiness"/>.</summary>
    public required double Blockiness { get; init; }

    /// <summary>The picture made small, for comparing.</summary>
    public required SmallPicture Small { get; init; }

    /// <summary>Its hashes.</summary>
    public required PictureHash Hash { get; init; }

    /// <summary>
    /// Whether it is a picture without colour: grey, line art, black, white, also with slight colour noise.
    /// </summary>
    public bool IsMonochrome => ColouredShare < MonochromeShare;

    /// <summary>Standard deviation of the brightness, of 255, on the small picture.</summary>
    public double Contrast
    {
        get
        {
            double mean = Small.Luma.Average(l => (double)l);
            return Math.Sqrt(Small.Luma.Average(l => (l - mean) * (l - mean)));
        }
    }

    /// <summary>Whether at least one pixel is not opaque.</summary>
    public bool UsesAlpha => TransparentShare > 0;
}

/// <summary>
/// Measures pictures in one pass over their rows; nothing whole is held in memory. What is transparent counts as white.
/// Its buffers serve one picture after another; one scanner for one thread.
/// </summary>
public sealed class PictureScanner
{
    /// <summary>The fuzz of <see cref="PictureMeasures.Content"/> in percent.</summary>
    public const double BorderFuzz = 20;

    private readonly Sharpness sharpness = new();
    private readonly Blockiness blockiness = new();
    private readonly Borders borders = new();
    private readonly CellReducer cells = new();
    private byte[] grey = [],
        opaque = [];

    /// <summary>Measures a picture file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FornoException">The file is no picture, or damaged.</exception>
    public PictureMeasures Scan(string path)
    {
        using var picture = Picture.LoadStreaming(path);
        return Scan(picture);
    }

    /// <summary>Measures a picture.</summary>
    /// <param name="picture">8-bit sRGB with or without alpha.</param>
    /// <exception cref="FornoException">The file behind it is damaged.</exception>
    public PictureMeasures Scan(Picture picture)
    {
        (int width, int height, int bands) = (picture.Width, picture.Height, picture.Bands);
        if (bands is not (3 or 4))
        {
            throw new ArgumentException(
                $"{picture.Source}: {bands} channels; ToSrgb8 makes three or four",
                nameof(picture)
            );
        }

        grey = grey.Length < width ? new byte[width] : grey;
        opaque = opaque.Length < width * 3 ? new byte[width * 3] : opaque;

        sharpness.Begin(width);
        blockiness.Begin(width);
        borders.Begin(width, BorderFuzz);
        cells.Begin(width, height);
        long coloured = 0,
            transparent = 0;
        picture.ReadStrips(
            (rows, _, count) =>
            {
                for (int y = 0; y < count; y++)
                {
                    ReadOnlySpan<byte> row = rows.Slice(y * width * bands, width * bands);
                    if (bands == 4)
                    {
                        transparent += OnWhite(row, opaque.AsSpan(0, width * 3));
                        row = opaque.AsSpan(0, width * 3);
                    }

                    Span<byte> line = grey.AsSpan(0, width);
                    coloured += GreyRow.Split(row, line);
                    sharpness.Add(line);
                    blockiness.Add(line);
                    borders.Add(row);
                    cells.Add(row);
                }
            }
        );
        double pixels = (double)width * height;
        SmallPicture small = Small(SmallPicture.ScanSide);
        return new PictureMeasures
        {
            Width = width,
            Height = height,
            Sharpness = sharpness.End(),
            ColouredShare = coloured / pixels,
            Content = borders.End(),
            HasAlpha = bands == 4,
            TransparentShare = transparent / pixels,
            Blockiness = blockiness.End(),
            Small = small,
            Hash = PictureHash.Of(small),
        };
    }

    /// <summary>The picture scanned last, made small.</summary>
    /// <param name="side">Pixels of a side, even, at most 256.</param>
    public SmallPicture Small(int side) =>
        SmallPicture.From([.. cells.Square(0, side)], [.. cells.Square(1, side)], cells.Square(2, side), side);

    /// <summary>A picture file made small, without measuring it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="side">Pixels of a side, even, at most 256.</param>
    /// <exception cref="FornoException">The file is no picture, or damaged.</exception>
    public SmallPicture SmallOf(string path, int side)
    {
        using var picture = Picture.LoadStreaming(path);
        (int width, int bands) = (picture.Width, picture.Bands);
        cells.Begin(width, picture.Height);
        opaque = opaque.Length < width * 3 ? new byte[width * 3] : opaque;
        picture.ReadStrips(
            (rows, _, count) =>
            {
                for (int y = 0; y < count; y++)
                {
                    ReadOnlySpan<byte> row = rows.Slice(y * width * bands, width * bands);
                    if (bands == 4)
                    {
                        OnWhite(row, opaque.AsSpan(0, width * 3));
                        row = opaque.AsSpan(0, width * 3);
                    }

                    cells.Add(row);
                }
            }
        );
        return Small(side);
    }

    private static int OnWhite(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        int transparent = 0;
        for (int from = 0, to = 0; from < rgba.Length; from += 4, to += 3)
        {
            ReadOnlySpan<byte> pixel = rgba.Slice(from, 4);
            int alpha = pixel[3];
            if (alpha == 255)
            {
                (rgb[to], rgb[to + 1], rgb[to + 2]) = (pixel[0], pixel[1], pixel[2]);
                continue;
            }

            transparent++;
            int white = 255 * (255 - alpha);
            rgb[to] = (byte)(((pixel[0] * alpha) + white + 127) / 255);
            rgb[to + 1] = (byte)(((pixel[1] * alpha) + white + 127) / 255);
            rgb[to + 2] = (byte)(((pixel[2] * alpha) + white + 127) / 255);
        }

        return transparent;
    }
}
