using System.Globalization;
using Forno.Models.Families;
using Forno.Models.Layouts;

namespace Forno.Models.Clip;

/// <summary>What a CLIP text tower is: its sizes, and what its weights cannot tell.</summary>
public sealed record ClipTextConfig
{
    /// <summary>
    /// Metadata key of the number of heads, for towers whose heads are not 64 channels wide; with two towers "4,5".
    /// </summary>
    public const string HeadsKey = "forno.text_num_heads";

    /// <summary>Channels.</summary>
    public required int Width { get; init; }

    /// <summary>Layers that the weights hold.</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads; all published towers have heads of 64 channels.</summary>
    public required int Heads { get; init; }

    /// <summary>Channels inside the feed-forward part.</summary>
    public required int MlpWidth { get; init; }

    /// <summary>The nonlinearity.</summary>
    public ClipActivation Activation { get; init; } = ClipActivation.QuickGelu;

    /// <summary>Longest sequence.</summary>
    public int ContextLength { get; init; } = 77;

    /// <summary>Rows of the token table.</summary>
    public int VocabSize { get; init; } = 49408;

    /// <summary>Width of the projected pooled output; null: there is no projection.</summary>
    public int? ProjectionDim { get; init; }

    /// <summary>
    /// Last layers that the tower was trained with but the weights lack: diffusers and kohya write the text tower of
    /// 2.x without its 24th layer, which nothing uses. Hidden states are still counted from the trained end.
    /// </summary>
    public int DroppedLayers { get; init; }

    /// <summary>The usual number of heads of a width: one for every 64 channels.</summary>
    public static int UsualHeads(int width) => Math.Max(1, width / 64);

    /// <summary>
    /// The path in the tree of weights at which a tower stands, from the prefix of its keys in a file.
    /// </summary>
    /// <param name="prefix">Such as <c>cond_stage_model.transformer.text_model.</c>, <c>cond_stage_model.model.</c>,
    /// "".</param>
    /// <returns>What stands before <c>text_model.</c> in the store's keys, without the last dot.</returns>
    public static string TowerPath(string prefix)
    {
        const string Model = "text_model.";
        string tower = prefix.EndsWith(Model, StringComparison.Ordinal) ? prefix[..^Model.Length] : prefix;
        return tower.TrimEnd('.');
    }

    /// <summary>Reads a tower's configuration off a file's shapes, before <see cref="ClipKeys.Unify"/>.</summary>
    /// <param name="shapes">The file, with its usual single-file keys (<see cref="KeyMap.Canonical"/>).</param>
    /// <param name="prefix">Prefix of the tower's keys with its dot: up to <c>text_model.</c> in Hugging Face's
    /// form.</param>
    /// <param name="heads">Number of heads; null: 64 channels a head.</param>
    /// <exception cref="FornoException">Keys that every tower has are missing.</exception>
    public static ClipTextConfig Detect(TensorShapes shapes, string prefix, int? heads = null)
    {
        bool open = shapes.Has(prefix + "token_embedding.weight");
        var layout = TextLayout.Detect(shapes, prefix, open ? TextNaming.OpenClip : TextNaming.HuggingFace);
        string path = TowerPath(prefix);
        string projection = (path.Length == 0 ? "" : path + ".") + "text_projection.weight";
        // OpenCLIP's published towers (ViT-H, bigG) keep their activation when a tool renames their keys.
        bool exact = open || layout.Width is 1024 or 1280;
        return new ClipTextConfig
        {
            Width = layout.Width,
            Layers = layout.Layers,
            Heads = heads ?? UsualHeads(layout.Width),
            MlpWidth = layout.MlpWidth,
            Activation = exact ? ClipActivation.Gelu : ClipActivation.QuickGelu,
            ContextLength = layout.ContextLength,
            VocabSize = layout.VocabSize,
            ProjectionDim =
                layout.ProjectionDim
                ?? (shapes[projection] is [var rows, var columns] && columns == layout.Width ? (int)rows : null),
            DroppedLayers = layout is { Width: 1024, Layers: 23 } ? 1 : 0,
        };
    }

    /// <summary>
    /// The numbers of heads that a file's metadata tell, one for each of its encoders; nulls where they tell none.
    /// </summary>
    /// <param name="metadata">The file's metadata; <see cref="HeadsKey"/> holds numbers with commas between
    /// them.</param>
    /// <param name="encoders">How many text encoders the file has.</param>
    /// <param name="origin">The file's name, for errors.</param>
    /// <exception cref="FornoException">The entry is no list of so many numbers.</exception>
    public static int?[] HeadsOf(IReadOnlyDictionary<string, string> metadata, int encoders, string origin)
    {
        if (!metadata.TryGetValue(HeadsKey, out string? text))
        {
            return new int?[encoders];
        }

        int?[] heads =
        [
            .. text.Split(',')
                .Select(part =>
                    int.TryParse(part, NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out int n) && n > 0
                        ? n
                        : (int?)null
                ),
        ];
        return heads.Length == encoders && !heads.Contains(null)
            ? heads
            : throw FornoException.ForFile(
                origin,
                $"its metadata entry {HeadsKey} is '{text}'",
                $"It should be {encoders} numbers, or absent."
            );
    }

    /// <summary>What weights cannot tell, for the metadata of a file.</summary>
    public Dictionary<string, string> Metadata() => new() { [HeadsKey] = Heads.ToString(CultureInfo.InvariantCulture) };
}
