using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.Vision.Onnx;

namespace Forno.Vision.Masking;

/// <summary>What the file of a mask model does not tell; what is null follows from its size and name.</summary>
public sealed record MaskNetworkOptions
{
    /// <summary>Side of the square that pictures are squashed to; only for models that leave it free.</summary>
    public int? Size { get; init; }

    /// <summary>Means of red, green, blue, of 1 as the most.</summary>
    public IReadOnlyList<float>? Mean { get; init; }

    /// <summary>What red, green, blue are divided by.</summary>
    public IReadOnlyList<float>? Std { get; init; }
}

/// <summary>
/// A network that finds the subject of a picture, as rembg uses them: u2net, silueta (320 pixels, ImageNet's mean and
/// deviation), isnet (1024, mean 0.5, deviation 1), birefnet (1024, ImageNet's; its output is a logit). Pictures are
/// squashed to its square, the mask is stretched back.
/// </summary>
public sealed class MaskNetwork : IDisposable
{
    private static readonly float[] ImageNetMean = [0.485f, 0.456f, 0.406f],
        ImageNetStd = [0.229f, 0.224f, 0.225f];
    private readonly OnnxModel model;

    private MaskNetwork(OnnxModel model, PictureInput input) => (this.model, Input) = (model, input);

    /// <summary>How it takes pictures.</summary>
    public PictureInput Input { get; }

    /// <summary>The model's file.</summary>
    public string Source => model.Source;

    /// <summary>Loads a model.</summary>
    /// <param name="path">An ONNX file.</param>
    /// <param name="options">What it does not tell.</param>
    /// <exception cref="FornoException">It is no ONNX model, or does not make masks of pictures.</exception>
    public static MaskNetwork Load(string path, MaskNetworkOptions options)
    {
        var model = OnnxModel.Load(path, arena: false);
        try
        {
            string name = Path.GetFileName(path).ToLowerInvariant();
            int likely =
                name.Contains("isnet", StringComparison.Ordinal) || name.Contains("birefnet", StringComparison.Ordinal)
                    ? 1024
                    : 320;
            bool open = model.Inputs is [{ Shape: var shape }] && shape.Skip(1).Any(d => d < 0);
            var input = PictureInput.Of(model, "a mask model", options.Size ?? (open ? likely : null));
            OnnxPort output =
                model.Outputs.Count > 0
                    ? model.Outputs[0]
                    : throw FornoException.ForFile(path, "it has no output", "Name another model.");
            if (
                output.Type is not (OnnxType.Float32 or OnnxType.Float16 or OnnxType.UInt8)
                || output.Shape.Count is < 2 or > 4
            )
            {
                throw FornoException.ForFile(
                    path,
                    $"a mask model was expected, which gives [1, 1, height, width]; its first output is {output}",
                    "Name another model."
                );
            }

            bool imageNet = input.Width < 512 || name.Contains("birefnet", StringComparison.Ordinal);
            return new MaskNetwork(
                model,
                input with
                {
                    Scale = 1 / 255f,
                    Mean = options.Mean ?? (imageNet ? ImageNetMean : [0.5f, 0.5f, 0.5f]),
                    Std = options.Std ?? (imageNet ? ImageNetStd : [1, 1, 1]),
                }
            );
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>What the network takes of a picture; for any thread.</summary>
    /// <param name="picture">Any picture; transparency shows white.</param>
    /// <exception cref="FornoException">It is damaged.</exception>
    public float[] Prepare(Picture picture) => Numbers(Squash(picture));

    /// <summary>A picture in the network's square; for any thread.</summary>
    /// <param name="picture">Any picture; transparency shows white.</param>
    /// <returns>[height, width, 3].</returns>
    /// <exception cref="FornoException">It is damaged.</exception>
    public byte[] Squash(Picture picture) => PictureInput.Squashed(picture, Input.Width, Input.Height);

    /// <summary>What the network takes of a squashed picture.</summary>
    /// <param name="squashed">Of <see cref="Squash"/>.</param>
    public float[] Numbers(ReadOnlySpan<byte> squashed) => Input.Numbers(squashed);

    /// <summary>The mask at the network's own size.</summary>
    /// <param name="prepared">Of <see cref="Prepare"/>.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="FornoException">The network fails, or gives something else than a mask.</exception>
    public MaskPlane Run(float[] prepared, CancellationToken cancel = default)
    {
        OnnxTensor output = model.Run(cancel, Input.Tensor(prepared))[0];
        long[] sides = [.. output.Shape.Where(d => d != 1)];
        if (sides.Length != 2 || output.Count != sides[0] * sides[1])
        {
            throw FornoException.ForFile(
                Source,
                $"a mask model was expected; its first output is {OnnxPort.Tell(output.Type, output.Shape)}",
                "Name another model."
            );
        }

        float[] values = output.ToFloats();
        float most = output.Type == OnnxType.UInt8 ? 255 : 1;
        // Shares stay between 0 and 1; what lies far outside is a logit.
        bool logits = most == 1 && values.Any(v => v is < -0.05f or > 1.05f);
        return new MaskPlane(
            Array.ConvertAll(
                values,
                v => (byte)Math.Clamp(MathF.Round(255 * (logits ? 1 / (1 + MathF.Exp(-v)) : v / most)), 0, 255)
            ),
            (int)sides[1],
            (int)sides[0]
        );
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();
}
