using System.Globalization;
using Forno.Datasets.Import;
using Forno.Datasets.Surveys;
using Forno.Workspace;

namespace Forno.Bench;

/// <summary>
/// Importing pictures as <c>forno dataset import</c> does, against libvips decoding the same files, with all cores.
/// </summary>
internal static class ImportBench
{
    public static void Run(BenchOptions options)
    {
        string folder = Path.Combine(options.Folder, "forno-bench-pictures"),
            work = Path.Combine(options.Folder, "forno-bench-import");
        if (options.Has("memory"))
        {
            MeasureMemory(options, work);
            return;
        }

        BenchPictures.Make(folder, options.Number("count") ?? 24);
        Import(Directory.GetFiles(folder), work); // compiled and warm, as in a run over more pictures
        foreach (string kind in (string[])["*.png", "*.jpg", "*"])
        {
            var pictures = PictureFolder.Scan([.. Directory.GetFiles(folder, kind)]);
            Clock? floor = null,
                import = null;
            for (int round = 0; round < 3; round++)
            {
                var decode = Clock.Of(() => BenchPictures.Decode(pictures));
                Memory.ResetPeak();
                var run = Clock.Of(() => Import([.. pictures.Pictures.Select(p => p.File)], work));
                floor = floor is { } f ? Clock.Min(f, decode) : decode;
                import = import is { } c ? Clock.Min(c, run) : run;
            }

            Console.WriteLine($"{pictures.Pictures.Count} files {kind}, best of three");
            Console.WriteLine($"libvips decodes     {floor}");
            Console.WriteLine(Invariant.Text($"imported            {import}   peak {Memory.Peak:0.00} GiB"));
            Console.WriteLine(
                Invariant.Text(
                    $"ratio {floor!.Value.Cpu / import!.Value.Cpu:0.00} of the floor by processor time, "
                        + $"{floor.Value.Wall / import.Value.Wall:0.00} by the clock"
                )
            );
        }
    }

    // Twice as many pictures of 12 megapixels must not need more memory.
    private static void MeasureMemory(BenchOptions options, string work)
    {
        string folder = Path.Combine(options.Folder, "forno-bench-12mp");
        Directory.CreateDirectory(folder);
        string source = Path.Combine(folder, "0000.jpg");
        BenchPictures.Save(source, 4000, 3000, 1);
        byte[] bytes = File.ReadAllBytes(source);
        int count = options.Number("count") ?? 100;
        for (int i = 1; i < 2 * count; i++)
        {
            // A few bytes after the picture's end: no two files are equal.
            File.WriteAllBytes(
                Path.Combine(folder, Invariant.Text($"{i:0000}.jpg")),
                [.. bytes, .. BitConverter.GetBytes(i)]
            );
        }

        foreach (int pictures in (int[])[8, count, 2 * count])
        {
            string[] files =
            [
                .. Enumerable.Range(0, pictures).Select(i => Path.Combine(folder, Invariant.Text($"{i:0000}.jpg"))),
            ];
            Memory.ResetPeak();
            PictureSurvey.Look(PictureFolder.Scan(files), MeasureCache.InMemory());
            double check = Memory.Peak;
            Memory.ResetPeak();
            Import(files, work);
            Console.WriteLine(
                Invariant.Text(
                    $"{pictures} pictures of 12 megapixels: peak {check:0.000} GiB measured, "
                        + $"{Memory.Peak:0.000} GiB imported"
                )
            );
        }

        Directory.Delete(folder, recursive: true);
    }

    private static void Import(string[] files, string work)
    {
        if (Directory.Exists(work))
        {
            Directory.Delete(work, recursive: true);
        }

        using (var target = WorkFolder.OpenOrCreate(work))
        {
            using var importer = new Importer(new ImportSettings());
            Applied applied = target.Apply(importer.Plan(files, []));
            if (applied.Steps != files.Length)
            {
                throw new FornoException(
                    $"{applied.Steps} of {files.Length} imported: {applied.Problems.FirstOrDefault()}"
                );
            }
        }

        Directory.Delete(work, recursive: true);
    }
}
