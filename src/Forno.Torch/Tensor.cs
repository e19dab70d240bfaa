using System.Runtime.InteropServices;

namespace Forno.Torch;

/// <summary>
/// A libtorch tensor. It belongs to the <see cref="Scope"/> in which it was made, or, after <see cref="Own"/>, to an
/// object that disposes it. Operators never return their argument; those that end in <c>_</c> change it in place.
/// </summary>
public sealed unsafe partial class Tensor : IDisposable
{
    private const int MaxDims = 12;
    private static long live;

    private readonly TensorHandle handle;
    private Scope.Frame? frame;
    private int slot;
    private long[]? shape;
    private DType dtype;
    private Device device;

    private Tensor(nint raw, Scope.Frame? owner)
    {
        handle = new TensorHandle(raw);
        Interlocked.Increment(ref live);
        frame = owner;
        slot = owner?.Add(this) ?? 0;
    }

    /// <summary>Tensors alive in this process: tests demand that it returns to where it was.</summary>
    public static long LiveCount => Interlocked.Read(ref live);

    internal static Tensor FromHandle(nint raw)
    {
        Scope.Frame? current = Scope.Current;
        if (current is null)
        {
            Native.ft_tensor_free(raw);
            throw new InvalidOperationException(
                "a tensor was made outside any Scope; open one with `using var scope = new Scope();`"
            );
        }
        return new Tensor(raw, current);
    }

    internal nint Handle =>
        !handle.IsClosed
            ? handle.DangerousGetHandle()
            : throw new ObjectDisposedException(nameof(Tensor), "this tensor was freed, by its scope or its owner");

    /// <summary>Sizes of the dimensions; do not change the array.</summary>
    public ReadOnlySpan<long> Shape => Describe();

    /// <summary>Number of dimensions.</summary>
    public int Dims => Describe().Length;

    /// <summary>Type of the elements.</summary>
    public DType DType
    {
        get
        {
            Describe();
            return dtype;
        }
    }

    /// <summary>Where the elements are.</summary>
    public Device Device
    {
        get
        {
            Describe();
            return device;
        }
    }

    /// <summary>Number of elements.</summary>
    public long Count
    {
        get
        {
            long n = 1;
            foreach (long s in Describe())
            {
                n *= s;
            }
            return n;
        }
    }

    /// <summary>Size of a dimension; negative numbers count from the end.</summary>
    public long Size(int dim)
    {
        long[] s = Describe();
        return s[dim < 0 ? dim + s.Length : dim];
    }

    /// <summary>Whether the elements lie row-major without gaps.</summary>
    public bool IsContiguous
    {
        get
        {
            int result;
            Native.Check(Native.ft_tensor_is_contiguous(Handle, 0, &result), "contiguity");
            return result != 0;
        }
    }

    /// <summary>Whether this 4-dimensional tensor lies in channels-last order without gaps.</summary>
    public bool IsChannelsLast
    {
        get
        {
            int result;
            Native.Check(Native.ft_tensor_is_contiguous(Handle, 1, &result), "contiguity");
            return result != 0;
        }
    }

    /// <summary>Takes the tensor out of its scope: the caller disposes it from now on.</summary>
    public Tensor Own()
    {
        frame?.Remove(slot);
        frame = null;
        return this;
    }

    /// <summary>Gives an owned tensor to the current scope, which frees it at its end.</summary>
    public Tensor ToScope()
    {
        MoveTo(Scope.Current ?? throw new InvalidOperationException("no scope is open"));
        return this;
    }

    /// <summary>Frees the tensor now (its memory goes when nothing else shares it).</summary>
    public void Dispose()
    {
        if (handle.IsClosed)
        {
            return;
        }
        frame?.Remove(slot);
        FreeFromScope();
    }

    /// <summary>Shape and element type, such as <c>f32[1, 4, 64, 64]</c>.</summary>
    public override string ToString() =>
        handle.IsClosed ? "freed tensor" : $"{Short(DType)}[{string.Join(", ", Describe())}]";

    internal void MoveTo(Scope.Frame target)
    {
        frame?.Remove(slot);
        frame = target;
        slot = target.Add(this);
    }

    internal void FreeFromScope()
    {
        frame = null;
        if (!handle.IsClosed)
        {
            handle.Dispose();
            Interlocked.Decrement(ref live);
        }
    }

    private long[] Describe()
    {
        if (shape is not null)
        {
            return shape;
        }
        long* sizes = stackalloc long[MaxDims];
        int type,
            place,
            dims;
        Native.Check(Native.ft_tensor_info(Handle, &type, &place, &dims, sizes, MaxDims), "tensor");
        dtype = (DType)type;
        device = Device.FromCode(place);
        return shape = new Span<long>(sizes, dims).ToArray();
    }

    private static string Short(DType type) =>
        type switch
        {
            DType.Float32 => "f32",
            DType.Float16 => "f16",
            DType.BFloat16 => "bf16",
            DType.Float64 => "f64",
            DType.Int64 => "i64",
            DType.Int32 => "i32",
            DType.UInt8 => "u8",
            DType.Bool => "bool",
            _ => type.ToString(),
        };

    // Frees the handle even if a tensor is lost; LiveCount still tells that it was.
    private sealed class TensorHandle : SafeHandle
    {
        public TensorHandle(nint raw)
            : base(0, ownsHandle: true) => SetHandle(raw);

        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            Native.ft_tensor_free(handle);
            return true;
        }
    }
}
