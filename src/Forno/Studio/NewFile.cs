namespace Forno.Studio;

/// <summary>Files that a job is about to write.</summary>
public static class NewFile
{
    /// <summary>Checks that a file may be written: it is not there, or may be overwritten.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="overwrite">Whether it may be there.</param>
    /// <exception cref="FornoException">It is there and may not be, or it is a folder.</exception>
    public static void RequireFree(string file, bool overwrite)
    {
        if (Directory.Exists(file))
        {
            throw FornoException.ForFile(file, "it is a folder", "Choose the name of a file.");
        }
        if (!overwrite && File.Exists(file))
        {
            throw FornoException.ForFile(file, "it exists already", "Choose another name, or overwrite it.");
        }
    }

    /// <summary>Makes the folder that it goes to.</summary>
    /// <exception cref="FornoException">The folder cannot be made.</exception>
    public static void MakeFolder(string file)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FornoException.ForFile(
                folder,
                $"the folder cannot be made ({e.Message})",
                "Choose another place, or set its permissions.",
                e
            );
        }
    }
}
