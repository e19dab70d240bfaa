using Forno.Files;

namespace Forno.Tests.Files;

public sealed class SmallFileTests : IDisposable
{
    private const int Most = 200_000;
    private readonly string folder = Directory.CreateTempSubdirectory("forno-small-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300)]
    [InlineData(16_383)]
    [InlineData(16_384)]
    [InlineData(16_385)]
    [InlineData(Most)]
    public void FilesAreReadWhole(int size)
    {
        byte[] bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        string file = Path.Combine(folder, "größe 1.txt");
        File.WriteAllBytes(file, bytes);
        byte[] read = SmallFile.Read(file, Most, out long length);
        Assert.Equal(bytes, read[..(int)length]);
    }

    [Fact]
    public void LongFilesAreNotReadAndAbsentOnesThrow()
    {
        string file = Path.Combine(folder, "long.txt");
        File.WriteAllBytes(file, new byte[Most + 1]);
        Assert.Empty(SmallFile.Read(file, Most, out long length));
        Assert.Equal(Most + 1, length);
        Assert.Throws<FileNotFoundException>(() => SmallFile.Read(Path.Combine(folder, "absent.txt"), Most, out _));
        Assert.Throws<UnauthorizedAccessException>(() => SmallFile.Read(folder, Most, out _)); // a folder
    }
}
