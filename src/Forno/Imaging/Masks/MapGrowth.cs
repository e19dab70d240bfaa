namespace Forno.Imaging.Masks;

/// <summary>Growing and softening of maps, one byte a pixel.</summary>
public static class MapGrowth
{
    /// <summary>The largest value within a square around each pixel (dilation).</summary>
    /// <param name="map">[height, width].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="by">Half of the square's side without the middle; 0 copies.</param>
    public static byte[] Grow(ReadOnlySpan<byte> map, int width, int height, int by)
    {
        byte[] across = new byte[map.Length],
            grown = new byte[map.Length];
        for (int y = 0; y < height; y++)
        {
            Line(map.Slice(y * width, width), across.AsSpan(y * width, width), by);
        }

        byte[] column = new byte[height],
            out1 = new byte[height];
        for (int x = 0; x < width; x++)
        {
            for (int y = 0; y < height; y++)
            {
                column[y] = across[(y * width) + x];
            }

            Line(column, out1, by);
            for (int y = 0; y < height; y++)
            {
                grown[(y * width) + x] = out1[y];
            }
        }

        return grown;
    }

    /// <summary>
    /// How many steps each pixel lies inside of the set ones, by the chessboard's distance, up to a limit; 0 outside.
    /// The picture's edge is no border.
    /// </summary>
    /// <param name="map">[height, width]; 0 is outside.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="most">The limit.</param>
    public static byte[] Depth(ReadOnlySpan<byte> map, int width, int height, byte most)
    {
        byte[] depth = new byte[map.Length];
        for (int i = 0; i < map.Length; i++)
        {
            depth[i] = map[i] != 0 ? most : (byte)0;
        }

        for (int i = 0; i < map.Length; i++)
        {
            Lower(i, -1);
        }

        for (int i = map.Length - 1; i >= 0; i--)
        {
            Lower(i, 1);
        }

        return depth;

        void Lower(int i, int way)
        {
            (int x, int y) = (i % width, i / width);
            int least = depth[i];
            for (int n = -1; n <= 1 && least > 0; n++)
            {
                if (x + n >= 0 && x + n < width && y + way >= 0 && y + way < height)
                {
                    least = Math.Min(least, depth[i + (way * width) + n] + 1);
                }
            }

            if (x + way >= 0 && x + way < width && least > 0)
            {
                least = Math.Min(least, depth[i + way] + 1);
            }

            depth[i] = (byte)least;
        }
    }

    private static void Line(ReadOnlySpan<byte> from, Span<byte> to, int by)
    {
        for (int x = 0; x < from.Length; x++)
        {
            byte most = 0;
            foreach (byte v in from[Math.Max(0, x - by)..Math.Min(from.Length, x + by + 1)])
            {
                most = Math.Max(most, v);
            }

            to[x] = most;
        }
    }
}
