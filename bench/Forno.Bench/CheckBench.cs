using System.Globalization;
using Forno.Datasets.Surveys;
using Forno.Workspace;

namespace Forno.Bench;

/// <summary>
/// Measuring pictures as <c>forno dataset check</c> does, against libvips decoding the same files, with all cores.
/// </summary>
internal static class CheckBench
{
    public static void Run(BenchOptions options)
    {
        string folder = Path.Combine(options.Folder, "forno-bench-pictures");
        BenchPictures.Make(folder, options.Number("count") ?? 24);
        var pictures = PictureFolder.Scan([folder]);
        double megapixels = 0;
        Clock? floor = null,
            check = null;
        for (int round = 0; round < 3; round++)
        {
            var decode = Clock.Of(() => BenchPictures.Decode(pictures));
            Memory.ResetPeak();
            var look = Clock.Of(() =>
                megapixels =
                    PictureSurvey
                        .Look(pictures, MeasureCache.InMemory())
                        .Pictures.Sum(p => (double)p.Measures.Width * p.Measures.Height) / 1e6
            );
            floor = floor is { } f ? Clock.Min(f, decode) : decode;
            check = check is { } c ? Clock.Min(c, look) : look;
        }

        Console.WriteLine(Invariant.Text($"{pictures.Pictures.Count} files, {megapixels:0} megapixels, best of three"));
        Console.WriteLine($"libvips decodes     {floor}");
        Console.WriteLine(Invariant.Text($"measured by check   {check}   peak {Memory.Peak:0.00} GiB"));
        Console.WriteLine(
            Invariant.Text(
                $"ratio {floor!.Value.Cpu / check!.Value.Cpu:0.00} of the floor by processor time, "
                    + $"{floor.Value.Wall / check.Value.Wall:0.00} by the clock"
            )
        );
    }
}
