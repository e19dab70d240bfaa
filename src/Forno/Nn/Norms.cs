using Forno.Torch;

namespace Forno.Nn;

/// <summary>
/// Group normalisation of [B, C, …] in fp32 whatever the input's type (bf16 backward of libtorch 1.13 is wrong in
/// channels-last order); the output has the input's type. For backward only the input is kept, in its own type.
/// </summary>
public sealed class GroupNorm : PatchableLayer
{
    private readonly long groups;
    private readonly double epsilon;

    /// <summary>Reads <c>weight</c> and <c>bias</c> [channels].</summary>
    public GroupNorm(Weights weights, long channels, long groups = 32, double epsilon = 1e-5)
        : base(
            weights,
            weights.TakeFloat32("weight", Init.Ones, channels),
            weights.TakeFloat32("bias", Init.Zeros, channels)
        )
    {
        this.groups = groups;
        this.epsilon = epsilon;
    }

    /// <inheritdoc/>
    public override Tensor Apply(Tensor x, Tensor weight, Tensor? bias) => Run(x, weight, bias!, silu: false);

    /// <summary>The SiLU of the layer's output.</summary>
    public Tensor ForwardSilu(Tensor x)
    {
        if (Patch is null)
        {
            return Run(x, Weight, Bias!, silu: true);
        }
        using var scope = new Scope();
        return scope.Keep(Ops.Silu(Forward(x)));
    }

    private Tensor Run(Tensor x, Tensor weight, Tensor bias, bool silu)
    {
        using var scope = new Scope();
        Tensor y,
            mean,
            rstd;
        using (Autograd.NoGrad())
        {
            (Tensor n, mean, rstd) = Ops.NativeGroupNorm(Plain(x), groups, weight, bias, epsilon);
            if (silu)
            {
                Ops.Silu_(n);
            }
            y = n.To(x.DType);
        }
        return scope.Keep(
            Norms.NeedGrad(x, weight, bias)
                ? Autograd.Attach(
                    [x, weight, bias],
                    [x, weight, bias, mean, rstd],
                    [y],
                    (kept, grads) => Backward(kept, grads[0], silu)
                )[0]
                : y
        );
    }

    private Tensor?[] Backward(Tensor[] kept, Tensor? grad, bool silu)
    {
        if (grad is null)
        {
            return [null, null, null];
        }
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        (Tensor x, Tensor weight, Tensor bias) = (kept[0], kept[1], kept[2]);
        Tensor plain = Plain(x),
            g = Plain(grad);
        if (silu)
        {
            g = Ops.SiluBackward(g, Ops.NativeGroupNorm(plain, groups, weight, bias, epsilon).Output);
        }
        (Tensor? dx, Tensor? dw, Tensor? db) = Ops.GroupNormBackward(
            g,
            plain,
            kept[3],
            kept[4],
            weight,
            groups,
            x.RequiresGrad,
            weight.RequiresGrad || bias.RequiresGrad
        );
        return scope.Keep([dx?.To(x.DType), dw, db], x, weight, bias);
    }

    // In fp32 and row-major: the channels-last backward of libtorch 1.13 is ten times slower.
    private static Tensor Plain(Tensor x) => x.To(DType.Float32).Contiguous();
}

/// <summary>
/// Layer normalisation over the last dimension, in fp32; the output has the input's type, which is all that is kept.
/// </summary>
public sealed class LayerNorm : PatchableLayer
{
    private readonly double epsilon;

    /// <summary>Reads <c>weight</c> and <c>bias</c> [width].</summary>
    public LayerNorm(Weights weights, long width, double epsilon = 1e-5)
        : base(
            weights,
            weights.TakeFloat32("weight", Init.Ones, width),
            weights.TakeFloat32("bias", Init.Zeros, width)
        ) => this.epsilon = epsilon;

    /// <inheritdoc/>
    public override Tensor Apply(Tensor x, Tensor weight, Tensor? bias)
    {
        if (x.DType == DType.Float32)
        {
            return Ops.LayerNorm(x, weight, bias, epsilon); // keeps nothing but x anyway
        }
        using var scope = new Scope();
        Tensor y,
            mean,
            rstd;
        using (Autograd.NoGrad())
        {
            (Tensor n, mean, rstd) = Ops.NativeLayerNorm(x.To(DType.Float32), weight, bias, epsilon);
            y = n.To(x.DType);
        }
        return scope.Keep(
            Norms.NeedGrad(x, weight, bias!)
                ? Autograd.Attach([x, weight, bias!], [x, weight, bias!, mean, rstd], [y], Backward)[0]
                : y
        );
    }

    private static Tensor?[] Backward(Tensor[] kept, Tensor?[] grads)
    {
        if (grads[0] is not { } grad)
        {
            return [null, null, null];
        }
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        (Tensor x, Tensor weight, Tensor bias) = (kept[0], kept[1], kept[2]);
        (Tensor? dx, Tensor? dw, Tensor? db) = Ops.LayerNormBackward(
            grad.To(DType.Float32),
            x.To(DType.Float32),
            kept[3],
            kept[4],
            weight,
            bias,
            x.RequiresGrad,
            weight.RequiresGrad || bias.RequiresGrad
        );
        return scope.Keep([dx?.To(x.DType), dw, db], x, weight, bias);
    }
}

/// <summary>What the layers with a backward of their own share.</summary>
internal static class Norms
{
    public static bool NeedGrad(Tensor x, Tensor weight, Tensor bias) =>
        Autograd.Enabled && (x.RequiresGrad || weight.RequiresGrad || bias.RequiresGrad);

    // Hands over the gradients of those inputs that need one.
    public static Tensor?[] Keep(this Scope scope, Tensor?[] grads, params ReadOnlySpan<Tensor> inputs)
    {
        for (int i = 0; i < grads.Length; i++)
        {
            grads[i] = grads[i] is { } g && inputs[i].RequiresGrad ? scope.Keep(g) : null;
        }
        return grads;
    }
}
