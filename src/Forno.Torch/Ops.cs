namespace Forno.Torch;

/// <summary>
/// Operators that are not members of <see cref="Tensor"/>: layers' arithmetic, joining, random numbers.
/// </summary>
public static partial class Ops
{
    private static readonly Op CatOp = Op.Find("aten::cat"),
        StackOp = Op.Find("aten::stack");
    private static readonly Op LinearOp = Op.Find("aten::linear"),
        ConvOp = Op.Find("aten::conv2d");
    private static readonly Op GroupNormOp = Op.Find("aten::group_norm"),
        LayerNormOp = Op.Find("aten::layer_norm");
    private static readonly Op SiluOp = Op.Find("aten::silu"),
        GeluOp = Op.Find("aten::gelu");
    private static readonly Op SigmoidOp = Op.Find("aten::sigmoid"),
        TanhOp = Op.Find("aten::tanh");
    private static readonly Op ReluOp = Op.Find("aten::relu"),
        LeakyOp = Op.Find("aten::leaky_relu");
    private static readonly Op SoftmaxOp = Op.Find("aten::softmax", "int"),
        LogSoftmaxOp = Op.Find("aten::log_softmax", "int");
    private static readonly Op SoftmaxBackwardOp = Op.Find("aten::_softmax_backward_data");
    private static readonly Op EmbeddingOp = Op.Find("aten::embedding"),
        PadOp = Op.Find("aten::constant_pad_nd");
    private static readonly Op NearestOp = Op.Find("aten::upsample_nearest2d"),
        BilinearOp = Op.Find("aten::upsample_bilinear2d");
    private static readonly Op AvgPoolOp = Op.Find("aten::avg_pool2d"),
        AdaptiveAvgOp = Op.Find("aten::adaptive_avg_pool2d");
    private static readonly Op WhereOp = Op.Find("aten::where", "self"),
        BmmOp = Op.Find("aten::bmm");
    private static readonly Op BaddbmmOp = Op.Find("aten::baddbmm"),
        GatherOp = Op.Find("aten::gather");
    private static readonly Op RandnOp = Op.Find("aten::randn", "generator"),
        RandOp = Op.Find("aten::rand", "generator");
    private static readonly Op RandIntOp = Op.Find("aten::randint", "low_generator"),
        DropoutOp = Op.Find("aten::bernoulli", "p");

    /// <summary>Joined along a dimension.</summary>
    public static Tensor Cat(ReadOnlySpan<Tensor> tensors, long dim = 0) => CatOp.Call(tensors.ToArray(), dim);

    /// <summary>Joined along a new dimension.</summary>
    public static Tensor Stack(ReadOnlySpan<Tensor> tensors, long dim = 0) => StackOp.Call(tensors.ToArray(), dim);

    /// <summary>x Wᵀ + b: x [.., in], weight [out, in], bias [out].</summary>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null) =>
        Widens(x) ? WideLinear(x, weight, bias) : LinearOp.Call(x, weight, bias);

    /// <summary>Convolution: x [B, C, H, W], weight [out, C/groups, kh, kw], bias [out].</summary>
    public static Tensor Conv2d(
        Tensor x,
        Tensor weight,
        Tensor? bias = null,
        long stride = 1,
        long padding = 0,
        long dilation = 1,
        long groups = 1
    )
    {
        long[] strides = [stride, stride],
            paddings = [padding, padding],
            dilations = [dilation, dilation];
        return Widens(x)
            ? WideConv2d(x, weight, bias, strides, paddings, dilations, groups)
            : ConvOp.Call(x, weight, bias, strides, paddings, dilations, groups);
    }

    /// <summary>Group normalisation of x [B, C, …] with a biased variance.</summary>
    public static Tensor GroupNorm(Tensor x, long groups, Tensor? weight, Tensor? bias, double epsilon) =>
        GroupNormOp.Call(x, groups, weight, bias, epsilon);

    /// <summary>Layer normalisation over the last dimension.</summary>
    public static Tensor LayerNorm(Tensor x, Tensor? weight, Tensor? bias, double epsilon) =>
        LayerNormOp.Call(x, (long[])[x.Size(-1)], weight, bias, epsilon);

    /// <summary>x · sigmoid(x).</summary>
    public static Tensor Silu(Tensor x) => SiluOp.Call(x);

    /// <summary>Exact GELU, x · Φ(x) by erf.</summary>
    public static Tensor Gelu(Tensor x) => GeluOp.Call(x, "none");

