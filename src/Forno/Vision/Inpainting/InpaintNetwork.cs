using System.Globalization;
using Forno.Vision.Onnx;

namespace Forno.Vision.Inpainting;

/// <summary>What an inpainting network takes for full brightness.</summary>
public enum InpaintRange
{
    /// <summary>Find out by a picture with a known answer.</summary>
    Auto,

    /// <summary>1: samples lie between 0 and 1.</summary>
    One,

    /// <summary>255: samples lie between 0 and 255.</summary>
    Byte,
}

/// <summary>
/// A network that fills holes, as LaMa's exports are: either an image [1, 3, H, W] and a mask [1, 1, H, W], in any
/// order, or one input [1, 4, H, W] with the mask behind the colours; RGB; float32, float16 or uint8; sizes fixed or
/// free. Which range of numbers it takes, and whether 1 in its mask means hole or known, is found out by letting it
/// fill a hole in a picture of even colour; LaMa's own (0–1, 1 is hole) is tried first.
/// </summary>
internal sealed class InpaintNetwork : IDisposable
{
    // An answer that lies no farther from the truth, in shares of the range, is right.
    private const double Near = 0.08;

    private readonly OnnxModel model;
    private readonly int image,
        mask;
    private float full = 1,
        hole = 1;

    private InpaintNetwork(OnnxModel model, int image, int mask) =>
        (this.model, this.image, this.mask) = (model, image, mask);

    /// <summary>The side that it wants, or 0 × 0 where it takes any.</summary>
    public (int Width, int Height) Size { get; private init; }

    /// <summary>What was found out about it, for people.</summary>
    public string Description =>
        Invariant.Text(
            $"{(Size.Width > 0 ? $"{Size.Width}×{Size.Height}" : "any size")}, samples 0–{full}, "
                + $"{(hole > 0 ? "holes" : "known pixels")} marked in {(mask < 0 ? "a fourth channel" : "a mask")}"
        );

