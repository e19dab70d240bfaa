using System.Diagnostics;
using Forno.Cli.Terminal;
using Forno.Files;

namespace Forno.Cli.Setup;

/// <summary>Gets the data packages that a command needs, on first need.</summary>
internal static class AssetFetch
{
    /// <summary>
    /// Fetches the packages that are not there yet; says so, since it takes the network and a moment.
    /// </summary>
    /// <param name="cli">Where to say it.</param>
    /// <param name="packages">Names of <c>assets/packages.txt</c>.</param>
    /// <exception cref="FornoException">They cannot be fetched.</exception>
    public static void Ensure(CommandHost cli, params string[] packages)
    {
        string folder =
            Assets.Folder()
            ?? throw new FornoException("Forno's folder is not found; start by ./forno, or set FORNO_HOME");
        Ensure(cli, folder, packages);
    }

    /// <inheritdoc cref="Ensure(CommandHost, string[])"/>
    /// <param name="cli">Where to say it.</param>
    /// <param name="folder">The folder of fetched packages.</param>
    /// <param name="packages">Names of <c>assets/packages.txt</c>.</param>
    public static void Ensure(CommandHost cli, string folder, string[] packages)
    {
        string[] missing = [.. packages.Where(p => !Directory.Exists(Path.Combine(folder, p)))];
        if (missing.Length == 0)
        {
            return;
        }

        string script = Assets.Home() is { } home ? Path.Combine(home, "assets", "fetch.sh") : "assets/fetch.sh";
        if (!File.Exists(script))
        {
            throw new FornoException(
                $"{folder}: {string.Join(", ", missing)} not there, and neither is {script}, which fetches "
                    + "them; start by ./forno"
            );
        }

        cli.Error.WriteLine($"fetching {string.Join(", ", missing)}");
        ProcessStartInfo start = new("bash", [script, .. missing])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["FORNO_ASSETS"] = Path.GetFullPath(folder);
        using Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new FornoException($"{script} failed: {errors.Trim()}");
        }
    }
}
