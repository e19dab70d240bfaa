using Forno.Generation;
using Forno.Imaging;

namespace Forno.Tests.Generation;

public class GridTests
{
    [Fact]
    public void TheModelAloneIsDrawnOnceForAllAdapters()
    {
        var request = new GridRequest
        {
            Base = new GenerateRequest { Prompt = "" }, Prompts = ["a", "b"], Seeds = [1, 2, 3], Weights = [0, 0.5, 1],
            Adapters = [new("x", "x", 1), new("y", "y", 2)],
        };
        Assert.Equal(2 * 3 * (1 + (2 * 2)), request.Count);
        Assert.Equal(2 * 3, (request with { Adapters = [] }).Count);
    }

    [Fact]
    public void EveryPictureStandsOnTheSheetUnderItsLabels()
    {
        GeneratedPicture Flat(byte shade) => new(1, 40, 30, [.. Enumerable.Repeat(shade, 40 * 30 * 3)], "");
        using Picture sheet = GridSheet.Draw("title", [
            new GridSection("first", ["weight 0.5", "weight 1"], ["epoch 1", "epoch 2"], [[Flat(10), Flat(20)], [Flat(30), Flat(40)]]),
            new GridSection("", ["no LoRA"], ["a long prompt that must wrap to stay in its place"], [[Flat(50)]]),
        ]);
        byte[] pixels = sheet.ToArray();
        int Width(byte shade) => Enumerable.Range(0, pixels.Length / 3).Count(i => pixels[3 * i] == shade && pixels[(3 * i) + 1] == shade && pixels[(3 * i) + 2] == shade);
        foreach (byte shade in (byte[])[10, 20, 30, 40, 50])
        {
            Assert.InRange(Width(shade), 40 * 30, (40 * 30) + 40); // a few pixels of grey ink may have the same shade
        }
        // Something is written in the column of row labels and above the pictures.
        Assert.Contains(Enumerable.Range(0, sheet.Height), y => Enumerable.Range(0, 100).Any(x => pixels[3 * ((y * sheet.Width) + x)] < 200));
        Assert.Contains(Enumerable.Range(0, 40), y => Enumerable.Range(0, sheet.Width).Any(x => pixels[3 * ((y * sheet.Width) + x)] < 200));
    }
}
