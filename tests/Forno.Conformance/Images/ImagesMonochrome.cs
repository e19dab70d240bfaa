using System.Text.Json;
using Forno.Imaging.Measures;

namespace Forno.Conformance.Images;

/// <summary>Pictures without colour, and the share of coloured pixels.</summary>
internal static class ImagesMonochrome
{
    public static void Check(GoldenCase golden, Comparison comparison)
    {
        var scanner = new PictureScanner();
        foreach (JsonElement want in golden.Expect.GetProperty("files").EnumerateArray())
        {
            string file = want.GetProperty("file").GetString()!;
            PictureMeasures measures = scanner.Scan(golden.PathOf(file));
            comparison.Same(file, measures.IsMonochrome, want.GetProperty("monochrome").GetBoolean());
            // The golden share is rounded to five places; decoders of lossy formats differ by a level here and there.
            double share = want.GetProperty("share_of_pixels_with_spread_over_24").GetDouble();
            comparison.Number(
                file + " share",
                measures.ColouredShare,
                share,
                file.EndsWith(".png", StringComparison.Ordinal) ? new Bound(1e-5, 0) : new Bound(0.002, 0)
            );
        }
    }
}