    /// <summary>CLIP's GELU: x · sigmoid(1.702 x).</summary>
    public static Tensor QuickGelu(Tensor x) => x * SigmoidOp.Call(x * 1.702);

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    public static Tensor Sigmoid(Tensor x) => SigmoidOp.Call(x);

    /// <summary>Hyperbolic tangent.</summary>
    public static Tensor Tanh(Tensor x) => TanhOp.Call(x);

    /// <summary>max(x, 0).</summary>
    public static Tensor Relu(Tensor x) => ReluOp.Call(x);

    /// <summary>x where positive, slope · x elsewhere.</summary>
    public static Tensor LeakyRelu(Tensor x, double slope) => LeakyOp.Call(x, slope);

    /// <summary>Softmax along a dimension.</summary>
    public static Tensor Softmax(Tensor x, long dim) => SoftmaxOp.Call(x, dim);

    /// <summary>Gradient of a softmax from the gradient of its output and the output itself.</summary>
    public static Tensor SoftmaxBackward(Tensor grad, Tensor output, long dim) =>
        SoftmaxBackwardOp.Call(grad, output, dim, output.DType);

    /// <summary>Logarithm of the softmax along a dimension.</summary>
    public static Tensor LogSoftmax(Tensor x, long dim) => LogSoftmaxOp.Call(x, dim);

    /// <summary>Rows of a table [n, d] by int64 indices.</summary>
    public static Tensor Embedding(Tensor table, Tensor indices) => EmbeddingOp.Call(table, indices);

    /// <summary>Padded with a value: pairs (before, after) from the last dimension on.</summary>
    public static Tensor Pad(Tensor x, ReadOnlySpan<long> padding, double value = 0) =>
        PadOp.Call(x, padding.ToArray(), value);

    /// <summary>Nearest-neighbour resize of [B, C, H, W] to a size.</summary>
    public static Tensor UpsampleNearest(Tensor x, long height, long width) =>
        NearestOp.Call(x, (long[])[height, width]);

    /// <summary>Bilinear resize of [B, C, H, W] to a size.</summary>
    public static Tensor UpsampleBilinear(Tensor x, long height, long width, bool alignCorners = false) =>
        BilinearOp.Call(x, (long[])[height, width], alignCorners);

    /// <summary>Mean over windows of k × k with stride k.</summary>
    public static Tensor AvgPool(Tensor x, long k) => AvgPoolOp.Call(x, (long[])[k, k], (long[])[k, k]);

    /// <summary>Area average of [B, C, H, W] to a size.</summary>
    public static Tensor AdaptiveAvgPool(Tensor x, long height, long width) =>
        AdaptiveAvgOp.Call(x, (long[])[height, width]);

    /// <summary>a where the condition holds, b elsewhere.</summary>
    public static Tensor Where(Tensor condition, Tensor a, Tensor b) => WhereOp.Call(condition, a, b);

    /// <summary>Batched matrix product [n, a, b] · [n, b, c].</summary>
    public static Tensor Bmm(Tensor a, Tensor b) => BmmOp.Call(a, b);

    /// <summary>beta · input + alpha · (a · b), batched.</summary>
    public static Tensor Baddbmm(Tensor input, Tensor a, Tensor b, double beta = 1, double alpha = 1) =>
        BaddbmmOp.Call(input, a, b, beta, alpha);

    /// <summary>Elements at int64 indices along a dimension.</summary>
    public static Tensor Gather(Tensor x, long dim, Tensor indices) => GatherOp.Call(x, dim, indices);

    /// <summary>Normal numbers from a generator.</summary>
    public static Tensor Randn(ReadOnlySpan<long> sizes, Generator generator) =>
        RandnOp.Call(sizes.ToArray(), generator);

    /// <summary>Uniform numbers in [0, 1) from a generator.</summary>
    public static Tensor Rand(ReadOnlySpan<long> sizes, Generator generator) => RandOp.Call(sizes.ToArray(), generator);

    /// <summary>Whole numbers in [low, high) from a generator, int64.</summary>
    public static Tensor RandInt(long low, long high, ReadOnlySpan<long> sizes, Generator generator) =>
        RandIntOp.Call(low, high, sizes.ToArray(), generator, DType.Int64);

    /// <summary>x with elements dropped with probability p and the rest scaled by 1/(1−p).</summary>
    public static Tensor Dropout(Tensor x, double p, Generator generator)
    {
        using var scope = new Scope();
        Tensor keep = DropoutOp.Call(x.Detach(), 1 - p, generator);
        return scope.Keep(x * keep * (1 / (1 - p)));
    }
}
