namespace Forno.Data;

/// <summary>
/// Resizing of 8-bit RGB as kohya's trainer does it: area averaging (OpenCV's <c>INTER_AREA</c>) when no side grows,
/// otherwise three-lobed Lanczos in Pillow's fixed-point arithmetic.
/// </summary>
internal static class Resampler
{
    private const int Bands = 3;
    private const int Precision = 22;

    /// <summary>Resizes [height, width, 3].</summary>
    public static byte[] Resize(byte[] pixels, Size from, Size to)
    {
        if (from == to)
        {
            return pixels;
        }

        return from.Width >= to.Width && from.Height >= to.Height ? Area(pixels, from, to) : Lanczos(pixels, from, to);
    }

    private static byte[] Area(byte[] pixels, Size from, Size to)
    {
        if (from.Width % to.Width == 0 && from.Height % to.Height == 0)
        {
            return WholeCells(pixels, from, to);
        }

        var (columns, rows) = (Cells(from.Width, to.Width), Cells(from.Height, to.Height));
        var result = new byte[to.Width * to.Height * Bands];
        var (line, sum) = (new float[to.Width * Bands], new float[to.Width * Bands]);
        for (var y = 0; y < to.Height; y++)
        {
            Array.Clear(sum);
            foreach (var (row, weight) in rows[y])
            {
                Shrink(pixels.AsSpan(row * from.Width * Bands, from.Width * Bands), columns, line);
                for (var i = 0; i < line.Length; i++)
                {
                    sum[i] += weight * line[i];
                }
            }

            for (var i = 0; i < sum.Length; i++)
            {
                result[(y * sum.Length) + i] = (byte)Math.Clamp(MathF.Round(sum[i]), 0, 255); // halves to even
            }
        }

        return result;
    }

    private static void Shrink(ReadOnlySpan<byte> row, (int Index, float Weight)[][] columns, Span<float> line)
    {
        for (var x = 0; x < columns.Length; x++)
        {
            float r = 0, g = 0, b = 0;
            foreach (var (column, weight) in columns[x])
            {
                var at = column * Bands;
                r += row[at] * weight;
                g += row[at + 1] * weight;
                b += row[at + 2] * weight;
            }

            (line[x * Bands], line[(x * Bands) + 1], line[(x * Bands) + 2]) = (r, g, b);
        }
    }

    /// <summary>Which source cells make up each target cell, by the share that they cover.</summary>
    private static (int Index, float Weight)[][] Cells(int from, int to)
    {
        const double sliver = 1e-3; // shares below this are dropped, as in OpenCV
        var scale = (double)from / to;
        var cells = new (int, float)[to][];
        for (var i = 0; i < to; i++)
        {
            var (start, end) = (i * scale, (i * scale) + scale);
            var width = Math.Min(scale, from - start);
            var last = Math.Min((int)Math.Floor(end), from - 1);
            var first = Math.Min((int)Math.Ceiling(start), last);
            var parts = new List<(int, float)>();
            if (first - start > sliver)
            {
                parts.Add((first - 1, (float)((first - start) / width)));
            }

            for (var whole = first; whole < last; whole++)
            {
                parts.Add((whole, (float)(1 / width)));
            }

            if (end - last > sliver)
            {
                parts.Add((last, (float)(Math.Min(Math.Min(end - last, 1), width) / width)));
            }

            cells[i] = [.. parts];
        }

        return cells;
    }

    private static byte[] WholeCells(byte[] pixels, Size from, Size to)
    {
        var (across, down) = (from.Width / to.Width, from.Height / to.Height);
        var (count, share) = (across * down, 1f / (across * down));
        var result = new byte[to.Width * to.Height * Bands];
        for (var y = 0; y < to.Height; y++)
        {
            for (var x = 0; x < to.Width * Bands; x++)
            {
                var sum = 0;
                var corner = (y * down * from.Width * Bands) + (x / Bands * across * Bands) + (x % Bands);
                for (var cell = 0; cell < count; cell++)
                {
                    sum += pixels[corner + (cell / across * from.Width * Bands) + (cell % across * Bands)];
                }

                // two by two has its own rounding there: halves up
                result[(y * to.Width * Bands) + x] = (across, down) == (2, 2) ? (byte)((sum + 2) >> 2) : (byte)MathF.Round(sum * share);
            }
        }

        return result;
    }

    private static byte[] Lanczos(byte[] pixels, Size from, Size to)
    {
        var wide = new byte[to.Width * from.Height * Bands];
        var columns = Kernels(from.Width, to.Width);
        for (var y = 0; y < from.Height; y++)
        {
            for (var x = 0; x < to.Width; x++)
            {
                Weigh(pixels, ((y * from.Width) + columns[x].First) * Bands, Bands, columns[x].Weights, wide.AsSpan(((y * to.Width) + x) * Bands, Bands));
            }
        }

        var result = new byte[to.Width * to.Height * Bands];
        var rows = Kernels(from.Height, to.Height);
        for (var y = 0; y < to.Height; y++)
        {
            for (var x = 0; x < to.Width; x++)
            {
                Weigh(wide, ((rows[y].First * to.Width) + x) * Bands, to.Width * Bands, rows[y].Weights, result.AsSpan(((y * to.Width) + x) * Bands, Bands));
            }
        }

        return result;
    }

    private static void Weigh(byte[] source, int start, int stride, int[] weights, Span<byte> pixel)
    {
        int r = 1 << (Precision - 1), g = r, b = r;
        for (int i = 0, at = start; i < weights.Length; i++, at += stride)
        {
            r += source[at] * weights[i];
            g += source[at + 1] * weights[i];
            b += source[at + 2] * weights[i];
        }

        (pixel[0], pixel[1], pixel[2]) = (Clip(r), Clip(g), Clip(b));

        static byte Clip(int value) => (byte)Math.Clamp(value >> Precision, 0, 255);
    }

    private static (int First, int[] Weights)[] Kernels(int from, int to)
    {
        const double lobes = 3;
        var scale = (double)from / to;
        var widened = Math.Max(scale, 1);
        var kernels = new (int, int[])[to];
        for (var i = 0; i < to; i++)
        {
            var centre = (i + 0.5) * scale;
            var first = Math.Max(0, (int)(centre - (lobes * widened) + 0.5));
            var end = Math.Min(from, (int)(centre + (lobes * widened) + 0.5));
            var weights = Enumerable.Range(first, end - first).Select(x => Kernel((x - centre + 0.5) / widened)).ToArray();
            var sum = weights.Sum();
            kernels[i] = (first, [.. weights.Select(w => (int)((w / sum * (1 << Precision)) + (w / sum < 0 ? -0.5 : 0.5)))]);
        }

        return kernels;

        static double Kernel(double x) => x is >= -lobes and < lobes ? Sinc(x) * Sinc(x / lobes) : 0;

        static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
    }
}
