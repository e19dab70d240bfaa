using Forno.Imaging;
using Forno.Imaging.Png;

namespace Forno.Tests.Imaging;

public class PngTextTests
{
    // A grey pixel.
    private static readonly byte[] Pixel = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
    );

    [Theory]
    [InlineData("plain", "tEXt")]
    [InlineData("naïve £5\nSteps: 20", "tEXt")]
    [InlineData("日本 🍞", "iTXt")]
    [InlineData("", "tEXt")]
    public void TextsGoAround(string text, string chunk)
    {
        byte[] with = PngText.Write(Pixel, PngText.Parameters, text);
        Assert.True(with.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(chunk)) > 0);
        Assert.Equal(text, PictureText.Read(with, "a.png"));

        byte[] replaced = PngText.Write(PngText.Write(with, "Software", "Forno"), PngText.Parameters, "new");
        Assert.Equal(
            new Dictionary<string, string> { ["Software"] = "Forno", [PngText.Parameters] = "new" },
            PngText.Read(replaced, "a.png")
        );
    }

    [Fact]
    public void DamagedFilesNeverCrash()
    {
        byte[] whole = PngText.Write(Pixel, PngText.Parameters, "日本");
        var random = new Random(4);
        for (int i = 0; i < 5000; i++)
        {
            byte[] bytes = whole.AsSpan(0, random.Next(4) == 0 ? random.Next(whole.Length) : whole.Length).ToArray();
            if (bytes.Length > 0)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                PictureText.Read(bytes, "a.png");
            }
            catch (FornoException e)
            {
                Assert.StartsWith("a.png", e.Message, StringComparison.Ordinal);
            }
        }
    }
}
