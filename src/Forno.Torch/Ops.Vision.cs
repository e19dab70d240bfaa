namespace Forno.Torch;

/// <content>What picture networks need besides: activations that write where they are told, pixel shuffles.</content>
public static partial class Ops
{
    private static readonly Op LeakyInPlace = Op.Find("aten::leaky_relu_"),
        LeakyOut = Op.Find("aten::leaky_relu", "out");
    private static readonly Op PReluOp = Op.Find("aten::prelu"),
        BatchNormOp = Op.Find("aten::batch_norm");
    private static readonly Op ShuffleOp = Op.Find("aten::pixel_shuffle"),
        UnshuffleOp = Op.Find("aten::pixel_unshuffle");
    private static readonly Op MaxPoolOp = Op.Find("aten::max_pool2d");
    private static readonly Op RollOp = Op.Find("aten::roll"),
        SigmoidInPlace = Op.Find("aten::sigmoid_");

    /// <summary>x = x where positive, slope · x elsewhere.</summary>
    public static void LeakyRelu_(Tensor x, double slope) => LeakyInPlace.Run(x, slope);

    /// <summary>
    /// The leaky ReLU of x, written into a tensor of the same shape, such as a slice of a larger one.
    /// </summary>
    public static void LeakyReluInto(Tensor x, double slope, Tensor output) => LeakyOut.Run(x, slope, output);

    /// <summary>x where positive, slope · x elsewhere: x [B, C, …], one slope a channel [C].</summary>
    public static Tensor PRelu(Tensor x, Tensor slopes) => PReluOp.Call(x, slopes);

    /// <summary>x = 1 / (1 + e⁻ˣ).</summary>
    public static void Sigmoid_(Tensor x) => SigmoidInPlace.Run(x);

    /// <summary>
    /// [B, C·f², H, W] → [B, C, H·f, W·f]; channel c·f² + dy·f + dx goes to row dy and column dx of each
    /// square.
    /// </summary>
    public static Tensor PixelShuffle(Tensor x, long factor) => ShuffleOp.Call(x, factor);

    /// <summary>[B, C, H·f, W·f] → [B, C·f², H, W], the inverse of <see cref="PixelShuffle"/>.</summary>
    public static Tensor PixelUnshuffle(Tensor x, long factor) => UnshuffleOp.Call(x, factor);

    /// <summary>Elements moved along dimensions, those that leave at one end entering at the other.</summary>
    public static Tensor Roll(Tensor x, ReadOnlySpan<long> shifts, ReadOnlySpan<long> dims) =>
        RollOp.Call(x, shifts.ToArray(), dims.ToArray());

    /// <summary>Maximum over windows of k × k with the given stride, without padding.</summary>
    public static Tensor MaxPool(Tensor x, long k, long stride) =>
        MaxPoolOp.Call(x, (long[])[k, k], (long[])[stride, stride]);

    /// <summary>Batch normalisation of x [B, C, …] by stored means and variances [C] (inference).</summary>
    public static Tensor BatchNorm(
        Tensor x,
        Tensor weight,
        Tensor bias,
        Tensor mean,
        Tensor variance,
        double epsilon
    ) => BatchNormOp.Call(x, weight, bias, mean, variance, false, 0.0, epsilon, true);
}
