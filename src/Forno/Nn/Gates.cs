using Forno.Torch;

namespace Forno.Nn;

/// <summary>Gated activations.</summary>
public static class Gates
{
    /// <summary>
    /// Elements of one half that are worked on at a time, so that what lies between stays in the caches.
    /// </summary>
    private const long TileElements = 256 * 1024;

    /// <summary>
    /// GEGLU (Shazeer 2020): [.., 2C] → [.., C], the first half times the exact GELU of the second, in fp32 within; the
    /// result has the input's type. Keeps only its input for backward.
    /// </summary>
    public static Tensor Geglu(Tensor x)
    {
        using var scope = new Scope();
        long c = x.Size(-1) / 2;
        Tensor rows = x.Reshape(-1, 2 * c),
            y;
        using (Autograd.NoGrad())
        {
            y = Tensor.Empty([rows.Size(0), c], x.DType, x.Device);
            foreach ((long from, long to) in Tiles(rows))
            {
                using var tile = new Scope();
                (Tensor a, Tensor gate) = Halves(rows.Slice(0, from, to));
                a.Mul_(Ops.Gelu(gate));
                y.Slice(0, from, to).Copy_(a);
            }
            y = y.View([.. x.Shape[..^1], c]);
        }
        return scope.Keep(Autograd.Enabled && x.RequiresGrad ? Autograd.Attach([x], [y], GegluBackward)[0] : y);
    }

    // y = a g(b): da = dy g(b), db = dy a g'(b).
    private static Tensor?[] GegluBackward(Tensor[] kept, Tensor?[] grads)
    {
        if (grads[0] is not { } grad)
        {
            return [null];
        }
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        Tensor x = kept[0];
        long c = x.Size(-1) / 2;
        Tensor rows = x.Reshape(-1, 2 * c),
            dys = grad.Reshape(-1, c),
            dx = Tensor.Empty(rows.Shape, x.DType, x.Device);
        foreach ((long from, long to) in Tiles(rows))
        {
            using var tile = new Scope();
            (Tensor a, Tensor gate) = Halves(rows.Slice(0, from, to));
            Tensor dy = dys.Slice(0, from, to).To(DType.Float32),
                part = dx.Slice(0, from, to);
            a.Mul_(dy);
            part.Slice(1, c, 2 * c).Copy_(Ops.GeluBackward(a, gate));
            Tensor da = Ops.Gelu(gate);
            da.Mul_(dy);
            part.Slice(1, 0, c).Copy_(da);
        }
        return [scope.Keep(dx.View(x.Shape))];
    }

    // Copies in fp32 without gaps: elementwise kernels are several times slower on strided and on 16-bit numbers.
    private static (Tensor First, Tensor Second) Halves(Tensor rows)
    {
        long c = rows.Size(1) / 2;
        Tensor first = Tensor.Empty([rows.Size(0), c], DType.Float32, rows.Device),
            second = Tensor.Empty(first.Shape, DType.Float32, rows.Device);
        first.Copy_(rows.Slice(1, 0, c));
        second.Copy_(rows.Slice(1, c, 2 * c));
        return (first, second);
    }

    private static IEnumerable<(long From, long To)> Tiles(Tensor rows)
    {
        // A card has no use for tiles.
        long n = rows.Size(0),
            step = rows.Device.IsCuda ? n : Math.Max(16, TileElements / (rows.Size(1) / 2));
        for (long from = 0; from < n; from += step)
        {
            yield return (from, Math.Min(from + step, n));
        }
    }
}
