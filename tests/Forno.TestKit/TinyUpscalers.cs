using Forno.Checkpoints;
using Forno.Torch;

namespace Forno.TestKit;

/// <summary>Upscalers of real structure, small and random, as files.</summary>
internal static class TinyUpscalers
{
    public static Dictionary<string, long[]> Compact(int scale = 2, int features = 6, int convs = 2)
    {
        var keys = new Dictionary<string, long[]>();
        for (int i = 0; i <= convs + 1; i++)
        {
            Conv(keys, $"body.{2 * i}", i > convs ? 3 * scale * scale : features, i == 0 ? 3 : features, 3);
            if (i <= convs)
            {
                keys[$"body.{(2 * i) + 1}.weight"] = [features];
            }
        }
        return keys;
    }

    /// <summary>Real-ESRGAN's naming; growth channels 32 as in every real file.</summary>
    public static Dictionary<string, long[]> Esrgan(int ups = 2, int shuffle = 1, int features = 4, int blocks = 1)
    {
        var keys = new Dictionary<string, long[]>();
        Conv(keys, "conv_first", features, 3 * shuffle * shuffle, 3);
        for (int b = 0; b < blocks; b++)
        {
            for (int i = 0; i < 15; i++)
            {
                Conv(
                    keys,
                    $"body.{b}.rdb{(i / 5) + 1}.conv{(i % 5) + 1}",
                    i % 5 == 4 ? features : 32,
                    features + (32 * (i % 5)),
                    3
                );
            }
        }
        Conv(keys, "conv_body", features, features, 3);
        for (int k = 1; k <= ups; k++)
        {
            Conv(keys, $"conv_up{k}", features, features, 3);
        }
        Conv(keys, "conv_hr", features, features, 3);
        Conv(keys, "conv_last", 3, features, 3);
        return keys;
    }

    public static Dictionary<string, long[]> Span(int scale = 2, int features = 4)
    {
        var keys = new Dictionary<string, long[]>();
        Conv3Xc(keys, "conv_1", features, 3);
        for (int b = 1; b <= 6; b++)
        {
            for (int c = 1; c <= 3; c++)
            {
                Conv3Xc(keys, $"block_{b}.c{c}_r", features, features);
            }
        }
        Conv3Xc(keys, "conv_2", features, features);
        Conv(keys, "conv_cat", features, 4 * features, 1);
        Conv(keys, "upsampler.0", 3 * scale * scale, features, 3);
        return keys;
    }

    /// <summary>
    /// Writes the tensors of these shapes with random values, each convolution keeping its input's size of numbers.
    /// </summary>
    public static string Write(string path, IReadOnlyDictionary<string, long[]> keys)
    {
        using var scope = new Scope();
        SafetensorsWriter.Write(path, [.. keys.Select(k => TensorToWrite.From(k.Key, Random(k.Key, k.Value)))]);
        return path;
    }

    public static Tensor Random(string key, params long[] shape)
    {
        using var scope = new Scope();
        using Generator g = Rng.For(7, key);
        long fan = shape.Skip(1).Aggregate(1L, (a, b) => a * b);
        return scope.Keep(shape.Length == 1 ? g.Rand(shape) * 0.2 : g.Randn(shape) * Math.Sqrt(1.5 / fan));
    }

    /// <summary>A smooth picture with edges, [1, 3, H, W] in [0, 1].</summary>
    public static Tensor Picture(int height, int width)
    {
        float[] values = new float[3 * height * width];
        for (int c = 0, i = 0; c < 3; c++)
        {
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++, i++)
                {
                    bool inside =
                        Math.Pow(x - (width * 0.4), 2) + Math.Pow(y - (height * 0.5), 2)
                        < Math.Pow(Math.Min(width, height) * 0.3, 2);
                    values[i] = (float)(
                        0.5 + (0.3 * Math.Sin((x * 0.21) + (y * 0.13 * (c + 1)))) + (inside ? 0.2 : -0.2)
                    );
                }
            }
        }
        return Tensor.From(values, 1, 3, height, width);
    }

    private static void Conv(Dictionary<string, long[]> keys, string key, long outputs, long inputs, long kernel)
    {
        keys[$"{key}.weight"] = [outputs, inputs, kernel, kernel];
        keys[$"{key}.bias"] = [outputs];
    }

    private static void Conv3Xc(Dictionary<string, long[]> keys, string key, long outputs, long inputs)
    {
        Conv(keys, $"{key}.sk", outputs, inputs, 1);
        Conv(keys, $"{key}.conv.0", 2 * inputs, inputs, 1);
        Conv(keys, $"{key}.conv.1", 2 * outputs, 2 * inputs, 3);
        Conv(keys, $"{key}.conv.2", outputs, 2 * outputs, 1);
        Conv(keys, $"{key}.eval_conv", outputs, inputs, 3);
    }
}

/// <summary>A folder that goes when the test ends.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("forno-upscale-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
