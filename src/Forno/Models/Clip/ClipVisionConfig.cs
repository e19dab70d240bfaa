using System.Globalization;
using Forno.Models.Layouts;

namespace Forno.Models.Clip;

/// <summary>What a CLIP image tower is: its sizes, and what its weights cannot tell.</summary>
public sealed record ClipVisionConfig
{
    /// <summary>Metadata key of the number of heads, for towers other than the published ones.</summary>
    public const string HeadsKey = "forno.vision_num_heads";

    /// <summary>Side of the square picture in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Side of a patch in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Channels.</summary>
    public required int Width { get; init; }

    /// <summary>Layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Channels inside the feed-forward part.</summary>
    public required int MlpWidth { get; init; }

    /// <summary>Width of the picture's embedding.</summary>
    public required int ProjectionDim { get; init; }

    /// <summary>The nonlinearity.</summary>
    public ClipActivation Activation { get; init; } = ClipActivation.QuickGelu;

    /// <summary>
    /// The number of heads of a width: one for every 64 channels, but for OpenCLIP's large towers (ViT-H, ViT-g and
    /// bigG have heads of 80, 88 and 104 channels).
    /// </summary>
    public static int UsualHeads(int width) =>
        width switch
        {
            1280 or 1408 or 1664 => 16,
            _ => Math.Max(1, width / 64),
        };

    /// <summary>Reads a tower's configuration off a file's shapes, whichever form its keys have.</summary>
    /// <param name="shapes">The file.</param>
    /// <param name="prefix">What stands before <c>vision_model.</c> or <c>visual.</c>, with its dot; "" in files of a
    /// whole CLIP.</param>
    /// <param name="heads">Number of heads; null: the published towers'.</param>
    /// <exception cref="FornoException">Keys that every tower has are missing, or their shapes make no
    /// sense.</exception>
    public static ClipVisionConfig Detect(TensorShapes shapes, string prefix = "", int? heads = null)
    {
        bool open = shapes.Has(prefix + "visual.conv1.weight");
        string model = prefix + (open ? "visual." : "vision_model.");
        string patch = model + (open ? "conv1.weight" : "embeddings.patch_embedding.weight");
        string layers = model + (open ? "transformer.resblocks." : "encoder.layers.");
        int width = shapes.Side(patch, 0),
            patchSize = shapes.Side(patch, 2);
        int positions = shapes.Side(
            model + (open ? "positional_embedding" : "embeddings.position_embedding.weight"),
            0
        );
        int side = (int)Math.Round(Math.Sqrt(positions - 1));
        if (side < 1 || (side * side) + 1 != positions)
        {
            throw new FornoException(
                $"{shapes.Origin}: {positions} positions of the image tower are no square of patches "
                    + "and one for the class. Only towers for square pictures can be used."
            );
        }

        return new ClipVisionConfig
        {
            ImageSize = side * patchSize,
            PatchSize = patchSize,
            Width = width,
            Layers = shapes.CountBelow(layers),
            Heads = heads ?? UsualHeads(width),
            MlpWidth = shapes.Side(layers + (open ? "0.mlp.c_fc.weight" : "0.mlp.fc1.weight"), 0),
            ProjectionDim = open ? shapes.Side(model + "proj", 1) : shapes.Side(prefix + "visual_projection.weight", 0),
            Activation = width is 1280 or 1408 or 1664 ? ClipActivation.Gelu : ClipActivation.QuickGelu,
        };
    }

    /// <summary>What weights cannot tell, for the metadata of a file.</summary>
    public Dictionary<string, string> Metadata() => new() { [HeadsKey] = Heads.ToString(CultureInfo.InvariantCulture) };
}
