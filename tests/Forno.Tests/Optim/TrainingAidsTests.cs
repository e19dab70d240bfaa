using Forno.Optim;
using Forno.Torch;

namespace Forno.Tests.Optim;

public class TrainingAidsTests
{
    [Fact]
    public void ClippingScalesAllGradientsByTheirCommonNorm()
    {
        using var scope = new Scope();
        Tensor a = Leaf([3f, 0]),
            b = Leaf([0f, 4]),
            none = Leaf([1f]);
        none.Grad = null;
        Assert.Equal(5, GradClip.ByNorm([a, b, none], 1), 6);
        Assert.Equal(0.6, a.Grad!.Select(0, 0).Item(), 6);
        Assert.Equal(0.8, b.Grad!.Select(0, 1).Item(), 6);
        Assert.Equal(1, GradClip.ByNorm([a, b, none], 0), 6);
        Assert.Equal(0.6, a.Grad!.Select(0, 0).Item(), 6);
        Assert.Equal(1, GradClip.ByNorm([a, b], 2), 6);
        Assert.Equal(0.6, a.Grad!.Select(0, 0).Item(), 6);
        Assert.True(double.IsNaN(GradClip.ByNorm([Leaf([float.NaN])], 1)));
        Assert.Equal(0, GradClip.ByNorm([none], 1));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void AnOverflowHalvesTheScale(float bad)
    {
        using var scope = new Scope();
        var scaler = new LossScaler();
        foreach (int place in new[] { 0, 1, 2, 40 })
        {
            float[] values = new float[41];
            values[place] = bad;
            double before = scaler.Scale;
            Assert.False(scaler.Unscale([Leaf([1f]), Leaf(values), Leaf([2f])]));
            Assert.Equal(before / 2, scaler.Scale);
        }
    }

    [Fact]
    public void TheScaleGrowsAfterGoodStepsOnly()
    {
        using var scope = new Scope();
        var scaler = new LossScaler { GrowthInterval = 3 };
        Tensor a = Leaf([65536f * 3]);
        Assert.Equal(131072, scaler.Scaled(Tensor.From<float>([2f], 1)).Item());
        Assert.True(scaler.Unscale([a]));
        Assert.Equal(3, a.Grad!.Item());
        Assert.True(scaler.Unscale([Leaf([1e30f])])); // its square overflows, it does not
        Assert.False(scaler.Unscale([Leaf([float.NaN])]));
        var resumed = new LossScaler { GrowthInterval = 3, State = scaler.State };
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(32768, resumed.Scale);
            Assert.True(resumed.Unscale([Leaf([1f])]));
        }
        Assert.Equal(65536, resumed.Scale);
    }

    [Fact]
    public void TheAverageFollowsAndSwaps()
    {
        using var scope = new Scope();
        var p = Tensor.From<float>([1f, 2], 2);
        p.RequiresGrad = true;
        using var ema = new Ema([new Parameter("p", p)], 0.75);
        using (Autograd.NoGrad())
        {
            p.Fill_(5);
        }
        ema.Update();
        Assert.Equal([2f, 2.75f], ema.Averages["p"].ToArray<float>());
        ema.Swap();
        Assert.Equal([2f, 2.75f], p.ToArray<float>());
        ema.Swap();
        Assert.Equal([5f, 5], p.ToArray<float>());
        using var other = new Ema([new Parameter("p", p)], 0.75);
        other.Load(ema.Averages, ema.Steps);
        ema.Update();
        other.Update();
        Assert.Equal(ema.Averages["p"].ToArray<float>(), other.Averages["p"].ToArray<float>());
        Assert.Equal(2, other.Steps);
        Assert.Throws<FornoException>(() => other.Load(new Dictionary<string, Tensor>(), 0));
    }

    // A leaf whose gradient is its values.
    private static Tensor Leaf(float[] values)
    {
        var t = Tensor.From(values, values.Length);
        t.RequiresGrad = true;
        t.Grad = Tensor.From(values, values.Length);
        return t;
    }
}
