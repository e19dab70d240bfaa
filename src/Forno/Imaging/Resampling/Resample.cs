namespace Forno.Imaging.Resampling;

/// <summary>
/// The resampling of kohya's trainer, to the bit where the libraries it uses fix it: OpenCV's area average for
/// shrinking, Pillow's Lanczos for everything else. Pure; 8-bit samples, [height, width, bands], row by row, no
/// alpha handling.
/// </summary>
public static class Resample
{
    private const int PillowBits = 32 - 8 - 2;

    /// <summary>
    /// As the trainer loads pictures: area average where neither side grows, else Lanczos; a copy if nothing changes.
    /// </summary>
    /// <param name="source">[height, width, bands].</param>
    /// <param name="width">The source's columns.</param>
    /// <param name="height">The source's rows.</param>
    /// <param name="bands">Channels.</param>
    /// <param name="newWidth">Columns wanted.</param>
    /// <param name="newHeight">Rows wanted.</param>
    /// <returns>[newHeight, newWidth, bands].</returns>
    public static byte[] ForTraining(
        ReadOnlySpan<byte> source,
        int width,
        int height,
        int bands,
        int newWidth,
        int newHeight
    ) =>
        (width, height) == (newWidth, newHeight) ? Checked(source, width, height, bands, newWidth, newHeight).ToArray()
        : newWidth <= width && newHeight <= height ? Area(source, width, height, bands, newWidth, newHeight)
        : Lanczos(source, width, height, bands, newWidth, newHeight);

    /// <summary>
    /// OpenCV's <c>INTER_AREA</c> for shrinking: every new pixel is the average of what it covers, in single precision;
    /// halves round to even, except that the average of 2×2 pixels rounds them up.
    /// </summary>
    /// <param name="source">[height, width, bands].</param>
    /// <param name="width">The source's columns.</param>
    /// <param name="height">The source's rows.</param>
    /// <param name="bands">Channels.</param>
    /// <param name="newWidth">Columns wanted, at most <paramref name="width"/>.</param>
    /// <param name="newHeight">Rows wanted, at most <paramref name="height"/>.</param>
    /// <returns>[newHeight, newWidth, bands].</returns>
    /// <exception cref="ArgumentException">A side would grow, or the sizes do not fit the samples.</exception>
    public static byte[] Area(ReadOnlySpan<byte> source, int width, int height, int bands, int newWidth, int newHeight)
    {
        Checked(source, width, height, bands, newWidth, newHeight);
        if (newWidth > width || newHeight > height)
        {
            throw new ArgumentException(
                $"an area average shrinks; it does not make {newWidth}×{newHeight} of {width}×{height}",
                nameof(newWidth)
            );
        }

        byte[] result = GC.AllocateUninitializedArray<byte>(checked(newWidth * newHeight * bands));
        if (width % newWidth == 0 && height % newHeight == 0)
        {
            WholeBlocks(source, width, bands, newWidth, newHeight, width / newWidth, height / newHeight, result);
        }
        else
        {
            Covered(
                source,
                width,
                bands,
                newWidth,
                newHeight,
                Cover(width, newWidth),
                Cover(height, newHeight),
                result
            );
        }

        return result;
    }

    /// <summary>
    /// Pillow's <c>LANCZOS</c>: a sinc of three lobes, widened when shrinking; rows first, then columns, each rounded
    /// to 8 bits, with weights of 22 bits.
    /// </summary>
    /// <param name="source">[height, width, bands].</param>
    /// <param name="width">The source's columns.</param>
    /// <param name="height">The source's rows.</param>
    /// <param name="bands">Channels.</param>
    /// <param name="newWidth">Columns wanted.</param>
    /// <param name="newHeight">Rows wanted.</param>
    /// <returns>[newHeight, newWidth, bands].</returns>
    /// <exception cref="ArgumentException">The sizes do not fit the samples.</exception>
    public static byte[] Lanczos(
        ReadOnlySpan<byte> source,
        int width,
        int height,
        int bands,
        int newWidth,
        int newHeight
    ) => Pillow(source, width, height, bands, newWidth, newHeight, LanczosKernel, 3);

