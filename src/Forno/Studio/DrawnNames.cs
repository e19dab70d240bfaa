using System.Globalization;

namespace Forno.Studio;

/// <summary>Names for new pictures, so that none is overwritten unasked.</summary>
/// <param name="output">A folder, or a file that ends in <c>.png</c>.</param>
/// <param name="overwrite">Whether that file may exist already.</param>
internal sealed class DrawnNames(string output, bool overwrite)
{
    private static readonly string[] OtherFormats =
    [
        ".jpg",
        ".jpeg",
        ".webp",
        ".avif",
        ".gif",
        ".bmp",
        ".tif",
        ".tiff",
    ];

    private readonly bool isFile =
        output.EndsWith(".png", StringComparison.OrdinalIgnoreCase) && !Directory.Exists(output);

    /// <summary>
    /// A path for each picture: in a folder <c>00001-SEED.png</c> and on, numbered after those that are there (A1111's
    /// form); of a file name its own, with <c>-1</c>, <c>-2</c>, … for several.
    /// </summary>
    /// <exception cref="FornoException">A file exists and may not be overwritten, or the name is no place for
    /// pictures.</exception>
    public IReadOnlyList<string> For(IReadOnlyList<ulong> seeds)
    {
        if (!isFile)
        {
            RequireFolderName(output);
            long next = NextNumber();
            return [.. seeds.Select((seed, i) => Numbered(next + i, seed))];
        }

        string[] files =
            seeds.Count == 1
                ? [output]
                : [.. Enumerable.Range(1, seeds.Count).Select(i => Invariant.Text($"{output[..^4]}-{i}.png"))];
        foreach (string file in files)
        {
            NewFile.RequireFree(file, overwrite);
        }
        return files;
    }

    /// <summary>
    /// Where a picture is written in the end: the path that <see cref="For"/> gave it, or in a folder the next free
    /// number, if somebody else took that one meanwhile.
    /// </summary>
    /// <exception cref="FornoException">The file has come into being meanwhile.</exception>
    public string Settle(string path, ulong seed)
    {
        if (isFile)
        {
            NewFile.RequireFree(path, overwrite);
            return path;
        }

        return File.Exists(path) ? Numbered(NextNumber(), seed) : path;
    }

    /// <summary>Throws unless a file may be written as a PNG picture.</summary>
    public static void RequirePng(string file, bool overwrite)
    {
        if (!file.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
        {
            throw FornoException.ForFile(file, "pictures are written as PNG", "Choose a name that ends in .png.");
        }

        NewFile.RequireFree(file, overwrite);
    }

    private static void RequireFolderName(string folder)
    {
        if (OtherFormats.Contains(Path.GetExtension(folder), StringComparer.OrdinalIgnoreCase))
        {
            throw FornoException.ForFile(
                folder,
                "pictures are written as PNG",
                "Choose a name that ends in .png, or a folder."
            );
        }
        if (File.Exists(folder))
        {
            throw FornoException.ForFile(
                folder,
                "it is a file, not a folder for pictures",
                "Choose a folder, or a name that ends in .png."
            );
        }
    }

    private string Numbered(long number, ulong seed) =>
        Path.Combine(output, Invariant.Text($"{number:00000}-{seed}.png"));

    private long NextNumber() =>
        1
        + (
            Directory.Exists(output)
                ? Directory.EnumerateFiles(output, "*-*.png").Select(Number).DefaultIfEmpty(0).Max()
                : 0
        );

    // Longer ones are dates or hashes.
    private static long Number(string file) =>
        int.TryParse(Path.GetFileName(file).Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int n)
            ? n
            : 0;
}
