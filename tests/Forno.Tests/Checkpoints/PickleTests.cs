using System.IO.Compression;
using System.Text;
using Forno.Checkpoints.Pickle;
using Forno.Checkpoints.Sources;

namespace Forno.Tests.Checkpoints;

public sealed class PickleTests : IDisposable
{
    private const string Tensor =
        "ctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\00X"
        + "\u0003\0\0\0cpuK\u0004tQK\0K\u0002K\u0002\u0086K\u0002K\u0001\u0086\u0089ccollections\nOrderedDict\n)RtR";
    private readonly string folder = Directory.CreateTempSubdirectory("forno-io").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void ReadsATensorByPath()
    {
        using var file = Open("\u0080\u0002}X\u0001\0\0\0w" + Tensor + "s.");
        Assert.Equal("w F32 [2, 2]", Assert.Single(file.Tensors).Value.ToString());
        Assert.Equal([1f, 2f, 3f, 4f], Floats(file.ReadBytes("w")));
        Assert.True(file.TryGetAddress("w", out nint address, out _));
        Assert.NotEqual(0, address);
    }

    [Fact]
    public void StridesAreGathered()
    {
        // [2, 2] with strides (1, 2): the transposed storage
        using var file = Open(
            "\u0080\u0002}X\u0001\0\0\0w"
                + Tensor.Replace("K\u0002K\u0001\u0086\u0089", "K\u0001K\u0002\u0086\u0089")
                + "s."
        );
        Assert.Equal([1f, 3f, 2f, 4f], Floats(file.ReadBytes("w")));
        Assert.False(file.TryGetAddress("w", out _, out _));
    }

    [Theory]
    [InlineData("cos\nsystem\n.")]
    [InlineData("cos\nsystem\n0N.")]
    [InlineData("(ios\nsystem\n.")]
    [InlineData("X\u0002\0\0\0osX\u0006\0\0\0system\u0093.")]
    [InlineData("cdatetime\ndatetime.now\n.")]
    [InlineData("cpathlibx\nPath\n.")]
    [InlineData("ctorch\nload\n.")]
    [InlineData("cbuiltins\ngetattr\n.")]
    public void ForbiddenGlobalsAreRefusedWhenNamed(string pickle) => Refused(pickle, "could run code");

    [Theory]
    [InlineData("cbuiltins\nbytes\nM\u00ff\u00ff\u0085R.")] // bytes(n) makes n zeros
    [InlineData("cbuiltins\nlist\ncbuiltins\nrange\nJ\u00ff\u00ff\u00ff\u007f\u0085R\u0085R.")] // list(range(2**31))
    [InlineData("cbuiltins\nint\nctorch\nfloat32\n\u0085R.")]
    [InlineData("c_codecs\nencode\nX\u0001\0\0\0aX\u0005\0\0\0rot13\u0086R.")]
    [InlineData("cnumpy\ndtype\nX\u0005\0\0\0f8,O8K\0K\u0001\u0087R.")]
    [InlineData("cnumpy\ndtype\ncbuiltins\nobject\n\u0085R.")]
    [InlineData("ccollections\ndefaultdict\nctorch._utils\n_rebuild_tensor\n\u0085R.")]
    [InlineData("ctorch\nFloatStorage\nK\u0004\u0085R.")]
    [InlineData("]]\u0085R.")]
    [InlineData("}N}bb.")]
    [InlineData("\u0095\u00ff\u00ff\u00ff\u00ff\0\0\0\0N.")]
    [InlineData("}]Ns.")]
    [InlineData("}]\u0085\u0085Ns.")] // a list deep inside a tuple used as a key
    public void MisuseIsRefused(string pickle) => Refused(pickle, "refused as a PyTorch file");

    [Fact]
    public void BombsAreRefusedQuickly()
    {
        Refused(new string(']', 200_000) + new string('a', 199_999) + ".", "nested deeper"); // lists in lists
        Refused(
            string.Concat(Enumerable.Repeat("]q\0", 1))
                + string.Concat(Enumerable.Range(0, 28).Select(_ => "]q\u0001(h\0h\0e0h\u0001q\0"))
                + ".",
            "parts"
        );
        Refused("\u0080\u0002" + string.Concat(Enumerable.Repeat("N0", 2_000_000)) + "N.", "too many steps");
        Refused(
            "](K\u0001K\u0002eq\00cbuiltins\nlist\nq\u00010h\0"
                + string.Concat(Enumerable.Repeat("h\u0001h\0\u0085R0", 600_000))
                + ".",
            ""
        );
    }

    [Fact]
    public void DamagedFilesNeverCrash()
    {
        Write("\u0080\u0002}X\u0001\0\0\0w" + Tensor + "s.", CompressionLevel.NoCompression);
        byte[] whole = File.ReadAllBytes(File_);
        var random = new Random(3);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = whole.AsSpan(0, random.Next(8) == 0 ? random.Next(whole.Length) : whole.Length).ToArray();
            for (int j = random.Next(3); j > 0 && bytes.Length > 0; j--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(File_, bytes);
            try
            {
                using var file = PickleFile.Open(File_);
                Assert.All(file.Tensors.Keys, name => file.ReadBytes(name));
            }
            catch (FornoException)
            {
                // refused is right, anything else is not
            }
        }
    }

    [Fact]
    public void DeflatedStoragesAreRead()
    {
        using var file = Open("\u0080\u0002}X\u0001\0\0\0w" + Tensor + "s.", CompressionLevel.Optimal);
        Assert.Equal([1f, 2f, 3f, 4f], Floats(file.ReadBytes("w")));
    }

    private string File_ => Path.Combine(folder, "m.pt");

    private static float[] Floats(byte[] bytes) =>
        Enumerable.Range(0, bytes.Length / 4).Select(i => BitConverter.ToSingle(bytes, i * 4)).ToArray();

    private void Refused(string pickle, string why)
    {
        Write(pickle, CompressionLevel.NoCompression);
        var e = Assert.Throws<FornoException>(() => PickleFile.Open(File_));
        Assert.StartsWith(File_, e.Message, StringComparison.Ordinal);
        Assert.Contains(why, e.Message, StringComparison.Ordinal);
    }

    private PickleFile Open(string pickle, CompressionLevel level = CompressionLevel.NoCompression)
    {
        Write(pickle, level);
        return PickleFile.Open(File_);
    }

    private void Write(string pickle, CompressionLevel level)
    {
        File.Delete(File_);
        using var zip = ZipFile.Open(File_, ZipArchiveMode.Create);
        using (var stream = zip.CreateEntry("archive/data.pkl", level).Open())
        {
            stream.Write(Encoding.Latin1.GetBytes(pickle));
        }

        using (var stream = zip.CreateEntry("archive/data/0", level).Open())
        {
            stream.Write(new[] { 1f, 2f, 3f, 4f }.SelectMany(BitConverter.GetBytes).ToArray());
        }
    }
}
