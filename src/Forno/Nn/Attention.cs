using Forno.Torch;

namespace Forno.Nn;

/// <summary>
/// softmax(Q Kᵀ / √d) V. Short sequences are computed at once; long ones in chunks of queries whose probabilities are
/// computed again in backward, so that no T × T matrix is ever kept. On the processor a chunk is part of one head
/// (<see cref="TiledAttention"/>), so that its scores stay in the caches; on a card, of all heads.
/// </summary>
public static class Attention
{
    /// <summary>Elements of one head's score matrix up to which everything is computed and kept at once.</summary>
    private const long WholeLimit = 1024 * 256;

    /// <summary>Elements of scores, over all heads, that one chunk may hold.</summary>
    private const long ChunkElements = 4 << 20;

    /// <summary>Multi-head attention.</summary>
    /// <param name="q">Queries [B, T, C]; a head is a contiguous run of C / heads channels.</param>
    /// <param name="k">Keys [B, S, C].</param>
    /// <param name="v">Values [B, S, C].</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="mask">Added to the scores [T, S] before the softmax; null: none.</param>
    /// <returns>[B, T, C] in the type of <paramref name="q"/>.</returns>
    public static Tensor Forward(Tensor q, Tensor k, Tensor v, long heads, Tensor? mask = null)
    {
        using var scope = new Scope();
        (long b, long t, long c) = (q.Size(0), q.Size(1), q.Size(2));
        if (mask is null && !q.Device.IsCuda && t * k.Size(1) > WholeLimit)
        {
            return scope.Keep(TiledAttention.Forward(q, k, v, heads));
        }
        DType type = q.DType;
        if (Ops.Widens(type, q.Device))
        {
            (q, k, v) = (q.To(DType.Float32), k.To(DType.Float32), v.To(DType.Float32));
        }
        Tensor qh = Split(q, heads),
            kh = Split(k, heads),
            vh = Split(v, heads); // [B·h, T, d]
        Tensor o = mask is not null || t * kh.Size(1) <= WholeLimit ? Whole(qh, kh, vh, mask) : Chunked(qh, kh, vh);
        return scope.Keep(o.View(b, heads, t, c / heads).Transpose(1, 2).Reshape(b, t, c).To(type));
    }

    private static Tensor Split(Tensor x, long heads)
    {
        (long b, long t, long c) = (x.Size(0), x.Size(1), x.Size(2));
        return x.Reshape(b, t, heads, c / heads).Transpose(1, 2).Reshape(b * heads, t, c / heads);
    }

    private static Tensor Whole(Tensor q, Tensor k, Tensor v, Tensor? mask) => Ops.Bmm(Probabilities(q, k, mask), v);

    // Softmax in fp32; the result in the type of q. [.., T, S]
    internal static Tensor Probabilities(Tensor q, Tensor k, Tensor? mask)
    {
        using var scope = new Scope();
        double scale = 1 / Math.Sqrt(q.Size(-1));
        Tensor scores = (q * scale).MatMul(k.Transpose(-2, -1)).To(DType.Float32);
        if (mask is not null)
        {
            scores = scores + mask;
        }
        return scope.Keep(Ops.Softmax(scores, -1).To(q.DType));
    }

    private static Tensor Chunked(Tensor q, Tensor k, Tensor v)
    {
        using var scope = new Scope();
        Tensor o;
        using (Autograd.NoGrad())
        {
            o = Tensor.Empty(q.Shape, q.DType, q.Device);
            foreach ((long from, long to) in Chunks(q, k))
            {
                using var chunk = new Scope();
                o.Slice(1, from, to).Copy_(Whole(q.Slice(1, from, to), k, v, null));
            }
        }
        bool needsGrad = Autograd.Enabled && (q.RequiresGrad || k.RequiresGrad || v.RequiresGrad);
        return scope.Keep(needsGrad ? Autograd.Attach([q, k, v], [o], ChunkedBackward)[0] : o);
    }

    // With P = softmax(S): dV = Pᵀ dO, dP = dO Vᵀ, dS = P ∘ (dP − rowsum(P ∘ dP)), dQ = s dS K, dK = s dSᵀ
    // Q.
    private static Tensor?[] ChunkedBackward(Tensor[] kept, Tensor?[] grads)
    {
        (Tensor q, Tensor k, Tensor v) = (kept[0], kept[1], kept[2]);
        if (grads[0] is not { } grad)
        {
            return [null, null, null];
        }
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        double scale = 1 / Math.Sqrt(q.Size(2));
        var dq = Tensor.Empty(q.Shape, q.DType, q.Device);
        Tensor dk = Tensor.Zeros(k.Shape, DType.Float32, k.Device),
            dv = Tensor.Zeros(v.Shape, DType.Float32, v.Device);
        foreach ((long from, long to) in Chunks(q, k))
        {
            using var chunk = new Scope();
            Tensor qc = q.Slice(1, from, to),
                gc = grad.Slice(1, from, to);
            Tensor p = Probabilities(qc, k, null);
            dv.Add_(Ops.Bmm(p.Transpose(1, 2), gc).To(DType.Float32));
            Tensor dp = Ops.Bmm(gc, v.Transpose(1, 2));
            Tensor ds = Ops.SoftmaxBackward(dp.To(DType.Float32), p.To(DType.Float32), -1).To(q.DType);
            dq.Slice(1, from, to).Copy_(Ops.Bmm(ds, k) * scale);
            dk.Add_(Ops.Bmm(ds.Transpose(1, 2), qc).To(DType.Float32), scale);
        }
        return [scope.Keep(dq), scope.Keep(dk.To(k.DType)), scope.Keep(dv.To(v.DType))];
    }

    private static IEnumerable<(long From, long To)> Chunks(Tensor q, Tensor k)
    {
        long t = q.Size(1);
        long rows = Math.Clamp(ChunkElements / (q.Size(0) * k.Size(1)), 16, t);
        for (long from = 0; from < t; from += rows)
        {
            yield return (from, Math.Min(from + rows, t));
        }
    }
}
