using System.IO.Compression;
using Forno.Imaging;
using Forno.Io;

namespace Forno.Tests.Imaging;

public class PngWriterTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    [InlineData(262_143)]
    [InlineData(262_144)]
    [InlineData(900_001)]
    public void WhatIsPackedUnpacks(int length)
    {
        var random = new Random(length);
        byte[] bytes = new byte[length];
        foreach (int kind in Enumerable.Range(0, 5))
        {
            for (int i = 0; i < length; i++)
            {
                bytes[i] = kind switch
                {
                    0 => 0,
                    1 => (byte)random.Next(256),
                    2 => (byte)(random.Next(40) == 0 ? random.Next(256) : 0), // runs of all lengths
                    3 => (byte)(i / 1000 % 3 == 0 ? random.Next(-3, 4) : 0),
                    _ => (byte)(random.NextDouble() * random.NextDouble() * random.NextDouble() * 256), // codes as long as they may be
                };
            }

            var packer = new RunPacker(0);
            for (int at = 0; at < length;)
            {
                int part = Math.Min(length - at, random.Next(1, 200_000));
                packer.Add(bytes.AsSpan(at, part));
                at += part;
            }

            using var unpack = new ZLibStream(new MemoryStream(packer.Finish().ToArray()), CompressionMode.Decompress);
            var back = new MemoryStream();
            unpack.CopyTo(back); // checks Adler-32
            Assert.Equal(bytes, back.ToArray());
        }
    }

    [Fact]
    public void CodesAreNeverLongerThanAllowedAndFillTheTree()
    {
        int[] counts = new int[HuffmanLengths.Symbols];
        (counts[0], counts[1]) = (1, 1);
        for (int i = 2; i < 40; i++)
        {
            counts[i] = counts[i - 1] + counts[i - 2]; // Fibonacci's numbers make the longest codes
        }

        byte[] lengths = HuffmanLengths.Of(counts, 12);
        Assert.Equal(12, lengths.Max());
        Assert.Equal(1.0, lengths.Sum(l => Math.Pow(2, -l)));
        Assert.True(lengths[39] < lengths[20]);
    }

    [Theory]
    [InlineData(1, 1, 3)]
    [InlineData(1, 900, 4)]
    [InlineData(31, 7, 3)]
    [InlineData(333, 222, 3)]
    [InlineData(333, 222, 4)]
    [InlineData(70_000, 2, 3)]
    public void APictureComesBackAsItWas(int width, int height, int bands)
    {
        var random = new Random(width);
        byte[] pixels = new byte[width * height * bands];
        for (int i = 0; i < pixels.Length; i++)
        {
            int row = i / (width * bands);
            // noise, slopes, one colour
            pixels[i] = (byte)(row % 9 < 3 ? random.Next(256) : row % 9 < 6 ? (i / bands * 3) + row : 77);
        }

        using Picture picture = Picture.FromPixels(pixels, width, height, bands);
        var file = new MemoryStream();
        picture.PackPng()(file);
        using Picture back = Picture.Decode(file.ToArray(), "packed");
        Assert.Equal((width, height, bands), (back.Width, back.Height, back.Bands));
        Assert.Equal(pixels, back.ToArray());
        Assert.Empty(PngText.Read(file.ToArray(), "packed"));
    }

    [Fact]
    public void DrawingsStaySmallAndPhotographsAsSmallAsElsewhere()
    {
        byte[] flat = new byte[600 * 400 * 3], grain = new byte[600 * 400 * 3];
        var random = new Random(1);
        for (int i = 0; i < flat.Length; i++)
        {
            (int x, int y) = (i / 3 % 600, i / 1800);
            flat[i] = (byte)(((x - 300) * (x - 300)) + ((y - 200) * (y - 200)) < 20_000 ? 200 : 40 + (i % 3));
            grain[i] = (byte)(128 + (60 * Math.Sin(x / 90.0)) + (50 * Math.Cos(y / 70.0)) + random.Next(-4, 5));
        }

        Assert.True(Size(flat) < flat.Length / 60, $"{Size(flat)} of {flat.Length}");
        using Picture photo = Picture.FromRgb(grain, 600, 400);
        Assert.True(Size(grain) < photo.EncodePng(1).Length, $"{Size(grain)} against {photo.EncodePng(1).Length}");
    }

    private static long Size(byte[] pixels)
    {
        using Picture picture = Picture.FromRgb(pixels, 600, 400);
        var file = new MemoryStream();
        picture.PackPng()(file);
        return file.Length;
    }
}
