using System.Text.Json;
using Forno.Imaging;
using Forno.Imaging.Measures;

namespace Forno.Conformance.Images;

/// <summary>Borders of one colour: each edge of what remains within the file's own tolerance.</summary>
internal static class ImagesTrim
{
    public static void Check(GoldenCase golden, Comparison comparison)
    {
        double fuzz = golden.Params.GetProperty("fuzz_percent").GetDouble();
        foreach (JsonElement want in golden.Expect.GetProperty("files").EnumerateArray())
        {
            string file = want.GetProperty("file").GetString()!;
            using var loaded = Picture.Load(golden.PathOf(file));
            using Picture srgb = loaded.ToSrgb8();
            using Picture flat = srgb.Flatten(Rgb.White);
            comparison.Same(
                file,
                $"{flat.Width}x{flat.Height}",
                $"{want.GetProperty("width").GetInt32()}x{want.GetProperty("height").GetInt32()}"
            );
            Box box = Borders.Find(flat.ToArray(), flat.Width, flat.Height, fuzz);
            int[] edges = [.. want.GetProperty("box").EnumerateArray().Select(n => n.GetInt32())];
            var bound = new Bound(want.GetProperty("tolerance").GetDouble(), 0);
            comparison.Number(file + " left", box.Left, edges[0], bound);
            comparison.Number(file + " top", box.Top, edges[1], bound);
            comparison.Number(file + " right", box.Left + box.Width, edges[0] + edges[2], bound);
            comparison.Number(file + " bottom", box.Top + box.Height, edges[1] + edges[3], bound);
        }
    }
}
