using System.Globalization;
using Forno.Imaging;
using Forno.Imaging.Resampling;
using Forno.Vision.Onnx;

namespace Forno.Vision.Tagging;

/// <summary>What samples mean to a tagger.</summary>
public enum TaggerPixels
{
    /// <summary>0 to 255.</summary>
    Bytes,

    /// <summary>0 to 1.</summary>
    Unit,

    /// <summary>−1 to 1.</summary>
    Signed,
}

/// <summary>What the files of a tagger do not tell; null = as its family has it.</summary>
public sealed record TaggerOptions
{
    /// <summary>Whether blue comes first: yes for WD14, no for DeepDanbooru.</summary>
    public bool? Bgr { get; init; }

    /// <summary>The samples' range: bytes for WD14, unit for DeepDanbooru.</summary>
    public TaggerPixels? Pixels { get; init; }

    /// <summary>Side of the network's pictures, where it leaves it open.</summary>
    public int? Size { get; init; }

    /// <summary>Threads; 0 as <see cref="OnnxModel.Load"/> has it.</summary>
    public int Threads { get; init; }
}

/// <summary>
/// A network that names a picture's tags. The list beside it tells the family: a .csv is WD14's (BGR, bytes, padded to
/// a square with white), a text DeepDanbooru's (RGB, 0 to 1, fitted in, its edges drawn out).
/// </summary>
public sealed class Tagger : IDisposable
{
    private readonly OnnxModel model;
    private readonly int output;
    private readonly bool wd14;

    private Tagger(OnnxModel model, TaggerFiles files, IReadOnlyList<KnownTag> tags, TaggerOptions options)
    {
        (this.model, Files, Tags) = (model, files, tags);
        wd14 = Path.GetExtension(files.Tags).Equals(".csv", StringComparison.OrdinalIgnoreCase);
        TaggerPixels pixels = options.Pixels ?? (wd14 ? TaggerPixels.Bytes : TaggerPixels.Unit);
        bool open = model.Inputs is [{ Shape: var shape }] && shape.Skip(1).Any(d => d < 0);
        Input = PictureInput.Of(
            model,
            "a tagger",
            options.Size
                ?? (
                    open
                        ? wd14
                            ? 448
                            : 512
                        : null
                )
        ) with
        {
            Bgr = options.Bgr ?? wd14,
            Scale = pixels == TaggerPixels.Bytes ? 1 : 1 / 255f,
            Mean = pixels == TaggerPixels.Signed ? [0.5f, 0.5f, 0.5f] : [0, 0, 0],
            Std = pixels == TaggerPixels.Signed ? [0.5f, 0.5f, 0.5f] : [1, 1, 1],
        };
        // A tagger may give its features beside the tags.
        output = Enumerable
            .Range(0, model.Outputs.Count)
            .Where(i => Fits(model.Outputs[i], tags.Count))
            .DefaultIfEmpty(-1)
            .First();
        if (output < 0)
        {
            throw FornoException.ForFile(
                files.Model,
                Invariant.Text(
                    $"a tagger with the {tags.Count} tags of {files.Tags} was expected, whose output is [n, "
                        + $"{tags.Count}]; it has {string.Join(", ", model.Outputs)}"
                ),
                "Model and list must come from the same place."
            );
        }
    }

    /// <summary>Its files.</summary>
    public TaggerFiles Files { get; }

    /// <summary>What it is called.</summary>
    public string Name => Files.Name;

    /// <summary>The tags, in the order of the output.</summary>
    public IReadOnlyList<KnownTag> Tags { get; }

    /// <summary>How it takes pictures.</summary>
    public PictureInput Input { get; }

