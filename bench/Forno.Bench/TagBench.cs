using System.Globalization;
using Forno.Datasets.Captions;
using Forno.Imaging;
using Forno.TestKit;
using Forno.Vision.Onnx;
using Forno.Vision.Tagging;
using Forno.Workspace;

namespace Forno.Bench;

/// <summary>
/// Tagging as <c>forno caption tag</c> does it, against the network alone on pictures that are decoded already. The
/// network is made here: WD14's form (448 pixels, BGR) and the work of its SwinV2-B and ConvNeXt-B, 63 billion
/// products.
/// </summary>
internal static class TagBench
{
    private const int Layers = 34,
        Width = 128,
        Tags = 2000;

    public static void Run(BenchOptions options)
    {
        string folder = Path.Combine(options.Folder, $"forno-bench-tagger-{Layers}"),
            pictures = Path.Combine(options.Folder, "forno-bench-pictures");
        int batch = options.Number("batch") ?? 4;
        BenchPictures.Make(pictures, options.Number("count") ?? 24);
        Make(folder);
        using var tagger = Tagger.Load(
            TaggerFiles.Find(folder),
            new TaggerOptions { Threads = options.Number("threads") ?? 0 }
        );
        PictureItem[] items = [.. PictureFolder.Scan([pictures]).Pictures.Take(options.Number("count") ?? 24)];
        float[][] ready =
        [
            .. items
                .Take(batch)
                .Select(i =>
                {
                    using var picture = Picture.Load(i.File);
                    return tagger.Prepare(picture);
                }),
        ];
        tagger.Run(ready);
        Clock? alone = null,
            whole = null,
            decode = null;
        for (int round = 0; round < 3; round++)
        {
            var network = Clock.Of(() =>
            {
                for (int i = 0; i < items.Length; i += batch)
                {
                    tagger.Run([.. ready.Take(Math.Min(batch, items.Length - i))]);
                }
            });
            var look = Clock.Of(() => Tagging.Look(items, tagger, 0.1, batch));
            alone = alone is { } a ? Clock.Min(a, network) : network;
            whole = whole is { } w ? Clock.Min(w, look) : look;
        }

        decode = Clock.Of(() =>
            Array.ForEach(
                items,
                i =>
                {
                    using var picture = Picture.Load(i.File);
                    tagger.Prepare(picture);
                }
            )
        );
        Console.WriteLine(
            Invariant.Text($"{items.Length} pictures of 3 to 6 megapixels, batches of {batch}, best of three")
        );
        Console.WriteLine($"network alone             {alone}");
        Console.WriteLine($"decoding, one after another {decode}");
        Console.WriteLine($"tagging                   {whole}");
        Console.WriteLine(
            Invariant.Text(
                $"tagging takes {whole!.Value.Wall / alone!.Value.Wall:0.00} of the network alone by the "
                    + $"clock, {whole.Value.Cpu / alone.Value.Cpu:0.00} by processor time"
            )
        );
    }

    private static void Make(string folder)
    {
        string model = Path.Combine(folder, "model.onnx");
        if (File.Exists(model))
        {
            return;
        }

        Directory.CreateDirectory(folder);
        File.WriteAllLines(
            Path.Combine(folder, "selected_tags.csv"),
            ["tag_id,name,category,count", .. Enumerable.Range(0, Tags).Select(i => $"{i},tag_{i},0,1")]
        );
        var random = new Random(1);
        OnnxFile file = new OnnxFile()
            .Input("image", OnnxType.Float32, -1, 448, 448, 3)
            .Output("tags", OnnxType.Float32, -1, Tags)
            .Weight("patch", Random(Width * 3 * 16, 0.01f), Width, 3, 4, 4)
            .Weight("head", Random(Width * Tags, 0.1f), Width, Tags)
            .Node("Transpose", "image", "planes", ("perm", new long[] { 0, 3, 1, 2 }))
            .Node("Conv", "planes patch", "x0", ("strides", new long[] { 4, 4 }));
        for (int i = 0; i < Layers; i++)
        {
            file.Weight($"w{i}", Random(Width * Width * 9, 0.03f), Width, Width, 3, 3)
                .Node("Conv", $"x{i} w{i}", $"c{i}", ("pads", new long[] { 1, 1, 1, 1 }))
                .Node("Relu", $"c{i}", $"x{i + 1}");
        }

        file.Node("ReduceMean", $"x{Layers}", "mean", ("axes", new long[] { 2, 3 }), ("keepdims", 0))
            .Node("MatMul", "mean head", "scores")
            .Node("Sigmoid", "scores", "tags");
        file.Save(model);

        float[] Random(int count, float scale) =>
            [.. Enumerable.Range(0, count).Select(_ => ((float)random.NextDouble() - 0.5f) * 2 * scale)];
    }
}
