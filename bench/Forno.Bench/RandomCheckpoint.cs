using System.Runtime.InteropServices;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models.Families;
using Forno.Torch;

namespace Forno.Bench;

/// <summary>A full-size SD1.5 single file with the real keys and shapes and random numbers of a sane size.</summary>
internal static class RandomCheckpoint
{
    private const int BlockLength = 1 << 16;

    /// <summary>The file for a type; written on first need (2.1 GB in bf16, 4.3 GB in fp32).</summary>
    public static string Ensure(string folder, DType type)
    {
        string path = Path.Combine(folder, $"forno-bench-sd15-{ElementTypes.FromDType(type).Name()}.safetensors");
        if (!File.Exists(path))
        {
            Console.WriteLine($"writing {path}");
            var random = new Random(1);
            float[] block = [.. Enumerable.Range(0, BlockLength).Select(_ => (random.NextSingle() * 2) - 1)];
            SafetensorsWriter.Write(
                path,
                [.. ModelFamily.Sd15.FullSizeKeys().Select(k => Tensor(k.Key, k.Value, type, block))],
                new Dictionary<string, string>()
            );
        }
        return path;
    }

    // Weights uniform in ±1/√fan_in; norms 1 and biases 0.
    private static TensorToWrite Tensor(string key, long[] shape, DType type, float[] block)
    {
        long count = shape.Aggregate(1L, (a, b) => a * b);
        float scale = shape.Length < 2 ? 0 : 1 / MathF.Sqrt(count / (float)shape[0]);
        float offset = shape.Length < 2 && key.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0;
        return new TensorToWrite(
            key,
            ElementTypes.FromDType(type),
            shape,
            stream =>
            {
                byte[] bytes = Encode(block, scale, offset, type);
                for (long left = count * type.Size(); left > 0; left -= bytes.Length)
                {
                    stream.Write(bytes, 0, (int)Math.Min(left, bytes.Length));
                }
            }
        );
    }

    private static byte[] Encode(float[] block, float scale, float offset, DType type)
    {
        float[] values = Array.ConvertAll(block, v => (v * scale) + offset);
        return type == DType.Float32
            ? MemoryMarshal.AsBytes(values.AsSpan()).ToArray()
            : MemoryMarshal
                .AsBytes(Array.ConvertAll(values, v => (ushort)(BitConverter.SingleToUInt32Bits(v) >> 16)).AsSpan())
                .ToArray();
    }
}