    /// <summary>Loads a tagger.</summary>
    /// <param name="files">Its files.</param>
    /// <param name="options">What they do not tell.</param>
    /// <exception cref="FornoException">They are damaged, no tagger, or do not belong together.</exception>
    public static Tagger Load(TaggerFiles files, TaggerOptions options)
    {
        IReadOnlyList<KnownTag> tags = TaggerTags.Read(files.Tags);
        var model = OnnxModel.Load(files.Model, options.Threads);
        try
        {
            return new Tagger(model, files, tags, options);
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
    public float[] Prepare(Picture picture)
    {
        using Picture srgb = picture.ToSrgb8();
        using Picture opaque = srgb.Flatten(Rgb.White);
        return Input.Numbers(wd14 ? Padded(opaque) : Fitted(opaque));
    }

    /// <summary>The confidence of every tag.</summary>
    /// <param name="prepared">Pictures of <see cref="Prepare"/>, any number.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>For each picture [tags], 0 to 1.</returns>
    /// <exception cref="FornoException">The network fails.</exception>
    public IReadOnlyList<float[]> Run(IReadOnlyList<float[]> prepared, CancellationToken cancel = default)
    {
        var results = new List<float[]>(prepared.Count);
        int most = Input.Batch > 0 ? (int)Input.Batch : prepared.Count;
        for (int from = 0; from < prepared.Count; from += most)
        {
            float[][] batch = [.. prepared.Skip(from).Take(most)];
            int count = batch.Length;
            if (Input.Batch > 0 && count < Input.Batch)
            {
                batch = [.. batch, .. Enumerable.Repeat(batch[^1], (int)Input.Batch - count)];
            }

            OnnxTensor confidences = model.Run(cancel, Input.Tensor(batch))[output];
            if (confidences.Count != batch.Length * Tags.Count)
            {
                throw FornoException.ForFile(
                    Files.Model,
                    $"for {batch.Length} pictures it gave "
                        + $"{OnnxPort.Tell(confidences.Type, confidences.Shape)}, not [{batch.Length}, {Tags.Count}"
                        + "]",
                    "Model and list of tags must come from the same place."
                );
            }

            float[] values = confidences.ToFloats();
            // Some exports leave the last sigmoid to the caller; rounding alone does not go so far beyond 0 and 1.
            bool logits = values.Any(v => v is < -0.05f or > 1.05f);
            for (int i = 0; i < count; i++)
            {
                float[] own = values.AsSpan(i * Tags.Count, Tags.Count).ToArray();
                results.Add(logits ? Array.ConvertAll(own, v => 1 / (1 + MathF.Exp(-v))) : own);
            }
        }

        return results;
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private static bool Fits(OnnxPort port, int tags) =>
        port.Type is OnnxType.Float32 or OnnxType.Float16
        && port.Shape.Count >= 2
        && port.Shape[^1] is var last
        && (last == tags || last < 0);

    // On a white square, in the middle, then to the network's size: averages where it shrinks, Lanczos where it grows.
    private byte[] Padded(Picture picture)
    {
        (int width, int height) = (picture.Width, picture.Height);
        int side = Math.Max(width, height);
        using Picture square =
            width == height
                ? picture.Extract(0, 3)
                : picture.Pad((side - width) / 2, (side - height) / 2, side, side, Rgb.White);
        return Resample.ForTraining(square.ToArray(), side, side, 3, Input.Width, Input.Height);
    }

    // As large as it fits, in the middle; what is left takes the colour of the nearest edge.
    private byte[] Fitted(Picture picture)
    {
        double scale = Math.Min((double)Input.Width / picture.Width, (double)Input.Height / picture.Height);
        int width = Math.Clamp((int)Math.Round(picture.Width * scale), 1, Input.Width),
            height = Math.Clamp((int)Math.Round(picture.Height * scale), 1, Input.Height);
        byte[] small = Resample.ForTraining(picture.ToArray(), picture.Width, picture.Height, 3, width, height);
        if (width == Input.Width && height == Input.Height)
        {
            return small;
        }

        byte[] sheet = new byte[Input.Width * Input.Height * 3];
        int left = (Input.Width - width) / 2,
            top = (Input.Height - height) / 2;
        for (int y = 0; y < Input.Height; y++)
        {
            int row = Math.Clamp(y - top, 0, height - 1) * width;
            for (int x = 0; x < Input.Width; x++)
            {
                small
                    .AsSpan((row + Math.Clamp(x - left, 0, width - 1)) * 3, 3)
                    .CopyTo(sheet.AsSpan(((y * Input.Width) + x) * 3));
            }
        }

        return sheet;
    }
}
