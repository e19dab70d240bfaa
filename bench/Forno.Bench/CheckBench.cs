using System.Globalization;
using Forno.Imaging;
using Forno.Prepare;

namespace Forno.Bench;

/// <summary>Measuring pictures as <c>forno dataset check</c> does, against libvips decoding the same files, with all cores.</summary>
internal static class CheckBench
{
    public static void Run(BenchOptions options)
    {
        string folder = Path.Combine(options.Folder, "forno-bench-pictures");
        Make(folder, options.Number("count") ?? 24);
        PictureFolder pictures = PictureFolder.Scan([folder]);
        double megapixels = 0;
        Clock? floor = null, check = null;
        for (int round = 0; round < 3; round++)
        {
            Clock decode = Clock.Of(() => Parallel.ForEach(pictures.Pictures, item =>
            {
                using Picture picture = Picture.LoadStreaming(item.File);
                picture.ReadStrips((_, _, _) => { });
            }));
            Memory.ResetPeak();
            Clock look = Clock.Of(() => megapixels = PictureSurvey.Look(pictures, MeasureCache.InMemory()).Pictures.Sum(p => (double)p.Measures.Width * p.Measures.Height) / 1e6);
            floor = floor is { } f ? Clock.Min(f, decode) : decode;
            check = check is { } c ? Clock.Min(c, look) : look;
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pictures.Pictures.Count} files, {megapixels:0} megapixels, best of three"));
        Console.WriteLine($"libvips decodes     {floor}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"measured by check   {check}   peak {Memory.Peak:0.00} GiB"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ratio {floor!.Value.Cpu / check!.Value.Cpu:0.00} of the floor by processor time, {floor.Value.Wall / check.Value.Wall:0.00} by the clock"));
    }

    // Smooth fields with grain: compress about as photographs do. Half PNG, half JPEG, 3 to 6 megapixels.
    internal static void Make(string folder, int count)
    {
        Directory.CreateDirectory(folder);
        for (int i = 0; i < count; i++)
        {
            string path = Path.Combine(folder, $"{i:000}{(i % 2 == 0 ? ".jpg" : ".png")}");
            if (File.Exists(path))
            {
                continue;
            }

            (int width, int height) = (2000 + (i % 4 * 250), 1500 + (i % 3 * 250));
            var random = new Random(i);
            var small = new byte[24 * 18 * 3];
            random.NextBytes(small);
            using Picture seed = Picture.FromRgb(small, 24, 18);
            using Picture field = seed.Resize(width, height, Kernel.Cubic);
            byte[] pixels = field.ToArray(), grain = new byte[1 << 16];
            random.NextBytes(grain);
            for (int p = 0; p < pixels.Length; p++)
            {
                pixels[p] = (byte)Math.Clamp(pixels[p] + (grain[(p * 7919L) & 0xFFFF] % 9) - 4, 0, 255);
            }

            using Picture made = Picture.FromRgb(pixels, width, height);
            File.WriteAllBytes(path, i % 2 == 0 ? made.EncodeJpeg(90) : made.EncodePng(3));
        }
    }
}
