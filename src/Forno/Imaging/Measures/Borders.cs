namespace Forno.Imaging.Measures;

/// <summary>
/// Borders of one colour, as ImageMagick's <c>-fuzz N% -trim</c> sees them: left and top are compared with the pixel at
/// the top left, the right with the one at the top right, the bottom with the one at the bottom left. Two colours are
/// alike when the root mean square of their channels' differences is at most the fuzz.
/// </summary>
public sealed class Borders
{
    // Frames that are looked for within each other, pixels between two of them, and how far (levels) the colours of
    // opposite sides of one may lie apart.
    private const int MostNested = 8,
        MostRim = 3;
    private const double FrameColour = 12;

    private int width,
        height,
        left,
        right,
        top,
        bottom,
        limit,
        referenceLimit;
    private (int R, int G, int B) topLeft,
        topRight,
        reference;

    /// <summary>What remains of a whole picture when its borders are cut off.</summary>
    /// <param name="rgb">[height, width, 3].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="fuzzPercent">How far a border's pixels may lie from its corner's, in percent of 255; 0 to
    /// 100.</param>
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

    /// <summary>
    /// What remains when borders within borders are cut off too (a white frame in a black one). The first is cut as by
    /// <see cref="Find"/>; a further one only if it is a frame: of one colour at two opposite sides at least, and even,
    /// so that half
    /// the fuzz finds nearly the same. A sky or another soft gradient is not eaten step by step.
    /// </summary>
    /// <param name="rgb">[height, width, 3].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="fuzzPercent">As for <see cref="Find"/>.</param>
    /// <returns>The box, and how many borders were cut off.</returns>
    public static (Box Box, int Count) FindNested(ReadOnlySpan<byte> rgb, int width, int height, double fuzzPercent)
    {
        Box whole = new(0, 0, width, height),
            box = Find(rgb, width, height, fuzzPercent);
        if (box == whole)
        {
            return (whole, 0);
        }

        for (int count = 1; ; count++)
        {
            // Where frames meet, scaling leaves a rim of mixed colours.
            Box? next = null;
            for (int rim = 0; rim <= MostRim && next is null; rim++)
            {
                next = FrameWithin(rgb, width, box, rim, fuzzPercent);
            }

            if (count == MostNested || next is null)
            {
                return (box, count);
            }

            box = next.Value;
        }
    }

    /// <summary>Begins a picture that is fed row by row.</summary>
    /// <param name="pixels">Pixels in a row.</param>
    /// <param name="fuzzPercent">As for <see cref="Find"/>.</param>
    /// <exception cref="FornoException">The fuzz is not between 0 and 100.</exception>
    public void Begin(int pixels, double fuzzPercent)
    {
        if (!(fuzzPercent is >= 0 and <= 100))
        {
            throw new FornoException(Invariant.Text($"a fuzz of {fuzzPercent} % makes no sense; give 0 to 100"));
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
    public Box End() =>
        right < left || top < 0 || bottom < top
            ? new Box(0, 0, width, height)
            : new Box(left, top, right - left + 1, bottom - top + 1);

    // What remains of a box without the frame that begins some pixels inside of it; null if there is none.
    private static Box? FrameWithin(ReadOnlySpan<byte> rgb, int width, Box box, int rim, double fuzz)
    {
        var inner = new Box(box.Left + rim, box.Top + rim, box.Width - (2 * rim), box.Height - (2 * rim));
        if (inner.Width < 1 || inner.Height < 1)
        {
            return null;
        }

        byte[] rest = Part(rgb, width, inner);
        Box loose = Find(rest, inner.Width, inner.Height, fuzz);
        if (
            loose.Area == inner.Area
            || !IsFrame(rest, inner.Width, inner.Height, loose, Find(rest, inner.Width, inner.Height, fuzz / 2))
        )
        {
            return null;
        }

        // Where the frame has no side, the rim is the picture's own.
        int left = loose.Left == 0 ? box.Left : inner.Left + loose.Left,
            top = loose.Top == 0 ? box.Top : inner.Top + loose.Top;
        int right =
            loose.Left + loose.Width == inner.Width ? box.Left + box.Width : inner.Left + loose.Left + loose.Width;
        int bottom =
            loose.Top + loose.Height == inner.Height ? box.Top + box.Height : inner.Top + loose.Top + loose.Height;
        return new Box(left, top, right - left, bottom - top);
    }

    // Loose and tight are what remains at the whole fuzz and at half of it.
    private static bool IsFrame(ReadOnlySpan<byte> rgb, int width, int height, Box loose, Box tight)
    {
        int limit = (int)(3 * FrameColour * FrameColour);
        (int R, int G, int B) corner = Pixel(rgb, 0);
        bool across = loose.Left > 0 && loose.Left + loose.Width < width && Alike(rgb, width - 1, corner, limit);
        bool down =
            loose.Top > 0 && loose.Top + loose.Height < height && Alike(rgb, (height - 1) * width, corner, limit);
        return (across || down)
            && Even(loose.Left, tight.Left)
            && Even(width - loose.Left - loose.Width, width - tight.Left - tight.Width)
            && Even(loose.Top, tight.Top)
            && Even(height - loose.Top - loose.Height, height - tight.Top - tight.Height);

        static bool Even(int wide, int narrow) => narrow >= wide - Math.Max(1, wide / 4);
    }

    private static byte[] Part(ReadOnlySpan<byte> rgb, int width, Box box)
    {
        byte[] part = new byte[box.Width * box.Height * 3];
        for (int y = 0; y < box.Height; y++)
        {
            rgb.Slice((((box.Top + y) * width) + box.Left) * 3, box.Width * 3).CopyTo(part.AsSpan(y * box.Width * 3));
        }

        return part;
    }

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

    private static (int R, int G, int B) Pixel(ReadOnlySpan<byte> rgb, int x) =>
        (rgb[x * 3], rgb[(x * 3) + 1], rgb[(x * 3) + 2]);
}
