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
    public void AChunksSumGoesOverItsNameAndDataByTheStandard() =>
        Assert.Equal(0xCBF43926u, PngText.Crc("1234"u8, "56789"u8));

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
    public void RepeatingBytesAndOthersMakeOneStream()
    {
        var random = new Random(7);
        byte[] bytes = new byte[3_000_000];
        random.NextBytes(bytes.AsSpan(0, 1_000_000));
        for (int i = 1_000_000; i < bytes.Length; i++)
        {
            bytes[i] = bytes[i - (i / 300_000 * 1000)];
        }

        var packer = new RunPacker(100_000, 30);
        for (int at = 0, turn = 0; at < bytes.Length; turn++)
        {
            int part = Math.Min(bytes.Length - at, random.Next(1, 100_000));
            if (turn % 5 < 2)
            {
                bytes.AsSpan(at, part).CopyTo(packer.Next(part));
            }
            else
            {
                packer.AddRepeating(bytes.AsSpan(at, part));
            }

            at += part;
        }

        using var unpack = new ZLibStream(
            new MemoryStream([.. packer.Finish().SelectMany(p => p)]),
            CompressionMode.Decompress
        );
        var back = new MemoryStream();
        unpack.CopyTo(back); // checks Adler-32
        Assert.Equal(bytes, back.ToArray());
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void ScreenshotsAreAboutAsSmallAsElsewhere(int bands)
    {
        byte[] pixels = Screenshot(900, 700, bands);
        using var picture = Picture.FromPixels(pixels, 900, 700, bands);
        byte[] packed = Packed(picture);
        int elsewhere = picture.EncodePng(6).Length;
        Assert.True(packed.Length < 1.3 * elsewhere, $"{packed.Length} against {elsewhere}");
        using var back = Picture.Decode(packed, "packed");
        Assert.Equal(pixels, back.ToArray());
    }

    [Fact]
    public void APhotographBesideAScreenshotIsPackedAsAPhotograph()
    {
        byte[] screenshot = Screenshot(900, 700, 3),
            photo = new byte[900 * 700 * 3];
        var random = new Random(5);
        for (int i = 0; i < photo.Length; i++)
        {
            photo[i] = (byte)(
                128 + (60 * Math.Sin(i / 3 % 900 / 90.0)) + (50 * Math.Cos(i / 2700 / 70.0)) + random.Next(-4, 5)
            );
        }

        using Picture above = Picture.FromRgb(screenshot, 900, 700),
            below = Picture.FromRgb(photo, 900, 700);
        using var both = Picture.FromRgb([.. screenshot, .. photo, .. screenshot], 900, 2100);
        byte[] packed = Packed(both);
        int apart = (2 * Packed(above).Length) + Packed(below).Length;
        Assert.True(
            packed.Length < 1.1 * apart,
            $"{packed.Length} against {apart}, by zlib {both.EncodePng(6).Length}"
        ); // some strips hold both
        using var back = Picture.Decode(packed, "packed");
        Assert.Equal([.. screenshot, .. photo, .. screenshot], back.ToArray());
    }

    [Fact]
    public void PhotographsAndShadesAreNotTakenForDrawings()
    {
        const int width = 640,
            height = 96;
        var random = new Random(2);
        byte[] noise = new byte[width * height * 3],
            shade = new byte[width * height * 3],
            one = new byte[width * height * 3];
        for (int i = 0; i < noise.Length; i++)
        {
            noise[i] = (byte)(128 + random.Next(-2, 3));
            shade[i] = (byte)((i / 3 % width / 4) + (i / 3 / width));
        }

        Assert.False(FlatRows.Are(noise, width * 3, 3));
        Assert.False(FlatRows.Are(shade, width * 3, 3));
        Assert.False(FlatRows.Are(noise.AsSpan(0, width * 3), width * 3, 3));
        Assert.True(FlatRows.Are(one, width * 3, 3));
        Assert.True(FlatRows.Are(Screenshot(width, height, 3), width * 3, 3));
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
        return Packed(picture).Length;
    }

    private static byte[] Packed(Picture picture)
    {
        var file = new MemoryStream();
        picture.PackPng()(file);
        return file.ToArray();
    }

    // A window with a bar, a list at the left, and lines of letters with grey edges.
    private static byte[] Screenshot(int width, int height, int bands)
    {
        var random = new Random(3);
        byte[] pixels = new byte[width * height * bands];
        Array.Fill(pixels, (byte)0xF4);
        Fill(0, 0, width, 24, 0x2B);
        for (int i = 0; i < 30; i++)
        {
            Fill(10, 40 + (i * 34), 180, 26, i == 4 ? (byte)0x8F : (byte)0xFF);
        }

        byte[][] letters =
        [
            .. Enumerable
                .Range(0, 40)
                .Select(_ =>
                    Enumerable
                        .Range(0, 7 * 11)
                        .Select(_ =>
                            (byte)(
                                random.Next(3) == 0 ? 30
                                : random.Next(6) == 0 ? random.Next(256)
                                : 0xF4
                            )
                        )
                        .ToArray()
                ),
        ];
        for (int y = 36; y < height - 12; y += 20)
        {
            for (int x = 220; x < width - 100 - random.Next(200); x += 8)
            {
                byte[] letter = letters[random.Next(40)];
                for (int i = 0; i < letter.Length; i++)
                {
                    Fill(x + (i % 7), y + (i / 7), 1, 1, letter[i]);
                }
            }
        }

        return pixels;

        void Fill(int left, int top, int w, int h, byte value)
        {
            for (int y = top; y < Math.Min(height, top + h); y++)
            {
                pixels.AsSpan(((y * width) + left) * bands, w * bands).Fill(value);
            }
        }
    }
}
