using Forno.Imaging;
using Forno.Imaging.Masks;

namespace Forno.Tests.Imaging;

public class ComponentsTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TheyAreWhatAFloodReaches(bool diagonal)
    {
        var random = new Random(7);
        for (int round = 0; round < 60; round++)
        {
            (int w, int h) = (random.Next(1, 40), random.Next(1, 30));
            double fill = random.NextDouble();
            byte[] map =
            [
                .. Enumerable
                    .Range(0, w * h)
                    .Select(_ => random.NextDouble() < fill ? (byte)random.Next(1, 256) : (byte)0),
            ];
            IReadOnlyList<Component> found = Components.Find(map, w, h, from: 100, diagonal);
            int[] naive = Flood(map, w, h, diagonal);
            Assert.Equal(naive.Max(), found.Count);
            int[] labels = new int[w * h];
            for (int i = 0; i < found.Count; i++)
            {
                foreach (PixelRun run in found[i].Runs)
                {
                    for (int x = run.Left; x < run.Right; x++)
                    {
                        Assert.Equal(0, labels[(run.Row * w) + x]);
                        labels[(run.Row * w) + x] = i + 1;
                    }
                }
            }

            // The same partition: labels map one to one.
            var pairs = labels.Zip(naive).Distinct().ToArray();
            Assert.Equal(pairs.Length, pairs.Select(p => p.First).Distinct().Count());
            Assert.Equal(pairs.Length, pairs.Select(p => p.Second).Distinct().Count());
            Assert.All(found, c => Assert.Equal(c.Runs.Sum(r => r.Right - r.Left), c.Area));
            Assert.All(
                found,
                c =>
                    Assert.Equal(
                        (c.Box.Left, c.Box.Top, c.Box.Left + c.Box.Width, c.Box.Top + c.Box.Height),
                        (
                            c.Runs.Min(r => r.Left),
                            c.Runs.Min(r => r.Row),
                            c.Runs.Max(r => r.Right),
                            c.Runs.Max(r => r.Row) + 1
                        )
                    )
            );
            Assert.True(found.Zip(found.Skip(1)).All(p => p.First.Area >= p.Second.Area));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(17)]
    [InlineData(-38)]
    [InlineData(44)]
    public void AQuadAroundPixelsIsTheSmallestTurnedRectangle(double degrees)
    {
        (double sin, double cos) = Math.SinCos(degrees * Math.PI / 180);
        Spot At(double u, double v) => new(100 + (u * cos) - (v * sin), 100 + (u * sin) + (v * cos));
        var drawn = new Quad(At(-60, -12), At(60, -12), At(60, 12), At(-60, 12));
        var found = Quad.Around(drawn.Runs(200, 200));
        Assert.Equal(120, found.Width, 2.0);
        Assert.Equal(24, found.Height, 2.0);
        Assert.InRange(Math.Abs(found.A.X - drawn.A.X) + Math.Abs(found.A.Y - drawn.A.Y), 0, 3);
        Assert.Equal(drawn.Area, drawn.Runs(200, 200).Sum(r => (double)(r.Right - r.Left)), 0.02 * drawn.Area);
        Quad grown = drawn.Grow(5);
        Assert.Equal((130, 34), (Math.Round(grown.Width, 6), Math.Round(grown.Height, 6)));
        Assert.Equal(drawn.Area, drawn.Width * drawn.Height, 1e-6);
    }

    [Fact]
    public void AnUprightQuadCoversExactlyItsPixels()
    {
        var found = Quad.Around([new PixelRun(3, 5, 9), new PixelRun(4, 5, 9)]);
        Assert.Equal(new Quad(new Spot(5, 3), new Spot(9, 3), new Spot(9, 5), new Spot(5, 5)), found);
        Assert.Equal(new Box(5, 3, 4, 2), found.Bounds(20, 20));
        Assert.Equal([new PixelRun(3, 5, 9), new PixelRun(4, 5, 9)], found.Runs(20, 20));
        Assert.Equal([new PixelRun(3, 5, 7)], found.Runs(7, 4)); // cut at the picture's edge
        Assert.Equal(1, Quad.Around([new PixelRun(0, 0, 1)]).Area);
    }

    [Fact]
    public void GrowingAndDepthAreTheNaiveOnes()
    {
        var random = new Random(3);
        (int w, int h) = (23, 17);
        byte[] map = [.. Enumerable.Range(0, w * h).Select(_ => (byte)(random.Next(4) > 0 ? 9 : 0))];
        byte[] grown = MapGrowth.Grow(map, w, h, 2),
            depth = MapGrowth.Depth(map, w, h, 3);
        for (int i = 0; i < map.Length; i++)
        {
            (int x, int y) = (i % w, i / w);
            var near = Enumerable
                .Range(0, map.Length)
                .Select(j => (Value: map[j], Distance: Math.Max(Math.Abs((j % w) - x), Math.Abs((j / w) - y))))
                .ToArray();
            Assert.Equal(near.Where(n => n.Distance <= 2).Max(n => n.Value), grown[i]);
            Assert.Equal(Math.Min(3, near.Where(n => n.Value == 0).Min(n => n.Distance)), depth[i]);
        }
    }

    private static int[] Flood(byte[] map, int w, int h, bool diagonal)
    {
        int[] labels = new int[w * h];
        int next = 0;
        for (int start = 0; start < map.Length; start++)
        {
            if (map[start] < 100 || labels[start] != 0)
            {
                continue;
            }

            var todo = new Stack<int>([start]);
            labels[start] = ++next;
            while (todo.TryPop(out int at))
            {
                for (int j = 0; j < 9; j++)
                {
                    (int dx, int dy) = ((j % 3) - 1, (j / 3) - 1);
                    (int x, int y) = ((at % w) + dx, (at / w) + dy);
                    if (
                        (diagonal || dx == 0 || dy == 0)
                        && x >= 0
                        && y >= 0
                        && x < w
                        && y < h
                        && map[(y * w) + x] >= 100
                        && labels[(y * w) + x] == 0
                    )
                    {
                        labels[(y * w) + x] = next;
                        todo.Push((y * w) + x);
                    }
                }
            }
        }

        return labels;
    }
}
