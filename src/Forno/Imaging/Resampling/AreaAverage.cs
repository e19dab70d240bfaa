namespace Forno.Imaging.Resampling;

/// <summary>Averages over rectangles whose edges need not fall between pixels.</summary>
internal static class AreaAverage
{
    /// <summary>Reduces (or spreads) a window of a plane to a square.</summary>
    /// <param name="plane">Samples, <paramref name="stride"/> a row.</param>
    /// <param name="stride">Samples from one row to the next.</param>
    /// <param name="step">Samples from one pixel to the next.</param>
    /// <param name="window">Left, top, right, bottom in pixels of the plane; inside it.</param>
    /// <param name="result">[size, size].</param>
    /// <param name="size">Side of the result.</param>
    /// <param name="scratch">At least rows-of-window × size numbers.</param>
    public static void Reduce(
        ReadOnlySpan<byte> plane,
        int stride,
        int step,
        (double Left, double Top, double Right, double Bottom) window,
        Span<float> result,
        int size,
        Span<float> scratch
    )
    {
        int firstRow = (int)window.Top,
            lastRow = Math.Max(firstRow, (int)Math.Ceiling(window.Bottom) - 1);
        double across = (window.Right - window.Left) / size,
            down = (window.Bottom - window.Top) / size;
        for (int y = firstRow; y <= lastRow; y++)
        {
            ReadOnlySpan<byte> row = plane[(y * stride)..];
            Span<float> to = scratch.Slice((y - firstRow) * size, size);
            for (int i = 0; i < size; i++)
            {
                double from = window.Left + (i * across),
                    end = from + across;
                int x = (int)from;
                double sum = 0;
                for (double at = from; at < end - 1e-9; x++)
                {
                    double next = Math.Min(end, x + 1);
                    sum += (next - at) * row[x * step];
                    at = next;
                }

                to[i] = (float)(sum / across);
            }
        }

        for (int i = 0; i < size; i++)
        {
            double from = window.Top + (i * down),
                end = from + down;
            Span<float> to = result.Slice(i * size, size);
            to.Clear();
            int y = (int)from;
            for (double at = from; at < end - 1e-9; y++)
            {
                double next = Math.Min(end, y + 1);
                float share = (float)((next - at) / down);
                ReadOnlySpan<float> row = scratch.Slice((y - firstRow) * size, size);
                for (int x = 0; x < size; x++)
                {
                    to[x] += share * row[x];
                }

                at = next;
            }
        }
    }
}
