using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.TestKit;
using Forno.Vision.Inpainting;
using Forno.Vision.Onnx;

namespace Forno.Tests.Vision;

public class InpainterTests
{
    /// <summary>
    /// A network of LaMa's interface: each hole becomes the mean of the known pixels within 65 × 65 around. Exports
    /// differ in what they take and give.
    /// </summary>
    internal static OnnxFile MeanFill(
        long side = -1,
        bool swapped = false,
        bool joined = false,
        float scaleIn = 1,
        float scaleOut = 1,
        bool marksKnown = false
    )
    {
        const int Reach = 65;
        var file = new OnnxFile()
            .Weight("one", [1f], 1)
            .Weight("least", [1e-3f], 1)
            .Weight("in", [1 / scaleIn], 1)
            .Weight("out", [scaleOut], 1)
            .Weight("colours_across", Ones(3 * Reach), 3, 1, 1, Reach)
            .Weight("colours_down", Ones(3 * Reach), 3, 1, Reach, 1)
            .Weight("marks_across", Ones(Reach), 1, 1, 1, Reach)
            .Weight("marks_down", Ones(Reach), 1, 1, Reach, 1);
        if (joined)
        {
            file.Input("input", OnnxType.Float32, 1, 4, side, side)
                .Weight("parts", [3L, 1L], 2)
                .Node("Split", "input parts", "image mask", ("axis", 1));
        }
        else if (swapped)
        {
            file.Input("mask", OnnxType.Float32, 1, 1, side, side).Input("image", OnnxType.Float32, 1, 3, side, side);
        }
        else
        {
            file.Input("image", OnnxType.Float32, 1, 3, side, side).Input("mask", OnnxType.Float32, 1, 1, side, side);
        }

        long[] across = [0, Reach / 2, 0, Reach / 2],
            down = [Reach / 2, 0, Reach / 2, 0];
        (
            marksKnown
                ? file.Node("Identity", "mask", "known").Node("Sub", "one mask", "hole")
                : file.Node("Sub", "one mask", "known").Node("Identity", "mask", "hole")
        )
            .Node("Mul", "image in", "scaled")
            .Weight("levels", [128f], 1)
            .Node("Mul", "scaled levels", "fine")
            .Node("Floor", "fine", "whole_levels")
            .Node("Div", "whole_levels levels", "rounded")
            .Node("Clip", "rounded zero full", "clipped")
            .Weight("zero", [0f])
            .Weight("full", [1f])
            .Node("Mul", "clipped known", "seen")
            .Node("Conv", "seen colours_across", "rows", ("group", 3), ("pads", across))
            .Node("Conv", "rows colours_down", "sums", ("group", 3), ("pads", down))
            .Node("Conv", "known marks_across", "lines", ("pads", across))
            .Node("Conv", "lines marks_down", "counts", ("pads", down))
            .Node("Max", "counts least", "some")
            .Node("Div", "sums some", "means")
            .Node("Mul", "means hole", "filled")
            .Node("Add", "seen filled", "whole")
            .Node("Mul", "whole out", "output");
        return file.Output("output", OnnxType.Float32, 1, 3, side, side);

        static float[] Ones(int count) => [.. Enumerable.Repeat(1f, count)];
    }

