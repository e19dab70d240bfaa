using Forno.Torch;

namespace Forno.Tests.Torch;

public class TensorTests
{
    [Fact]
    public void ArithmeticIsThatOfLibtorch()
    {
        using var scope = new Scope();
        var a = Tensor.From<float>([1, 2, 3, 4], 2, 2);
        Tensor b = a * 2 + 1;
        Assert.Equal([3f, 5f, 7f, 9f], b.ToArray<float>());
        Assert.Equal([17f, 23f, 37f, 51f], a.MatMul(b).ToArray<float>());
        Assert.Equal([-2f, -3f, -4f, -5f], (-1.0 - a).ToArray<float>());
    }

    [Fact]
    public void MakingATensorOutsideAScopeThrows() => Assert.Throws<InvalidOperationException>(() => Tensor.Zeros([2]));

    [Fact]
    public void OperatorsNeverReturnTheirArgument()
    {
        using var scope = new Scope();
        var a = Tensor.Zeros([2, 3]);
        foreach (
            Tensor same in new[]
            {
                a.Contiguous(),
                a.Reshape(2, 3),
                a.To(DType.Float32),
                a.To(Device.Cpu),
                a.Flatten(1),
                a.View(2, 3),
            }
        )
        {
            Assert.NotSame(a, same);
            same.Dispose();
            Assert.Equal(6, a.Count);
        }
    }

    [Fact]
    public void FailuresNameOperatorShapesAndCause()
    {
        using var scope = new Scope();
        Tensor a = Tensor.Zeros([2, 3]),
            b = Tensor.Zeros([2, 3], DType.Int64);
        var e = Assert.Throws<TorchException>(() => a.MatMul(a));
        Assert.Contains("aten::matmul(f32[2, 3], f32[2, 3])", e.Message, StringComparison.Ordinal);
        Assert.Contains("mat1 and mat2 shapes cannot be multiplied", e.Message, StringComparison.Ordinal);
        Assert.Throws<TorchOutOfMemoryException>(() => Tensor.Empty([1L << 50]));
        Assert.Contains(
            "no operator aten::nonsense",
            Assert.Throws<TorchException>(() => Op.Find("aten::nonsense")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains("i64[2, 3]", b.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void RandnIsTorchsForTheSeed()
    {
        // torch.manual_seed(42); torch.randn(4): known numbers of the CPU generator.
        using var scope = new Scope();
        using var g = new Generator(42);
        float[] r = g.Randn(4).ToArray<float>();
        Assert.Equal([0.3367f, 0.1288f, 0.2345f, 0.2303f], r.Select(v => MathF.Round(v, 4)).ToArray());
    }

    [Fact]
    public void KeyedDrawsDoNotDependOnEachOther()
    {
        using var scope = new Scope();
        using Generator a = Rng.For(1, "noise", 3, 5),
            b = Rng.For(1, "noise", 3, 5),
            c = Rng.For(1, "noise", 3, 6);
        Assert.Equal(a.Randn(8).ToArray<float>(), b.Randn(8).ToArray<float>());
        Assert.NotEqual(b.Randn(8).ToArray<float>(), c.Randn(8).ToArray<float>());
    }

    [Fact]
    public void GeneratorStateReturns()
    {
        using var scope = new Scope();
        using var g = new Generator(7);
        g.Randn(5);
        byte[] state = g.State;
        float[] first = g.Randn(20).ToArray<float>();
        g.State = state;
        Assert.Equal(first, g.Randn(20).ToArray<float>());
    }

    [Fact]
    public unsafe void WrappedMemoryIsSharedAndReleased()
    {
        using var scope = new Scope();
        float[] data = GC.AllocateArray<float>(4, pinned: true);
        fixed (float* p = data)
        {
            var t = Tensor.Wrap(p, DType.Float32, [2, 2], data);
            data[3] = 9;
            Assert.Equal(9, t.Select(0, 1).Select(0, 1).Item());
        }
    }
}
