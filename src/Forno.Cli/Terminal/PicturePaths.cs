using System.Globalization;
using Forno.Generation.Requests;

namespace Forno.Cli.Terminal;

/// <summary>Names for new pictures, so that none is overwritten unasked.</summary>
/// <param name="output">A folder, or a file that ends in <c>.png</c>.</param>
/// <param name="overwrite">Whether that file may exist already.</param>
internal sealed class PicturePaths(string output, bool overwrite)
{
    /// <summary>
    /// A path for each picture: in a folder <c>00001-SEED.png</c> and on, numbered after those that are there (A1111's
    /// form); of a file name its own, with <c>-1</c>, <c>-2</c>, … for several.
    /// </summary>
    /// <exception cref="FornoException">A file exists and may not be overwritten.</exception>
    public string[] For(GenerateRequest request)
    {
        if (!output.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
        {
            int next =
                1
                + (
                    Directory.Exists(output)
                        ? Directory.EnumerateFiles(output, "*-*.png").Select(Number).DefaultIfEmpty(0).Max()
                        : 0
                );
            return
            [
                .. Enumerable
                    .Range(0, request.Count)
                    .Select(i =>
                        Path.Combine(
                            output,
                            Invariant.Text($"{next + i:00000}-{unchecked(request.Seed + (ulong)i)}.png")
                        )
                    ),
            ];
        }

        string[] files =
            request.Count == 1
                ? [output]
                : [.. Enumerable.Range(1, request.Count).Select(i => Invariant.Text($"{output[..^4]}-{i}.png"))];
        foreach (string file in files)
        {
            RequireFree(file, overwrite);
        }
        return files;
    }

    /// <summary>Makes the folder of a file that is about to be written.</summary>
    public static void MakeFolder(string file) =>
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);

    /// <summary>Throws if a file is there and may not be overwritten.</summary>
    public static void RequireFree(string file, bool overwrite)
    {
        if (!overwrite && File.Exists(file))
        {
            throw FornoException.ForFile(file, "it exists already", "Choose another name, or add --overwrite.");
        }
    }

    private static int Number(string file) =>
        int.TryParse(Path.GetFileName(file).Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int n)
            ? n
            : 0;
}
