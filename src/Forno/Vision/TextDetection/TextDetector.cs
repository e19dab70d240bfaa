using System.Security.Cryptography;
using Forno.Files;
using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.Vision.Onnx;

namespace Forno.Vision.TextDetection;

/// <summary>How pictures are shown to a text detector.</summary>
public sealed record TextDetectorSettings
{
    /// <summary>
    /// Longest side that the network sees, in pixels: larger pictures are made smaller (<c>limit_side_len</c> with
    /// <c>limit_type</c> max; PaddleOCR's own default is 960).
    /// </summary>
    public int LongestSide { get; init; } = 1280;

    /// <summary>
    /// Pictures whose longer side is below this are enlarged to it: the network does not see letters of few pixels.
    /// </summary>
    public int ShortestSide { get; init; } = 640;

    /// <summary>
    /// The network takes figures on empty ground for letters. A box of one glyph's shape is text only up to this share
    /// of the picture's shorter side, a longer one up to as many times more as it is longer than high; 0 lets all pass.
    /// Of 64 emoji pictures without text 31 had a find without this rule, 1 with it.
    /// </summary>
    public double LargestGlyph { get; init; } = 0.04;

    /// <summary>
    /// Pictures whose longer side is at least 1.5 times <see cref="LongestSide"/> are looked at once more, at twice the
    /// scale (never enlarged), in tiles: this share of their height along the upper and the lower edge, where the small
    /// marks of sites stand. 0 leaves that out, 0.5 and more looks everywhere.
    /// </summary>
    public double FineShare { get; init; } = 0.14;

    /// <summary>How its map becomes boxes.</summary>
    public TextMapSettings Map { get; init; } = new();
}

/// <summary>
/// Finds text by a DB network such as PP-OCRv4's detector in ONNX form: input [1, 3, H, W] with H and W multiples of
/// 32, channels in the order blue, green, red, each (v/255 − mean)/std with ImageNet's means 0.485, 0.456, 0.406 and
/// deviations 0.229, 0.224, 0.225 in that order (PaddleOCR reads pictures as BGR and normalises them so); output [1, 1,
/// H, W], probabilities. Safe for several threads; the network itself runs for one picture at a time, with all its
/// threads: a run needs some 300 MB.
/// </summary>
public sealed class TextDetector : IDisposable
{
    /// <summary>The package of <c>assets/packages.txt</c> with PP-OCRv4's detector.</summary>
    public const string Package = "ocr-models";

    /// <summary>Its file in the package.</summary>
    public const string ModelFile = "assets/ch_PP-OCRv4_det_infer.onnx";

    private const int Step = 32;
    private static readonly float[] Means = [0.485f, 0.456f, 0.406f];
    private static readonly float[] Deviations = [0.229f, 0.224f, 0.225f];
    private readonly Lock one = new();
    private readonly OnnxModel model;
    private readonly TextDetectorSettings settings;

    private TextDetector(OnnxModel model, TextDetectorSettings settings) =>
        (this.model, this.settings) = (model, settings);

    /// <summary>Opens a detector.</summary>
    /// <param name="path">The ONNX file; null: PP-OCRv4's, which must have been fetched.</param>
    /// <param name="settings">How pictures are shown to it.</param>
    /// <param name="threads">Threads of one picture; 0 = the runtime's choice.</param>
    /// <exception cref="FornoException">The file is absent or no such network.</exception>
    public static TextDetector Load(string? path = null, TextDetectorSettings? settings = null, int threads = 0)
    {
        var model = OnnxModel.Load(path ?? Assets.Find(Package, ModelFile), threads);
        if (
            model.Inputs is [{ Type: OnnxType.Float32, Shape: [_, 3 or -1, _, _] }]
            && model.Outputs is [{ Type: OnnxType.Float32 }, ..]
        )
        {
            return new TextDetector(model, settings ?? new TextDetectorSettings());
        }

        string inputs = string.Join(", ", model.Inputs.Select(i => $"{i.Name} [{string.Join(", ", i.Shape)}]"));
        model.Dispose();
        throw FornoException.ForFile(
            path ?? ModelFile,
            $"no text detector: its inputs are {inputs}",
            "A detector of PaddleOCR has one of [1, 3, height, width]."
        );
    }

