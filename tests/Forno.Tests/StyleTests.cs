using Forno.TestKit;

namespace Forno.Tests;

/// <summary>What the build does not hold of the style: sizes of files, lines and folders.</summary>
public class StyleTests
{
    private const int MostLines = 500,
        MostColumns = 120,
        MostFiles = 26;

    private static readonly string[] Files =
    [
        .. ((string[])["src", "native", "tests", "bench"])
            .SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(Goldens.RepositoryRoot, folder), "*", SearchOption.AllDirectories)
            )
            .Where(f =>
                Path.GetExtension(f) is ".cs" or ".cpp" or ".h"
                && !f.Split('/').Intersect(["obj", "bin", "build"]).Any()
            ),
    ];

    [Fact]
    public void NoFileIsLong() => Assert.DoesNotContain(Files, f => File.ReadLines(f).Count() > MostLines);

    [Fact]
    public void NoLineIsWide() =>
        Assert.Empty(
            Files.SelectMany(f =>
                File.ReadLines(f)
                    .Select((line, i) => (line, i))
                    .Where(l => l.line.Length > MostColumns)
                    .Select(l => $"{f}:{l.i + 1}")
            )
        );

    [Fact]
    public void NoFolderIsCrowded()
    {
        Assert.True(Files.Length > 500);
        Assert.Empty(
            Files.GroupBy(Path.GetDirectoryName).Where(g => g.Count() > MostFiles).Select(g => $"{g.Key}: {g.Count()}")
        );
    }
}