    [Theory]
    [InlineData(false, false, 1, 1, false, "samples 0–1, holes marked in a mask")]
    // Carve's export of LaMa: 0–1 in, 0–255 out
    [InlineData(true, false, 1, 255, false, "samples 0–1, holes marked in a mask")]
    [InlineData(false, false, 255, 255, false, "samples 0–255, holes marked in a mask")]
    [InlineData(false, false, 255, 1, true, "samples 0–255, known pixels marked in a mask")]
    [InlineData(false, true, 1, 1, false, "samples 0–1, holes marked in a fourth channel")]
    public void WhatAnExportTakesIsFoundOut(
        bool swapped,
        bool joined,
        float scaleIn,
        float scaleOut,
        bool marksKnown,
        string told
    )
    {
        using TempTree tree = new();
        string path = MeanFill(128, swapped, joined, scaleIn, scaleOut, marksKnown).Save(tree["fill.onnx"]);
        using var inpainter = Inpainter.Load(path);
        Assert.Equal("128×128, " + told, inpainter.Description);
        (byte[] pixels, byte[] map) = EvenWithText(300, 200, [(100, 80, 60, 12)]);
        byte[] before = [.. pixels];
        inpainter.Fill(pixels, 300, 200, 3, [.. map]);
        OnlyHolesChanged(before, pixels, map, 3);
        // Even ground all around: the letters become ground, but for the rim that fades.
        byte[] depth = MapGrowth.Depth(map, 300, 200, 3);
        Assert.All(
            Enumerable.Range(0, map.Length).Where(i => depth[i] == 3),
            i => Assert.InRange(pixels[i * 3], 178, 182)
        );
    }

    [Fact]
    public void FreeSizesLargeHolesEdgesAndAlphaWork()
    {
        using TempTree tree = new();
        using var inpainter = Inpainter.Load(MeanFill().Save(tree["fill.onnx"]));
        Assert.StartsWith("any size", inpainter.Description);
        // At the corner, a large one, two neighbours; a picture that is smaller than a window, with alpha.
        foreach (
            (int w, int h, (int, int, int, int)[] holes) in ((int, int, (int, int, int, int)[])[])
                [
                    (700, 500, [(0, 0, 50, 14), (300, 200, 90, 50), (300, 260, 90, 10)]),
                    (70, 45, [(20, 20, 20, 8)]),
                    (33, 500, [(0, 100, 33, 10)]),
                ]
        )
        {
            (byte[] rgb, byte[] map) = EvenWithText(w, h, holes);
            byte[] rgba =
            [
                .. Enumerable
                    .Range(0, map.Length)
                    .SelectMany(i => (byte[])[rgb[i * 3], rgb[(i * 3) + 1], rgb[(i * 3) + 2], (byte)(i % 251)]),
            ];
            byte[] before = [.. rgba];
            inpainter.Fill(rgba, w, h, 4, [.. map]);
            OnlyHolesChanged(before, rgba, map, 4);
            byte[] depth = MapGrowth.Depth(map, w, h, 3);
            Assert.All(
                Enumerable.Range(0, map.Length).Where(i => depth[i] == 3),
                i => Assert.InRange(rgba[i * 4], 170, 190)
            );
        }
    }

    [Fact]
    public void WindowsAreNativeWhereTheyFitAndCoverEveryHole()
    {
        var random = new Random(2);
        for (int round = 0; round < 200; round++)
        {
            (int w, int h) = (random.Next(40, 2200), random.Next(40, 2200));
            byte[] map = new byte[w * h];
            for (int i = random.Next(1, 7); i > 0; i--)
            {
                (int hw, int hh) = (random.Next(1, Math.Max(2, w / 2)), random.Next(1, Math.Max(2, h / 3)));
                (int left, int top) = (random.Next(w - hw + 1), random.Next(h - hh + 1));
                for (int y = top; y < top + hh; y++)
                {
                    map.AsSpan((y * w) + left, hw).Fill(1);
                }
            }

            IReadOnlyList<Component> holes = Components.Find(map, w, h);
            foreach ((int, int) size in ((int, int)[])[(512, 512), (0, 0), (256, 384)])
            {
                IReadOnlyList<InpaintWindow> windows = InpaintPlan.Lay(w, h, holes, size);
                Assert.Equal(holes.Count, windows.Sum(x => x.Parts.Count));
                Assert.Equal(holes.ToHashSet(), windows.SelectMany(x => x.Parts).ToHashSet());
                foreach (InpaintWindow window in windows)
                {
                    Box b = window.Window;
                    Assert.True(b.Left >= 0 && b.Top >= 0 && b.Left + b.Width <= w && b.Top + b.Height <= h);
                    Assert.All(
                        window.Parts,
                        p =>
                            Assert.True(
                                p.Box.Left >= b.Left
                                    && p.Box.Top >= b.Top
                                    && p.Box.Left + p.Box.Width <= b.Left + b.Width
                                    && p.Box.Top + p.Box.Height <= b.Top + b.Height
                            )
                    );
                    Assert.True(
                        Math.Ceiling((b.Width / window.Shrink) - 1e-6) <= window.Width
                            && Math.Ceiling((b.Height / window.Shrink) - 1e-6) <= window.Height
                    );
                    Assert.True(
                        size.Item1 > 0
                            ? (window.Width, window.Height) == size
                            : window.Width % 32 == 0
                                && window.Height % 32 == 0
                                && window.Width <= 1024
                                && window.Height <= 1024
                    );
                    Box first = window.Parts[0].Box;
                    Assert.True(
                        window.Shrink == 1 || Math.Max(first.Width, first.Height) > 100,
                        "shrunk for a small hole"
                    );
                }
            }
        }
    }

