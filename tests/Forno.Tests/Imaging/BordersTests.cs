using Forno.Imaging;
using Forno.Imaging.Measures;

namespace Forno.Tests.Imaging;

public class BordersTests
{
    [Fact]
    public void FramesInFramesAreCutByOneRun()
    {
        var sheet = new Sheet(Noise(60, 40), 60, 40);
        Frame(sheet, 255, 9, 8, 10, 9); // white
        Frame(sheet, 0, 12, 11, 12, 11); // in black
        Box once = Borders.Find(sheet.Rgb, sheet.Width, sheet.Height, 20);
        Assert.Equal(new Box(12, 11, 79, 57), once); // ImageMagick's answer: the white one stays
        Assert.Equal((new Box(21, 19, 60, 40), 2), Borders.FindNested(sheet.Rgb, sheet.Width, sheet.Height, 20));

        Frame(sheet, 128, 3, 3, 3, 3);
        Assert.Equal((new Box(24, 22, 60, 40), 3), Borders.FindNested(sheet.Rgb, sheet.Width, sheet.Height, 20));

        // Letterbox bars in a frame.
        var film = new Sheet(Noise(60, 40), 60, 40);
        Frame(film, 0, 0, 10, 0, 10);
        Frame(film, 255, 5, 5, 5, 5);
        Assert.Equal(new Box(5, 15, 60, 40), Borders.FindNested(film.Rgb, film.Width, film.Height, 20).Box);
    }

    [Theory]
    [InlineData(70)]
    [InlineData(90)]
    public void AlsoAfterScalingAndJpeg(int quality)
    {
        using Picture small = Picture.FromRgb(Noise(30, 20), 30, 20),
            art = small.Resize(120, 80, Kernel.Cubic);
        var sheet = new Sheet(art.ToArray(), 120, 80);
        Frame(sheet, 255, 20, 20, 20, 20);
        Frame(sheet, 0, 24, 24, 24, 24);
        using var whole = Picture.FromRgb(sheet.Rgb, sheet.Width, sheet.Height);
        using Picture scaled = whole.Resize(sheet.Width * 7 / 5, sheet.Height * 7 / 5);
        using var jpeg = Picture.Decode(scaled.EncodeJpeg(quality), "jpeg");
        Box box = Borders.FindNested(jpeg.ToArray(), jpeg.Width, jpeg.Height, 20).Box;
        Assert.InRange(box.Left, 60, 63);
        Assert.InRange(box.Top, 60, 63);
        Assert.InRange(box.Left + box.Width, 60 + 166, 60 + 170);
        Assert.InRange(box.Top + box.Height, 60 + 110, 60 + 114);
    }

    [Fact]
    public void WhatIsNoFrameIsNotEatenStepByStep()
    {
        // A soft gradient: the first cut is ImageMagick's, and it is the only one.
        byte[] sky = new byte[64 * 128 * 3];
        for (int i = 0; i < sky.Length; i++)
        {
            sky[i] = (byte)(i / (64 * 3) * 2);
        }

        Box once = Borders.Find(sky, 64, 128, 20);
        Assert.InRange(once.Height, 60, 100);
        Assert.Equal((once, 1), Borders.FindNested(sky, 64, 128, 20));

        // A picture whose upper half is of one colour, in a frame.
        byte[] half = Noise(60, 40);
        half.AsSpan(0, 60 * 20 * 3).Fill(90);
        var framed = new Sheet(half, 60, 40);
        Frame(framed, 255, 6, 6, 6, 6);
        Assert.Equal((new Box(6, 6, 60, 40), 1), Borders.FindNested(framed.Rgb, framed.Width, framed.Height, 20));

        // No border, nothing but border, many frames.
        Assert.Equal((new Box(0, 0, 60, 40), 0), Borders.FindNested(Noise(60, 40), 60, 40, 20));
        Assert.Equal((new Box(0, 0, 60, 40), 0), Borders.FindNested(new byte[60 * 40 * 3], 60, 40, 20));
        var many = new Sheet(Noise(20, 20), 20, 20);
        for (int i = 0; i < 30; i++)
        {
            Frame(many, i % 2 == 0 ? 0 : 255, 2, 2, 2, 2);
        }

        Assert.Equal((new Box(16, 16, 108, 108), 8), Borders.FindNested(many.Rgb, many.Width, many.Height, 20));
    }

    private sealed class Sheet(byte[] rgb, int width, int height)
    {
        public byte[] Rgb { get; set; } = rgb;

        public int Width { get; set; } = width;

        public int Height { get; set; } = height;
    }

    private static void Frame(Sheet sheet, int level, int left, int top, int right, int bottom)
    {
        (int width, int height) = (sheet.Width + left + right, sheet.Height + top + bottom);
        byte[] rgb = new byte[width * height * 3];
        Array.Fill(rgb, (byte)level);
        for (int y = 0; y < sheet.Height; y++)
        {
            sheet.Rgb.AsSpan(y * sheet.Width * 3, sheet.Width * 3).CopyTo(rgb.AsSpan((((top + y) * width) + left) * 3));
        }

        (sheet.Rgb, sheet.Width, sheet.Height) = (rgb, width, height);
    }

    private static byte[] Noise(int width, int height)
    {
        byte[] rgb = new byte[width * height * 3];
        new Random(3).NextBytes(rgb);
        return rgb;
    }
}
