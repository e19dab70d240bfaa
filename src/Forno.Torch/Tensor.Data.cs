using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Forno.Torch;

/// <content>Elements in and out.</content>
public sealed unsafe partial class Tensor
{
    /// <summary>A tensor with a copy of <paramref name="data"/>; its type follows <typeparamref name="T"/>.</summary>
    /// <exception cref="ArgumentException">The number of elements is not the product of the sizes.</exception>
    public static Tensor From<T>(ReadOnlySpan<T> data, params ReadOnlySpan<long> sizes)
        where T : unmanaged
    {
        Tensor t = Empty(sizes, TypeOf<T>());
        if (t.Count != data.Length)
        {
            throw new ArgumentException($"{data.Length} elements for a tensor {t}");
        }
        data.CopyTo(new Span<T>(t.Pointer, data.Length));
        return t;
    }

    /// <summary>A tensor with a copy of an array.</summary>
    public static Tensor From<T>(T[] data, params ReadOnlySpan<long> sizes)
        where T : unmanaged => From((ReadOnlySpan<T>)data, sizes);

    /// <summary>A tensor with a copy of raw bytes in the given type.</summary>
    public static Tensor FromBytes(ReadOnlySpan<byte> data, DType type, params ReadOnlySpan<long> sizes)
    {
        Tensor t = Empty(sizes, type);
        if (t.Count * type.Size() != data.Length)
        {
            throw new ArgumentException($"{data.Length} bytes for a tensor {t}");
        }
        data.CopyTo(new Span<byte>(t.Pointer, data.Length));
        return t;
    }

    /// <summary>
    /// A tensor over memory that somebody else owns, without a copy. The memory must stay while any tensor shares it:
    /// <paramref name="keepAlive"/> is held until then. Writing into it is writing into that memory.
    /// </summary>
    public static Tensor Wrap(void* data, DType type, ReadOnlySpan<long> sizes, object keepAlive)
    {
        var context = GCHandle.Alloc(keepAlive);
        nint raw;
        fixed (long* s = sizes)
        {
            long nothing = 0;
            int code = Native.ft_tensor_wrap(
                data,
                s == null ? &nothing : s,
                sizes.Length,
                (int)type,
                &Release,
                GCHandle.ToIntPtr(context),
                &raw
            );
            if (code != 0)
            {
                context.Free();
                throw Native.Failure(code, "wrap memory");
            }
        }
        return FromHandle(raw);
    }

    /// <summary>The elements of a contiguous tensor on the processor, to read or write while it lives.</summary>
    /// <exception cref="InvalidOperationException">Not contiguous, on a card, or of another type.</exception>
    public Span<T> AsSpan<T>()
        where T : unmanaged
    {
        if (DType != TypeOf<T>() && Unsafe.SizeOf<T>() != DType.Size())
        {
            throw new InvalidOperationException($"{this} does not hold {typeof(T).Name}");
        }
        if (Device.IsCuda || !IsContiguous)
        {
            throw new InvalidOperationException($"{this} is not contiguous on the processor");
        }
        return new Span<T>(Pointer, checked((int)Count));
    }

    /// <summary>
    /// A copy of the elements, row-major, converted to <typeparamref name="T"/>, wherever the tensor is.
    /// </summary>
    public T[] ToArray<T>()
        where T : unmanaged
    {
        using var scope = new Scope();
        Tensor host = To(Device.Cpu).To(TypeOf<T>()).Contiguous();
        return new ReadOnlySpan<T>(host.Pointer, checked((int)host.Count)).ToArray();
    }

    /// <summary>The one element as a double.</summary>
    public double Item()
    {
        using var scope = new Scope();
        if (Count != 1)
        {
            throw new InvalidOperationException($"{this} has not exactly one element");
        }
        return *(double*)To(Device.Cpu).To(DType.Float64).Contiguous().Pointer;
    }

    /// <summary>Address of the first element on the processor, for code that fills or saves tensors.</summary>
    public void* Pointer
    {
        get
        {
            void* data;
            Native.Check(Native.ft_tensor_data(Handle, &data), "data");
            return data;
        }
    }

    /// <summary>The element type that stands for a C# type.</summary>
    public static DType TypeOf<T>()
        where T : unmanaged =>
        typeof(T) == typeof(float) ? DType.Float32
        : typeof(T) == typeof(double) ? DType.Float64
        : typeof(T) == typeof(long) ? DType.Int64
        : typeof(T) == typeof(int) ? DType.Int32
        : typeof(T) == typeof(short) ? DType.Int16
        : typeof(T) == typeof(byte) ? DType.UInt8
        : typeof(T) == typeof(sbyte) ? DType.Int8
        : typeof(T) == typeof(bool) ? DType.Bool
        : typeof(T) == typeof(Half) ? DType.Float16
        : throw new NotSupportedException($"no tensor holds {typeof(T).Name}");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Release(nint context) => GCHandle.FromIntPtr(context).Free();
}
