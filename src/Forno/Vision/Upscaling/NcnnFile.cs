using System.Buffers.Binary;
using System.Globalization;
using Forno.Files;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>A layer of an ncnn network as its text file has it.</summary>
internal sealed record NcnnLayer(
    string Type,
    string Name,
    string[] Inputs,
    string[] Outputs,
    IReadOnlyDictionary<int, double> Values,
    IReadOnlyDictionary<int, double[]> Arrays
)
{
    /// <summary>A parameter, or what ncnn takes where it is absent.</summary>
    public double Value(int key, double absent = 0) => Values.GetValueOrDefault(key, absent);
}

/// <summary>
/// Networks in ncnn's form: the layers in a text file (.param), the bare weights in another (.bin). ESRGAN and Compact
/// are recognised by how their layers are wired, and come out under their usual keys.
/// </summary>
internal static class NcnnFile
{
    private const string Magic = "7767517";
    private const int MaxTextBytes = 16 << 20,
        MaxLayers = 100_000;
    private const uint HalfTag = 0x01306B47,
        PlainTag = 0,
        OtherPlainTag = 0x0002C056;

    /// <summary>Whether the name is of such a pair; .bin alone may also be a PyTorch file.</summary>
    public static bool IsNcnn(string path) =>
        Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".param" => true,
            ".bin" => File.Exists(Path.ChangeExtension(path, ".param")),
            _ => false,
        };

    /// <summary>Reads a pair.</summary>
    /// <param name="path">Either file of it.</param>
    /// <exception cref="FornoException">One is absent or damaged, or the network is of another kind.</exception>
    public static IReadOnlyDictionary<string, WeightEntry> Read(string path)
    {
        string param = Path.ChangeExtension(path, ".param"),
            bin = Path.ChangeExtension(path, ".bin");
        if (!File.Exists(bin))
        {
            throw FornoException.ForFile(
                path,
                $"its weights, {Path.GetFileName(bin)}, are not beside it",
                "An ncnn model is a .param and a .bin file of the same name."
            );
        }
        IReadOnlyList<NcnnLayer> layers;
        try
        {
            layers = Parse(param);
        }
        catch (CorruptFileException e)
        {
            throw FornoException.ForFile(param, $"not an ncnn network: {e.Message}", "Get it again.", e);
        }
        string[] names = NcnnWiring.Names(layers, param);
        try
        {
            return ReadWeights(layers, names, bin);
        }
        catch (CorruptFileException e)
        {
            throw FornoException.ForFile(
                bin,
                $"its weights do not fit {Path.GetFileName(param)}: {e.Message}",
                "Get both files again.",
                e
            );
        }
    }

    private static List<NcnnLayer> Parse(string path)
    {
        if (!File.Exists(path))
        {
            throw FornoException.ForFile(
                path,
                "it is not there",
                "An ncnn model is a .param and a .bin file of the same name."
            );
        }
        if (new FileInfo(path).Length > MaxTextBytes)
        {
            throw new CorruptFileException("it is too long for a network's text");
        }
        string[] lines = [.. File.ReadLines(path).Select(l => l.Trim()).Where(l => l.Length > 0)];
        if (lines.Length < 2 || lines[0] != Magic)
        {
            throw new CorruptFileException($"it does not start with {Magic}");
        }
        if (Words(lines[1]) is not [var count, _] || Number(count) != lines.Length - 2 || lines.Length > MaxLayers)
        {
            throw new CorruptFileException(
                $"it announces \"{lines[1]}\" layers and blobs and has {lines.Length - 2} layers"
            );
        }
        return [.. lines.Skip(2).Select(Layer)];
    }

    private static NcnnLayer Layer(string line)
    {
        string[] words = Words(line);
        int inputs = words.Length > 3 ? Number(words[2]) : -1,
            outputs = words.Length > 3 ? Number(words[3]) : -1;
        if (inputs < 0 || outputs < 0 || (long)inputs + outputs > words.Length - 4)
        {
            throw new CorruptFileException($"the line \"{line[..Math.Min(line.Length, 60)]}\" is malformed");
        }
        var values = new Dictionary<int, double>();
        var arrays = new Dictionary<int, double[]>();
        foreach (string word in words.Skip(4 + inputs + outputs))
        {
            int equals = word.IndexOf('=');
            if (
                equals < 1
                || !int.TryParse(
                    word.AsSpan(0, equals),
                    NumberStyles.AllowLeadingSign,
                    CultureInfo.InvariantCulture,
                    out int key
                )
            )
            {
                throw new CorruptFileException($"{words[1]} has the malformed parameter \"{word}\"");
            }
            double[] numbers =
            [
                .. word[(equals + 1)..]
                    .Split(',')
                    .Select(n =>
                        double.TryParse(n, NumberStyles.Float, CultureInfo.InvariantCulture, out double d)
                            ? d
                            : throw new CorruptFileException($"{words[1]} has the malformed parameter \"{word}\"")
                    ),
            ];
            if (key > -23300)
            {
                values[key] =
                    numbers.Length == 1
                        ? numbers[0]
                        : throw new CorruptFileException($"{words[1]} has the malformed parameter \"{word}\"");
            }
            else
            {
                arrays[-23300 - key] =
                    numbers[0] == numbers.Length - 1
                        ? numbers[1..]
                        : throw new CorruptFileException($"{words[1]} has an array of the wrong length: \"{word}\"");
            }
        }
        return new NcnnLayer(
            words[0],
            words[1],
            words[4..(4 + inputs)],
            words[(4 + inputs)..(4 + inputs + outputs)],
            values,
            arrays
        );
    }

    // In the order of the layers; names has one for each that has weights.
    private static Dictionary<string, WeightEntry> ReadWeights(
        IReadOnlyList<NcnnLayer> layers,
        string[] names,
        string path
    )
    {
        using var map = MappedFile.Open(path);
        var entries = new Dictionary<string, WeightEntry>(StringComparer.Ordinal);
        long at = 0;
        int next = 0;
        foreach (NcnnLayer layer in layers)
        {
            if (layer.Type == "PReLU")
            {
                long slopes = Whole(layer, 0);
                Add($"{names[next++]}.weight", [slopes], DType.Float32, slopes);
            }
            else if (layer.Type == "Convolution")
            {
                string name = names[next++];
                long outputs = Whole(layer, 0),
                    kernel = Whole(layer, 1),
                    count = Whole(layer, 6);
                if (outputs < 1 || kernel is < 1 or > 64 || count < 1 || count % (outputs * kernel * kernel) != 0)
                {
                    throw new CorruptFileException(
                        $"{layer.Name} has {count} weights for {outputs} outputs and a kernel of {kernel}"
                    );
                }
                uint tag = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                DType type = tag switch
                {
                    HalfTag => DType.Float16,
                    PlainTag or OtherPlainTag => DType.Float32,
                    _ => throw new CorruptFileException(
                        Invariant.Text(
                            $"{layer.Name} is stored in the form 0x{tag:X8}; only float16 and float32 are read"
                        )
                    ),
                };
                Add($"{name}.weight", [outputs, count / (outputs * kernel * kernel), kernel, kernel], type, count);
                if (layer.Value(5) == 1)
                {
                    Add($"{name}.bias", [outputs], DType.Float32, outputs);
                }
            }
        }
        return at == map.Length
            ? entries
            : throw new CorruptFileException($"it has {map.Length} bytes where {at} are needed");

        void Add(string key, long[] shape, DType type, long count)
        {
            byte[] bytes = Take(count * type.Size()).ToArray();
            Take(-at & 3); // 16-bit weights are filled up to whole words
            entries.Add(key, new WeightEntry(shape, () => Tensor.FromBytes(bytes, type, shape)));
        }

        ReadOnlySpan<byte> Take(long length)
        {
            if (length > map.Length - at || length > int.MaxValue)
            {
                throw new CorruptFileException("it ends too early");
            }
            at += length;
            return map.Span(at - length, (int)length);
        }
    }

    private static long Whole(NcnnLayer layer, int key)
    {
        double value = layer.Value(key, -1);
        return value >= 0 && value <= int.MaxValue && value == Math.Floor(value)
            ? (long)value
            : throw new CorruptFileException($"{layer.Name} has no proper parameter {key}");
    }

    private static int Number(string word) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : -1;

    private static string[] Words(string line) => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
