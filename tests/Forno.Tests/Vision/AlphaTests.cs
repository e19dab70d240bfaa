using Forno.Imaging;
using Forno.TestKit;
using Forno.Vision;
using Forno.Vision.Upscaling;

namespace Forno.Tests.Vision;

public sealed class AlphaTests : IDisposable
{
    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void HiddenColoursComeFromTheNearestVisibleOnes()
    {
        // Red on the left, green on the right, blue hidden between.
        const int Width = 31,
            Height = 9;
        Pixels rgba = Paint(
            Width,
            Height,
            (x, _) =>
                x < 5 ? (200, 10, 10, 255)
                : x > 25 ? (10, 200, 10, 200)
                : (0, 0, 255, x == 15 ? 3 : 0)
        );
        Pixels filled = AlphaBleed.Fill(rgba);
        for (int i = 0; i < Width * Height; i++)
        {
            ReadOnlySpan<byte> colour = filled.Samples.AsSpan(i * 3, 3);
            Assert.Equal(10, colour[2]);
            if (rgba.Samples[(i * 4) + 3] >= 16)
            {
                Assert.True(colour.SequenceEqual(rgba.Samples.AsSpan(i * 4, 3)));
            }
        }
        Assert.True(
            filled.Samples[6 * 3] > 190 && filled.Samples[(24 * 3) + 1] > 190,
            "beside an edge its own colour goes on"
        );
    }

    [Fact]
    public void APictureWithoutAnyVisiblePixelIsFilledWithBlack() =>
        Assert.All(AlphaBleed.Fill(Paint(7, 5, (_, _) => (9, 9, 9, 0))).Samples, b => Assert.Equal(0, b));

    [Fact]
    public void ADiscOfOneColourHasNoHaloAndKeepsItsInsideAndOutside()
    {
        // A network that enlarges by nearest neighbour and blurs a little: random, but it must not matter what lay
        // hidden.
        using var model = Upscaler.Load(TinyUpscalers.Write(folder.File("m.safetensors"), TinyUpscalers.Compact()));
        byte[]? before = null;
        foreach (byte hidden in (byte[])[0, 128, 255])
        {
            Pixels disc = Paint(
                40,
                40,
                (x, y) =>
                    Math.Pow(x - 20, 2) + Math.Pow(y - 20, 2) < 150 ? (250, 240, 30, 255) : (hidden, hidden, hidden, 0)
            );
            using var picture = disc.ToPicture("disc");
            using Picture result = new PictureUpscaler([model]).Run(picture);
            Assert.Equal((80, 80, 4), (result.Width, result.Height, result.Bands));
            byte[] samples = result.ToArray();
            Assert.Equal(255, samples[(((40 * 80) + 40) * 4) + 3]);
            Assert.Equal(0, samples[3]);
            Assert.Equal(before ?? samples, samples);
            before = samples;
        }
    }

    [Fact]
    public void AnOpaqueAlphaChannelIsLeftOut()
    {
        using var model = Upscaler.Load(TinyUpscalers.Write(folder.File("m.safetensors"), TinyUpscalers.Compact()));
        using var picture = Paint(12, 10, (x, y) => (x * 20, y * 20, 99, 255)).ToPicture("opaque");
        using Picture result = new PictureUpscaler([model]).Run(picture);
        Assert.Equal((24, 20, 3), (result.Width, result.Height, result.Bands));
    }

    private static Pixels Paint(int width, int height, Func<int, int, (int R, int G, int B, int A)> colour)
    {
        byte[] samples = new byte[width * height * 4];
        for (int y = 0, i = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++, i += 4)
            {
                (int r, int g, int b, int a) = colour(x, y);
                (samples[i], samples[i + 1], samples[i + 2], samples[i + 3]) = ((byte)r, (byte)g, (byte)b, (byte)a);
            }
        }
        return new Pixels(samples, width, height, 4);
    }
}
