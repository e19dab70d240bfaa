using Forno.Optim;
using Forno.Optim.Optimizers;
using Forno.Torch;

namespace Forno.Tests.Optim;

/// <summary>
/// Decoupled weight decay with the rounding of each reference: in float32, p + (−wd·lr)·p and p·(1 − wd·lr) differ, and
/// where d grows out of how far parameters have come, the difference grows with it.
/// </summary>
public class DecoupledDecayTests
{
    private const int Count = 64,
        Steps = 40;

    [Theory]
    [InlineData(1e-6, 0.1)]
    [InlineData(1e-6, 0.01)]
    [InlineData(1e-5, 0.1)]
    [InlineData(1e-4, 0.1)]
    [InlineData(1e-4, 0.01)]
    public void ProdigyAddsItsDecay(double d0, double decay)
    {
        (float[] wanted, double[] wantedD) = Recompute(d0, decay, (p, part) => p + (-part * p));
        (float[] shrunk, _) = Recompute(d0, decay, (p, part) => p * (float)(1 - (double)part));
        (float[] got, double[] gotD) = Trained(d0, decay);

        Assert.True(gotD[^1] > 100 * d0, $"d grew only to {gotD[^1]}");
        Assert.All(gotD.Zip(wantedD), d => Assert.InRange(d.First, d.Second * (1 - 2e-6), d.Second * (1 + 2e-6)));
        Assert.InRange(Worst(got, wanted), 0, 5e-7);
        Assert.True(Worst(got, shrunk) > 2e-6, "the case does not tell the two forms apart");
    }

    // No gradient moves p: what is left is the decay, which PyTorch's AdamW does by param.mul_(1 - lr * weight_decay).
    [Fact]
    public void AdamWMultiplies()
    {
        using var scope = new Scope();
        var p = Tensor.From<float>(Start(), Count);
        p.RequiresGrad = true;
        using Optimizer adam = OptimizerRegistry.Create(
            "AdamW",
            Group(p),
            new Dictionary<string, object?> { ["lr"] = 1e-4, ["weight_decay"] = 0.03 }
        );
        float[] wanted = Start();
        for (int k = 0; k < Steps; k++)
        {
            p.Grad = Tensor.Zeros([Count]);
            adam.Step();
            wanted = Array.ConvertAll(wanted, x => x * (float)(1 - (1e-4 * 0.03)));
        }

        Assert.Equal(wanted, p.ToArray<float>());
    }

    private static double Worst(float[] a, float[] b) => a.Zip(b).Max(x => Math.Abs((double)x.First - x.Second));

    private static ParameterGroup[] Group(Tensor p) =>
        [new ParameterGroup { Name = "g", Parameters = [new Parameter("p", p)] }];

    private static float[] Start() => [.. Enumerable.Range(0, Count).Select(i => 0.3f + (i % 7 * 0.25f))];

    private static float[] Gradient(int k) =>
        [.. Enumerable.Range(0, Count).Select(i => MathF.Sin((i * 1.7f) + (k * 0.05f)) + 0.2f)];

    private static (float[] Parameter, double[] D) Trained(double d0, double decay)
    {
        using var scope = new Scope();
        var p = Tensor.From<float>(Start(), Count);
        p.RequiresGrad = true;
        using Optimizer prodigy = OptimizerRegistry.Create(
            "Prodigy",
            Group(p),
            new Dictionary<string, object?>
            {
                ["weight_decay"] = decay,
                ["d0"] = d0,
                ["d_coef"] = 2.0,
                ["safeguard_warmup"] = true,
                ["use_bias_correction"] = true,
            }
        );
        double[] d = new double[Steps];
        for (int k = 0; k < Steps; k++)
        {
            p.Grad = Tensor.From<float>(Gradient(k), Count);
            prodigy.Step();
            d[k] = prodigy.D!.Value;
        }

        return (p.ToArray<float>(), d);
    }

    // The formula of prodigyopt, element by element in float32. The part of p that decays is taken by the d of before
    // the step; the denominator has the new one.
    private static (float[] Parameter, double[] D) Recompute(double d0, double decay, Func<float, float, float> decayed)
    {
        float[] p = Start(),
            m = new float[Count],
            v = new float[Count],
            s = new float[Count];
        double d = d0,
            numerator = 0,
            b1 = 0.9,
            b2 = 0.999,
            b3 = Math.Sqrt(b2);
        double[] ds = new double[Steps];
        for (int k = 0; k < Steps; k++)
        {
            double dlr = d * Math.Sqrt(1 - Math.Pow(b2, k + 1)) / (1 - Math.Pow(b1, k + 1));
            float[] g = Gradient(k),
                start = Start();
            float dot = 0;
            double sum = 0; // libtorch adds pair by pair, with an error as small
            for (int i = 0; i < Count; i++)
            {
                dot += g[i] * (start[i] - p[i]);
                m[i] = (m[i] * (float)b1) + (g[i] * (float)(d * (1 - b1)));
                v[i] = (v[i] * (float)b2) + ((float)(d * d * (1 - b2)) * g[i] * g[i]);
                s[i] = (s[i] * (float)b3) + (g[i] * (float)(d / d0 * d));
                sum += MathF.Abs(s[i]);
            }

            numerator = (numerator * b3) + (d / d0 * dlr * dot);
            d = Math.Max(d, 2 * numerator / sum);
            ds[k] = d;
            for (int i = 0; i < Count; i++)
            {
                p[i] = decayed(p[i], (float)(decay * dlr));
                p[i] += (float)-dlr * m[i] / (MathF.Sqrt(v[i]) + (float)(d * 1e-8));
            }
        }

        return (p, ds);
    }
}
