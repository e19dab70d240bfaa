using System.Text;
using System.Text.Json;
using Forno.Files;
using Forno.Imaging;
using Forno.Vision.Upscaling;

namespace Forno.Bench;

/// <summary>
/// Draws <c>docs/pictures/upscale.png</c>: small pictures of open art enlarged by pixel, and what each model makes of
/// them.
/// </summary>
internal static class UpscaleSheet
{
    private const int Small = 64,
        Cell = 256,
        Gap = 8,
        Head = 26;
    private static readonly string[] Icons = ["owl", "castle"];

    private static readonly (string Title, string File)[] Models =
    [
        ("4x-NMKD-YandereNeo-Superlite", "models/4x-NMKD-YandereNeo-Superlite.pth"),
        ("2x-AniScale, twice", "models/2x-AniScale.pth"),
        ("4x_WTP_descreenton", "models/4x_WTP_descreenton.pth"),
        ("realesrgan-x4plus-anime (ncnn)", "real-esrgan/models/realesrgan-x4plus-anime.param"),
    ];

    public static void Draw(string file)
    {
        using var set = JsonDocument.Parse(File.ReadAllBytes(Assets.Find("noto", "icons.json")));
        var sheet = new Canvas(
            ((Models.Length + 1) * (Cell + Gap)) + Gap,
            Head + (Icons.Length * (Cell + Gap)),
            Rgb.White
        );
        Picture[] pictures = [.. Icons.Select(name => Rasterised(set.RootElement, name))];
        sheet.Write("64 pixels, enlarged", Gap, 6, 12, Rgb.Black);
        for (int row = 0; row < pictures.Length; row++)
        {
            using Picture before = pictures[row].Resize(Cell, Cell, Kernel.Nearest);
            sheet.Draw(before, Gap, Head + (row * (Cell + Gap)));
        }
        for (int column = 0; column < Models.Length; column++)
        {
            int left = Gap + ((column + 1) * (Cell + Gap));
            sheet.Write(Models[column].Title, left, 6, 12, Rgb.Black);
            using var model = Upscaler.Load(Assets.Find("waifu2x", Models[column].File));
            var upscaler = new PictureUpscaler(model.Info.Scale == 2 ? [model, model] : [model]);
            for (int row = 0; row < pictures.Length; row++)
            {
                using Picture after = upscaler.Run(pictures[row]);
                sheet.Draw(after, left, Head + (row * (Cell + Gap)));
            }
        }
        using var result = sheet.ToPicture();
        AtomicFile.WriteBytes(file, result.EncodePng(9));
        Array.ForEach(pictures, p => p.Dispose());
    }

    private static Picture Rasterised(JsonElement set, string name)
    {
        (int width, int height) = (set.GetProperty("width").GetInt32(), set.GetProperty("height").GetInt32());
        string body = set.GetProperty("icons").GetProperty(name).GetProperty("body").GetString()!;
        string svg =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\""
            + $"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">{body}</svg>";
        using var drawn = Picture.LoadSvg(Encoding.UTF8.GetBytes(svg), 4 * Small, name);
        using Picture opaque = drawn.Flatten(Rgb.White);
        using Picture small = opaque.Resize(Small, Small);
        return small.InMemory();
    }
}