    /// <summary>Pillow's <c>BICUBIC</c>: the cubic of Catmull and Rom (a = −0.5), otherwise as its Lanczos.</summary>
    /// <inheritdoc cref="Lanczos"/>
    public static byte[] Bicubic(
        ReadOnlySpan<byte> source,
        int width,
        int height,
        int bands,
        int newWidth,
        int newHeight
    ) => Pillow(source, width, height, bands, newWidth, newHeight, CubicKernel, 2);

    private static byte[] Pillow(
        ReadOnlySpan<byte> source,
        int width,
        int height,
        int bands,
        int newWidth,
        int newHeight,
        Func<double, double> kernel,
        double reach
    )
    {
        ReadOnlySpan<byte> pixels = Checked(source, width, height, bands, newWidth, newHeight);
        if (newWidth != width)
        {
            byte[] rows = new byte[checked(newWidth * height * bands)];
            Window[] windows = Windows(width, newWidth, kernel, reach);
            for (int y = 0; y < height; y++)
            {
                Convolve(
                    pixels.Slice(y * width * bands, width * bands),
                    bands,
                    bands,
                    rows.AsSpan(y * newWidth * bands, newWidth * bands),
                    bands,
                    windows
                );
            }

            pixels = rows;
        }

        if (newHeight != height)
        {
            int stride = newWidth * bands;
            byte[] columns = new byte[checked(stride * newHeight)];
            Window[] windows = Windows(height, newHeight, kernel, reach);
            // Columns of all bands lie side by side: each is a line with the row length as its step.
            for (int x = 0; x < stride; x++)
            {
                Convolve(pixels[x..], stride, 1, columns.AsSpan(x), stride, windows);
            }

            pixels = columns;
        }

        return pixels.ToArray();
    }

    private static void WholeBlocks(
        ReadOnlySpan<byte> source,
        int width,
        int bands,
        int newWidth,
        int newHeight,
        int across,
        int down,
        byte[] result
    )
    {
        float share = 1f / (across * down);
        for (int y = 0, to = 0; y < newHeight; y++)
        {
            for (int x = 0; x < newWidth; x++)
            {
                for (int band = 0; band < bands; band++, to++)
                {
                    int sum = 0;
                    for (int dy = 0; dy < down; dy++)
                    {
                        int at = ((((y * down) + dy) * width) + (x * across)) * bands + band;
                        for (int dx = 0; dx < across; dx++, at += bands)
                        {
                            sum += source[at];
                        }
                    }

                    result[to] = across == 2 && down == 2 ? (byte)((sum + 2) >> 2) : Round(sum * share);
                }
            }
        }
    }

    private static void Covered(
        ReadOnlySpan<byte> source,
        int width,
        int bands,
        int newWidth,
        int newHeight,
        (int From, float[] Shares)[] columns,
        (int From, float[] Shares)[] rows,
        byte[] result
    )
    {
        int length = newWidth * bands;
        float[] line = new float[length];
        float[] sum = new float[length];
        for (int y = 0; y < newHeight; y++)
        {
            Array.Clear(sum);
            (int top, float[] rowShares) = rows[y];
            for (int dy = 0; dy < rowShares.Length; dy++)
            {
                ReadOnlySpan<byte> row = source.Slice((top + dy) * width * bands, width * bands);
                for (int x = 0, to = 0; x < newWidth; x++)
                {
                    (int left, float[] shares) = columns[x];
                    for (int band = 0; band < bands; band++, to++)
                    {
                        float total = 0;
                        for (int dx = 0, at = (left * bands) + band; dx < shares.Length; dx++, at += bands)
                        {
                            total += row[at] * shares[dx];
                        }

                        line[to] = total;
                    }
                }

                float rowShare = rowShares[dy];
                for (int i = 0; i < length; i++)
                {
                    sum[i] += line[i] * rowShare;
                }
            }

            for (int i = 0; i < length; i++)
            {
                result[(y * length) + i] = Round(sum[i]);
            }
        }
    }

