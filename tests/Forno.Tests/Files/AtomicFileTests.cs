using Forno.Files;

namespace Forno.Tests.Files;

public sealed class AtomicFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-io").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void WritesWholeOrNothing()
    {
        string path = Path.Combine(folder, "a.txt");
        AtomicFile.WriteText(path, "old");
        Assert.Throws<InvalidOperationException>(() =>
            AtomicFile.Write(
                path,
                stream =>
                {
                    stream.Write("half of the new"u8);
                    throw new InvalidOperationException();
                }
            )
        );
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder));

        AtomicFile.WriteText(path, "new");
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    public void KeepsModeAndFollowsLinks()
    {
        var (path, link) = (Path.Combine(folder, "a"), Path.Combine(folder, "link"));
        AtomicFile.WriteText(path, "old");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.CreateSymbolicLink(link, path);
        AtomicFile.WriteText(link, "new");
        Assert.Equal("new", File.ReadAllText(path));
        Assert.NotNull(new FileInfo(link).LinkTarget);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void RefusalsNameTheFile()
    {
        string path = Path.Combine(folder, "absent", "a");
        Assert.Contains(path, Assert.Throws<FornoException>(() => AtomicFile.WriteText(path, "")).Message);
        Directory.CreateDirectory(Path.Combine(folder, "taken"));
        Assert.Contains(
            "taken",
            Assert.Throws<FornoException>(() => AtomicFile.WriteText(Path.Combine(folder, "taken"), "")).Message
        );
        Assert.Single(Directory.GetFileSystemEntries(folder));
    }
}
