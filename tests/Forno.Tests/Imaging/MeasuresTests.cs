using Forno.Imaging;
using Forno.Imaging.Measures;

namespace Forno.Tests.Imaging;

public class MeasuresTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 7)]
    [InlineData(17, 5)]
    [InlineData(100, 33)]
    public void SharpnessIsTheVarianceOfTheLaplacian(int width, int height)
    {
        byte[] grey = Noise(width * height);
        double sum = 0,
            squares = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                double l = At(x - 1, y) + At(x + 1, y) + At(x, y - 1) + At(x, y + 1) - (4 * At(x, y));
                sum += l;
                squares += l * l;
            }
        }

        double n = width * height;
        Assert.Equal((squares / n) - (sum / n * (sum / n)), Sharpness.Of(grey, width), 6);

        double At(int x, int y) => grey[(Mirror(y, height) * width) + Mirror(x, width)];
    }

    [Fact]
    public void TheScanAgreesWithPlainLoops()
    {
        const int width = 131,
            height = 77;
        byte[] rgba = Noise(width * height * 4);
        for (int i = 3; i < rgba.Length; i += 4)
        {
            rgba[i] = i % 3 == 0 ? rgba[i] : (byte)255;
        }

        using var picture = Picture.FromPixels(rgba, width, height, 4);
        PictureMeasures measures = new PictureScanner().Scan(picture);
        int coloured = 0,
            transparent = 0;
        for (int i = 0; i < rgba.Length; i += 4)
        {
            int alpha = rgba[i + 3];
            int[] rgb = [.. rgba[i..(i + 3)].Select(c => ((c * alpha) + (255 * (255 - alpha)) + 127) / 255)];
            coloured += rgb.Max() - rgb.Min() > 24 ? 1 : 0;
            transparent += alpha < 255 ? 1 : 0;
        }

        Assert.Equal((double)coloured / (width * height), measures.ColouredShare, 12);
        Assert.Equal((double)transparent / (width * height), measures.TransparentShare, 12);
        Assert.True(measures.UsesAlpha && !measures.IsMonochrome);
    }

    [Fact]
    public void AStripOfAFileIsTheSameAsTheWhole()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("forno-strips").FullName, "noise.png");
        using (var noise = Picture.FromRgb(Noise(900 * 700 * 3), 900, 700))
        {
            noise.SavePng(path);
        }

        using var whole = Picture.Load(path);
        using var stream = Picture.LoadStreaming(path);
        byte[] want = whole.ToArray(),
            got = new byte[want.Length];
        stream.ReadStrips((rows, top, _) => rows.CopyTo(got.AsSpan(top * 900 * 3)));
        Assert.Equal(want, got);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public void CompressionDamageGrowsAsQualityFalls()
    {
        using var art = Picture.LoadSvg(Shapes, 512, "shapes");
        using Picture flat = art.Flatten(Rgb.White);
        double clean = Of(flat);
        double[] damage =
        [
            .. new[] { 90, 60, 30, 10 }.Select(q =>
            {
                using var jpeg = Picture.Decode(flat.EncodeJpeg(q), "jpeg");
                return Of(jpeg);
            }),
        ];
        Assert.InRange(clean, 0, 0.02);
        Assert.True(damage.Zip(damage.Skip(1)).All(p => p.First < p.Second), string.Join(' ', damage));
        Assert.InRange(damage[3], 0.3, 20);

        static double Of(Picture picture) => new PictureScanner().Scan(picture).Blockiness;
    }

    [Fact]
    public void BordersOfEachSideMayHaveTheirOwnColour()
    {
        byte[] rgb = Noise(60 * 40 * 3);
        for (int y = 0; y < 40; y++)
        {
            for (int x = 0; x < 60; x++)
            {
                if (y >= 33)
                {
                    rgb.AsSpan(((y * 60) + x) * 3, 3).Fill(7);
                }
            }
        }

        Assert.Equal(new Box(0, 0, 60, 33), Borders.Find(rgb, 60, 40, 5));
        Assert.Equal(new Box(0, 0, 60, 40), Borders.Find(new byte[60 * 40 * 3], 60, 40, 5));
        Assert.Throws<FornoException>(() => Borders.Find(rgb, 60, 40, 101));
    }

    [Fact]
    public void MirroredHashesAreThoseOfTheMirroredPicture()
    {
        using var art = Picture.LoadSvg(Shapes, 300, "shapes");
        using Picture flat = art.Flatten(Rgb.White);
        using Picture turned = flat.FlipHorizontal();
        PictureHash a = new PictureScanner().Scan(flat).Hash,
            b = new PictureScanner().Scan(turned).Hash;
        Assert.InRange(PictureHash.Distance(a.MirroredFrequency[0], b.Frequency[0]), 0, 2);
        Assert.InRange(PictureHash.Distance(a.MirroredGradient, b.Gradient), 0, 4);
        Assert.InRange(a.ColourDistance(b, mirrored: true), 0, 2);
        Assert.True(PictureHash.Distance(a.Frequency[0], b.Frequency[0]) > 12);
    }

    private static readonly byte[] Shapes = System.Text.Encoding.UTF8.GetBytes(
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="100" height="100" viewBox="0 0 100 100">
          <defs><linearGradient id="g">
            <stop offset="0" stop-color="#fc8"/><stop offset="1" stop-color="#84c"/></linearGradient></defs>
          <rect width="100" height="100" fill="url(#g)"/><circle cx="30" cy="40" r="21" fill="#281"/>
          <path d="M55 20 L90 33 L70 80 Z" fill="#d22"/><ellipse cx="45" cy="82" rx="30" ry="9" fill="#fff"/></svg>
        """
    );

    private static int Mirror(int i, int size) =>
        size == 1 ? 0
        : i < 0 ? -i
        : i >= size ? (2 * size) - 2 - i
        : i;

    private static byte[] Noise(int count)
    {
        byte[] bytes = new byte[count];
        new Random(5).NextBytes(bytes);
        return bytes;
    }
}
