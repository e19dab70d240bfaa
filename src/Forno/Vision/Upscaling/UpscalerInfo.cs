namespace Forno.Vision.Upscaling;

/// <summary>What was found out about an upscaler from its file alone.</summary>
public sealed record UpscalerInfo
{
    /// <summary>
    /// The architecture by spandrel's id: <c>ESRGAN</c>, <c>Compact</c>, <c>SPAN</c>, <c>DAT</c>, <c>OmniSR</c>.
    /// </summary>
    public required string Architecture { get; init; }

    /// <summary>Output pixels for an input pixel, on each side; 1 for filters that keep the size.</summary>
    public required int Scale { get; init; }

    /// <summary>Channels of the pictures that go in: 3 (RGB) or 1.</summary>
    public required int InputChannels { get; init; }

    /// <summary>Channels of the pictures that come out.</summary>
    public required int OutputChannels { get; init; }

    /// <summary>Smaller pictures are padded up to this width and height; 0: none.</summary>
    public int MinimumSize { get; init; }

    /// <summary>Width and height are padded up to a multiple of this.</summary>
    public int MultipleOf { get; init; } = 1;

    /// <summary>Tiles begin at multiples of this, so that shuffles and windows fall as in the whole picture.</summary>
    public int TileStep { get; init; } = 1;

    /// <summary>
    /// How many input pixels away an input can still touch an output; null: any distance (networks that average over
    /// the whole picture).
    /// </summary>
    public int? ReceptiveRadius { get; init; }

    /// <summary>
    /// Pixels of picture that tiles see around what is kept: the receptive radius, or less where what lies farther off
    /// does not show in 8 bits.
    /// </summary>
    public required int Context { get; init; }

    /// <summary>Working memory that a pixel of a tile takes, about, in bytes.</summary>
    public required long BytesPerPixel { get; init; }

    /// <summary>
    /// The architecture's own measures under the field's names (<c>nf</c>, <c>nb</c>, <c>num_conv</c>, …).
    /// </summary>
    public required IReadOnlyDictionary<string, object?> Measures { get; init; }

    /// <summary>Such as <c>ESRGAN 4x, nf 64, nb 23</c>.</summary>
    public override string ToString() =>
        $"{Architecture} {Scale}x, "
        + string.Join(", ", Measures.Where(m => m.Value is int).Select(m => Invariant.Text($"{m.Key} {m.Value}")));
}

/// <summary>Pixels of context around the part of a tile that is wanted, in input pixels.</summary>
/// <param name="Left">Columns before it.</param>
/// <param name="Top">Rows before it.</param>
/// <param name="Right">Columns after it.</param>
/// <param name="Bottom">Rows after it.</param>
public readonly record struct Margins(int Left, int Top, int Right, int Bottom);
