using System.Text;
using System.Text.Json;
using Forno.Imaging;
using Forno.TestKit;

namespace Forno.Tests.Imaging;

public class PictureTests
{
    [Fact]
    public void PixelsComeBackAsGiven()
    {
        byte[] pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
        using var picture = Picture.FromRgb(pixels, 3, 2);
        Assert.Equal((3, 2, 3, false), (picture.Width, picture.Height, picture.Bands, picture.HasAlpha));
        Assert.Equal(pixels, picture.ToArray());
        using var decoded = Picture.Decode(picture.EncodePng(), "memory");
        Assert.Equal(pixels, decoded.ToArray());
        using var webp = Picture.Decode(picture.EncodeWebp(100), "memory");
        Assert.Equal(pixels, webp.ToArray());
    }

    [Fact]
    public void CropFlipAndExtractPickPixels()
    {
        using var picture = Picture.FromRgb([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18], 3, 2);
        using Picture crop = picture.Crop(1, 1, 2, 1);
        Assert.Equal([13, 14, 15, 16, 17, 18], crop.ToArray());
        using Picture flip = crop.FlipHorizontal();
        Assert.Equal([16, 17, 18, 13, 14, 15], flip.ToArray());
        using Picture green = picture.Extract(1);
        Assert.Equal([2, 5, 8, 11, 14, 17], green.ToArray());
        FornoException outside = Assert.Throws<FornoException>(() => picture.Crop(2, 0, 2, 2));
        Assert.Contains("extract_area", outside.Message);
    }

    [Fact]
    public void FlattenLaysOnTheBackground()
    {
        using var picture = Picture.FromPixels([200, 100, 0, 255, 10, 20, 30, 0, 255, 255, 255, 51], 3, 1, 4);
        Assert.True(picture.HasAlpha);
        using Picture flat = picture.Flatten(new Rgb(0, 100, 50));
        byte[] pixels = flat.ToArray();
        Assert.Equal([200, 100, 0, 0, 100, 50], pixels[..6]);
        Assert.InRange(pixels[6], 50, 52); // 0.2 × 255
        Assert.InRange(pixels[7], 130, 132); // 0.2 × 255 + 0.8 × 100
    }

    [Fact]
    public void CompositeAndCanvasAgree()
    {
        using var ground = Picture.Solid(6, 4, new Rgb(0, 0, 200));
        using var overlay = Picture.FromPixels([255, 0, 0, 255, 0, 255, 0, 128], 2, 1, 4);
        using Picture drawn = ground.Composite(overlay, 5, 3); // the second pixel falls over the edge
        using Picture twice = drawn.Composite(overlay, 1, 0);
        var canvas = new Canvas(6, 4, new Rgb(0, 0, 200));
        canvas.Draw(overlay, 5, 3);
        canvas.Draw(overlay, 1, 0);
        using var sheet = canvas.ToPicture();
        byte[] expected = twice.ToArray(),
            actual = sheet.ToArray();
        Assert.Equal(3, twice.Bands);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
        Assert.Equal([255, 0, 0], actual[^3..]);
        Assert.InRange(actual[(2 * 3) + 1], 127, 129);
    }

    [Theory]
    [InlineData(64, 48, 33, 20)]
    [InlineData(64, 48, 65, 131)]
    [InlineData(1001, 3, 7, 1)]
    public void ResizeGivesTheExactSizeForEveryKernel(int width, int height, int newWidth, int newHeight)
    {
        using var picture = Picture.Solid(width, height, new Rgb(10, 120, 230));
        foreach (Kernel kernel in Enum.GetValues<Kernel>())
        {
            using Picture resized = picture.Resize(newWidth, newHeight, kernel);
            Assert.Equal((newWidth, newHeight), (resized.Width, resized.Height));
            Assert.All(resized.ToArray().Chunk(3), p => Assert.Equal([10, 120, 230], p));
        }
    }

    [Fact]
    public void ResizeKeepsColourUnderTransparencyOut()
    {
        // Left half opaque red, right half transparent green: no green may show at the border.
        byte[] pixels = new byte[16 * 16 * 4];
        for (int i = 0; i < 256; i++)
        {
            (i % 16 < 8 ? (ReadOnlySpan<byte>)[255, 0, 0, 255] : [0, 255, 0, 0]).CopyTo(pixels.AsSpan(4 * i));
        }

        using var picture = Picture.FromPixels(pixels, 16, 16, 4);
        using Picture resized = picture.Resize(5, 5, Kernel.Linear);
        Assert.True(resized.Is8Bit);
        Assert.All(
            resized.ToArray().Chunk(4).Where(p => p[3] > 0),
            p => Assert.True(p[0] >= 250 && p[1] <= 5, string.Join(',', p))
        );
    }

