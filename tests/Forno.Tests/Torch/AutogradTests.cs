using Forno.Torch;

namespace Forno.Tests.Torch;

[Collection(Alone.Name)]
public class AutogradTests
{
    [Fact]
    public void BackwardFillsTheLeaves()
    {
        using var scope = new Scope();
        var x = Tensor.From<float>([1, 2, 3], 3);
        x.RequiresGrad = true;
        Autograd.Backward((x * x).Sum());
        Assert.Equal([2f, 4f, 6f], x.Grad!.ToArray<float>());
        using (Autograd.NoGrad())
        {
            Assert.False((x * 2).RequiresGrad);
        }
        Assert.True((x * 2).RequiresGrad);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void CheckpointedSegmentsGiveTheSameGradients(bool inputNeedsGrad)
    {
        using var scope = new Scope();
        using Generator g = Rng.For(0, "test");
        float[] xs = g.Randn(4, 8).ToArray<float>(),
            ws = g.Randn(8, 8).ToArray<float>();
        float[][] Run(bool checkpoint)
        {
            using var inner = new Scope();
            Tensor x = Tensor.From(xs, 4, 8),
                w = Tensor.From(ws, 8, 8);
            w.RequiresGrad = true;
            x.RequiresGrad = inputNeedsGrad;
            Tensor F(Tensor[] v) => Ops.Silu(v[0].MatMul(w)) * v[0];
            Tensor h = checkpoint ? Autograd.Checkpoint(F, x) : F([x]);
            Tensor y = checkpoint ? Autograd.Checkpoint(F, h) : F([h]);
            Autograd.Backward(y.Square().Sum());
            return [w.Grad!.ToArray<float>(), inputNeedsGrad ? x.Grad!.ToArray<float>() : []];
        }
        float[][] plain = Run(false),
            again = Run(true);
        Assert.Equal(plain[0], again[0]);
        Assert.Equal(plain[1], again[1]);
    }

    [Fact]
    public void NothingLeaksAndTheGraphDiesWithItsOutput()
    {
        using var scope = new Scope();
        var w = Tensor.Ones([4, 4]);
        w.RequiresGrad = true;
        void Step(bool backward)
        {
            using var inner = new Scope();
            Tensor y = Autograd.Checkpoint(v => v[0].MatMul(w), Tensor.Ones([2, 4])).Sum();
            if (backward)
            {
                Autograd.Backward(y);
            }
            w.Grad = null;
        }
        Step(true);
        long live = Tensor.LiveCount;
        for (int i = 0; i < 20; i++)
        {
            Step(i % 2 == 0);
        }
        Assert.InRange(Tensor.LiveCount, live - 5, live + 5); // other tests run beside this one
    }

    [Fact]
    public void FailureInBackwardArrivesAsTheCause()
    {
        using var scope = new Scope();
        var x = Tensor.Ones([2]);
        x.RequiresGrad = true;
        int runs = 0;
        Tensor y = Autograd.Checkpoint(v => runs++ == 0 ? v[0] * 2 : throw new InvalidDataException("second time"), x);
        var e = Assert.Throws<TorchException>(() => Autograd.Backward(y.Sum()));
        Assert.IsType<InvalidDataException>(e.InnerException);
    }

    [Fact]
    public void AttachedBackwardIsUsed()
    {
        using var scope = new Scope();
        var x = Tensor.Ones([3]);
        x.RequiresGrad = true;
        Tensor y = Autograd.Attach([x], [x.Detach() * 2], (kept, grads) => [grads[0]! * 5])[0];
        Autograd.Backward(y.Sum());
        Assert.Equal([5f, 5f, 5f], x.Grad!.ToArray<float>());
    }
}
