using Forno.Imaging.Masks;
using Forno.Vision.TextDetection;

namespace Forno.Tests.Vision;

public class TextMapTests
{
    private static readonly TextMapSettings Settings = new();

    [Fact]
    public void AKernelGrowsBackByItsAreaOverItsPerimeter()
    {
        // 61 × 11 pixels: 60 × 10 between the middles; 600 · 1.5 / 140 = 6.43 on every side.
        float[] map = Map(200, 100, (50, 40, 61, 11, 0.9f));
        TextArea found = Assert.Single(TextMap.Find(map, 200, 100, Settings));
        Assert.Equal(0.9f, found.Score, 1e-5f);
        const double Grow = 600 * 1.5 / 140;
        Assert.Equal(50 - Grow, found.Quad.A.X, 1e-6);
        Assert.Equal(40 - Grow, found.Quad.A.Y, 1e-6);
        Assert.Equal(111 + Grow, found.Quad.C.X, 1e-6);
        Assert.Equal(51 + Grow, found.Quad.C.Y, 1e-6);
    }

    [Fact]
    public void WeakSmallAndThinOnesAreDropped()
    {
        // above thresh, below box_thresh
        Assert.Empty(TextMap.Find(Map(100, 100, (10, 10, 30, 10, 0.5f)), 100, 100, Settings));
        Assert.Single(
            TextMap.Find(Map(100, 100, (10, 10, 30, 10, 0.5f)), 100, 100, Settings with { BoxThreshold = 0.45f })
        );
        Assert.Empty(TextMap.Find(Map(100, 100, (10, 10, 40, 3, 0.9f)), 100, 100, Settings));
        // not above the threshold
        Assert.Empty(TextMap.Find(Map(100, 100, (10, 10, 30, 10, 0.3f)), 100, 100, Settings));
        Assert.Empty(TextMap.Find(new float[100], 10, 10, Settings));
    }

    [Fact]
    public void SeveralComeFromTopToBottomAndTheLargestFirstWhereThereAreTooMany()
    {
        float[] map = Map(300, 200, (10, 150, 40, 10, 0.8f), (10, 10, 80, 10, 0.7f), (150, 80, 60, 12, 0.9f));
        Assert.Equal([0.7f, 0.9f, 0.8f], TextMap.Find(map, 300, 200, Settings).Select(t => MathF.Round(t.Score, 2)));
        Assert.Equal(
            [0.7f, 0.9f],
            TextMap.Find(map, 300, 200, Settings with { Most = 2 }).Select(t => MathF.Round(t.Score, 2))
        );
    }

    [Fact]
    public void ATurnedKernelGivesATurnedBox()
    {
        (double sin, double cos) = Math.SinCos(Math.PI / 6);
        Spot At(double u, double v) => new(100 + (u * cos) - (v * sin), 100 + (u * sin) + (v * cos));
        var kernel = new Quad(At(-50, -8), At(50, -8), At(50, 8), At(-50, 8));
        float[] map = new float[200 * 200];
        foreach (PixelRun run in kernel.Runs(200, 200))
        {
            map.AsSpan((run.Row * 200) + run.Left, run.Right - run.Left).Fill(0.95f);
        }

        TextArea found = Assert.Single(TextMap.Find(map, 200, 200, Settings));
        double grow = 1600 * 1.5 / 232;
        Assert.Equal(100 + (2 * grow), found.Quad.Width, 3.0);
        Assert.Equal(16 + (2 * grow), found.Quad.Height, 3.0);
        Assert.Equal(
            Math.Tan(Math.PI / 6),
            (found.Quad.B.Y - found.Quad.A.Y) / (found.Quad.B.X - found.Quad.A.X),
            0.05
        );
        Assert.True(found.Score > 0.85);
    }

    [Fact]
    public void CoverageCountsWhatOverlapsOnce()
    {
        TextArea Upright(int l, int t, int w, int h) =>
            new(new Quad(new(l, t), new(l + w, t), new(l + w, t + h), new(l, t + h)), 1);
        Assert.Equal(0, TextMap.Coverage([], 10, 10));
        Assert.Equal(0.5, TextMap.Coverage([Upright(0, 0, 100, 50), Upright(20, 10, 30, 20)], 100, 100), 1e-9);
        Assert.Equal(0.25, TextMap.Coverage([Upright(0, 0, 2000, 1000), Upright(-50, 0, 60, 60)], 4000, 2000), 1e-3);
    }

    private static float[] Map(int width, int height, params (int L, int T, int W, int H, float P)[] kernels)
    {
        float[] map = new float[width * height];
        foreach ((int l, int t, int w, int h, float p) in kernels)
        {
            for (int y = t; y < t + h; y++)
            {
                map.AsSpan((y * width) + l, w).Fill(p);
            }
        }

        return map;
    }
}
