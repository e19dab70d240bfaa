using Forno.Nn;
using Forno.Torch;

namespace Forno.Bench;

/// <summary>
/// What a step cannot do without: every convolution and matrix product of the network once forward, and once more
/// for the gradient of its input where that is needed; of attention the two products forward and the four backward.
/// </summary>
internal sealed class Floor
{
    private const long TileElements = 512 * 1024;
    private readonly List<Call> calls = [];

    /// <summary>
    /// Notes the layers' inputs during a forward, through the patches that already stand in their slots.
    /// </summary>
    public Floor(IEnumerable<PatchableLayer> layers, Action forward, long heads)
    {
        (PatchableLayer Layer, IPatch? Before)[] before = [.. layers.Select(l => (l, l.Patch))];
        foreach ((PatchableLayer layer, IPatch? patch) in before)
        {
            layer.Patch = new Recorder(this, patch);
        }
        forward();
        foreach ((PatchableLayer layer, IPatch? patch) in before)
        {
            layer.Patch = patch;
        }
        Heads = heads;
    }

    private long Heads { get; }

    /// <summary>Runs each kind of call once and counts it as often as it occurs.</summary>
    public (Clock Convolutions, Clock Products, Clock Attention) Measure()
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        Clock convolutions = default,
            products = default,
            attention = default;
        var kinds = calls
            .Where(c => c.Layer is Conv2d or Linear)
            .GroupBy(c =>
                (
                    Shape: string.Join(",", c.Shape),
                    Weight: c.Layer.Weight.ToString(),
                    c.Backward,
                    Stride: (c.Layer as Conv2d)?.Stride
                )
            );
        foreach (var kind in kinds)
        {
            Call call = kind.First();
            Clock time = Layer(call) * kind.Count();
            _ = call.Layer is Conv2d ? convolutions += time : products += time;
        }
        foreach (var kind in Attentions().GroupBy(a => a))
        {
            attention += Best(() => Attention(kind.Key)) * kind.Count();
        }
        return (convolutions, products, attention);
    }

    private static Clock Best(Action work)
    {
        work();
        return Clock.Min(Clock.Of(work), Clock.Of(work));
    }

    // In the type of the arithmetic: a processor without half-precision products does them in fp32.
    private static Clock Layer(Call call)
    {
        using var scope = new Scope();
        DType type = Arithmetic(call.Layer.Weight.DType);
        Tensor x = Tensor.Full(call.Shape, 0.5, type),
            weight = call.Layer.Weight.To(type);
        Tensor? bias = call.Layer.Bias?.To(type);
        return Best(() =>
        {
            using var once = new Scope();
            Tensor y = call.Layer.Apply(x, weight, bias);
            if (call.Backward)
            {
                _ = call.Layer is Conv2d conv
                    ? Ops.ConvInputGrad(y, call.Shape, weight, conv.Stride, conv.Padding)
                    : y.Flatten(0, -2).MatMul(weight);
            }
        });
    }

    private static DType Arithmetic(DType type) => Ops.Widens(type, Device.Cpu) ? DType.Float32 : type;

    // The products alone, as tiles of one head's scores.
    private void Attention((long B, long T, long S, long C, DType Type, bool Backward) a)
    {
        using var scope = new Scope();
        long d = a.C / Heads,
            rows = Math.Clamp(TileElements / a.S, 16, a.T);
        Tensor q = Tensor.Full([rows, d], 0.1, a.Type),
            k = Tensor.Full([a.S, d], 0.1, a.Type),
            kt = k.Transpose(0, 1);
        Tensor p = Tensor.Full([rows, a.S], 0.1, a.Type),
            pt = p.Transpose(0, 1);
        for (long tile = 0; tile < a.B * Heads * a.T / rows; tile++)
        {
            using var each = new Scope();
            q.MatMul(kt);
            p.MatMul(k);
            if (a.Backward)
            {
                pt.MatMul(q);
                q.MatMul(kt);
                p.MatMul(k);
                pt.MatMul(q);
            }
        }
    }

    // to_q tells the queries, to_k the keys that follow it.
    private IEnumerable<(long B, long T, long S, long C, DType Type, bool Backward)> Attentions()
    {
        Call? q = null;
        foreach (Call call in calls)
        {
            if (call.Layer.Key.EndsWith(".to_q", StringComparison.Ordinal))
            {
                q = call;
            }
            else if (call.Layer.Key.EndsWith(".to_k", StringComparison.Ordinal))
            {
                yield return (
                    q!.Shape[0],
                    q.Shape[1],
                    call.Shape[1],
                    q.Shape[2],
                    Arithmetic(call.Layer.Weight.DType),
                    q.Backward
                );
            }
        }
    }

    private sealed record Call(PatchableLayer Layer, long[] Shape, bool Backward);

    private sealed class Recorder(Floor floor, IPatch? inner) : IPatch
    {
        public Tensor Forward(PatchableLayer layer, Tensor x)
        {
            floor.calls.Add(new Call(layer, x.Shape.ToArray(), Autograd.Enabled && x.RequiresGrad));
            return inner is null ? layer.Base(x) : inner.Forward(layer, x);
        }
    }
}