    // Which old cells a new cell covers, and how much of the new cell each fills. Slivers under a thousandth are
    // dropped, as OpenCV drops them.
    private static (int From, float[] Shares)[] Cover(int size, int newSize)
    {
        const double Sliver = 1e-3;
        double scale = (double)size / newSize;
        var cells = new (int, float[])[newSize];
        for (int i = 0; i < newSize; i++)
        {
            double begin = i * scale;
            double end = begin + scale;
            double cell = Math.Min(scale, size - begin);
            int last = Math.Min((int)Math.Floor(end), size - 1);
            int first = Math.Min((int)Math.Ceiling(begin), last);
            var shares = new List<float>();
            int from = first;
            if (first - begin > Sliver)
            {
                from = first - 1;
                shares.Add((float)((first - begin) / cell));
            }

            for (int j = first; j < last; j++)
            {
                shares.Add((float)(1 / cell));
            }

            if (end - last > Sliver)
            {
                shares.Add((float)(Math.Min(Math.Min(end - last, 1), cell) / cell));
            }

            cells[i] = (from, [.. shares]);
        }

        return cells;
    }

    private readonly record struct Window(int From, int[] Weights);

    private static Window[] Windows(int size, int newSize, Func<double, double> kernel, double reach)
    {
        double scale = (double)size / newSize;
        double stretch = Math.Max(scale, 1);
        double support = reach * stretch;
        var windows = new Window[newSize];
        for (int i = 0; i < newSize; i++)
        {
            double centre = (i + 0.5) * scale;
            int from = Math.Max((int)(centre - support + 0.5), 0);
            int to = Math.Min((int)(centre + support + 0.5), size);
            double[] weights = new double[to - from];
            double sum = 0;
            for (int j = 0; j < weights.Length; j++)
            {
                weights[j] = kernel((j + from - centre + 0.5) * (1 / stretch));
                sum += weights[j];
            }

            windows[i] = new Window(
                from,
                [
                    .. weights.Select(w =>
                    {
                        double share = sum != 0 ? w / sum : w;
                        return (int)((share < 0 ? -0.5 : 0.5) + (share * (1 << PillowBits)));
                    }),
                ]
            );
        }

        return windows;
    }

    private static double LanczosKernel(double x) => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0;

    private static double CubicKernel(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((((A + 2) * x) - (A + 3)) * x * x) + 1
            : x < 2 ? ((((x - 5) * x) + 8) * x - 4) * A
            : 0;
    }

    private static double Sinc(double x)
    {
        double angle = x * Math.PI;
        return x == 0 ? 1 : Math.Sin(angle) / angle;
    }

    // One line of pixels: step between them in samples, bands interleaved.
    private static void Convolve(
        ReadOnlySpan<byte> source,
        int step,
        int bands,
        Span<byte> result,
        int resultStep,
        Window[] windows
    )
    {
        for (int i = 0; i < windows.Length; i++)
        {
            (int from, int[] weights) = windows[i];
            for (int band = 0; band < bands; band++)
            {
                int sum = 1 << (PillowBits - 1);
                for (int j = 0, at = (from * step) + band; j < weights.Length; j++, at += step)
                {
                    sum += source[at] * weights[j];
                }

                result[(i * resultStep) + band] = (byte)Math.Clamp(sum >> PillowBits, 0, 255);
            }
        }
    }

    private static byte Round(float value) => (byte)Math.Clamp(MathF.Round(value, MidpointRounding.ToEven), 0, 255);

    private static ReadOnlySpan<byte> Checked(
        ReadOnlySpan<byte> source,
        int width,
        int height,
        int bands,
        int newWidth,
        int newHeight
    )
    {
        if (newWidth < 1 || newHeight < 1 || source.Length != (long)width * height * bands)
        {
            throw new ArgumentException(
                $"{source.Length} samples as {width}×{height} pixels of {bands} bands cannot become "
                    + $"{newWidth}×{newHeight}",
                nameof(source)
            );
        }

        return source;
    }
}