    public static InpaintNetwork Load(string path, InpaintRange range, int threads)
    {
        var model = OnnxModel.Load(path, threads);
        try
        {
            (int image, int mask) = Ports(model);
            IReadOnlyList<long> shape = model.Inputs[image].Shape;
            (int w, int h) = ((int)Math.Max(0, shape[3]), (int)Math.Max(0, shape[2]));
            var network = new InpaintNetwork(model, image, mask) { Size = w > 0 && h > 0 ? (w, h) : (0, 0) };
            network.FindRange(range);
            return network;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Fills holes.</summary>
    /// <param name="rgb">[3, height, width], 0–1.</param>
    /// <param name="holes">[height, width], 1 in holes, else 0.</param>
    /// <param name="width">Width, as <see cref="Size"/> says.</param>
    /// <param name="height">Height, as <see cref="Size"/> says.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>[3, height, width], 0–1, holes filled; elsewhere whatever the network says.</returns>
    public float[] Fill(float[] rgb, float[] holes, int width, int height, CancellationToken cancel = default)
    {
        int plane = width * height;
        float[] colours = new float[(mask < 0 ? 4 : 3) * plane],
            marks = new float[plane];
        for (int i = 0; i < plane; i++)
        {
            // Networks that do not cut the holes out themselves must not see what is in them.
            for (int c = 0; c < 3; c++)
            {
                colours[(c * plane) + i] = holes[i] > 0 ? 0 : rgb[(c * plane) + i] * full;
            }

            marks[i] = holes[i] > 0 == hole > 0 ? 1 : 0;
        }

        OnnxTensor[] inputs;
        if (mask < 0)
        {
            Array.Copy(marks, 0, colours, 3 * plane, plane);
            inputs = [Tensor(colours, model.Inputs[image].Type, 1, 4, height, width)];
        }
        else
        {
            OnnxType type = model.Inputs[mask].Type;
            // A mask of bytes is 255 where an image of bytes is.
            inputs = new OnnxTensor[2];
            inputs[image] = Tensor(colours, model.Inputs[image].Type, 1, 3, height, width);
            inputs[mask] = Tensor(
                type == OnnxType.UInt8 ? Array.ConvertAll(marks, m => m * 255) : marks,
                type,
                1,
                1,
                height,
                width
            );
        }

        OnnxTensor? output = Array.Find(
            model.Run(cancel, inputs),
            o => o.Shape is [_, 3, _, _] && o.Count == 3 * plane
        );
        if (output is null)
        {
            throw FornoException.ForFile(
                model.Source,
                $"none of its outputs is [1, 3, {height}, {width}]",
                "It is not an inpainting network of LaMa's kind."
            );
        }

        float[] filled = [.. output.ToFloats()];
        // Exports differ here too, and a filled picture is never so dark that 1 is its brightest.
        float scale = output.Type == OnnxType.UInt8 || filled.Max() > 4 ? 1 / 255f : 1;
        for (int i = 0; i < filled.Length; i++)
        {
            filled[i] = Math.Clamp(filled[i] * scale, 0, 1);
        }

        return filled;
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private void FindRange(InpaintRange range)
    {
        bool bytes = model.Inputs[image].Type == OnnxType.UInt8;
        (float Full, float Hole)[] ways = bytes ? [(255, 1), (255, 0)] : [(1, 1), (255, 1), (1, 0), (255, 0)];
        ways =
            range == InpaintRange.Auto ? ways : [.. ways.Where(w => w.Full == (range == InpaintRange.One ? 1 : 255))];
        if (ways.Length == 0)
        {
            throw FornoException.ForFile(
                model.Source,
                "it takes bytes, which are between 0 and 255",
                "Leave the range to Forno."
            );
        }

        (int width, int height) = Size.Width > 0 ? Size : (256, 256);
        float[] even = new float[3 * width * height],
            holes = new float[width * height];
        float[] colour = [0.75f, 0.55f, 0.4f];
        for (int c = 0; c < 3; c++)
        {
            even.AsSpan(c * width * height, width * height).Fill(colour[c]);
        }

        for (int y = height * 7 / 16; y < height * 9 / 16; y++)
        {
            holes.AsSpan((y * width) + (width * 7 / 16), width / 8).Fill(1);
        }

        (double Error, float Full, float Hole) best = (double.MaxValue, 0, 0);
        foreach ((float f, float h) in ways)
        {
            (full, hole) = (f, h);
            float[] filled = Fill(even, holes, width, height);
            double error = Enumerable
                .Range(0, filled.Length)
                .Where(i => holes[i % holes.Length] > 0)
                .Average(i => Math.Abs(filled[i] - even[i]));
            best = error < best.Error ? (error, f, h) : best;
            if (best.Error < Near)
            {
                break;
            }
        }

        (full, hole) = (best.Full, best.Hole);
        if (best.Error > 4 * Near)
        {
            throw FornoException.ForFile(
                model.Source,
                Invariant.Text($"a hole in an even colour is filled with another one ({best.Error:0 %} off)"),
                "It is not an inpainting network of LaMa's kind."
            );
        }
    }

    private static (int Image, int Mask) Ports(OnnxModel model)
    {
        if (model.Inputs is [{ Shape: [_, 4, _, _] } only] && Known(only))
        {
            return (0, -1);
        }

        if (model.Inputs is [{ Shape.Count: 4 } first, { Shape.Count: 4 } second] && Known(first) && Known(second))
        {
            bool swapped =
                second.Shape[1] == 3
                || first.Shape[1] == 1
                || (first.Shape[1] != 3 && first.Name.Contains("mask", StringComparison.OrdinalIgnoreCase));
            (OnnxPort image, OnnxPort mask) = swapped ? (second, first) : (first, second);
            if (image.Shape[1] is 3 or -1 && mask.Shape[1] is 1 or -1)
            {
                return swapped ? (1, 0) : (0, 1);
            }
        }

        throw FornoException.ForFile(
            model.Source,
            $"its inputs are {string.Join(", ", model.Inputs)}",
            "An inpainting network of LaMa's kind takes an image [1, 3, H, W] and a mask [1, 1, H, W], or "
                + "both as [1, 4, H, W]."
        );

        static bool Known(OnnxPort port) => port.Type is OnnxType.Float32 or OnnxType.Float16 or OnnxType.UInt8;
    }

    private static OnnxTensor Tensor(float[] values, OnnxType type, params long[] shape) =>
        type switch
        {
            OnnxType.UInt8 => OnnxTensor.Of(
                Array.ConvertAll(values, v => (byte)Math.Clamp(MathF.Round(v), 0, 255)),
                shape
            ),
            OnnxType.Float16 => OnnxTensor.Of(Array.ConvertAll(values, v => (Half)v), shape),
            _ => OnnxTensor.Of(values, shape),
        };
}
