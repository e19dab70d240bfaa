using System.Globalization;

namespace Forno.Workspace;

/// <summary>Paths within a data set: relative, with <c>/</c> between the parts, never leaving the folder.</summary>
public static class RelativePath
{
    /// <summary>The full path of a file of a folder.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="path">The path within it.</param>
    /// <exception cref="FornoException">The path is absolute, has <c>..</c> in it, is empty or lies in
    /// <c>.forno</c>.</exception>
    public static string Full(string root, string path)
    {
        string[] parts = path.Split('/');
        string? wrong =
            path.Length == 0 ? "it is empty"
            : path[0] == '/' || Path.IsPathRooted(path) ? "it is absolute"
            : path.Contains('\0', StringComparison.Ordinal) ? "it contains a zero byte"
            : parts.Any(p => p is "" or "." or "..") ? "it leaves the folder or names none"
            : parts[0] == WorkFolder.Hidden ? "it is Forno's own folder"
            : null;
        return wrong is null
            ? Path.Join(root, path)
            : throw new FornoException($"'{path}' cannot be a file of a data set: {wrong}");
    }

    /// <summary>The path of a file within a folder that holds it.</summary>
    public static string Of(string root, string full) =>
        Path.GetRelativePath(root, full).Replace(Path.DirectorySeparatorChar, '/');

    /// <summary>The folder part, without a slash at its end; empty for a file at the top.</summary>
    public static string Folder(string path) => path.LastIndexOf('/') is >= 0 and var at ? path[..at] : "";

    /// <summary>The last part.</summary>
    public static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>The last part without its extension.</summary>
    public static string Stem(string path) => Path.GetFileNameWithoutExtension(Name(path));

    /// <summary>A name in a folder, which may be empty.</summary>
    public static string Join(string folder, string name) =>
        folder.Length == 0 ? name
        : name.Length == 0 ? folder
        : $"{folder}/{name}";

    /// <summary>The same path with another extension, given with its dot.</summary>
    public static string WithExtension(string path, string extension) => Join(Folder(path), Stem(path) + extension);

    /// <summary>N of a folder name in kohya's form <c>N_name</c>, else null.</summary>
    public static int? Repeats(string folderName) =>
        folderName.IndexOf('_', StringComparison.Ordinal) is > 0 and var at
        && int.TryParse(folderName.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out int n)
            ? n
            : null;

    /// <summary>Whether something has this name, be it a file, a folder or a link that leads nowhere.</summary>
    internal static bool Taken(string full) => Path.Exists(full) || new FileInfo(full).LinkTarget is not null;

    /// <summary>Whether a path lies in a folder and no link on the way leads out of it.</summary>
    internal static bool StaysInside(string root, string full)
    {
        string relative = Path.GetRelativePath(root, full);
        if (relative is ".." || relative.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(relative))
        {
            return false;
        }

        string at = root;
        foreach (string part in relative.Split(Path.DirectorySeparatorChar))
        {
            at = Path.Join(at, part);
            if (new FileInfo(at).LinkTarget is not null)
            {
                return false;
            }
        }

        return true;
    }
}
