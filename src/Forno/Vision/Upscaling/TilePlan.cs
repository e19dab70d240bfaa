namespace Forno.Vision.Upscaling;

/// <summary>How pictures are cut for an upscaler. What is not set is chosen from the model and the memory.</summary>
public sealed record TileSettings
{
    /// <summary>
    /// Side in input pixels of the square whose answer is kept; null: as large as <see cref="MemoryBytes"/> lets it be.
    /// </summary>
    public int? Core { get; init; }

    /// <summary>
    /// Pixels of real picture around the core that the network also sees; null: <see cref="UpscalerInfo.Context"/>.
    /// </summary>
    public int? Context { get; init; }

    /// <summary>Working memory that a tile may take, about, in bytes.</summary>
    public long MemoryBytes { get; init; } = FreeMemory();

    // Half of what is free, and no more than larger tiles still gain from.
    private static long FreeMemory()
    {
        GCMemoryInfo info = GC.GetGCMemoryInfo();
        return Math.Clamp((info.TotalAvailableMemoryBytes - info.MemoryLoadBytes) / 2, 64L << 20, 768L << 20);
    }
}

/// <summary>
/// A part of a picture that the network sees at once: the core whose answer is kept, and its margins.
/// </summary>
/// <param name="Left">First column of the core.</param>
/// <param name="Top">First row of the core.</param>
/// <param name="Width">Columns of the core.</param>
/// <param name="Height">Rows of the core.</param>
/// <param name="Margins">Real picture around it; less where the picture ends.</param>
public readonly record struct Tile(int Left, int Top, int Width, int Height, Margins Margins)
{
    /// <summary>Columns that the network sees.</summary>
    public int FullWidth => Margins.Left + Width + Margins.Right;

    /// <summary>Rows that the network sees.</summary>
    public int FullHeight => Margins.Top + Height + Margins.Bottom;
}

/// <summary>
/// Cuts pictures into tiles without seams: the cores lie side by side, and each is computed with real picture around
/// it. With the receptive radius as context the result is that of the whole picture; with less it differs by what the
/// network makes of far pixels.
/// </summary>
public static class TilePlan
{
    private const int MinCore = 32;

    /// <summary>The tiles of a picture, row by row.</summary>
    /// <param name="info">The model.</param>
    /// <param name="width">The picture's columns.</param>
    /// <param name="height">The picture's rows.</param>
    /// <param name="settings">What is fixed.</param>
    public static IReadOnlyList<Tile> Build(UpscalerInfo info, int width, int height, TileSettings settings)
    {
        int step = info.TileStep,
            context = Up(settings.Context ?? info.Context, step);
        int coreWidth,
            coreHeight;
        if (settings.Core is { } fixedCore)
        {
            coreWidth = coreHeight = Up(Math.Max(1, fixedCore), step);
        }
        else
        {
            long pixels = Math.Max(1, settings.MemoryBytes / info.BytesPerPixel);
            if ((long)width * height <= pixels)
            {
                return [new Tile(0, 0, width, height, default)];
            }
            int core = Math.Max(MinCore, (int)Math.Min(1 << 15, Math.Sqrt(pixels)) - (2 * context));
            (coreWidth, coreHeight) = (Even(width, core, step), Even(height, core, step));
        }
        var tiles = new List<Tile>();
        for (int top = 0; top < height; top += coreHeight)
        {
            int rows = Math.Min(coreHeight, height - top);
            for (int left = 0; left < width; left += coreWidth)
            {
                int columns = Math.Min(coreWidth, width - left);
                tiles.Add(
                    new Tile(
                        left,
                        top,
                        columns,
                        rows,
                        new Margins(
                            Math.Min(context, left),
                            Math.Min(context, top),
                            Math.Min(context, width - left - columns),
                            Math.Min(context, height - top - rows)
                        )
                    )
                );
            }
        }
        return tiles;
    }

    // As many parts as are needed, all of about the same size: no slivers at the end.
    private static int Even(int length, int core, int step)
    {
        int parts = (length + core - 1) / core;
        return Up((length + parts - 1) / parts, step);
    }

    private static int Up(int value, int step) => (value + step - 1) / step * step;
}
