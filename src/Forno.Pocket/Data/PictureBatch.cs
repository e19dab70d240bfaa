using Forno.Torch;

namespace Forno.Pocket.Data;

/// <summary>
/// Batches of Pocket pictures as tensors [B, 3, side, side] in [−1, 1], with the trainings' augmentations.
/// </summary>
public static class PictureBatch
{
    private static readonly int[][] Permutations =
    [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];

    /// <summary>Whole pictures as they are.</summary>
    public static Tensor Whole(PocketData data, ReadOnlySpan<int> indices)
    {
        var batch = Tensor.Empty([indices.Length, 3, PocketData.Side, PocketData.Side]);
        Span<float> to = batch.AsSpan<float>();
        for (int i = 0; i < indices.Length; i++)
        {
            Copy(
                data.Pixels(indices[i]),
                to.Slice(i * PocketData.PictureBytes, PocketData.PictureBytes),
                PocketData.Side,
                0,
                0,
                false,
                Permutations[0]
            );
        }
        return batch;
    }

    /// <summary>Pictures moved by up to <paramref name="reach"/> pixels each way over a white ground.</summary>
    public static Tensor Shifted(PocketData data, ReadOnlySpan<int> indices, int reach, Random random)
    {
        var batch = Tensor.Empty([indices.Length, 3, PocketData.Side, PocketData.Side]);
        Span<float> to = batch.AsSpan<float>();
        for (int i = 0; i < indices.Length; i++)
        {
            Copy(
                data.Pixels(indices[i]),
                to.Slice(i * PocketData.PictureBytes, PocketData.PictureBytes),
                PocketData.Side,
                random.Next(-reach, reach + 1),
                random.Next(-reach, reach + 1),
                false,
                Permutations[0]
            );
        }
        return batch;
    }

    /// <summary>
    /// Crops of <paramref name="side"/> pixels at random places, mirrored half of the time, channels permuted in a
    /// third of them; the last <paramref name="fields"/> of them are random colour fields instead.
    /// </summary>
    public static Tensor Crops(PocketData data, ReadOnlySpan<int> indices, int side, int fields, Random random)
    {
        var batch = Tensor.Empty([indices.Length, 3, side, side]);
        Span<float> to = batch.AsSpan<float>();
        int size = 3 * side * side,
            room = PocketData.Side - side;
        for (int i = 0; i < indices.Length; i++)
        {
            Span<float> one = to.Slice(i * size, size);
            if (i >= indices.Length - fields)
            {
                Field(one, side, random);
                continue;
            }
            int[] order = Permutations[random.Next(3) == 0 ? random.Next(6) : 0];
            Copy(
                data.Pixels(indices[i]),
                one,
                side,
                random.Next(room + 1),
                random.Next(room + 1),
                random.Next(2) == 0,
                order
            );
        }
        return batch;
    }

    // A crop at (x, y), which may lie partly outside: white there.
    private static void Copy(ReadOnlySpan<byte> from, Span<float> to, int side, int x, int y, bool mirror, int[] order)
    {
        const int full = PocketData.Side;
        for (int c = 0; c < 3; c++)
        {
            ReadOnlySpan<byte> plane = from.Slice(order[c] * full * full, full * full);
            for (int row = 0; row < side; row++)
            {
                Span<float> line = to.Slice(((c * side) + row) * side, side);
                int sy = row + y;
                for (int column = 0; column < side; column++)
                {
                    int sx = (mirror ? side - 1 - column : column) + x;
                    bool inside = (uint)sx < full && (uint)sy < full;
                    line[column] = inside ? (plane[(sy * full) + sx] / 127.5f) - 1 : 1;
                }
            }
        }
    }

    // 1, 2 or 4 cells a side of random RGB, with hard edges or bilinear.
    private static void Field(Span<float> to, int side, Random random)
    {
        int cells = 1 << random.Next(3);
        bool smooth = random.Next(2) == 0;
        float[] colours = new float[3 * cells * cells];
        for (int i = 0; i < colours.Length; i++)
        {
            colours[i] = (random.NextSingle() * 2) - 1;
        }
        for (int c = 0; c < 3; c++)
        {
            for (int y = 0; y < side; y++)
            {
                for (int x = 0; x < side; x++)
                {
                    to[(((c * side) + y) * side) + x] = smooth
                        ? Bilinear(
                            colours,
                            c,
                            cells,
                            (x + 0.5f) * cells / side - 0.5f,
                            (y + 0.5f) * cells / side - 0.5f
                        )
                        : colours[(((c * cells) + (y * cells / side)) * cells) + (x * cells / side)];
                }
            }
        }
    }

    private static float Bilinear(float[] colours, int c, int cells, float x, float y)
    {
        x = Math.Clamp(x, 0, cells - 1);
        y = Math.Clamp(y, 0, cells - 1);
        (int x0, int y0) = ((int)x, (int)y);
        (int x1, int y1) = (Math.Min(x0 + 1, cells - 1), Math.Min(y0 + 1, cells - 1));
        (float fx, float fy) = (x - x0, y - y0);
        float At(int xx, int yy) => colours[(((c * cells) + yy) * cells) + xx];
        float top = At(x0, y0) + ((At(x1, y0) - At(x0, y0)) * fx),
            bottom = At(x0, y1) + ((At(x1, y1) - At(x0, y1)) * fx);
        return top + ((bottom - top) * fy);
    }
}
