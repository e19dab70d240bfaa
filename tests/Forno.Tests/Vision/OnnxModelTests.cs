using Forno.TestKit;
using Forno.Vision.Onnx;

namespace Forno.Tests.Vision;

/// <summary>
/// What networks rest on: ports, numbers in and out, files that are no models, runs that fail or are ended.
/// </summary>
public sealed class OnnxModelTests : IDisposable
{
    private readonly TempTree tree = new();

    public void Dispose() => tree.Dispose();

    [Fact]
    public void PortsMetadataAndVersionAreTheModelsOwn()
    {
        using var model = OnnxModel.Load(
            new OnnxFile()
                .Input("first", OnnxType.Float32, -1, 3, 4)
                .Input("second", OnnxType.Int64, 2)
                .Node("Identity", "first", "a")
                .Node("Identity", "second", "b")
                .Node("Shape", "first", "c")
                .Output("a", OnnxType.Float32, -1, 3, 4)
                .Output("b", OnnxType.Int64, 2)
                .Output("c", OnnxType.Int64, 3)
                .Property("classes", "cat,dog")
                .Property("ключ", "значение")
                .Save(tree["ports.onnx"])
        );
        Assert.Equal(["'first' (float32 [?, 3, 4])", "'second' (int64 [2])"], model.Inputs.Select(p => p.ToString()));
        Assert.Equal([-1L, 3, 4], model.Inputs[0].Shape);
        Assert.Equal(
            ["'a' (float32 [?, 3, 4])", "'b' (int64 [2])", "'c' (int64 [3])"],
            model.Outputs.Select(p => p.ToString())
        );
        Assert.Equal(
            "forno-tests graph tests.forno a model of a test 7",
            $"{model.Metadata.Producer} {model.Metadata.Graph} {model.Metadata.Domain} "
                + $"{model.Metadata.Description} {model.Metadata.Version}"
        );
        Assert.Equal("cat,dog", model.Metadata.Properties["classes"]);
        Assert.Equal("значение", model.Metadata.Properties["ключ"]);
        Assert.Equal(tree["ports.onnx"], model.Source);
        Assert.Matches(@"^1\.\d+\.\d+$", OnnxRuntime.Version);

        OnnxTensor[] got = model.Run(OnnxTensor.Of(new float[24], 2, 3, 4), OnnxTensor.Of([5L, -6L], 2));
        Assert.Equal([5L, -6L], got[1].Elements<long>().ToArray());
        Assert.Equal([2L, 3, 4], got[2].Elements<long>().ToArray());
        Assert.Equal([2L, 3, 4], got[0].Shape);
    }

    [Fact]
    public void AConvolutionGivesKnownNumbersAtAnySize()
    {
        // A 2×2 box with bias 1, then a sigmoid, then laid beside its own input's mean.
        using var model = OnnxModel.Load(
            new OnnxFile()
                .Input("x", OnnxType.Float32, 1, 1, -1, -1)
                .Weight("w", [1f, 10f, 100f, 1000f], 1, 1, 2, 2)
                .Weight("b", [1f], 1)
                .Node("Conv", "x w b", "y", ("strides", new long[] { 1, 1 }), ("pads", new long[] { 0, 0, 0, 0 }))
                .Node("ReduceMean", "x", "m", ("axes", new long[] { 1, 2, 3 }), ("keepdims", 0))
                .Output("y", OnnxType.Float32, 1, 1, -1, -1)
                .Output("m", OnnxType.Float32, 1)
                .Save(tree["conv.onnx"])
        );
        OnnxTensor[] got = model.Run(OnnxTensor.Of([1f, 2, 3, 4, 5, 6], 1, 1, 2, 3));
        Assert.Equal([5422f, 6533f], got[0].Floats.ToArray());
        Assert.Equal([1L, 1, 1, 2], got[0].Shape);
        Assert.Equal(3.5f, got[1].Floats[0]);
        Assert.Equal([1L, 1, 2, 1], model.Run(OnnxTensor.Of(new float[6], 1, 1, 3, 2))[0].Shape);
    }

