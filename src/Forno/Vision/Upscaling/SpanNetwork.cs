using System.Globalization;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>
/// SPAN (Wan et al. 2024): six blocks with attention that has no parameters. Every convolution is stored as the three
/// and the skip it was trained as, and folded into one here; the folded copy in the file (<c>eval_conv</c>) is stale.
/// </summary>
internal sealed class SpanNetwork : UpscaleNetwork, IDisposable
{
    private const int Blocks = 6;
    private static readonly float[] Mean = [0.4488f, 0.4371f, 0.4040f];

    private readonly Folded first,
        second;
    private readonly Folded[][] blocks;
    private readonly Conv2d join,
        last;
    private readonly bool norm;

    public SpanNetwork(Weights weights)
    {
        int features = Side(weights, "conv_1.sk.weight", 0),
            inputs = Side(weights, "conv_1.sk.weight", 1);
        int outputs = Side(weights, "upsampler.0.weight", 0);
        int scale = ShuffleScale(weights, "upsampler.0.weight", outputs, inputs);
        norm = !weights.Has("no_norm");
        if (norm && inputs != 3)
        {
            throw new FornoException(
                $"{weights.Store.Origin}: a SPAN of {inputs} channels that shifts colours; only RGB is known."
            );
        }
        first = new Folded(weights["conv_1"], inputs, features);
        blocks =
        [
            .. Enumerable
                .Range(1, Blocks)
                .Select(n =>
                    (Folded[])
                        [
                            .. Enumerable
                                .Range(1, 3)
                                .Select(c => new Folded(
                                    weights[Invariant.Text($"block_{n}.c{c}_r")],
                                    features,
                                    features
                                )),
                        ]
                ),
        ];
        second = new Folded(weights["conv_2"], features, features);
        join = new Conv2d(weights["conv_cat"], 4 * features, features, 1);
        last = Conv3(weights["upsampler.0"], features, outputs);
        Info = new UpscalerInfo
        {
            Architecture = "SPAN",
            Scale = scale,
            InputChannels = inputs,
            OutputChannels = inputs,
            ReceptiveRadius = (3 * Blocks) + 3,
            Context = (3 * Blocks) + 3,
            BytesPerPixel = 4L * ((16 * features) + (4 * outputs)),
            Measures = new Dictionary<string, object?> { ["nf"] = features, ["norm"] = norm },
        };
    }

    public override UpscalerInfo Info { get; }

    public static bool Knows(Func<string, bool> has) =>
        has("conv_1.sk.weight")
        && has("block_1.c1_r.sk.weight")
        && has("conv_cat.weight")
        && has("conv_2.sk.weight")
        && has("upsampler.0.weight");

    /// <summary>Keys that carry nothing for the answer.</summary>
    public static bool IsHarmless(string key) =>
        key == "no_norm" || key.Contains(".eval_conv.", StringComparison.Ordinal);

    public override Tensor Forward(Tensor x, Margins margins)
    {
        using var scope = new Scope();
        Tensor f = first.Forward(norm ? (x - Tensor.From(Mean, 1, 3, 1, 1).To(x.Device)) * 255.0 : x);
        Tensor y = f,
            one = f,
            inner = f;
        for (int n = 0; n < Blocks; n++)
        {
            using var step = new Scope();
            // SiLU works in place in the reference: what it hands on as the block's first result is activated already.
            Tensor a = blocks[n][0].Forward(y);
            Ops.Silu_(a);
            Tensor b = blocks[n][1].Forward(a);
            Ops.Silu_(b);
            Tensor c = blocks[n][2].Forward(b);
            Tensor attention = Ops.Sigmoid(c);
            attention.Add_(-0.5);
            Tensor next = step.Keep(c + y);
            next.Mul_(attention);
            if (n > 1)
            {
                y.Dispose();
            }
            y = next;
            one = n == 0 ? next : one;
            inner = n == Blocks - 1 ? step.Keep(a) : inner;
        }
        Tensor joined = join.Forward(Ops.Cat([f, second.Forward(y), one, inner], 1));
        return scope.Keep(Cut(Ops.PixelShuffle(last.Forward(joined), Info.Scale), margins, Info.Scale));
    }

    public void Dispose()
    {
        foreach (Folded conv in blocks.SelectMany(b => b).Append(first).Append(second))
        {
            conv.Dispose();
        }
    }

    /// <summary>1×1, 3×3, 1×1 in a row and a 1×1 beside them, as one 3×3 convolution.</summary>
    private sealed class Folded : IDisposable
    {
        private readonly Tensor weight,
            bias;

        public Folded(Weights weights, long inputs, long outputs)
        {
            using var scope = new Scope();
            long wide = weights.ShapeOf("conv.0.weight") is [var w, ..] ? w : 2 * inputs,
                grown = wide / inputs * outputs;
            (Tensor w1, Tensor b1) = Take(weights["conv.0"], wide, inputs, 1);
            (Tensor w2, Tensor b2) = Take(weights["conv.1"], grown, wide, 3);
            (Tensor w3, Tensor b3) = Take(weights["conv.2"], outputs, grown, 1);
            (Tensor ws, Tensor bs) = Take(weights["sk"], outputs, inputs, 1);
            // In fp64, once: W = W3 · W2 · W1 for each place of the kernel, the skip at its centre.
            Tensor inner = w3.View(outputs, grown).MatMul(w2.Permute(2, 3, 0, 1)); // [3, 3, out, wide]
            Tensor kernel = inner.MatMul(w1.View(wide, inputs)); // [3, 3, out, in]
            kernel.Select(0, 1).Select(0, 1).Add_(ws.View(outputs, inputs));
            Tensor shift = w2.Sum([2, 3]).MatMul(b1.View(wide, 1)).View(grown) + b2;
            Tensor total = w3.View(outputs, grown).MatMul(shift.View(grown, 1)).View(outputs) + b3 + bs;
            WeightStore store = weights.Store;
            weight = kernel.Permute(2, 3, 0, 1).Contiguous().To(store.DType).Own();
            bias = total.To(store.DType).Own();
        }

        public Tensor Forward(Tensor x) => Ops.Conv2d(x, weight, bias, padding: 1);

        public void Dispose()
        {
            weight.Dispose();
            bias.Dispose();
        }

        private static (Tensor Weight, Tensor Bias) Take(Weights weights, long outputs, long inputs, long kernel) =>
            (
                weights.Take("weight", Init.FanIn, outputs, inputs, kernel, kernel).To(DType.Float64),
                weights.Take("bias", Init.Zeros, outputs).To(DType.Float64)
            );
    }
}
