using Forno.Nn;
using Forno.Torch;

namespace Forno.Tests.Nn;

/// <summary>
/// Outputs and gradients of every kind of layer, in both memory orders, in fp32 and bf16, trained and frozen, against
/// the plain operators in fp32 and row-major order.
/// </summary>
public class LayerGradientTests
{
    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["linear"] = new(
            [2, 5, 12],
            w => new Linear(w, 12, 7).Forward,
            (x, t) => Ops.Linear(x, t["weight"], t["bias"])
        ),
        ["convolution 3×3"] = new(
            [2, 8, 6, 5],
            w => new Conv2d(w, 8, 12, 3, padding: 1).Forward,
            (x, t) => Ops.Conv2d(x, t["weight"], t["bias"], 1, 1)
        ),
        ["convolution 1×1"] = new(
            [2, 8, 6, 5],
            w => new Conv2d(w, 8, 12, 1).Forward,
            (x, t) => Ops.Conv2d(x, t["weight"], t["bias"])
        ),
        ["convolution stride 2"] = new(
            [2, 8, 6, 7],
            w => new Conv2d(w, 8, 12, 3, stride: 2, padding: 1).Forward,
            (x, t) => Ops.Conv2d(x, t["weight"], t["bias"], 2, 1)
        ),
        ["group norm"] = new(
            [2, 32, 6, 5],
            w => new GroupNorm(w, 32, 8).Forward,
            (x, t) => Ops.GroupNorm(x, 8, t["weight"], t["bias"], 1e-5)
        ),
        ["group norm and SiLU"] = new(
            [2, 32, 6, 5],
            w => new GroupNorm(w, 32, 8).ForwardSilu,
            (x, t) => Ops.Silu(Ops.GroupNorm(x, 8, t["weight"], t["bias"], 1e-5))
        ),
        ["layer norm"] = new(
            [2, 5, 32],
            w => new LayerNorm(w, 32).Forward,
            (x, t) => Ops.LayerNorm(x, t["weight"], t["bias"], 1e-5)
        ),
        ["GEGLU"] = new([2, 5, 32], _ => Gates.Geglu, (x, _) => x.Slice(2, 0, 16) * Ops.Gelu(x.Slice(2, 16, 32))),
        ["attention"] = new([2, 20, 32], _ => x => Attention.Forward(x, x, x, 4), (x, _) => PlainAttention(x, 4)),
        ["attention in tiles"] = new(
            [1, 600, 32],
            _ => x => Attention.Forward(x, x, x, 4),
            (x, _) => PlainAttention(x, 4)
        ),
    };

    public static TheoryData<string, DType, bool, bool> All
    {
        get
        {
            var data = new TheoryData<string, DType, bool, bool>();
            foreach ((string name, Case c) in Cases)
            {
                foreach (DType type in (DType[])[DType.Float32, DType.BFloat16])
                {
                    foreach (bool trained in (bool[])[true, false])
                    {
                        data.Add(name, type, trained, false);
                        if (c.Shape.Length == 4)
                        {
                            data.Add(name, type, trained, true);
                        }
                    }
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void GradientsAgree(string name, DType type, bool trained, bool channelsLast)
    {
        Case c = Cases[name];
        using var scope = new Scope();
        using var fp32 = WeightStore.Random(5);
        c.Make(fp32.At("layer"));
        using var store = WeightStore.From(
            fp32.Tensors.ToDictionary(
                t => t.Key,
                t => new WeightEntry(t.Value.Shape.ToArray(), () => (t.Value + 0.1).Clone())
            ),
            "the test",
            type
        );
        Func<Tensor, Tensor> layer = c.Make(store.At("layer"));
        string[] keys = [.. store.Tensors.Keys];
        using Generator g = Rng.For(1, name);
        Tensor x = g.Randn(c.Shape) * 2 + 0.5;

        // The reference sees the same rounded numbers, so that only the arithmetic differs.
        Dictionary<string, Tensor> weights = keys.ToDictionary(
            k => k["layer.".Length..],
            k => store.Tensors[k].To(DType.Float32).Clone()
        );
        Tensor plain = x.To(type).To(DType.Float32).Clone(),
            ours = (channelsLast ? x.ChannelsLast() : x).To(type).Clone();
        foreach (Tensor t in (Tensor[])[plain, ours, .. weights.Values])
        {
            t.RequiresGrad = true;
        }
        foreach (string key in keys)
        {
            store.Tensors[key].RequiresGrad = trained;
        }
        Tensor expected = c.Plain(plain, weights),
            found = layer(ours);
        Tensor cotangent = g.Randn(expected.Shape);
        Autograd.Backward(expected, cotangent);
        Autograd.Backward(found, cotangent.To(type));

        Assert.Equal(type, found.DType);
        Close(expected, found, type);
        Close(plain.Grad!, ours.Grad!, type);
        foreach (string key in keys)
        {
            if (trained)
            {
                Close(weights[key["layer.".Length..]].Grad!, store.Tensors[key].Grad!, type);
            }
            else
            {
                Assert.Null(store.Tensors[key].Grad);
            }
        }
    }

    private static Tensor PlainAttention(Tensor x, long heads)
    {
        long d = x.Size(2) / heads;
        return Ops.Cat(
            [
                .. Enumerable
                    .Range(0, (int)heads)
                    .Select(h =>
                    {
                        Tensor part = x.Slice(2, h * d, (h + 1) * d);
                        return Ops.Softmax(part.MatMul(part.Transpose(1, 2)) / Math.Sqrt(d), -1).MatMul(part);
                    }),
            ],
            2
        );
    }

    private static void Close(Tensor expected, Tensor found, DType type)
    {
        using var scope = new Scope();
        Tensor a = expected.Detach(),
            b = found.Detach().To(DType.Float32);
        Assert.Equal(a.Shape.ToArray(), b.Shape.ToArray());
        double cosine = (a * b).Sum().Item() / (a.Norm().Item() * b.Norm().Item());
        double distance = (a - b).Norm().Item() / a.Norm().Item();
        Assert.True(cosine > (type == DType.Float32 ? 0.999999 : 0.999), $"cosine {cosine}");
        Assert.True(distance < (type == DType.Float32 ? 1e-5 : 0.03), $"relative distance {distance}");
    }

    private sealed record Case(
        long[] Shape,
        Func<Weights, Func<Tensor, Tensor>> Make,
        Func<Tensor, Dictionary<string, Tensor>, Tensor> Plain
    );
}