    [Fact]
    public void HalvesBytesAndTheRestGoInAndOut()
    {
        Same([1f, -2.5f], OnnxType.Float32);
        Same([(Half)1, (Half)(-0.5f)], OnnxType.Float16);
        Same([1.5, double.Epsilon], OnnxType.Float64);
        Same([(byte)0, (byte)200], OnnxType.UInt8);
        Same([(sbyte)-7, (sbyte)5], OnnxType.Int8);
        Same([int.MinValue, 3], OnnxType.Int32);
        Same([long.MaxValue, -1], OnnxType.Int64);
        Same([true, false], OnnxType.Bool);

        void Same<T>(T[] values, OnnxType type)
            where T : unmanaged
        {
            using var model = OnnxModel.Load(
                new OnnxFile()
                    .Input("x", type, 2)
                    .Node("Identity", "x", "y")
                    .Output("y", type, 2)
                    .Save(tree["same.onnx"])
            );
            OnnxTensor got = Assert.Single(model.Run(OnnxTensor.Of(values, 2)));
            Assert.Equal(type, got.Type);
            Assert.Equal(values, got.Elements<T>().ToArray());
            Assert.Equal(2, got.ToFloats().Length);
        }
    }

    [Fact]
    public void WhatIsNoModelIsCalledByItsName()
    {
        byte[] whole = Small().ToArray();
        Fails("absent.onnx", null, "there is no such file");
        Fails("empty.onnx", [], "found an empty file");
        Fails(
            "lfs.onnx",
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"u8.ToArray(),
            "found a git-lfs pointer"
        );
        Fails("page.onnx", "<!doctype html><title>404</title>"u8.ToArray(), "found a text");
        Fails("zip.onnx", "PK\u0003\u0004rest of it"u8.ToArray(), "found a zip archive");
        Fails("png.onnx", TestPictures.Png(8, 8, 1), "something that no ONNX model has");
        Fails("random.onnx", [.. Enumerable.Range(0, 999).Select(i => (byte)(i * 77))], "an ONNX model was expected");
        Fails("cut.onnx", whole[..^40], "cut off");
        Fails("head.onnx", whole[..3], "cut off");
        Fails("nograph.onnx", whole[..2], "has no graph");
        Fails(
            "op.onnx",
            new OnnxFile()
                .Input("x", OnnxType.Float32, 1)
                .Node("Flambé", "x", "y")
                .Output("y", OnnxType.Float32, 1)
                .ToArray(),
            "Flambé"
        );
        Fails(
            "opset.onnx",
            new OnnxFile(opset: 999)
                .Input("x", OnnxType.Float32, 1)
                .Node("Identity", "x", "y")
                .Output("y", OnnxType.Float32, 1)
                .ToArray(),
            "999"
        );
        Fails(
            "data.onnx",
            new OnnxFile()
                .Input("x", OnnxType.Float32, 2)
                .WeightIn("weights.bin", "w", [1, 2], 2)
                .Node("Add", "x w", "y")
                .Output("y", OnnxType.Float32, 2)
                .ToArray(),
            "weights.bin"
        );

        // Damage inside the graph, wherever it is: a message, never a crash.
        for (int at = 4; at < whole.Length; at += 7)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 0x55;
            File.WriteAllBytes(tree["damaged.onnx"], damaged);
            try
            {
                OnnxModel.Load(tree["damaged.onnx"]).Dispose();
            }
            catch (FornoException e)
            {
                Assert.StartsWith(tree["damaged.onnx"], e.Message, StringComparison.Ordinal);
            }
        }

