using Forno.Torch;

namespace Forno.Nn;

/// <summary>
/// Attention on the processor, head by head and a few queries at a time: the scores of a tile stay in the caches, and
/// are computed again in backward (Rabe and Staats 2021, without the split over keys).
/// </summary>
internal static class TiledAttention
{
    /// <summary>Scores of one tile.</summary>
    private const long TileElements = 512 * 1024;

    /// <summary>q [B, T, C], k and v [B, S, C] → [B, T, C].</summary>
    public static Tensor Forward(Tensor q, Tensor k, Tensor v, long heads)
    {
        using var scope = new Scope();
        Tensor o;
        using (Autograd.NoGrad())
        {
            o = Tensor.Empty(q.Shape, q.DType);
            foreach ((long b, long h) in Heads(q, heads))
            {
                using var head = new Scope();
                Tensor qh = Factor(q, b, h, heads),
                    kh = Factor(k, b, h, heads).Contiguous(),
                    vh = Factor(v, b, h, heads).Contiguous();
                Tensor oh = Head(o, b, h, heads);
                foreach ((long from, long to) in Tiles(qh, kh))
                {
                    using var tile = new Scope();
                    oh.Slice(0, from, to).Copy_(Attention.Probabilities(qh.Slice(0, from, to), kh, null).MatMul(vh));
                }
            }
        }
        bool needsGrad = Autograd.Enabled && (q.RequiresGrad || k.RequiresGrad || v.RequiresGrad);
        return scope.Keep(
            needsGrad ? Autograd.Attach([q, k, v], [o], (kept, grads) => Backward(kept, grads[0], heads))[0] : o
        );
    }

    // With P = softmax(S): dV = Pᵀ dO, dP = dO Vᵀ, dS = P ∘ (dP − rowsum(P ∘ dP)), dQ = s dS K, dK = s dSᵀ
    // Q.
    private static Tensor?[] Backward(Tensor[] kept, Tensor? grad, long heads)
    {
        if (grad is null)
        {
            return [null, null, null];
        }
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        (Tensor q, Tensor k, Tensor v) = (kept[0], kept[1], kept[2]);
        Tensor dq = Tensor.Empty(q.Shape, q.DType),
            dk = Tensor.Empty(k.Shape, k.DType),
            dv = Tensor.Empty(v.Shape, v.DType);
        foreach ((long b, long h) in Heads(q, heads))
        {
            using var head = new Scope();
            Tensor qh = Factor(q, b, h, heads),
                kh = Factor(k, b, h, heads).Contiguous(),
                vh = Factor(v, b, h, heads).Contiguous();
            Tensor gh = Factor(grad, b, h, heads),
                dqh = Head(dq, b, h, heads);
            double scale = 1 / Math.Sqrt(qh.Size(1));
            Tensor dkh = Tensor.Zeros(kh.Shape),
                dvh = Tensor.Zeros(vh.Shape); // summed over tiles in fp32
            foreach ((long from, long to) in Tiles(qh, kh))
            {
                using var tile = new Scope();
                Tensor qt = qh.Slice(0, from, to),
                    gt = gh.Slice(0, from, to);
                Tensor p = Attention.Probabilities(qt, kh, null); // [r, S]
                AddProduct(dvh, p.Transpose(0, 1), gt);
                Tensor dp = gt.MatMul(vh.Transpose(0, 1)).To(DType.Float32);
                Tensor ds = Ops.SoftmaxBackward(dp, p.To(DType.Float32), -1).To(qh.DType);
                dqh.Slice(0, from, to).Copy_(ds.MatMul(kh) * scale);
                AddProduct(dkh, ds.Transpose(0, 1), qt, scale);
            }
            Head(dk, b, h, heads).Copy_(dkh);
            Head(dv, b, h, heads).Copy_(dvh);
        }
        return scope.Keep([dq, dk, dv], q, k, v);
    }

    private static void AddProduct(Tensor sum, Tensor a, Tensor b, double alpha = 1)
    {
        if (a.DType == sum.DType)
        {
            Ops.Addmm_(sum, a, b, alpha);
            return;
        }
        sum.Add_(a.MatMul(b).To(sum.DType), alpha);
    }

    private static IEnumerable<(long Batch, long Head)> Heads(Tensor q, long heads)
    {
        long batch = q.Size(0);
        for (long b = 0; b < batch; b++)
        {
            for (long h = 0; h < heads; h++)
            {
                yield return (b, h);
            }
        }
    }

    // [T, d] in the type of the arithmetic.
    private static Tensor Factor(Tensor x, long batch, long head, long heads)
    {
        Tensor view = Head(x, batch, head, heads);
        return Ops.Widens(x.DType, x.Device) ? view.To(DType.Float32) : view;
    }

    // [T, d], a view.
    private static Tensor Head(Tensor x, long batch, long head, long heads)
    {
        long d = x.Size(2) / heads;
        return x.Select(0, batch).Slice(1, head * d, (head + 1) * d);
    }

    private static IEnumerable<(long From, long To)> Tiles(Tensor q, Tensor k)
    {
        long t = q.Size(0),
            rows = Math.Clamp(TileElements / k.Size(0), 16, Math.Max(t, 16));
        for (long from = 0; from < t; from += rows)
        {
            yield return (from, Math.Min(from + rows, t));
        }
    }
}
