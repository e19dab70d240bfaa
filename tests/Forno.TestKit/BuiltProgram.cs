using System.Diagnostics;

namespace Forno.TestKit;

/// <summary>The program as it was built, in a process of its own.</summary>
internal static class BuiltProgram
{
    /// <summary>Runs it to its end.</summary>
    public static (int Code, string Output, string Error) Run(params string[] args)
    {
        using Process process = Start(args);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    /// <summary>Starts it.</summary>
    public static Process Start(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Join(AppContext.BaseDirectory, "forno-cli.dll"), .. args])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["XDG_CACHE_HOME"] = Path.Join(Path.GetTempPath(), "forno-tests-cache");
        return Process.Start(start)!;
    }
}