    /// <summary>What a detector's answers depend on: its file's content and the settings.</summary>
    /// <param name="path">The ONNX file; null: PP-OCRv4's, which must have been fetched.</param>
    /// <param name="settings">How pictures are shown to it.</param>
    /// <exception cref="FornoException">The file cannot be read.</exception>
    public static string Identity(string? path = null, TextDetectorSettings? settings = null)
    {
        path ??= Assets.Find(Package, ModelFile);
        try
        {
            using FileStream file = File.OpenRead(path);
            return $"{Convert.ToHexStringLower(SHA256.HashData(file))} {settings ?? new TextDetectorSettings()}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FornoException.ForFile(path, $"cannot be read ({e.Message})", "Check its name.", e);
        }
    }

    /// <summary>
    /// The size that a picture is shown in: within the limits, sides multiples of 32, proportions kept as far as these
    /// allow.
    /// </summary>
    /// <param name="width">The picture's width.</param>
    /// <param name="height">The picture's height.</param>
    /// <param name="settings">The limits.</param>
    public static (int Width, int Height) InputSize(int width, int height, TextDetectorSettings settings)
    {
        int longer = Math.Max(width, height);
        double scale = (double)Math.Clamp(longer, settings.ShortestSide, settings.LongestSide) / longer;
        return (Shown(width * scale), Shown(height * scale));
    }

    /// <summary>Finds the texts of a picture.</summary>
    /// <param name="picture">Any picture; what is transparent counts as white.</param>
    /// <returns>Boxes in the picture's pixels.</returns>
    public IReadOnlyList<TextArea> Find(Picture picture)
    {
        using Picture srgb = picture.ToSrgb8();
        using Picture opaque = srgb.Flatten(Rgb.White);
        (int width, int height) = (opaque.Width, opaque.Height);
        (int shownWidth, int shownHeight) = InputSize(width, height, settings);
        List<TextArea> found =
        [
            .. Look(opaque, shownWidth, shownHeight)
                .Where(t => IsTextShaped(t.Quad, Math.Min(width, height), settings.LargestGlyph)),
        ];
        foreach ((Box part, double scale) in FineParts(width, height, settings))
        {
            using Picture tile = opaque.Crop(part.Left, part.Top, part.Width, part.Height);
            foreach (TextArea text in Look(tile, Shown(part.Width * scale), Shown(part.Height * scale)))
            {
                TextArea placed = text with { Quad = text.Quad.Move(part.Left, part.Top) };
                Box box = placed.Quad.Bounds(width, height);
                // Tiles overlap, and the first look may have found it too: of two boxes of one text the larger stays.
                if (
                    IsTextShaped(placed.Quad, Math.Min(width, height), settings.LargestGlyph)
                    && !found.Exists(f =>
                        f.Quad.Bounds(width, height) is var old && old.Area >= box.Area && Covers(old, box)
                    )
                )
                {
                    found.RemoveAll(f => Covers(box, f.Quad.Bounds(width, height)));
                    found.Add(placed);
                }
            }
        }

        return [.. found.OrderBy(t => t.Quad.A.Y).ThenBy(t => t.Quad.A.X)];
    }

