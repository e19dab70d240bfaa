namespace Forno.Kohya;

/// <summary>Which file a user means by the name of a training configuration.</summary>
public static class ConfigPath
{
    private const string Extension = ".toml";

    /// <summary>
    /// The configuration's full path. As with kohya's <c>--config_file</c> the name may leave <c>.toml</c> out; unlike
    /// there a file of just that name is taken where there is no other.
    /// </summary>
    /// <param name="name">What the user wrote.</param>
    /// <param name="workingFolder">What a relative name starts from; null = the current folder.</param>
    /// <exception cref="FornoException">There is no such file, the name may mean two, or it is no TOML's.</exception>
    public static string Find(string name, string? workingFolder = null)
    {
        string path = Path.GetFullPath(name, Path.GetFullPath(workingFolder ?? Directory.GetCurrentDirectory()));
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            throw new FornoException(
                $"{path}: JSON presets of other front ends are not yet supported; export kohya's TOML "
                    + "configuration from there"
            );
        }

        bool isFull = path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);
        if (isFull && File.Exists(path))
        {
            return path;
        }

        string longer = path + Extension;
        if (!isFull && File.Exists(longer))
        {
            string file = Path.GetFileName(path);
            return !File.Exists(path)
                ? longer
                : throw FornoException.ForFile(
                    path,
                    $"there is {file}{Extension} beside it, and the name may mean either",
                    $"Write {file}{Extension}, which kohya's trainer reads, or give the other a name of its own."
                );
        }

        return !isFull && File.Exists(path)
            ? path
            : throw FornoException.ForFile(
                path,
                Directory.Exists(path)
                    ? "this is a folder" + (isFull ? "" : $", and there is no {longer}")
                    : "there is no such file" + (isFull ? "" : $", and no {longer}"),
                "Check the name of the training configuration."
            );
    }
}
