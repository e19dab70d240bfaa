namespace Forno.Torch;

/// <content>
/// Half-precision products on processors without instructions for them: libtorch computes those in plain loops, ten and
/// more times slower than in fp32. Here the factors are widened, multiplied in fp32 and the result is rounded once, as
/// such instructions do. Nothing wide is kept for backward.
/// </content>
public static partial class Ops
{
    private static readonly Lazy<bool> ProcessorHasBFloat16 = new(() =>
        File.Exists("/proc/cpuinfo")
        && File.ReadLines("/proc/cpuinfo")
            .Any(l =>
                (l.StartsWith("flags", StringComparison.Ordinal) || l.StartsWith("Features", StringComparison.Ordinal))
                && l.Contains("bf16", StringComparison.Ordinal)
            )
    );

    /// <summary>Whether products of this type are computed in fp32 there and rounded.</summary>
    public static bool Widens(DType type, Device device) =>
        !device.IsCuda && (type == DType.Float16 || (type == DType.BFloat16 && !ProcessorHasBFloat16.Value));

    private static bool Widens(Tensor x) => x.DType != DType.Float32 && Widens(x.DType, x.Device);

    private static Tensor? Wide(Tensor? x) => x?.To(DType.Float32);

    private static Tensor WideLinear(Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = new Scope();
        Tensor y;
        using (Autograd.NoGrad())
        {
            y = LinearOp.Call(Wide(x), Wide(weight), Wide(bias)).To(x.DType);
        }
        return scope.Keep(
            Differentiable(
                x,
                weight,
                bias,
                y,
                (input, kernel, grad, wanted) =>
                {
                    Tensor rows = grad.Flatten(0, -2); // [N, out]
                    return (
                        wanted.X ? grad.MatMul(kernel!) : null,
                        wanted.Weight ? rows.Transpose(0, 1).MatMul(input!.Flatten(0, -2)) : null,
                        wanted.Bias ? rows.Sum([0]) : null
                    );
                }
            )
        );
    }

    private static Tensor WideConv2d(
        Tensor x,
        Tensor weight,
        Tensor? bias,
        long[] stride,
        long[] padding,
        long[] dilation,
        long groups
    )
    {
        using var scope = new Scope();
        Tensor y;
        using (Autograd.NoGrad())
        {
            y = ConvOp.Call(Wide(x), Wide(weight), Wide(bias), stride, padding, dilation, groups).To(x.DType);
        }
        long[] shape = x.Shape.ToArray(),
            kernelShape = weight.Shape.ToArray();
        long outputs = weight.Size(0);
        return scope.Keep(
            Differentiable(
                x,
                weight,
                bias,
                y,
                (input, kernel, grad, wanted) =>
                {
                    // What is not kept is never read, only its shape.
                    Tensor[] r = ConvBackwardOp.CallMany(
                        grad,
                        input ?? Tensor.Empty(shape),
                        kernel ?? Tensor.Empty(kernelShape),
                        (long[])[outputs],
                        stride,
                        padding,
                        dilation,
                        false,
                        (long[])[0, 0],
                        groups,
                        Wanted(wanted.X, wanted.Weight, wanted.Bias)
                    );
                    return (r[0], r[1], r[2]);
                }
            )
        );
    }

    // Gives y the backward of a product. Kept are only the factors, in their own type, that the wanted gradients need.
    private static Tensor Differentiable(
        Tensor x,
        Tensor weight,
        Tensor? bias,
        Tensor y,
        Func<
            Tensor?,
            Tensor?,
            Tensor,
            (bool X, bool Weight, bool Bias),
            (Tensor? X, Tensor? Weight, Tensor? Bias)
        > backward
    )
    {
        var wanted = (X: x.RequiresGrad, Weight: weight.RequiresGrad, Bias: bias is { RequiresGrad: true });
        if (!Autograd.Enabled || !(wanted.X || wanted.Weight || wanted.Bias))
        {
            return y;
        }
        Tensor[] inputs = bias is null ? [x, weight] : [x, weight, bias];
        Tensor[] needed = [.. wanted.X ? (Tensor[])[weight] : [], .. wanted.Weight ? (Tensor[])[x] : []];
        DType[] types = Array.ConvertAll(inputs, t => t.DType);
        return Autograd.Attach(
            inputs,
            needed,
            [y],
            (kept, grads) =>
            {
                var results = new Tensor?[types.Length];
                if (grads[0] is not { } grad)
                {
                    return results;
                }
                using var scope = new Scope();
                using var mode = Autograd.NoGrad();
                (Tensor? dx, Tensor? dw, Tensor? db) = backward(
                    wanted.Weight ? Wide(kept[^1]) : null,
                    wanted.X ? Wide(kept[0]) : null,
                    grad.To(DType.Float32),
                    wanted
                );
                Tensor?[] all = [wanted.X ? dx : null, wanted.Weight ? dw : null, wanted.Bias ? db : null];
                for (int i = 0; i < results.Length; i++)
                {
                    results[i] = all[i] is { } g ? scope.Keep(g.To(types[i])) : null;
                }
                return results;
            }
        )[0];
    }
}
