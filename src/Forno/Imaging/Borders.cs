namespace Forno.Imaging;

/// <summary>A rectangle of pixels; the first pixel of a picture is (0, 0).</summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
public readonly record struct Box(int Left, int Top, int Width, int Height)
{
    /// <summary>Pixels inside.</summary>
    public long Area => (long)Width * Height;

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Width}x{Height}+{Left}+{Top}");
}

/// <summary>
/// Borders of one colour, as ImageMagick's <c>-fuzz N% -trim</c> sees them: left and top are compared with the pixel
/// at the top left, the right with the one at the top right, the bottom with the one at the bottom left. Two colours are
/// alike when the root mean square of their channels' differences is at most the fuzz.
/// </summary>
public sealed class Borders
{
    private int width, height, left, right, top, bottom, limit, referenceLimit;
    private (int R, int G, int B) topLeft, topRight, reference;

    /// <summary>What remains of a whole picture when its borders are cut off.</summary>
    /// <param name="rgb">[height, width, 3].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="fuzzPercent">How far a border's pixels may lie from its corner's, in percent of 255; 0 to 100.</param>
    /// <returns>The box; the whole picture where there is no border or nothing else.</returns>
    public static Box Find(ReadOnlySpan<byte> rgb, int width, int height, double fuzzPercent)
    {
        if (width < 1 || height < 1 || rgb.Length != (long)width * height * 3)
        {
            throw new ArgumentException($"{rgb.Length} samples do not make {width}×{height} RGB pixels", nameof(rgb));
        }

        var borders = new Borders();
        borders.Begin(width, fuzzPercent);
        for (int y = 0; y < height; y++)
        {
            borders.Add(rgb.Slice(y * width * 3, width * 3));
        }

        // With all rows at hand the bottom needs no guess of its colour.
        var corner = Pixel(rgb[((height - 1) * width * 3)..], 0);
        int last = height - 1;
        while (last >= 0 && FirstUnlike(rgb.Slice(last * width * 3, width * 3), corner, borders.limit, 0, width) < 0)
        {
            last--;
        }

        borders.bottom = last;
        return borders.End();
    }

    /// <summary>Begins a picture that is fed row by row.</summary>
    /// <param name="pixels">Pixels in a row.</param>
    /// <param name="fuzzPercent">As for <see cref="Find"/>.</param>
    /// <exception cref="FornoException">The fuzz is not between 0 and 100.</exception>
    public void Begin(int pixels, double fuzzPercent)
    {
        if (!(fuzzPercent is >= 0 and <= 100))
        {
            throw new FornoException(FormattableString.Invariant($"a fuzz of {fuzzPercent} % makes no sense; give 0 to 100"));
        }

        (width, height, left, right, top, bottom) = (pixels, 0, pixels, -1, -1, -1);
        double level = fuzzPercent * 2.55;
        limit = (int)((3 * level * level) + 1e-6);
        referenceLimit = limit / 16; // a quarter of the distance
    }

    /// <summary>Takes the next row.</summary>
    /// <param name="rgb">[width, 3].</param>
    public void Add(ReadOnlySpan<byte> rgb)
    {
        if (height == 0)
        {
            (topLeft, topRight) = (Pixel(rgb, 0), Pixel(rgb, width - 1));
            reference = topLeft;
        }

        if (left > 0 && FirstUnlike(rgb, topLeft, limit, 0, left) is >= 0 and var first)
        {
            left = first;
        }

        for (int x = width - 1; x > right; x--)
        {
            if (!Alike(rgb, x, topRight, limit))
            {
                right = x;
            }
        }

        if (top < 0 && FirstUnlike(rgb, topLeft, limit, 0, width) >= 0)
        {
            top = height;
        }

        // The colour of the bottom's corner is not known yet: whenever the left edge takes another colour, begin anew.
        if (!Alike(rgb, 0, reference, referenceLimit))
        {
            reference = Pixel(rgb, 0);
            bottom = height - 1;
        }

        if (FirstUnlike(rgb, reference, limit, 0, width) >= 0)
        {
            bottom = height;
        }

        height++;
    }

    /// <summary>
    /// Ends the picture. The bottom edge may lie some rows off where the border's colour drifts; <see cref="Find"/> has
    /// it exactly.
    /// </summary>
    /// <returns>What remains; the whole picture where there is no border or nothing else.</returns>
    public Box End() => right < left || top < 0 || bottom < top
        ? new Box(0, 0, width, height)
        : new Box(left, top, right - left + 1, bottom - top + 1);

    private static int FirstUnlike(ReadOnlySpan<byte> rgb, (int, int, int) colour, int limit, int from, int to)
    {
        for (int x = from; x < to; x++)
        {
            if (!Alike(rgb, x, colour, limit))
            {
                return x;
            }
        }

        return -1;
    }

    private static bool Alike(ReadOnlySpan<byte> rgb, int x, (int R, int G, int B) colour, int limit)
    {
        ReadOnlySpan<byte> pixel = rgb.Slice(x * 3, 3);
        (int r, int g, int b) = (pixel[0] - colour.R, pixel[1] - colour.G, pixel[2] - colour.B);
        return (r * r) + (g * g) + (b * b) <= limit;
    }

    private static (int R, int G, int B) Pixel(ReadOnlySpan<byte> rgb, int x) => (rgb[x * 3], rgb[(x * 3) + 1], rgb[(x * 3) + 2]);
}
