namespace Forno.Data;

/// <summary>
/// The masks of a subset: pictures of the same names in a folder of their own (<c>conditioning_data_dir</c>).
/// </summary>
public static class MaskFiles
{
    /// <summary>The folder beside the pictures that <c>forno dataset mask</c> writes.</summary>
    public const string FolderName = "masks";

    /// <summary>The mask of every picture.</summary>
    /// <param name="folder">The masks' folder.</param>
    /// <param name="pictures">The pictures.</param>
    /// <param name="notice">Receives what the user should know, a line each.</param>
    /// <returns>Picture → mask: the file of the same name without extension; of several the first by name
    /// (ordinal).</returns>
    /// <exception cref="FornoException">The folder does not exist, or masks are missing.</exception>
    public static IReadOnlyDictionary<string, string> Find(
        string folder,
        IReadOnlyList<string> pictures,
        Action<string>? notice = null
    )
    {
        if (!Directory.Exists(folder))
        {
            throw new FornoException(
                $"{folder}: no such folder; check conditioning_data_dir, or make the masks with forno dataset mask"
            );
        }

        var byName = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string mask in Dataset.Pictures(folder))
        {
            byName.TryAdd(Path.GetFileNameWithoutExtension(mask), mask);
        }

        string[] missing = pictures
            .Where(p => !byName.ContainsKey(Path.GetFileNameWithoutExtension(p)))
            .Select(p => Path.GetFileName(p)!)
            .ToArray();
        if (missing.Length > 0)
        {
            throw new FornoException(
                $"{folder}: no mask for {missing.Length} of {pictures.Count} pictures ({Shown(missing)}); "
                    + "make them with forno dataset mask, or put pictures without masks into a folder of their own"
            );
        }

        var found = pictures.ToDictionary(
            p => p,
            p => byName[Path.GetFileNameWithoutExtension(p)],
            StringComparer.Ordinal
        );
        string[] extra = byName
            .Values.Except(found.Values, StringComparer.Ordinal)
            .Select(m => Path.GetFileName(m)!)
            .Order(StringComparer.Ordinal)
            .ToArray();
        if (extra.Length > 0)
        {
            notice?.Invoke(
                $"{folder}: {extra.Length} {(extra.Length == 1 ? "mask belongs" : "masks belong")} to no "
                    + $"picture ({Shown(extra)})"
            );
        }

        return found;
    }

    private static string Shown(string[] names) => string.Join(", ", names.Take(3)) + (names.Length > 3 ? ", …" : "");
}
