using System.IO.Compression;
using Forno.Workspace;

namespace Forno.Datasets.Import;

/// <summary>
/// Takes the pictures, films and captions out of zip archives that nobody vouches for: names that leave the folder are
/// refused, bombs stop at a bound on what may come out, archives within archives are opened to a depth of three.
/// </summary>
/// <param name="folder">Where the files go; archives within an archive add to it.</param>
/// <param name="wanted">Which names are taken.</param>
internal sealed class ZipUnpacker(string folder, Func<string, bool> wanted)
{
    private const int MostEntries = 200_000,
        MostDepth = 3;
    private const long FreeBytes = 64 << 20,
        MostRatio = 100; // pictures hardly compress; plain bitmaps of one colour may

    private long left;

    /// <summary>What was not taken out, and why; files are named <c>archive/entry</c>.</summary>
    public List<Problem> Problems { get; } = [];

    /// <summary>Whether a name is an archive's.</summary>
    public static bool IsZipName(string file) => Path.GetExtension(file).ToLowerInvariant() is ".zip" or ".cbz";

    /// <summary>Unpacks an archive.</summary>
    /// <param name="archive">Its path.</param>
    /// <param name="shown">What the user knows it as.</param>
    /// <param name="cancel">Stops it.</param>
    public void Unpack(string archive, string shown, CancellationToken cancel)
    {
        left = FreeBytes + (MostRatio * new FileInfo(archive).Length);
        Unpack(archive, shown, 1, cancel);
    }

    private void Unpack(string archive, string shown, int depth, CancellationToken cancel)
    {
        try
        {
            using var zip = ZipFile.OpenRead(archive);
            if (zip.Entries.Count > MostEntries)
            {
                Problems.Add(
                    new Problem(shown, $"it has {zip.Entries.Count} files; at most {MostEntries} are unpacked")
                );
                return;
            }

            foreach (var entry in zip.Entries)
            {
                cancel.ThrowIfCancellationRequested();
                string name = entry.FullName.Replace('\\', '/');
                if (name.EndsWith('/') || !wanted(name))
                {
                    continue;
                }

                try
                {
                    One(entry, name, shown, depth, cancel);
                }
                catch (Exception e)
                    when (e
                            is InvalidDataException
                                or IOException
                                or NotSupportedException
                                or UnauthorizedAccessException
                    )
                {
                    Problems.Add(new Problem($"{shown}/{name}", $"cannot be unpacked ({e.Message})"));
                }
            }
        }
        catch (TooMuchException)
        {
            Problems.Add(new Problem(shown, "it unpacks to far more than pictures could; the rest of it is left out"));
        }
        catch (Exception e)
            when (e is InvalidDataException or IOException or UnauthorizedAccessException or NotSupportedException)
        {
            Problems.Add(new Problem(shown, $"not an archive that can be read ({e.Message})"));
        }
    }

    private void One(ZipArchiveEntry entry, string name, string shown, int depth, CancellationToken cancel)
    {
        string target;
        try
        {
            target = RelativePath.Full(folder, name);
        }
        catch (FornoException)
        {
            Problems.Add(new Problem($"{shown}/{name}", "its name leaves the archive"));
            return;
        }

        if (IsZipName(name) && depth >= MostDepth)
        {
            Problems.Add(new Problem($"{shown}/{name}", $"an archive within {depth} archives; not opened"));
            return;
        }

        if (RelativePath.Taken(target))
        {
            Problems.Add(new Problem($"{shown}/{name}", "the archive has this name twice; the first one is used"));
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        using (var input = entry.Open())
        using (var output = new FileStream(target, FileMode.CreateNew))
        {
            byte[] buffer = new byte[1 << 16];
            for (int count; (count = input.Read(buffer)) > 0; )
            {
                left -= count;
                if (left < 0)
                {
                    File.Delete(target);
                    throw new TooMuchException();
                }

                output.Write(buffer, 0, count);
            }
        }

        if (IsZipName(name))
        {
            var inner = new ZipUnpacker(Path.GetDirectoryName(target)!, wanted) { left = left };
            inner.Unpack(target, $"{shown}/{name}", depth + 1, cancel);
            left = inner.left;
            Problems.AddRange(inner.Problems);
            File.Delete(target);
        }
    }

    private sealed class TooMuchException : Exception;
}
