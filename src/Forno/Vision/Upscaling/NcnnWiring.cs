using System.Globalization;
using Forno.Files;

namespace Forno.Vision.Upscaling;

/// <summary>
/// Recognises a network by its wiring: every value is named by how it is computed (equal computations get one number),
/// the same is done for the network it should be, and both ends must be the same. So a file with one connection, slope
/// or factor that differs is refused instead of run with wrong results.
/// </summary>
internal sealed class NcnnWiring
{
    private readonly Dictionary<string, int> known = new(StringComparer.Ordinal);
    private int convolutions,
        slopes;

    /// <summary>The usual key of every layer that has weights, in the order of the layers.</summary>
    /// <exception cref="FornoException">The network is none that is known.</exception>
    public static string[] Names(IReadOnlyList<NcnnLayer> layers, string path)
    {
        var wiring = new NcnnWiring();
        if (layers.Count > 0 && layers[^1] is { Type: "Interp" } end && end.Value(0) > 1)
        {
            throw FornoException.ForFile(
                path,
                "this network shrinks its own result in the end",
                "Use the file of its full scale (such as …-x4) with --scale."
            );
        }
        int found;
        try
        {
            found = wiring.Walk(layers);
        }
        catch (CorruptFileException e)
        {
            throw FornoException.ForFile(
                path,
                $"its network is not one that Forno knows: {e.Message}",
                "It reads ESRGAN and Compact (SRVGGNet) in ncnn's form.",
                e
            );
        }
        (int convs, int prelus) = (wiring.convolutions, wiring.slopes);
        int scale = (int)layers.Where(l => l.Type is "Interp").Select(l => l.Value(1, 1)).DefaultIfEmpty(1).Max();
        if (prelus > 0 && prelus == convs - 1 && wiring.Compact(convs, scale) == found)
        {
            return [.. Enumerable.Range(0, convs + prelus).Select(i => Invariant.Text($"body.{i}"))];
        }
        int ups = layers.Count(l => l.Type is "Interp"),
            blocks = (convs - 4 - ups) / 15;
        if (prelus == 0 && blocks > 0 && convs == (15 * blocks) + 4 + ups && wiring.Esrgan(blocks, ups) == found)
        {
            return
            [
                "conv_first",
                .. Enumerable
                    .Range(0, 15 * blocks)
                    .Select(i => Invariant.Text($"body.{i / 15}.rdb{(i / 5 % 3) + 1}.conv{(i % 5) + 1}")),
                "conv_body",
                .. Enumerable.Range(1, ups).Select(k => Invariant.Text($"conv_up{k}")),
                "conv_hr",
                "conv_last",
            ];
        }
        throw FornoException.ForFile(
            path,
            $"its network of {convs} convolutions is not wired like any that Forno knows",
            "It reads ESRGAN and Compact (SRVGGNet) in ncnn's form."
        );
    }

    private int Walk(IReadOnlyList<NcnnLayer> layers)
    {
        var blobs = new Dictionary<string, int>(StringComparer.Ordinal);
        int last = -1,
            inputs = 0;
        foreach (NcnnLayer layer in layers)
        {
            int[] from =
            [
                .. layer.Inputs.Select(b =>
                    blobs.TryGetValue(b, out int id)
                        ? id
                        : throw new CorruptFileException($"{layer.Name} takes '{b}', which nothing before it makes")
                ),
            ];
            last = layer.Type switch
            {
                "Input" => Node("input " + Text(inputs++)),
                "Split" or "Noop" or "Dropout" when from.Length == 1 => from[0],
                "Convolution" when from.Length == 1 => Activation(layer, Convolution(layer, from[0])),
                "PReLU" when from.Length == 1 => Node("prelu " + Text(slopes++), from[0]),
                "ReLU" when from.Length == 1 => Node("leaky " + Text(layer.Value(0)), from[0]),
                "Concat" when layer.Value(0) == 0 => Node("concat", from),
                "Eltwise" when from.Length == 2 && layer.Value(0) == 1 => Sum(layer, from),
                "BinaryOp" => Binary(layer, from),
                "Interp" when from.Length == 1 => Nearest(layer, from[0]),
                "PixelShuffle" when from.Length == 1 && layer.Value(1) == 0 => Shuffle((int)layer.Value(0), from[0]),
                _ => throw new CorruptFileException(
                    $"it has the layer {layer.Name} of type {layer.Type}, which does not occur there"
                ),
            };
            foreach (string output in layer.Outputs)
            {
                if (!blobs.TryAdd(output, last))
                {
                    throw new CorruptFileException($"'{output}' is made twice");
                }
            }
        }
        return last;
    }

