using Forno.Checkpoints;
using Forno.Checkpoints.Pickle;
using Forno.TestKit;

namespace Forno.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-io").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("", "empty")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0", "zeros")]
    [InlineData("  \n<!DOCTYPE html><html>", "web page")]
    [InlineData("<HTML>", "web page")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", "git lfs pull")]
    [InlineData("{\"error\": \"Unauthorized\"}", "JSON")]
    [InlineData("GGUF\u0003\0\0\0", "GGUF")]
    [InlineData("just some text, nothing else", "not a whole safetensors file")]
    [InlineData("PK\u0003\u0004 cut off", "cut off")]
    public void WrongFilesAreNamed(string content, string why)
    {
        string path = Path.Combine(folder, "model.safetensors");
        File.WriteAllBytes(path, System.Text.Encoding.Latin1.GetBytes(content));
        string message = Assert.Throws<FornoException>(() => Checkpoint.Open(path)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(why, message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void AbsentFilesAndFoldersAreNamed()
    {
        Assert.Contains(
            "no such file",
            Assert.Throws<FornoException>(() => Checkpoint.Open(Path.Combine(folder, "no"))).Message
        );
        Assert.Contains("folder", Assert.Throws<FornoException>(() => Checkpoint.Open(folder)).Message);
    }

    [Fact]
    public void ContentDecidesNotTheName()
    {
        // A header of 0x227b bytes makes the file begin with {" as JSON texts do, one of 0x8b1f as gzip archives.
        foreach (int length in new[] { 0x227b, 0x8b1f })
        {
            string path = Path.Combine(folder, "model.ckpt");
            File.WriteAllBytes(
                path,
                [.. BitConverter.GetBytes((long)length), .. "{}"u8, .. Enumerable.Repeat((byte)' ', length - 2)]
            );
            using var file = Checkpoint.Open(path);
            Assert.IsType<SafetensorsFile>(file);
        }
    }

    [GoldenFact]
    public void GoldenFilesOfBothKindsOpen()
    {
        using var pickle = Checkpoint.Open(Path.Combine(Goldens.Suite("pickles"), "ok-params-ema", "net_g.pth"));
        Assert.IsType<PickleFile>(pickle);
        string legacy = Directory
            .EnumerateFiles(Path.Combine(Goldens.Suite("pickles"), "ok-legacy-proto4"))
            .Single(f =>
                !f.EndsWith(".json", StringComparison.Ordinal) && !f.EndsWith(".safetensors", StringComparison.Ordinal)
            );
        using var old = Checkpoint.Open(legacy);
        Assert.NotEmpty(old.Tensors);
    }
}