    [Fact]
    public void SvgIsDrawnAtTheSizeAskedFor()
    {
        byte[] svg = Encoding.UTF8.GetBytes(
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="20" height="10">
              <rect width="10" height="10" fill="#f00"/></svg>
            """
        );
        using var picture = Picture.LoadSvg(svg, 128, "drawing");
        Assert.Equal((128, 64, 4), (picture.Width, picture.Height, picture.Bands));
        byte[] pixels = picture.ToArray();
        Assert.Equal([255, 0, 0, 255], pixels[..4]);
        Assert.Equal(0, pixels[(127 * 4) + 3]);
        Assert.Contains(
            "drawing",
            Assert.Throws<FornoException>(() => Picture.LoadSvg("<svg"u8, 128, "drawing")).Message
        );
    }

    [Fact]
    public void TextHasInkInItsColourAndReadsNoMarkup()
    {
        using var text = Picture.Text("a <b> & c", 20, new Rgb(200, 0, 0));
        Assert.Equal(4, text.Bands);
        Assert.InRange(text.Height, 10, 40);
        byte[][] inked = [.. text.ToArray().Chunk(4).Where(p => p[3] > 128)];
        Assert.NotEmpty(inked);
        Assert.All(inked, p => Assert.Equal([200, 0, 0], p[..3]));
        using var plain = Picture.Text("a b c", 20, Rgb.Black);
        Assert.True(text.Width > plain.Width, "brackets and ampersand are drawn");
    }

    [Fact]
    public void SavedFilesAreWholeAndFailuresNameThem()
    {
        string folder = Directory.CreateTempSubdirectory("forno-picture").FullName;
        try
        {
            string path = Path.Combine(folder, "ein Bild [1].png");
            using var picture = Picture.Solid(5, 4, Rgb.White);
            picture.SavePng(path);
            picture.SavePng(path);
            Assert.Equal([path], Directory.GetFiles(folder));
            using (var loaded = Picture.Load(path))
            {
                Assert.Equal((5, 4, path), (loaded.Width, loaded.Height, loaded.Source));
            }

            Assert.Contains(
                "nowhere",
                Assert.Throws<FornoException>(() => picture.SavePng(Path.Combine(folder, "nowhere", "a.png"))).Message
            );
            Assert.Contains(
                "missing.png",
                Assert.Throws<FornoException>(() => Picture.Load(Path.Combine(folder, "missing.png"))).Message
            );
            File.WriteAllText(path, "no picture");
            Assert.Contains(path, Assert.Throws<FornoException>(() => Picture.Load(path)).Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [GoldenFact]
    public void GoldenFilesShowTheirPixelsAndDamageIsTold()
    {
        string folder = Path.Combine(Goldens.Suite("images"), "probe");
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json")));
        var wrong = new List<string>();
        foreach (JsonElement entry in file.RootElement.GetProperty("expect").GetProperty("files").EnumerateArray())
        {
            string name = entry.GetProperty("file").GetString()!;
            bool readable = entry.GetProperty("readable").GetBoolean();
            try
            {
                using var picture = Picture.Load(Path.Combine(folder, name));
                using Picture srgb = picture.ToSrgb8();
                byte[] pixels = srgb.ToArray();
                if (!readable)
                {
                    wrong.Add($"{name}: read, although {entry.GetProperty("why")}");
                    continue;
                }

                (int, int, int, bool) expected = (
                    entry.GetProperty("width").GetInt32(),
                    entry.GetProperty("height").GetInt32(),
                    entry.GetProperty("frames").GetInt32(),
                    entry.GetProperty("has_alpha").GetBoolean()
                );
                (int, int, int, bool) actual = (srgb.Width, srgb.Height, picture.Frames, srgb.HasAlpha);
                if (expected != actual)
                {
                    wrong.Add($"{name}: {actual}, not {expected}");
                    continue;
                }

                foreach (JsonElement pixel in entry.GetProperty("pixels").EnumerateArray())
                {
                    int at = ((pixel[1].GetInt32() * srgb.Width) + pixel[0].GetInt32()) * srgb.Bands;
                    int[] colour = [.. pixel[2].EnumerateArray().Select(v => v.GetInt32())];
                    byte[] found = pixels[at..(at + colour.Length)];
                    bool invisible = colour.Length == 4 && colour[3] == 0;
                    if (!invisible && colour.Zip(found).Any(p => Math.Abs(p.First - p.Second) > pixel[3].GetInt32()))
                    {
                        wrong.Add($"{name}: {string.Join(',', found)}, not {pixel}");
                        break;
                    }
                }
            }
            catch (FornoException e)
            {
                bool optional = entry.TryGetProperty("optional", out JsonElement o) && o.GetBoolean();
                if (readable && !optional)
                {
                    wrong.Add(e.Message);
                }
                else if (!e.Message.Contains(name, StringComparison.Ordinal))
                {
                    wrong.Add($"{name} is not named: {e.Message}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [GoldenFact]
    public void GoldenOrientationsComeOutUpright()
    {
        string folder = Path.Combine(Goldens.Suite("images"), "orientation");
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json")));
        JsonElement expect = file.RootElement.GetProperty("expect");
        foreach (JsonElement entry in expect.GetProperty("files").EnumerateArray())
        {
            using var picture = Picture.Load(Path.Combine(folder, entry.GetProperty("file").GetString()!));
            using Picture upright = picture.ToSrgb8();
            Assert.Equal(
                (expect.GetProperty("width").GetInt32(), expect.GetProperty("height").GetInt32()),
                (upright.Width, upright.Height)
            );
            byte[] pixels = upright.ToArray();
            foreach (JsonElement corner in expect.GetProperty("corners").EnumerateArray())
            {
                int at =
                    ((corner.GetProperty("y").GetInt32() * upright.Width) + corner.GetProperty("x").GetInt32()) * 3;
                foreach (
                    (int value, int i) in corner.GetProperty("rgb").EnumerateArray().Select((v, i) => (v.GetInt32(), i))
                )
                {
                    Assert.InRange(
                        pixels[at + i],
                        value - expect.GetProperty("tolerance").GetInt32(),
                        value + expect.GetProperty("tolerance").GetInt32()
                    );
                }
            }
        }
    }
}