    private int Convolution(NcnnLayer layer, int from)
    {
        bool plain =
            layer.Value(1) == 3
            && layer.Value(11, 3) == 3
            && layer.Value(2, 1) == 1
            && layer.Value(12, 1) == 1
            && layer.Value(3, 1) == 1
            && layer.Value(13, 1) == 1
            && layer.Value(4) == 1
            && layer.Value(14, 1) == 1
            && layer.Value(5) == 1
            && layer.Value(8) == 0
            && layer.Value(18) == 0;
        return plain
            ? Node("conv " + Text(convolutions++), from)
            : throw new CorruptFileException($"{layer.Name} is not a plain 3×3 convolution with bias");
    }

    private int Activation(NcnnLayer layer, int from) =>
        layer.Value(9) switch
        {
            0 => from,
            1 => Node("leaky 0", from),
            2 when layer.Arrays.GetValueOrDefault(10) is [var slope] => Node("leaky " + Text(slope), from),
            _ => throw new CorruptFileException($"{layer.Name} has an activation that does not occur there"),
        };

    private int Sum(NcnnLayer layer, int[] from) =>
        layer.Arrays.GetValueOrDefault(1) switch
        {
            null or [] => Add(from[0], from[1]),
            [var a, var b] => Add(Times(a, from[0]), Times(b, from[1])),
            _ => throw new CorruptFileException($"{layer.Name} has a wrong number of coefficients"),
        };

    private int Binary(NcnnLayer layer, int[] from) =>
        (layer.Value(0), from.Length, layer.Value(1)) switch
        {
            (0, 2, _) => Add(from[0], from[1]),
            (2, 1, 1) => Times(layer.Value(2), from[0]),
            _ => throw new CorruptFileException($"{layer.Name} computes what does not occur there"),
        };

    private int Nearest(NcnnLayer layer, int from) =>
        layer.Value(0) == 1 && layer.Value(1, 1) == layer.Value(2, 1)
            ? Nearest((int)layer.Value(1, 1), from)
            : throw new CorruptFileException($"{layer.Name} enlarges by another rule than the nearest pixel");

    private int Nearest(int factor, int from) => factor == 1 ? from : Node("nearest " + Text(factor), from);

    private int Shuffle(int factor, int from) => factor == 1 ? from : Node("shuffle " + Text(factor), from);

    private int Add(int a, int b) => Node("add", Math.Min(a, b), Math.Max(a, b));

    private int Times(double factor, int a) => factor == 1 ? a : Node("times " + Text(factor), a);

    private int Compact(int convs, int scale)
    {
        int input = Node("input 0"),
            y = input;
        for (int i = 0; i < convs; i++)
        {
            y = Node("conv " + Text(i), y);
            y = i < convs - 1 ? Node("prelu " + Text(i), y) : y;
        }
        return Add(Shuffle(scale, y), Nearest(scale, input));
    }

    private int Esrgan(int blocks, int ups)
    {
        int conv = 0;
        int Conv(int from) => Node("conv " + Text(conv++), from);
        int Leaky(int from) => Node("leaky 0.2", from);
        int f = Conv(Node("input 0")),
            y = f;
        for (int block = 0; block < blocks; block++)
        {
            int before = y;
            for (int r = 0; r < 3; r++)
            {
                List<int> seen = [y];
                for (int c = 0; c < 4; c++)
                {
                    seen.Add(Leaky(Conv(seen.Count == 1 ? y : Node("concat", [.. seen]))));
                }
                y = Add(Times(0.2, Conv(Node("concat", [.. seen]))), y);
            }
            y = Add(Times(0.2, y), before);
        }
        y = Add(f, Conv(y));
        for (int k = 0; k < ups; k++)
        {
            y = Leaky(Conv(Nearest(2, y)));
        }
        return Conv(Leaky(Conv(y)));
    }

    private int Node(string what, params ReadOnlySpan<int> from)
    {
        string text = what + ":" + string.Join(',', from.ToArray());
        if (!known.TryGetValue(text, out int id))
        {
            known.Add(text, id = known.Count);
        }
        return id;
    }

    private static string Text(double value) => ((float)value).ToString(CultureInfo.InvariantCulture);
}
