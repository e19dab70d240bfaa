namespace Forno.Torch;

/// <content>Arithmetic. Sizes broadcast as in libtorch.</content>
public sealed partial class Tensor
{
    private static readonly Op AddOp = Op.Find("aten::add", "Tensor"),
        AddScalar = Op.Find("aten::add", "Scalar");
    private static readonly Op SubOp = Op.Find("aten::sub", "Tensor"),
        SubScalar = Op.Find("aten::sub", "Scalar");
    private static readonly Op RsubScalar = Op.Find("aten::rsub", "Scalar");
    private static readonly Op MulOp = Op.Find("aten::mul", "Tensor"),
        MulScalar = Op.Find("aten::mul", "Scalar");
    private static readonly Op DivOp = Op.Find("aten::div", "Tensor"),
        DivScalar = Op.Find("aten::div", "Scalar");
    private static readonly Op NegOp = Op.Find("aten::neg"),
        MatMulOp = Op.Find("aten::matmul");
    private static readonly Op SumOp = Op.Find("aten::sum"),
        SumDim = Op.Find("aten::sum", "dim_IntList");
    private static readonly Op MeanOp = Op.Find("aten::mean"),
        MeanDim = Op.Find("aten::mean", "dim");
    private static readonly Op ReciprocalOp = Op.Find("aten::reciprocal");
    private static readonly Op PowOp = Op.Find("aten::pow", "Tensor_Scalar"),
        SqrtOp = Op.Find("aten::sqrt");
    private static readonly Op ExpOp = Op.Find("aten::exp"),
        LogOp = Op.Find("aten::log"),
        AbsOp = Op.Find("aten::abs");
    private static readonly Op SinOp = Op.Find("aten::sin"),
        CosOp = Op.Find("aten::cos"),
        RsqrtOp = Op.Find("aten::rsqrt");
    private static readonly Op ClampOp = Op.Find("aten::clamp"),
        SignOp = Op.Find("aten::sign");
    private static readonly Op RoundOp = Op.Find("aten::round"),
        MaxOp = Op.Find("aten::max"),
        MinOp = Op.Find("aten::min");
    private static readonly Op ArgMaxOp = Op.Find("aten::argmax"),
        IsFiniteOp = Op.Find("aten::isfinite");
    private static readonly Op AllOp = Op.Find("aten::all"),
        NormOp = Op.Find("aten::linalg_vector_norm");
    private static readonly Op AddInPlace = Op.Find("aten::add_", "Tensor"),
        MulInPlace = Op.Find("aten::mul_", "Scalar");
    private static readonly Op MulTensorInPlace = Op.Find("aten::mul_", "Tensor"),
        CopyInPlace = Op.Find("aten::copy_");
    private static readonly Op ZeroInPlace = Op.Find("aten::zero_"),
        LerpInPlace = Op.Find("aten::lerp_", "Scalar");
    private static readonly Op AddcmulInPlace = Op.Find("aten::addcmul_"),
        AddcdivInPlace = Op.Find("aten::addcdiv_");
    private static readonly Op FillInPlace = Op.Find("aten::fill_", "Scalar"),
        SqrtInPlace = Op.Find("aten::sqrt_");
    private static readonly Op AddScalarInPlace = Op.Find("aten::add_", "Scalar"),
        DivInPlace = Op.Find("aten::div_", "Tensor");
    private static readonly Op ClampInPlace = Op.Find("aten::clamp_"),
        MaximumOp = Op.Find("aten::maximum");
    private static readonly Op StdOp = Op.Find("aten::std"),
        StdDim = Op.Find("aten::std", "dim");
    private static readonly Op MinimumOp = Op.Find("aten::minimum");

    /// <summary>a + b.</summary>
    public static Tensor operator +(Tensor a, Tensor b) => AddOp.Call(a, b);

    /// <summary>a + b.</summary>
    public static Tensor operator +(Tensor a, double b) => AddScalar.Call(a, b);

    /// <summary>a − b.</summary>
    public static Tensor operator -(Tensor a, Tensor b) => SubOp.Call(a, b);

    /// <summary>a − b.</summary>
    public static Tensor operator -(Tensor a, double b) => SubScalar.Call(a, b);

    /// <summary>a − b.</summary>
    public static Tensor operator -(double a, Tensor b) => RsubScalar.Call(b, a);

    /// <summary>a · b, element by element.</summary>
    public static Tensor operator *(Tensor a, Tensor b) => MulOp.Call(a, b);

    /// <summary>a · b.</summary>
    public static Tensor operator *(Tensor a, double b) => MulScalar.Call(a, b);

    /// <summary>a · b.</summary>
    public static Tensor operator *(double a, Tensor b) => MulScalar.Call(b, a);

    /// <summary>a / b, element by element.</summary>
    public static Tensor operator /(Tensor a, Tensor b) => DivOp.Call(a, b);

    /// <summary>a / b.</summary>
    public static Tensor operator /(Tensor a, double b) => DivScalar.Call(a, b);

    /// <summary>−a.</summary>
    public static Tensor operator -(Tensor a) => NegOp.Call(a);

    /// <summary>Matrix product over the last two dimensions, batched over the others.</summary>
    public Tensor MatMul(Tensor other) => MatMulOp.Call(this, other);

    /// <summary>1 / x.</summary>
    public Tensor Reciprocal() => ReciprocalOp.Call(this);

    /// <summary>x to a power.</summary>
    public Tensor Pow(double exponent) => PowOp.Call(this, exponent);

