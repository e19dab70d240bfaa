using Forno.Torch;

namespace Forno.Nn;

/// <summary>Gated activations.</summary>
public static class Gates
{
    /// <summary>
    /// GEGLU (Shazeer 2020): [.., 2C] → [.., C], the first half times the exact GELU of the second. Keeps only its
    /// input for backward. The halves are copied, because elementwise kernels are several times slower on strided ones.
    /// </summary>
    public static Tensor Geglu(Tensor x)
    {
        using var scope = new Scope();
        Tensor y;
        using (Autograd.NoGrad())
        {
            y = Ops.Gelu(Half(x, 1));
            y.Mul_(x.Slice(-1, 0, x.Size(-1) / 2));
        }
        return scope.Keep(Autograd.Enabled && x.RequiresGrad ? Autograd.Attach([x], [y], GegluBackward)[0] : y);
    }

    private static Tensor?[] GegluBackward(Tensor[] kept, Tensor?[] grads)
    {
        if (grads[0] is not { } grad)
        {
            return [null];
        }
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        Tensor x = kept[0], gate = Half(x, 1);
        long c = gate.Size(-1);
        Tensor dx = Tensor.Empty(x.Shape, x.DType, x.Device), part = Ops.Gelu(gate);
        part.Mul_(grad);
        dx.Slice(-1, 0, c).Copy_(part);
        dx.Slice(-1, c, 2 * c).Copy_(Ops.GeluBackward(grad * x.Slice(-1, 0, c), gate));
        return [scope.Keep(dx)];
    }

    private static Tensor Half(Tensor x, int which)
    {
        long c = x.Size(-1) / 2;
        return x.Slice(-1, which * c, (which + 1) * c).Contiguous();
    }
}
