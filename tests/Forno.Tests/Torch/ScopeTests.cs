using Forno.Torch;

namespace Forno.Tests.Torch;

public class ScopeTests
{
    [Fact]
    public void ScopesFreeWhatTheyHold()
    {
        using var outer = new Scope();
        Tensor kept,
            lost;
        using (var inner = new Scope())
        {
            lost = Tensor.Ones([3]);
            kept = inner.Keep(lost * 2);
        }
        Assert.Throws<ObjectDisposedException>(() => lost + 1.0);
        Assert.Equal([2f, 2f, 2f], kept.ToArray<float>());
    }

    [Fact]
    public void OwnedTensorsOutliveScopes()
    {
        Tensor own;
        using (var scope = new Scope())
        {
            own = Tensor.Ones([3]).Own();
        }
        Assert.Equal(3, own.Count);
        own.Dispose();
    }

    [Fact]
    public void ThrowingLeavesNothingBehind()
    {
        static void Work()
        {
            using var scope = new Scope();
            var a = Tensor.Zeros([2, 3]);
            a.MatMul(a);
        }
        using var scope = new Scope();
        Assert.Throws<TorchException>(Work);
        Tensor.Zeros([1]); // the scope outside is current again
    }

    [Fact]
    public void KeepingWithoutAnOuterScopeThrows()
    {
        using var scope = new Scope();
        var t = Tensor.Zeros([1]);
        InvalidOperationException? e = null;
        try
        {
            scope.Keep(t);
        }
        catch (InvalidOperationException caught)
        {
            e = caught;
        }
        Assert.NotNull(e);
    }
}
