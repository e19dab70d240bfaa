using Forno.Files;
using Forno.Imaging;
using Forno.Torch;
using Forno.Vision.Upscaling;

namespace Forno.Bench;

/// <summary>
/// Upscalers against their own convolutions called alone, and what less context than the receptive radius costs.
/// </summary>
internal static class UpscaleBench
{
    private static readonly string[] Models = ["models/4x-NMKD-YandereNeo-Superlite.pth", "models/2x-AniScale.pth"];

    public static void Run(BenchOptions options)
    {
        if (options.Text("sheet") is { } sheet)
        {
            UpscaleSheet.Draw(sheet);
            return;
        }
        string[] files = options.Text("model") is { } file
            ? [file]
            : [.. Models.Select(m => Assets.Find("waifu2x", m))];
        int side = options.Number("size") ?? 192;
        foreach (string path in files)
        {
            using var model = Upscaler.Load(path);
            Console.WriteLine(
                $"{Path.GetFileName(path)}: {model.Info}, radius {model.Info.ReceptiveRadius}, "
                    + $"{TorchRuntime.Threads} threads"
            );
            if (options.Has("contexts"))
            {
                Contexts(model, options.Text("picture"), side);
            }
            else
            {
                Speed(model, side);
            }
        }
    }

    private static void Speed(Upscaler model, int side)
    {
        using var scope = new Scope();
        using Autograd.Mode mode = Autograd.NoGrad();
        using Picture picture = Noise(side);
        var upscaler = new PictureUpscaler([model], new TileSettings { MemoryBytes = long.MaxValue });
        void Whole()
        {
            using Picture result = upscaler.Run(picture);
        }
        var floor = new Floor(model.Layers.Values, Whole, 1);
        (Clock convolutions, Clock products, _) = floor.Measure();
        Clock least = convolutions + products,
            whole = Clock.Min(Clock.Of(Whole), Clock.Of(Whole));
        Console.WriteLine($"    a picture of {side}×{side}       {whole}");
        Console.WriteLine($"    its convolutions alone    {least}");
        Console.WriteLine(
            $"    speed against them        {least.Wall / whole.Wall, 7:f2}    (processor {least.Cpu / whole.Cpu:f2})"
        );
    }

    // A core in the middle, with more and more around it, against the whole picture.
    private static void Contexts(Upscaler model, string? file, int side)
    {
        const int Core = 32;
        using var scope = new Scope();
        using Autograd.Mode mode = Autograd.NoGrad();
        using Picture picture = file is null ? Noise(side) : Square(file, side);
        Tensor x = (Tensor.FromBytes(picture.ToArray(), DType.UInt8, side, side, 3).To(DType.Float32) * (1 / 255.0))
            .Permute(2, 0, 1)
            .Unsqueeze(0)
            .Contiguous();
        int from = (side - Core) / 2,
            s = model.Info.Scale;
        Tensor whole = model
            .Forward(x)
            .Clamp(0, 1)
            .Slice(2, from * s, (from + Core) * s)
            .Slice(3, from * s, (from + Core) * s);
        for (int context = 16; context <= from; context += 8)
        {
            using var step = new Scope();
            Tensor seen = x.Slice(2, from - context, from + Core + context)
                .Slice(3, from - context, from + Core + context)
                .Contiguous();
            Tensor difference = (
                model.Forward(seen, new Margins(context, context, context, context)).Clamp(0, 1) - whole
            ).Abs();
            Console.WriteLine(
                $"    context {context, 3}: at most {difference.Max().Item() * 255, 8:f3} of 255, mean "
                    + $"{difference.Mean().Item() * 255:f4}"
            );
        }
    }

    private static Picture Square(string file, int side)
    {
        using var loaded = Picture.Load(file);
        using Picture srgb = loaded.ToSrgb8();
        using Picture opaque = srgb.Flatten(Rgb.White);
        return opaque.Resize(side, side);
    }

    private static Picture Noise(int side)
    {
        byte[] bytes = new byte[side * side * 3];
        new Random(1).NextBytes(bytes);
        using var noise = Picture.FromRgb(bytes, side, side);
        using Picture small = noise.Resize(side / 8, side / 8);
        return small.Resize(side, side); // soft blobs
    }
}
