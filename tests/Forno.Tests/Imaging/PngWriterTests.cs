using System.IO.Compression;
using Forno.Imaging;
using Forno.Imaging.Png;

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
    [InlineData(1_900_001)]
    [InlineData(5_000_000)]
    public void WhatIsPackedUnpacks(int length)
    {
        var random = new Random(length);
        byte[] bytes = new byte[length];
        foreach (int kind in Enumerable.Range(0, 7).Where(k => length < 2_000_000 || k == 1))
        {
            for (int i = 0; i < length; i++)
            {
                bytes[i] = (byte)(
                    kind switch
                    {
                        0 => 0,
                        1 => random.Next(256),
                        2 => random.Next(40) == 0 ? random.Next(256) : 0, // runs of all lengths
                        3 => i / 1000 % 3 == 0 ? random.Next(-3, 4) : 0,
                        // codes as long as they may be
                        4 => random.NextDouble() * random.NextDouble() * random.NextDouble() * 256,
                        5 => random.Next(-7, 8) + random.Next(-7, 8) + (random.Next(200) == 0 ? 30 : 0), // photographs
                        // small bytes with long codes
                        _ => i / 64 % 90 == 0 ? random.Next(-16, 16) : random.Next(100, 200),
                    }
                );
            }

            var (packer, plain) = (
                new RunPacker(200_000, 1 + (length / 100_000)),
                new RunPacker(200_000, 1 + (length / 100_000), useVectors: false)
            );
            for (int at = 0; at < length; )
            {
                int part = Math.Min(length - at, random.Next(1, 200_000));
                bytes.AsSpan(at, part).CopyTo(packer.Next(part));
                bytes.AsSpan(at, part).CopyTo(plain.Next(part));
                at += part;
            }

            byte[] packed = [.. packer.Finish().SelectMany(p => p)];
            Assert.Equal(packed, plain.Finish().SelectMany(p => p));
            using var unpack = new ZLibStream(new MemoryStream(packed), CompressionMode.Decompress);
            var back = new MemoryStream();
            unpack.CopyTo(back); // checks Adler-32
            Assert.Equal(bytes, back.ToArray());
        }
    }

    [Fact]
    public void AdlerSumsAreThoseOfTheDefinition()
    {
        byte[] bytes = new byte[20_000];
        Array.Fill(bytes, (byte)255); // the largest sums
        var sum = new Adler32();
        (uint a, uint b) = (1, 0);
        foreach (int length in (int[])[0, 1, 31, 32, 33, 4095, 4096, 4097, 7000])
        {
            sum.Add(bytes.AsSpan(0, length));
            for (int i = 0; i < length; i++)
            {
                a = (a + bytes[i]) % 65521;
                b = (b + a) % 65521;
            }

            Assert.Equal((b << 16) | a, sum.Value);
            new Random(length).NextBytes(bytes);
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
    [InlineData(5000, 3, 3)]
    [InlineData(70_000, 2, 3)]
    [InlineData(400_000, 3, 3)]
    public void APictureComesBackAsItWas(int width, int height, int bands)
    {
        var random = new Random(width);
        byte[] pixels = new byte[width * height * bands];
        for (int i = 0; i < pixels.Length; i++)
        {
            int row = i / (width * bands);
            // noise, slopes, one colour
            pixels[i] = (byte)(
                row % 9 < 3 ? random.Next(256)
                : row % 9 < 6 ? (i / bands * 3) + row
                : 77
            );
        }

        using var picture = Picture.FromPixels(pixels, width, height, bands);
        var file = new MemoryStream();
        picture.PackPng()(file);
        using var back = Picture.Decode(file.ToArray(), "packed");
        Assert.Equal((width, height, bands), (back.Width, back.Height, back.Bands));
        Assert.Equal(pixels, back.ToArray());
        Assert.Empty(PngText.Read(file.ToArray(), "packed"));
    }

    [Fact]
    public void DrawingsStaySmallAndPhotographsAsSmallAsElsewhere()
    {
        byte[] flat = new byte[600 * 400 * 3],
            grain = new byte[600 * 400 * 3];
        var random = new Random(1);
        for (int i = 0; i < flat.Length; i++)
        {
            (int x, int y) = (i / 3 % 600, i / 1800);
            flat[i] = (byte)(((x - 300) * (x - 300)) + ((y - 200) * (y - 200)) < 20_000 ? 200 : 40 + (i % 3));
            grain[i] = (byte)(128 + (60 * Math.Sin(x / 90.0)) + (50 * Math.Cos(y / 70.0)) + random.Next(-4, 5));
        }

        Assert.True(Size(flat) < flat.Length / 60, $"{Size(flat)} of {flat.Length}");
        using var photo = Picture.FromRgb(grain, 600, 400);
        Assert.True(Size(grain) < photo.EncodePng(1).Length, $"{Size(grain)} against {photo.EncodePng(1).Length}");
    }

    private static long Size(byte[] pixels)
    {
        using var picture = Picture.FromRgb(pixels, 600, 400);
        var file = new MemoryStream();
        picture.PackPng()(file);
        return file.Length;
    }
}
