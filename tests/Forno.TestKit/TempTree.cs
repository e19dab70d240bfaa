using System.Security.Cryptography;
using System.Text;

namespace Forno.TestKit;

/// <summary>A folder that goes away after the test.</summary>
internal sealed class TempTree : IDisposable
{
    public TempTree() => Root = Directory.CreateTempSubdirectory("forno-prepare-").FullName;

    public string Root { get; }

    public string this[string path] => Path.Join(Root, path);

    /// <summary>
    /// Every file, link and folder with its content, one a line, without Forno's own folders: equal texts are equal
    /// trees.
    /// </summary>
    public static string Picture(string root)
    {
        var lines = new List<string>();
        foreach (
            var entry in new DirectoryInfo(root).EnumerateFileSystemInfos(
                "*",
                new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }
            )
        )
        {
            string path = Path.GetRelativePath(root, entry.FullName);
            if (path.Split('/').Contains(".forno"))
            {
                continue;
            }

            lines.Add(
                path.Replace("\n", "\\n")
                    + " "
                    + (
                        entry.LinkTarget
                        ?? (
                            entry is DirectoryInfo
                                ? "folder"
                                : Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(entry.FullName)))
                        )
                    )
            );
        }

        lines.Sort(StringComparer.Ordinal);
        return string.Join('\n', lines);
    }

    public string Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    public string Write(string path, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[path])!);
        File.WriteAllBytes(this[path], bytes);
        return this[path];
    }

    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Join(to, Path.GetRelativePath(from, folder)));
        }

        foreach (
            string? file in Directory
                .EnumerateFiles(from, "*", SearchOption.AllDirectories)
                .Where(f => Path.GetFileName(f) != "lock")
        )
        {
            File.Copy(file, Path.Join(to, Path.GetRelativePath(from, file)));
        }
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
