using System.Reflection;
using System.Runtime.InteropServices;

namespace Forno.Torch;

/// <summary>The bridge's functions as they are; nothing outside this assembly sees them.</summary>
internal static unsafe partial class Native
{
    private const string Lib = "forno_torch";

    static Native()
    {
        NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);
        // Left alone, Debian's libtorch starts with one thread on some machines.
        if (Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is null or "")
        {
            ft_threads(Environment.ProcessorCount);
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 16)]
    internal struct Value
    {
        [FieldOffset(0)]
        public Tag Tag;

        [FieldOffset(4)]
        public int Length;

        [FieldOffset(8)]
        public long Int;

        [FieldOffset(8)]
        public double Double;

        [FieldOffset(8)]
        public void* Pointer;
    }

    internal enum Tag
    {
        None = 0,
        Tensor = 1,
        Int = 2,
        Double = 3,
        Bool = 4,
        Ints = 5,
        Doubles = 6,
        Tensors = 7,
        String = 8,
        Generator = 9,
        Device = 10,
    }

    [LibraryImport(Lib)]
    internal static partial byte* ft_last_error();

    [LibraryImport(Lib)]
    internal static partial int ft_abi(out int size, out int tag, out int len, out int payload);

    [LibraryImport(Lib, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ft_op_find(string name, string overload, out void* op);

    [LibraryImport(Lib)]
    internal static partial int ft_op_call(void* op, Value* args, int n, Value* results, int capacity, int* count);

    [LibraryImport(Lib)]
    internal static partial void ft_tensor_free(nint t);

    [LibraryImport(Lib)]
    internal static partial int ft_tensor_info(nint t, int* dtype, int* device, int* dims, long* sizes, int capacity);

    [LibraryImport(Lib)]
    internal static partial int ft_tensor_strides(nint t, long* strides, int capacity);

    [LibraryImport(Lib)]
    internal static partial int ft_tensor_data(nint t, void** data);

    [LibraryImport(Lib)]
    internal static partial int ft_tensor_wrap(
        void* data,
        long* sizes,
        int dims,
        int dtype,
        delegate* unmanaged[Cdecl]<nint, void> release,
        nint context,
        nint* t
    );

    [LibraryImport(Lib)]
    internal static partial int ft_tensor_is_contiguous(nint t, int channelsLast, int* result);

    [LibraryImport(Lib)]
    internal static partial int ft_tensor_share(nint t, nint* shared);

    [LibraryImport(Lib)]
    internal static partial int ft_tensor_use_count(nint t, long* count);

    [LibraryImport(Lib)]
    internal static partial int ft_requires_grad(nint t, int* value);

    [LibraryImport(Lib)]
    internal static partial int ft_set_requires_grad(nint t, int value);

    [LibraryImport(Lib)]
    internal static partial int ft_grad_of(nint t, nint* grad);

    [LibraryImport(Lib)]
    internal static partial int ft_set_grad(nint t, nint grad);

    [LibraryImport(Lib)]
    internal static partial int ft_backward_run(nint* outputs, nint* grads, int n, int retain);

    [LibraryImport(Lib)]
    internal static partial int ft_grad_run(
        nint* outputs,
        nint* grads,
        int n,
        nint* inputs,
        int inputCount,
        int retain,
        nint* results
    );

    [LibraryImport(Lib)]
    internal static partial int ft_grad_mode(int value);

    [LibraryImport(Lib)]
    internal static partial int ft_node_attach(
        nint* inputs,
        int inputCount,
        nint* outputs,
        int outputCount,
        delegate* unmanaged[Cdecl]<nint, int, nint*, int, nint*, int> backward,
        delegate* unmanaged[Cdecl]<nint, void> release,
        nint context,
        nint* results
    );

    [LibraryImport(Lib)]
    internal static partial int ft_generator_new(ulong seed, out nint generator);

    [LibraryImport(Lib)]
    internal static partial int ft_generator_seed(nint generator, ulong seed);

    [LibraryImport(Lib)]
    internal static partial void ft_generator_free(nint generator);

    [LibraryImport(Lib)]
    internal static partial int ft_generator_state(nint generator, nint* state);

    [LibraryImport(Lib)]
    internal static partial int ft_generator_set_state(nint generator, nint state);

    [LibraryImport(Lib)]
    internal static partial byte* ft_version();

    [LibraryImport(Lib)]
    internal static partial byte* ft_config();

    [LibraryImport(Lib)]
    internal static partial int ft_threads(int set);

    [LibraryImport(Lib)]
    internal static partial int ft_cuda_count();

    [LibraryImport(Lib)]
    internal static partial int ft_flush_denormals(int on);

    [LibraryImport(Lib)]
    internal static partial int ft_use_mkldnn(int on);

    [LibraryImport(Lib)]
    internal static partial int ft_allow_tf32(int on);

    internal static string Text(byte* utf8) => Marshal.PtrToStringUTF8((nint)utf8) ?? "";

    internal static void Check(int code, string what)
    {
        if (code != 0)
        {
            throw Failure(code, what);
        }
    }

    internal static Exception Failure(int code, string what) =>
        code switch
        {
            2 => new TorchOutOfMemoryException($"{what}: {Text(ft_last_error())}"),
            3 => Autograd.TakeCallbackFailure() ?? new TorchException($"{what}: a callback failed"),
            _ => new TorchException($"{what}: {Text(ft_last_error())}"),
        };

    // Where the bridge lies: FORNO_NATIVE, beside the program, or in the repository's build folder above it.
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Lib)
        {
            return 0;
        }
        const string file = "libforno_torch.so";
        string? told = Environment.GetEnvironmentVariable("FORNO_NATIVE");
        if (!string.IsNullOrEmpty(told))
        {
            return NativeLibrary.Load(told);
        }
        if (NativeLibrary.TryLoad(Path.Combine(AppContext.BaseDirectory, file), out nint handle))
        {
            return handle;
        }
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            string built = Path.Combine(d.FullName, "native", "build", file);
            if (File.Exists(built))
            {
                return NativeLibrary.Load(built);
            }
        }
        throw new DllNotFoundException(
            $"{file} is not built. Start the program by ./forno, which builds it, or set FORNO_NATIVE to its path."
        );
    }
}
