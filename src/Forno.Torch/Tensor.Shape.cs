namespace Forno.Torch;

/// <content>Making, reshaping, cutting, converting.</content>
public sealed partial class Tensor
{
    private static readonly Op ViewOp = Op.Find("aten::view"),
        ReshapeOp = Op.Find("aten::reshape");
    private static readonly Op PermuteOp = Op.Find("aten::permute"),
        TransposeOp = Op.Find("aten::transpose", "int");
    private static readonly Op ContiguousOp = Op.Find("aten::contiguous"),
        SliceOp = Op.Find("aten::slice", "Tensor");
    private static readonly Op SelectOp = Op.Find("aten::select", "int"),
        AliasOp = Op.Find("aten::alias");
    private static readonly Op SqueezeOp = Op.Find("aten::squeeze", "dim"),
        UnsqueezeOp = Op.Find("aten::unsqueeze");
    private static readonly Op ExpandOp = Op.Find("aten::expand"),
        ToOp = Op.Find("aten::_to_copy");
    private static readonly Op CloneOp = Op.Find("aten::clone"),
        DetachOp = Op.Find("aten::detach");
    private static readonly Op EmptyOp = Op.Find("aten::empty", "memory_format"),
        FullOp = Op.Find("aten::full");
    private static readonly Op ArangeOp = Op.Find("aten::arange", "start_step"),
        EyeOp = Op.Find("aten::eye");
    private static readonly Op ChunkOp = Op.Find("aten::chunk"),
        FlipOp = Op.Find("aten::flip");
    private static readonly Op IndexSelectOp = Op.Find("aten::index_select"),
        FlattenOp = Op.Find("aten::flatten", "using_ints");
    private const long ContiguousFormat = 0,
        PreserveFormat = 1,
        ChannelsLastFormat = 2;

    /// <summary>A tensor whose elements are not set yet.</summary>
    public static Tensor Empty(ReadOnlySpan<long> sizes, DType type = DType.Float32, Device device = default) =>
        EmptyOp.Call(sizes.ToArray(), type, Arg.None, device);

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(ReadOnlySpan<long> sizes, DType type = DType.Float32, Device device = default) =>
        Full(sizes, 0, type, device);

    /// <summary>A tensor of ones.</summary>
    public static Tensor Ones(ReadOnlySpan<long> sizes, DType type = DType.Float32, Device device = default) =>
        Full(sizes, 1, type, device);

    /// <summary>A tensor of one value.</summary>
    public static Tensor Full(
        ReadOnlySpan<long> sizes,
        double value,
        DType type = DType.Float32,
        Device device = default
    ) => FullOp.Call(sizes.ToArray(), type.IsFloat() ? value : (long)value, type, Arg.None, device);

    /// <summary>start, start + step, … below <paramref name="end"/>.</summary>
    public static Tensor Arange(
        double start,
        double end,
        double step = 1,
        DType type = DType.Float32,
        Device device = default
    ) =>
        type.IsFloat()
            ? ArangeOp.Call(start, end, step, type, Arg.None, device)
            : ArangeOp.Call((long)start, (long)end, (long)step, type, Arg.None, device);

    /// <summary>The identity matrix of n rows.</summary>
    public static Tensor Eye(long n, DType type = DType.Float32, Device device = default) =>
        EyeOp.Call(n, type, Arg.None, device);

    /// <summary>The same elements in other sizes, without a copy; −1 stands for what is left.</summary>
    public Tensor View(params ReadOnlySpan<long> sizes) => ViewOp.Call(this, sizes.ToArray());

    /// <summary>The same elements in other sizes, copied only where they must be.</summary>
    public Tensor Reshape(params ReadOnlySpan<long> sizes) => Distinct(ReshapeOp.Call(this, sizes.ToArray()));

    /// <summary>Dimensions from <paramref name="start"/> to <paramref name="end"/> as one.</summary>
    public Tensor Flatten(long start = 0, long end = -1) => Distinct(FlattenOp.Call(this, start, end));

    /// <summary>Dimensions in another order, without a copy.</summary>
    public Tensor Permute(params ReadOnlySpan<long> dims) => PermuteOp.Call(this, dims.ToArray());

    /// <summary>Two dimensions swapped, without a copy.</summary>
    public Tensor Transpose(long a, long b) => TransposeOp.Call(this, a, b);

    /// <summary>Row-major without gaps; copied only where it is not.</summary>
    public Tensor Contiguous() => Distinct(ContiguousOp.Call(this));

    /// <summary>In channels-last order; copied only where it is not.</summary>
    public Tensor ChannelsLast() => Distinct(ContiguousOp.Call(this, ChannelsLastFormat));

    /// <summary>Elements start, start + step, … below end of a dimension, without a copy.</summary>
    public Tensor Slice(long dim, long start, long end, long step = 1) => SliceOp.Call(this, dim, start, end, step);

    /// <summary>One index of a dimension, which disappears; without a copy.</summary>
    public Tensor Select(long dim, long index) => SelectOp.Call(this, dim, index);

    /// <summary>The given indices (int64) of a dimension.</summary>
    public Tensor IndexSelect(long dim, Tensor indices) => IndexSelectOp.Call(this, dim, indices);

    /// <summary>Drops a dimension of size 1.</summary>
    public Tensor Squeeze(long dim) => SqueezeOp.Call(this, dim);

    /// <summary>Adds a dimension of size 1.</summary>
    public Tensor Unsqueeze(long dim) => UnsqueezeOp.Call(this, dim);

    /// <summary>Dimensions of size 1 repeated without a copy; −1 keeps a size.</summary>
    public Tensor Expand(params ReadOnlySpan<long> sizes) => ExpandOp.Call(this, sizes.ToArray());

    /// <summary>Cut into nearly equal parts along a dimension, without a copy.</summary>
    public Tensor[] Chunk(long parts, long dim) => ChunkOp.CallMany(this, parts, dim);

    /// <summary>Mirrored along dimensions (a copy).</summary>
    public Tensor Flip(params ReadOnlySpan<long> dims) => FlipOp.Call(this, dims.ToArray());

    /// <summary>Converted to a type; shares storage where it already has it.</summary>
    public Tensor To(DType type) => DType == type ? Alias() : ToOp.Call(this, type);

    /// <summary>Brought to a device; shares storage where it is already there.</summary>
    public Tensor To(Device target) => Device == target ? Alias() : ToOp.Call(this, Arg.None, Arg.None, target);

    /// <summary>A copy, part of the graph.</summary>
    public Tensor Clone() => CloneOp.Call(this);

    /// <summary>The same elements outside the graph, sharing storage.</summary>
    public Tensor Detach() => DetachOp.Call(this);

    /// <summary>The same elements as another tensor object: for code that must not return its argument.</summary>
    public Tensor Alias() => AliasOp.Call(this);

    // Some operators return their argument when there is nothing to do; here every result is an object of its own.
    private Tensor Distinct(Tensor result)
    {
        if (result.Handle != Handle)
        {
            return result;
        }
        result.Dispose();
        return Alias();
    }
}
