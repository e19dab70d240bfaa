using Forno.Imaging.Png;

namespace Forno.Tests.Imaging;

public class RowFilterTests
{
    // What the specification says a reader does gives the rows back, whichever filter was chosen.
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(3, 10)]
    [InlineData(4, 33)]
    [InlineData(3, 700)]
    [InlineData(4, 2000)]
    [InlineData(3, 5000)]
    public void ReadersGetTheRowsBack(int bands, int width)
    {
        var random = new Random(width);
        int stride = bands * width;
        byte[] above = new byte[stride],
            row = new byte[stride],
            filtered = new byte[1 + stride],
            back = new byte[stride];
        var kinds = new HashSet<byte>();
        for (int y = 0; y < 60; y++)
        {
            for (int i = 0; i < stride; i++)
            {
                row[i] = (byte)(
                    (y / 10) switch
                    {
                        0 => random.Next(256),
                        1 => random.Next(2) * 255,
                        2 => (i / bands * 5) + (y * 9) + (i * y / 40), // planes and a curve
                        3 => above[i] + random.Next(-1, 2),
                        4 => (i < bands ? 9 : row[i - bands]) + random.Next(-1, 2),
                        _ => (i < bands ? 0 : row[i - bands] - above[i - bands])
                            + above[i]
                            + (random.Next(20) == 0 ? random.Next(256) : 0),
                    }
                );
            }

            RowFilter.Apply(row, above, bands, filtered);
            kinds.Add(filtered[0]);
            for (int i = 0; i < stride; i++)
            {
                (int a, int b, int c) = (i < bands ? 0 : back[i - bands], above[i], i < bands ? 0 : above[i - bands]);
                (int pa, int pb, int pc) = (Math.Abs(b - c), Math.Abs(a - c), Math.Abs(a + b - c - c));
                int paeth =
                    pa <= pb && pa <= pc ? a
                    : pb <= pc ? b
                    : c;
                back[i] = (byte)(
                    filtered[1 + i]
                    + (
                        filtered[0] switch
                        {
                            1 => a,
                            2 => b,
                            4 => paeth,
                            _ => throw new InvalidOperationException(),
                        }
                    )
                );
            }

            Assert.Equal(row, back);
            (above, row) = (row, above);
        }

        Assert.Equal(width < 33 ? kinds.Count : 3, kinds.Count);
    }
}