        void Fails(string name, byte[]? content, string says)
        {
            if (content is not null)
            {
                File.WriteAllBytes(tree[name], content);
            }

            string message = Assert.Throws<FornoException>(() => OnnxModel.Load(tree[name])).Message;
            Assert.StartsWith(tree[name], message, StringComparison.Ordinal);
            Assert.True(message.Contains(says, StringComparison.Ordinal), message);
        }
    }

    [Fact]
    public void WrongInputsAreRefusedWithWhatIsWanted()
    {
        using var model = OnnxModel.Load(Small().Save(tree["small.onnx"]));
        Fails(
            "takes 1 input ('x' (float32 [?, 3])), not 2",
            OnnxTensor.Of(new float[3], 1, 3),
            OnnxTensor.Of(new float[3], 1, 3)
        );
        Fails("takes 1 input");
        Fails("'x' (float32 [?, 3]) cannot take uint8 [1, 3]", OnnxTensor.Of(new byte[3], 1, 3));
        Fails("cannot take float32 [1, 4]", OnnxTensor.Of(new float[4], 1, 4));
        Fails("cannot take float32 [3]", OnnxTensor.Of(new float[3], 3));
        Assert.Equal([0.5f, 0.5f, 0.5f], model.Run(OnnxTensor.Of(new float[3], 1, 3))[0].Floats.ToArray());
        Assert.Throws<ArgumentException>(() => OnnxTensor.Of(new float[3], 2, 2));
        Assert.Throws<InvalidOperationException>(() => OnnxTensor.Of(new sbyte[1], 1).Elements<byte>().Length);

        void Fails(string says, params OnnxTensor[] inputs)
        {
            string message = Assert.Throws<FornoException>(() => model.Run(inputs)).Message;
            Assert.StartsWith(model.Source, message, StringComparison.Ordinal);
            Assert.Contains(says, message);
        }
    }

    [Fact]
    public void ARunThatFailsInsideNamesTheFileAndTheModelLivesOn()
    {
        using var model = OnnxModel.Load(
            new OnnxFile()
                .Input("x", OnnxType.Float32, -1)
                .Weight("s", [2L, 3L], 2)
                .Node("Reshape", "x s", "y")
                .Output("y", OnnxType.Float32, 2, 3)
                .Save(tree["reshape.onnx"])
        );
        Assert.StartsWith(
            model.Source,
            Assert.Throws<FornoException>(() => model.Run(OnnxTensor.Of(new float[5], 5))).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(6, model.Run(OnnxTensor.Of(new float[6], 6))[0].Count);
    }

    [Fact]
    public void ManyThreadsMayRunOneModelAndATokenStopsIt()
    {
        using var model = OnnxModel.Load(Small().Save(tree["small.onnx"]), threads: 2);
        Parallel.For(
            0,
            200,
            i =>
            {
                float[] x = [i, -i, 0];
                Assert.Equal(1 / (1 + MathF.Exp(-i)), model.Run(OnnxTensor.Of(x, 1, 3))[0].Floats[0], 5);
            }
        );
        using CancellationTokenSource stop = new();
        Assert.Single(model.Run(stop.Token, OnnxTensor.Of(new float[3], 1, 3)));
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => model.Run(stop.Token, OnnxTensor.Of(new float[3], 1, 3)));
    }

    [Fact]
    public void ALongRunIsEndedInTheMidst()
    {
        // Many large products in a row: half a second or more if nobody stops it.
        OnnxFile file = new OnnxFile().Input("x", OnnxType.Float32, 512, 512);
        for (int i = 0; i < 400; i++)
        {
            file.Node("MatMul", $"x{(i == 0 ? "" : i)} x", $"x{i + 1}");
        }

        using var model = OnnxModel.Load(file.Output("x400", OnnxType.Float32, 512, 512).Save(tree["long.onnx"]));
        using CancellationTokenSource stop = new();
        Thread stopper = new(() =>
        {
            Thread.Sleep(30); // a timer would wait for a thread of the pool, which other tests may hold
            stop.Cancel();
        });
        stopper.Start();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            model.Run(stop.Token, OnnxTensor.Of(new float[512 * 512], 512, 512))
        );
        stopper.Join();
    }

    [Fact]
    public void ADisposedModelRefusesToRun()
    {
        var model = OnnxModel.Load(Small().Save(tree["small.onnx"]));
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Run(OnnxTensor.Of(new float[3], 1, 3)));
    }

    private static OnnxFile Small() =>
        new OnnxFile()
            .Input("x", OnnxType.Float32, -1, 3)
            .Node("Sigmoid", "x", "y")
            .Output("y", OnnxType.Float32, -1, 3);
}