    [Fact]
    public void OtherModelsAreRefusedByName()
    {
        using TempTree tree = new();
        string one = new OnnxFile()
            .Input("x", OnnxType.Float32, 1, 3, 64, 64)
            .Node("Sigmoid", "x", "y")
            .Output("y", OnnxType.Float32, 1, 3, 64, 64)
            .Save(tree["one.onnx"]);
        Assert.Contains("'x'", Assert.Throws<FornoException>(() => Inpainter.Load(one)).Message);
        // Answers black whatever it sees.
        string black = new OnnxFile()
            .Input("image", OnnxType.Float32, 1, 3, 64, 64)
            .Input("mask", OnnxType.Float32, 1, 1, 64, 64)
            .Weight("none", [0f], 1)
            .Node("Mul", "image none", "a")
            .Node("Mul", "mask none", "b")
            .Node("Add", "a b", "y")
            .Output("y", OnnxType.Float32, 1, 3, 64, 64)
            .Save(tree["black.onnx"]);
        Assert.Contains(
            "not an inpainting network",
            Assert.Throws<FornoException>(() => Inpainter.Load(black)).Message
        );
        string bytes = new OnnxFile()
            .Input("image", OnnxType.UInt8, 1, 3, 64, 64)
            .Input("mask", OnnxType.UInt8, 1, 1, 64, 64)
            .Node("Cast", "image", "a", ("to", 1))
            .Node("Cast", "mask", "b", ("to", 1))
            .Node("Max", "a b", "c")
            .Node("Cast", "c", "y", ("to", 2))
            .Output("y", OnnxType.UInt8, 1, 3, 64, 64)
            .Save(tree["bytes.onnx"]);
        Assert.Contains(
            "are between 0 and 255",
            Assert.Throws<FornoException>(() => Inpainter.Load(bytes, InpaintRange.One)).Message
        );
    }

    private static (byte[] Pixels, byte[] Map) EvenWithText(
        int width,
        int height,
        (int Left, int Top, int Width, int Height)[] holes
    )
    {
        (byte[] pixels, byte[] map) = (new byte[width * height * 3], new byte[width * height]);
        Array.Fill(pixels, (byte)180);
        var random = new Random(1);
        foreach ((int l, int t, int w, int h) in holes)
        {
            for (int y = t; y < t + h; y++)
            {
                map.AsSpan((y * width) + l, w).Fill(255);
                random.NextBytes(pixels.AsSpan(((y * width) + l) * 3, w * 3));
            }
        }

        return (pixels, map);
    }

    private static void OnlyHolesChanged(byte[] before, byte[] after, byte[] map, int bands)
    {
        for (int i = 0; i < after.Length; i++)
        {
            Assert.True(
                after[i] == before[i] || (map[i / bands] != 0 && i % bands < 3),
                $"sample {i} changed outside of the holes"
            );
        }
    }
}
