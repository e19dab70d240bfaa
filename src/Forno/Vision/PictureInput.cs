using System.Globalization;
using Forno.Imaging;
using Forno.Vision.Onnx;

namespace Forno.Vision;

/// <summary>
/// How a network takes pictures: size, layout and element type as its file says, the meaning of the numbers as told.
/// Samples go in as (v × <see cref="Scale"/> − mean) / std; 8-bit inputs take them as they are.
/// </summary>
public sealed record PictureInput
{
    /// <summary>Pixels in a row.</summary>
    public required int Width { get; init; }

    /// <summary>Rows.</summary>
    public required int Height { get; init; }

    /// <summary>[batch, 3, height, width]; else [batch, height, width, 3].</summary>
    public required bool ChannelsFirst { get; init; }

    /// <summary>What the elements are.</summary>
    public required OnnxType Type { get; init; }

    /// <summary>How many pictures it takes at once; −1 = any number.</summary>
    public required long Batch { get; init; }

    /// <summary>Whether blue comes first.</summary>
    public bool Bgr { get; init; }

    /// <summary>What the samples, 0 to 255, are multiplied by first.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>What is taken off red, green, blue.</summary>
    public IReadOnlyList<float> Mean { get; init; } = [0, 0, 0];

    /// <summary>What red, green, blue are divided by.</summary>
    public IReadOnlyList<float> Std { get; init; } = [1, 1, 1];

    /// <summary>Reads a model's only input.</summary>
    /// <param name="model">The model.</param>
    /// <param name="kind">What it should be, for messages: <c>a tagger</c>.</param>
    /// <param name="size">Side where the model leaves it free, and where it does not, the same; null: there must be one
    /// in the model.</param>
    /// <exception cref="FornoException">It takes no pictures, or not of that size.</exception>
    public static PictureInput Of(OnnxModel model, string kind, int? size)
    {
        OnnxPort port =
            model.Inputs.Count == 1
                ? model.Inputs[0]
                : throw Unfit(model, kind, $"{model.Inputs.Count} inputs ({string.Join(", ", model.Inputs)})");
        if (
            port.Shape.Count != 4
            || port.Type is not (OnnxType.Float32 or OnnxType.Float16 or OnnxType.UInt8)
            || (port.Shape[1] == 3) == (port.Shape[3] == 3)
        )
        {
            throw Unfit(model, kind, $"the input {port}");
        }

        bool first = port.Shape[1] == 3;
        long height = port.Shape[first ? 2 : 1],
            width = port.Shape[first ? 3 : 2];
        if (size is { } told && ((height > 0 && height != told) || (width > 0 && width != told)))
        {
            throw FornoException.ForFile(
                model.Source,
                Invariant.Text($"it takes pictures of {width}×{height}, not of {told}×{told}"),
                "Leave the size out: it is read from the model."
            );
        }

        if (Math.Max(height, width) > 8192 || (size is null && (height < 1 || width < 1)))
        {
            throw FornoException.ForFile(
                model.Source,
                $"it does not say which size it takes (its input is {port})",
                "Give the size."
            );
        }

        return new PictureInput
        {
            Width = (int)(width > 0 ? width : size!.Value),
            Height = (int)(height > 0 ? height : size!.Value),
            ChannelsFirst = first,
            Type = port.Type,
            Batch = port.Shape[0],
        };
    }

    /// <summary>The numbers of one picture.</summary>
    /// <param name="rgb">[height, width, 3].</param>
    /// <returns>In the network's layout.</returns>
    public float[] Numbers(ReadOnlySpan<byte> rgb)
    {
        int pixels = Width * Height;
        if (rgb.Length != pixels * 3)
        {
            throw new ArgumentException($"{rgb.Length} samples are no {Width}×{Height} RGB picture", nameof(rgb));
        }

        float[] numbers = GC.AllocateUninitializedArray<float>(rgb.Length);
        (int pixel, int channel) = ChannelsFirst ? (1, pixels) : (3, 1);
        bool plain = Type == OnnxType.UInt8;
        for (int c = 0; c < 3; c++)
        {
            int from = Bgr ? 2 - c : c,
                to = c * channel;
            float factor = plain ? 1 : Scale / Std[from],
                shift = plain ? 0 : Mean[from] / Std[from];
            for (int i = 0, at = from; i < pixels; i++, at += 3, to += pixel)
            {
                numbers[to] = (rgb[at] * factor) - shift;
            }
        }

        return numbers;
    }

    /// <summary>Pictures as the network's input.</summary>
    /// <param name="pictures">Of <see cref="Numbers"/>; as many as <see cref="Batch"/> says.</param>
    public OnnxTensor Tensor(params ReadOnlySpan<float[]> pictures)
    {
        int each = Width * Height * 3;
        float[] all = pictures.Length == 1 ? pictures[0] : new float[pictures.Length * each];
        for (int i = 0; pictures.Length > 1 && i < pictures.Length; i++)
        {
            pictures[i].CopyTo(all, i * each);
        }

        long[] shape = ChannelsFirst ? [pictures.Length, 3, Height, Width] : [pictures.Length, Height, Width, 3];
        return Type switch
        {
            OnnxType.Float16 => OnnxTensor.Of(Array.ConvertAll(all, v => (Half)v), shape),
            OnnxType.UInt8 => OnnxTensor.Of(Array.ConvertAll(all, v => (byte)v), shape),
            _ => OnnxTensor.Of(all, shape),
        };
    }

    /// <summary>A picture's samples without alpha, at a size.</summary>
    /// <param name="picture">Any picture; transparency shows white.</param>
    /// <param name="width">Columns wanted.</param>
    /// <param name="height">Rows wanted.</param>
    internal static byte[] Squashed(Picture picture, int width, int height)
    {
        using Picture srgb = picture.ToSrgb8();
        using Picture opaque = srgb.Flatten(Rgb.White);
        using Picture small = opaque.Resize(width, height, Kernel.Linear);
        return small.ToArray();
    }

    private static FornoException Unfit(OnnxModel model, string kind, string found) =>
        FornoException.ForFile(
            model.Source,
            $"{kind} was expected, which takes one batch of RGB pictures ([n, 3, height, width] or [n, "
                + $"height, width, 3]); it has {found}",
            "Name another model."
        );
}
