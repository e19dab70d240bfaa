namespace Forno.Torch;

/// <content>
/// Kernels with what their backward needs, and the backwards themselves: for layers that keep less for backward than
/// libtorch's own graph would.
/// </content>
public static partial class Ops
{
    private static readonly Op NativeGroupNormOp = Op.Find("aten::native_group_norm");
    private static readonly Op GroupNormBackwardOp = Op.Find("aten::native_group_norm_backward");
    private static readonly Op NativeLayerNormOp = Op.Find("aten::native_layer_norm");
    private static readonly Op LayerNormBackwardOp = Op.Find("aten::native_layer_norm_backward");
    private static readonly Op ConvBackwardOp = Op.Find("aten::convolution_backward");
    private static readonly Op SiluInPlace = Op.Find("aten::silu_"),
        SiluBackwardOp = Op.Find("aten::silu_backward");
    private static readonly Op GeluBackwardOp = Op.Find("aten::gelu_backward"),
        AddmmInPlace = Op.Find("aten::addmm_");

    /// <summary>
    /// Group normalisation of a contiguous x [B, C, …], with mean and 1/deviation [B, groups] for backward.
    /// </summary>
    public static (Tensor Output, Tensor Mean, Tensor Rstd) NativeGroupNorm(
        Tensor x,
        long groups,
        Tensor? weight,
        Tensor? bias,
        double epsilon
    )
    {
        (long b, long c) = (x.Size(0), x.Size(1));
        Tensor[] r = NativeGroupNormOp.CallMany(x, weight, bias, b, c, x.Count / (b * c), groups, epsilon);
        return (r[0], r[1], r[2]);
    }

    /// <summary>Gradients of a group normalisation with respect to x and, where wanted, weight and bias.</summary>
    public static (Tensor? X, Tensor? Weight, Tensor? Bias) GroupNormBackward(
        Tensor grad,
        Tensor x,
        Tensor mean,
        Tensor rstd,
        Tensor? weight,
        long groups,
        bool wantX,
        bool wantWeights
    )
    {
        (long b, long c) = (x.Size(0), x.Size(1));
        Tensor[] r = GroupNormBackwardOp.CallMany(
            grad,
            x,
            mean,
            rstd,
            weight,
            b,
            c,
            x.Count / (b * c),
            groups,
            Wanted(wantX, wantWeights, wantWeights)
        );
        return (r[0], r[1], r[2]);
    }

    /// <summary>Layer normalisation over the last dimension, with mean and 1/deviation for backward.</summary>
    public static (Tensor Output, Tensor Mean, Tensor Rstd) NativeLayerNorm(
        Tensor x,
        Tensor? weight,
        Tensor? bias,
        double epsilon
    )
    {
        Tensor[] r = NativeLayerNormOp.CallMany(x, (long[])[x.Size(-1)], weight, bias, epsilon);
        return (r[0], r[1], r[2]);
    }

    /// <summary>Gradients of a layer normalisation with respect to x and, where wanted, weight and bias.</summary>
    public static (Tensor? X, Tensor? Weight, Tensor? Bias) LayerNormBackward(
        Tensor grad,
        Tensor x,
        Tensor mean,
        Tensor rstd,
        Tensor? weight,
        Tensor? bias,
        bool wantX,
        bool wantWeights
    )
    {
        Tensor[] r = LayerNormBackwardOp.CallMany(
            grad,
            x,
            (long[])[x.Size(-1)],
            mean,
            rstd,
            weight,
            bias,
            Wanted(wantX, wantWeights, wantWeights)
        );
        return (r[0], r[1], r[2]);
    }

    /// <summary>Gradient of a convolution with respect to its input, which need not be there: only its shape.</summary>
    public static Tensor ConvInputGrad(Tensor grad, long[] inputShape, Tensor weight, long stride, long padding)
    {
        using var scope = new Scope();
        DType type = grad.DType;
        if (Widens(grad))
        {
            (grad, weight) = (grad.To(DType.Float32), weight.To(DType.Float32));
        }
        var input = Tensor.Empty(inputShape, grad.DType, grad.Device); // never read
        return scope.Keep(
            ConvBackwardOp
                .CallMany(
                    grad,
                    input,
                    weight,
                    Arg.None,
                    (long[])[stride, stride],
                    (long[])[padding, padding],
                    (long[])[1, 1],
                    false,
                    (long[])[0, 0],
                    1L,
                    Wanted(true, false, false)
                )[0]
                .To(type)
        );
    }

    /// <summary>x = x · sigmoid(x), in place.</summary>
    public static void Silu_(Tensor x) => SiluInPlace.Run(x);

    /// <summary>Gradient of SiLU from that of its output and its input.</summary>
    public static Tensor SiluBackward(Tensor grad, Tensor x) => SiluBackwardOp.Call(grad, x);

    /// <summary>Gradient of the exact GELU from that of its output and its input.</summary>
    public static Tensor GeluBackward(Tensor grad, Tensor x) => GeluBackwardOp.Call(grad, x, "none");

    /// <summary>sum += alpha · (a · b), in place; matrices of the same type.</summary>
    public static void Addmm_(Tensor sum, Tensor a, Tensor b, double alpha = 1) =>
        AddmmInPlace.Run(sum, a, b, 1.0, alpha);

    private static long[] Wanted(bool a, bool b, bool c) => [a ? 1 : 0, b ? 1 : 0, c ? 1 : 0];
}
