namespace Forno.Torch;

/// <summary>
/// Arithmetic over lists of tensors, one call for each <see cref="ChunkSize"/> of them: what optimizers need, whose
/// parameters are many and small. Lists that go together have the same length, their tensors the same shapes pair by
/// pair. A card runs such a call as few kernels; on the processor it spares the calls.
/// </summary>
public static class Foreach
{
    /// <summary>Tensors in one call; results of a call stand on the stack.</summary>
    public const int ChunkSize = 1024;

    private static readonly Op MulScalar = Op.Find("aten::_foreach_mul_", "Scalar");
    private static readonly Op AddScalar = Op.Find("aten::_foreach_add_", "Scalar");
    private static readonly Op DivScalar = Op.Find("aten::_foreach_div_", "Scalar");
    private static readonly Op AddList = Op.Find("aten::_foreach_add_", "List");
    private static readonly Op AddListNew = Op.Find("aten::_foreach_add", "List");
    private static readonly Op SubListNew = Op.Find("aten::_foreach_sub", "List");
    private static readonly Op MulListNew = Op.Find("aten::_foreach_mul", "List");
    private static readonly Op MulScalarNew = Op.Find("aten::_foreach_mul", "Scalar");
    private static readonly Op MulList = Op.Find("aten::_foreach_mul_", "List");
    private static readonly Op Addcmul = Op.Find("aten::_foreach_addcmul_", "Scalar");
    private static readonly Op Addcdiv = Op.Find("aten::_foreach_addcdiv_", "Scalar");
    private static readonly Op SqrtNew = Op.Find("aten::_foreach_sqrt"),
        AbsNew = Op.Find("aten::_foreach_abs");
    private static readonly Op NormNew = Op.Find("aten::_foreach_norm", "Scalar");
    private static readonly Op Zero = Op.Find("aten::_foreach_zero_");

    /// <summary>Every tensor *= value.</summary>
    public static void Mul_(Tensor[] tensors, double value) => Run(tensors, c => MulScalar.Run(tensors[c], value));

    /// <summary>Every tensor *= its partner.</summary>
    public static void Mul_(Tensor[] tensors, Tensor[] others) => Run(tensors, c => MulList.Run(tensors[c], others[c]));

    /// <summary>Every tensor += value.</summary>
    public static void Add_(Tensor[] tensors, double value) => Run(tensors, c => AddScalar.Run(tensors[c], value));

    /// <summary>Every tensor += its partner · <paramref name="alpha"/>.</summary>
    public static void Add_(Tensor[] tensors, Tensor[] others, double alpha = 1) =>
        Run(tensors, c => AddList.Run(tensors[c], others[c], alpha));

    /// <summary>Every tensor /= value.</summary>
    public static void Div_(Tensor[] tensors, double value) => Run(tensors, c => DivScalar.Run(tensors[c], value));

    /// <summary>Every tensor += value · a · b.</summary>
    public static void Addcmul_(Tensor[] tensors, Tensor[] a, Tensor[] b, double value) =>
        Run(tensors, c => Addcmul.Run(tensors[c], a[c], b[c], value));

    /// <summary>Every tensor += value · a / b.</summary>
    public static void Addcdiv_(Tensor[] tensors, Tensor[] a, Tensor[] b, double value) =>
        Run(tensors, c => Addcdiv.Run(tensors[c], a[c], b[c], value));

    /// <summary>Every tensor = 0.</summary>
    public static void Zero_(Tensor[] tensors) => Run(tensors, c => Zero.Run(tensors[c]));

    /// <summary>a + alpha · b, pair by pair.</summary>
    public static Tensor[] Add(Tensor[] a, Tensor[] b, double alpha = 1) =>
        Collect(a, c => AddListNew.CallMany(a[c], b[c], alpha));

    /// <summary>a − b, pair by pair.</summary>
    public static Tensor[] Sub(Tensor[] a, Tensor[] b) => Collect(a, c => SubListNew.CallMany(a[c], b[c]));

    /// <summary>a · b, pair by pair.</summary>
    public static Tensor[] Mul(Tensor[] a, Tensor[] b) => Collect(a, c => MulListNew.CallMany(a[c], b[c]));

    /// <summary>Every tensor times a value, as new tensors.</summary>
    public static Tensor[] Mul(Tensor[] a, double value) => Collect(a, c => MulScalarNew.CallMany(a[c], value));

    /// <summary>Square roots.</summary>
    public static Tensor[] Sqrt(Tensor[] a) => Collect(a, c => SqrtNew.CallMany(a[c]));

    /// <summary>Magnitudes.</summary>
    public static Tensor[] Abs(Tensor[] a) => Collect(a, c => AbsNew.CallMany(a[c]));

    /// <summary>The norm of every tensor, a scalar tensor each.</summary>
    /// <param name="a">The tensors.</param>
    /// <param name="order">1, 2 or infinity (the largest magnitude).</param>
    public static Tensor[] Norm(Tensor[] a, double order = 2) => Collect(a, c => NormNew.CallMany(a[c], order));

    private static void Run(Tensor[] tensors, Action<Range> call)
    {
        for (int i = 0; i < tensors.Length; i += ChunkSize)
        {
            call(i..Math.Min(i + ChunkSize, tensors.Length));
        }
    }

    private static Tensor[] Collect(Tensor[] tensors, Func<Range, Tensor[]> call)
    {
        if (tensors.Length <= ChunkSize)
        {
            return tensors.Length == 0 ? [] : call(..tensors.Length);
        }
        var results = new List<Tensor>(tensors.Length);
        Run(tensors, c => results.AddRange(call(c)));
        return [.. results];
    }
}