    /// <summary>x².</summary>
    public Tensor Square() => MulOp.Call(this, this);

    /// <summary>√x.</summary>
    public Tensor Sqrt() => SqrtOp.Call(this);

    /// <summary>1 / √x.</summary>
    public Tensor Rsqrt() => RsqrtOp.Call(this);

    /// <summary>eˣ.</summary>
    public Tensor Exp() => ExpOp.Call(this);

    /// <summary>Natural logarithm.</summary>
    public Tensor Log() => LogOp.Call(this);

    /// <summary>|x|.</summary>
    public Tensor Abs() => AbsOp.Call(this);

    /// <summary>−1, 0 or 1.</summary>
    public Tensor Sign() => SignOp.Call(this);

    /// <summary>Sine.</summary>
    public Tensor Sin() => SinOp.Call(this);

    /// <summary>Cosine.</summary>
    public Tensor Cos() => CosOp.Call(this);

    /// <summary>Nearest whole number, halves to even.</summary>
    public Tensor Round() => RoundOp.Call(this);

    /// <summary>x cut to [<paramref name="min"/>, <paramref name="max"/>]; null: no bound.</summary>
    public Tensor Clamp(double? min = null, double? max = null) =>
        ClampOp.Call(this, min is { } a ? a : Arg.None, max is { } b ? b : Arg.None);

    /// <summary>The larger of two, element by element.</summary>
    public Tensor Maximum(Tensor other) => MaximumOp.Call(this, other);

    /// <summary>The smaller of two, element by element.</summary>
    public Tensor Minimum(Tensor other) => MinimumOp.Call(this, other);

    /// <summary>Sum of all elements, a scalar tensor.</summary>
    public Tensor Sum() => SumOp.Call(this);

    /// <summary>Sum over dimensions.</summary>
    public Tensor Sum(long[] dims, bool keepDim = false) => SumDim.Call(this, dims, keepDim);

    /// <summary>Mean of all elements, a scalar tensor.</summary>
    public Tensor Mean() => MeanOp.Call(this);

    /// <summary>Mean over dimensions.</summary>
    public Tensor Mean(long[] dims, bool keepDim = false) => MeanDim.Call(this, dims, keepDim);

    /// <summary>Standard deviation of all elements (unbiased), a scalar tensor.</summary>
    public Tensor Std() => StdOp.Call(this, true);

    /// <summary>Standard deviation over dimensions (unbiased).</summary>
    public Tensor Std(long[] dims, bool keepDim = false) => StdDim.Call(this, dims, true, keepDim);

    /// <summary>Largest element, a scalar tensor.</summary>
    public Tensor Max() => MaxOp.Call(this);

    /// <summary>Smallest element, a scalar tensor.</summary>
    public Tensor Min() => MinOp.Call(this);

    /// <summary>Index of the largest element along a dimension, int64.</summary>
    public Tensor ArgMax(long dim, bool keepDim = false) => ArgMaxOp.Call(this, dim, keepDim);

    /// <summary>2-norm of all elements, a scalar tensor.</summary>
    public Tensor Norm() => NormOp.Call(this, 2.0);

    /// <summary>2-norm over dimensions.</summary>
    public Tensor Norm(long[] dims, bool keepDim = false) => NormOp.Call(this, 2.0, dims, keepDim);

    /// <summary>Whether no element is infinite or NaN.</summary>
    public bool AllFinite()
    {
        using var scope = new Scope();
        return AllOp.Call(IsFiniteOp.Call(this)).Item() != 0;
    }

    /// <summary>this += other · <paramref name="alpha"/>.</summary>
    public void Add_(Tensor other, double alpha = 1) => AddInPlace.Run(this, other, alpha);

    /// <summary>this += value.</summary>
    public void Add_(double value) => AddScalarInPlace.Run(this, value);

    /// <summary>this *= value.</summary>
    public void Mul_(double value) => MulInPlace.Run(this, value);

    /// <summary>this *= other.</summary>
    public void Mul_(Tensor other) => MulTensorInPlace.Run(this, other);

    /// <summary>this /= other.</summary>
    public void Div_(Tensor other) => DivInPlace.Run(this, other);

    /// <summary>this = √this.</summary>
    public void Sqrt_() => SqrtInPlace.Run(this);

    /// <summary>Cuts the elements to [min, max]; null: no bound.</summary>
    public void Clamp_(double? min = null, double? max = null) =>
        ClampInPlace.Run(this, min is { } a ? a : Arg.None, max is { } b ? b : Arg.None);

    /// <summary>Elements of another tensor into this one, converted and broadcast.</summary>
    public void Copy_(Tensor source) => CopyInPlace.Run(this, source);

    /// <summary>All elements 0.</summary>
    public void Zero_() => ZeroInPlace.Run(this);

    /// <summary>All elements the same.</summary>
    public void Fill_(double value) => FillInPlace.Run(this, value);

    /// <summary>this += (end − this) · weight.</summary>
    public void Lerp_(Tensor end, double weight) => LerpInPlace.Run(this, end, weight);

    /// <summary>this += value · a · b.</summary>
    public void Addcmul_(Tensor a, Tensor b, double value = 1) => AddcmulInPlace.Run(this, a, b, value);

    /// <summary>this += value · a / b.</summary>
    public void Addcdiv_(Tensor a, Tensor b, double value = 1) => AddcdivInPlace.Run(this, a, b, value);
}
