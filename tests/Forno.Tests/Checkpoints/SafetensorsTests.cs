using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Torch;

namespace Forno.Tests.Checkpoints;

public sealed class SafetensorsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-io").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void LayoutIsTheReferenceLibrarys()
    {
        // Known answer: F32 before F16, then names by bytes; metadata first; header padded to 8 bytes.
        string path = File_();
        SafetensorsWriter.Write(
            path,
            [
                TensorToWrite.From("b", ElementType.F16, [1], new byte[] { 1, 2 }),
                TensorToWrite.From("z", ElementType.F32, [1], new byte[] { 3, 4, 5, 6 }),
                TensorToWrite.From("a", ElementType.F16, [], new byte[] { 7, 8 }),
            ],
            new Dictionary<string, string> { ["k"] = "\"\\\n\u0001é" }
        );
        const string Json =
            "{\"__metadata__\":{\"k\":\"\\\"\\\\\\n\\u0001é\"},"
            + "\"z\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            + "\"a\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[4,6]},"
            + "\"b\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[6,8]}}";
        byte[] header = Encoding.UTF8.GetBytes(Json);
        int padded = (header.Length + 7) / 8 * 8;
        byte[] want = new byte[8 + padded + 8];
        want.AsSpan(8, padded).Fill((byte)' ');
        BinaryPrimitives.WriteInt64LittleEndian(want, padded);
        header.CopyTo(want, 8);
        new byte[] { 3, 4, 5, 6, 7, 8, 1, 2 }.CopyTo(want, 8 + padded);
        Assert.Equal(want, File.ReadAllBytes(path));
    }

    [Fact]
    public void GoesAroundForEveryTypeAndName()
    {
        var random = new Random(1);
        var tensors = Enum.GetValues<ElementType>()
            .Select(type =>
            {
                byte[] bytes = new byte[6 * type.Size()];
                random.NextBytes(bytes);
                return (Name: $"tensor \"{type}\" \\ \t \u007f 🍞 é", Type: type, Bytes: bytes);
            })
            .ToArray();
        var metadata = new Dictionary<string, string> { [""] = "", ["naïve"] = "\r\n\b\f\u001f" };
        SafetensorsWriter.Write(
            File_(),
            tensors.Select(t => TensorToWrite.From(t.Name, t.Type, [2, 3], t.Bytes)).ToArray(),
            metadata
        );
        using var file = SafetensorsFile.Open(File_());
        Assert.Equal(metadata, file.Metadata);
        foreach (var (name, type, bytes) in tensors)
        {
            Assert.Equal(type, file.Tensors[name].Type);
            Assert.Equal([2, 3], file.Tensors[name].Shape);
            Assert.Equal(bytes, file.ReadBytes(name));
        }
    }

    [Fact]
    public void EqualContentGivesEqualFiles()
    {
        var forward = Enumerable
            .Range(0, 50)
            .Select(i => TensorToWrite.From($"t{i}", i % 2 == 0 ? ElementType.F32 : ElementType.BF16, [0], default))
            .ToArray();
        var pairs = Enumerable.Range(0, 20).Select(i => new KeyValuePair<string, string>($"k{i}", "v")).ToArray();
        SafetensorsWriter.Write(File_("a"), forward, new Dictionary<string, string>(pairs));
        SafetensorsWriter.Write(File_("b"), [.. forward.Reverse()], new Dictionary<string, string>(pairs.Reverse()));
        Assert.Equal(File.ReadAllBytes(File_("a")), File.ReadAllBytes(File_("b")));
    }

    [Fact]
    public void WrongNumberOfBytesLeavesTheOldFile()
    {
        File.WriteAllText(File_(), "old");
        var short_ = TensorToWrite.From("t", ElementType.F32, [2], new byte[4]);
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(File_(), [short_]));
        Assert.Equal("old", File.ReadAllText(File_()));
        var twice = TensorToWrite.From("t", ElementType.U8, [0], default);
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(File_(), [twice, twice]));
    }

    [Theory]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, true)]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, false)]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 3, false)]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""",
        3,
        false
    )]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}""",
        3,
        false
    )]
    [InlineData("""{"t":{"dtype":"U8","shape":[18446744073709551615,2],"data_offsets":[0,4]}}""", 4, false)]
    [InlineData("""{"t":{"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}""", 0, false)]
    [InlineData("""{"t":{"dtype":"U8","shape":[1],"data_offsets":[18446744073709551615,0]}}""", 0, false)]
    [InlineData("""{"t":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}""", 1, false)]
    [InlineData(
        """{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0074":"""
            + """{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}""",
        1,
        false
    )]
    [InlineData("""{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"dtype":"U8"}}""", 1, false)]
    [InlineData("""{"__metadata__":{"a":"1"},"__metadata__":{}}""", 0, false)]
    [InlineData("""{"__metadata__":{"\ud800":"1"}}""", 0, false)]
    [InlineData("""{} {}""", 0, false)]
    [InlineData("""{}""", 0, true)]
    public void HeadersAreChecked(string header, int dataLength, bool valid)
    {
        Write(header, dataLength);
        if (valid)
        {
            SafetensorsFile.Open(File_()).Dispose();
        }
        else
        {
            Assert.StartsWith(
                File_(),
                Assert.Throws<FornoException>(() => SafetensorsFile.Open(File_())).Message,
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public void DamagedFilesNeverCrash()
    {
        SafetensorsWriter.Write(
            File_(),
            [TensorToWrite.From("tensor", ElementType.F32, [3], new byte[12])],
            new Dictionary<string, string> { ["k"] = "v" }
        );
        byte[] whole = File.ReadAllBytes(File_());
        var random = new Random(2);
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = whole.AsSpan(0, random.Next(4) == 0 ? random.Next(whole.Length) : whole.Length).ToArray();
            for (int j = random.Next(4); j > 0 && bytes.Length > 0; j--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(File_(), bytes);
            try
            {
                using var file = SafetensorsFile.Open(File_());
                Assert.All(file.Tensors.Keys, name => file.ReadBytes(name));
            }
            catch (FornoException)
            {
                // refused is right, anything else is not
            }
        }
    }

    [Fact]
    public void TwoGigabytesOpenInUnderASecond()
    {
        // Sparse: costs no disk, but any reading or copying of the data would take seconds and gigabytes.
        const long Data = 2L << 30;
        string header = $$"""{"t":{"dtype":"F16","shape":[1024,1048576],"data_offsets":[0,{{Data}}] } }""";
        Write(header, 0);
        using (var stream = new FileStream(File_(), FileMode.Open))
        {
            stream.SetLength(stream.Length + Data);
        }

        var watch = Stopwatch.StartNew();
        using var file = SafetensorsFile.Open(File_());
        Assert.True(file.TryGetAddress("t", out _, out _));
        Assert.True(watch.Elapsed.TotalSeconds < 1, $"took {watch.Elapsed}");
    }

    [Fact]
    public void TensorsAreSharedWithThePrivateMap()
    {
        SafetensorsWriter.Write(File_(), [TensorToWrite.From("t", ElementType.F32, [2], new byte[8])]);
        byte[] before = File.ReadAllBytes(File_());
        using var scope = new Scope();
        Tensor tensor;
        using (var file = SafetensorsFile.Open(File_()))
        {
            tensor = file.Load("t");
            tensor.AsSpan<float>()[0] = 3;
            Assert.Equal(3, file.Load("t").AsSpan<float>()[0]);
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal([3f, 0f], tensor.ToArray<float>());
        Assert.Equal(before, File.ReadAllBytes(File_()));
    }

    [Fact]
    public void TensorsGoOutAndInWithConversion()
    {
        using var scope = new Scope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.From([1f, -2.5f, 65504f], 3),
            ["i"] = Tensor.From([1L, 2L], 2),
        };
        SafetensorsWriter.Write(File_(), tensors, null, DType.Float16);
        using var file = SafetensorsFile.Open(File_());
        Assert.Equal((ElementType.F16, ElementType.I64), (file.Tensors["x"].Type, file.Tensors["i"].Type));
        Assert.Equal(DType.Float16, file.Load("x").DType);
        Assert.Equal([1f, -2.5f, 65504f], file.Load("x", DType.Float32).AsSpan<float>().ToArray());
        Assert.Contains("'y'", Assert.Throws<FornoException>(() => file.Load("y")).Message);
    }

    private string File_(string name = "file") => Path.Combine(folder, name);

    private void Write(string header, int dataLength)
    {
        byte[] bytes = new byte[8 + Encoding.UTF8.GetByteCount(header) + dataLength];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Encoding.UTF8.GetBytes(header, bytes.AsSpan(8)));
        File.WriteAllBytes(File_(), bytes);
    }
}
