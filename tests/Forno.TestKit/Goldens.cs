using System.Runtime.CompilerServices;

namespace Forno.TestKit;

/// <summary>Finds the reference goldens: FORNO_GOLDENS, or <c>../shared/goldens</c> beside the repository.</summary>
internal static class Goldens
{
    public const string WhyAbsent =
        "the reference goldens are not on this machine (FORNO_GOLDENS or ../shared/goldens)";

    public static string? Folder { get; } = Find();

    public static string RepositoryRoot { get; } = Root();

    /// <summary>The folder of a suite; only in tests that GoldenFact or GoldenTheory guards.</summary>
    public static string Suite(string name) =>
        Path.Combine(Folder ?? throw new InvalidOperationException(WhyAbsent), name);

    private static string? Find()
    {
        string folder = Environment.GetEnvironmentVariable("FORNO_GOLDENS") is { Length: > 0 } set
            ? set
            : Path.GetFullPath("../shared/goldens", Root());
        return Directory.Exists(folder) ? folder : null;
    }

    // This file lies two folders below the root; its path is known from the compilation.
    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath("../..", Path.GetDirectoryName(here)!);
}

/// <summary>A test that needs the goldens; counted as skipped where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GoldenFactAttribute : FactAttribute
{
    public GoldenFactAttribute() => Skip = Goldens.Folder is null ? Goldens.WhyAbsent : null;
}

/// <summary>A theory that needs the goldens; counted as skipped where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GoldenTheoryAttribute : TheoryAttribute
{
    public GoldenTheoryAttribute() => Skip = Goldens.Folder is null ? Goldens.WhyAbsent : null;
}