    /// <summary>
    /// The tiles of the second look at a large picture, and their scale; none where it is small enough for one look.
    /// </summary>
    /// <param name="width">The picture's width.</param>
    /// <param name="height">The picture's height.</param>
    /// <param name="settings">How pictures are shown.</param>
    public static IReadOnlyList<(Box Part, double Scale)> FineParts(
        int width,
        int height,
        TextDetectorSettings settings
    )
    {
        const double Large = 1.5,
            Overlap = 0.1;
        int longer = Math.Max(width, height);
        if (settings.FineShare <= 0 || longer < Large * settings.LongestSide)
        {
            return [];
        }

        double scale = Math.Min(1, 2.0 * settings.LongestSide / longer);
        int side = (int)(settings.LongestSide / scale),
            strip = (int)Math.Max(settings.FineShare * height, 4 * Step / scale);
        var rows = 2 * strip >= height ? Along(height, side) : [(0, strip), (height - strip, strip)];
        return
        [
            .. rows.SelectMany(r =>
                Along(width, side).Select(c => (new Box(c.From, r.From, c.Length, r.Length), scale))
            ),
        ];

        // As few tiles as possible: they may be a little larger than the first look is.
        static List<(int From, int Length)> Along(int length, int side)
        {
            int overlap = (int)(Overlap * side),
                most = side + overlap;
            int count = length <= most ? 1 : (length - overlap + side - 1) / side,
                each = count == 1 ? length : ((length + ((count - 1) * overlap)) / count) + 1;
            return
            [
                .. Enumerable
                    .Range(0, count)
                    .Select(i => (count == 1 ? 0 : (int)((long)(length - each) * i / (count - 1)), each)),
            ];
        }
    }

    /// <summary>Whether a box is not too large for the number of letters that its shape has room for.</summary>
    /// <param name="quad">The box.</param>
    /// <param name="side">The picture's shorter side.</param>
    /// <param name="largestGlyph">See <see cref="TextDetectorSettings.LargestGlyph"/>.</param>
    public static bool IsTextShaped(Quad quad, int side, double largestGlyph)
    {
        (double low, double high) = (Math.Min(quad.Width, quad.Height), Math.Max(quad.Width, quad.Height));
        return largestGlyph <= 0 || low * low <= largestGlyph * side * high;
    }

    // Boxes in the pixels of what is looked at.
    private IEnumerable<TextArea> Look(Picture part, int width, int height)
    {
        using Picture shown = part.Resize(width, height, Kernel.Linear);
        OnnxTensor input = OnnxTensor.Of(Input(shown.ToArray(), width, height), 1, 3, height, width),
            output;
        lock (one)
        {
            output = model.Run(input)[0];
        }

        if (
            output.Shape is not [.., var h, var w]
            || (w, h) != (width, height)
            || output.Floats.Length != width * height
        )
        {
            throw FornoException.ForFile(
                model.Source,
                $"its output has the shape [{string.Join(", ", output.Shape)}], not [1, 1, {height}, {width}]",
                "It is not a text detector of PaddleOCR's kind."
            );
        }

        (double byX, double byY) = ((double)part.Width / width, (double)part.Height / height);
        return TextMap
            .Find(output.Floats, width, height, settings.Map)
            .Select(t => t with { Quad = t.Quad.Scale(byX, byY) });
    }

    private static int Shown(double side) => Math.Max(Step, (int)Math.Round(side / Step) * Step);

    // Whether most of the second box lies in the first.
    private static bool Covers(Box first, Box second)
    {
        long across =
            Math.Min(first.Left + first.Width, second.Left + second.Width) - Math.Max(first.Left, second.Left);
        long down = Math.Min(first.Top + first.Height, second.Top + second.Height) - Math.Max(first.Top, second.Top);
        return across > 0 && down > 0 && 2 * across * down > second.Area;
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private static float[] Input(ReadOnlySpan<byte> rgb, int width, int height)
    {
        int plane = width * height;
        float[] input = new float[3 * plane];
        for (int c = 0; c < 3; c++)
        {
            (float scale, float shift) = (1 / (255 * Deviations[c]), -Means[c] / Deviations[c]);
            for (int i = 0; i < plane; i++)
            {
                input[(c * plane) + i] = (rgb[(i * 3) + 2 - c] * scale) + shift;
            }
        }

        return input;
    }
}
