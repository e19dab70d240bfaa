namespace Forno.Torch;

/// <summary>Where a tensor lives: the processor or a CUDA card.</summary>
/// <param name="IsCuda">Whether this is a CUDA card.</param>
/// <param name="Index">The card's number; 0 for the processor.</param>
public readonly record struct Device(bool IsCuda, int Index)
{
    /// <summary>The processor.</summary>
    public static Device Cpu => default;

    /// <summary>A CUDA card by number.</summary>
    public static Device Cuda(int index = 0) => new(true, index);

    /// <summary>Cards that this libtorch can use.</summary>
    public static int CudaCount => Native.ft_cuda_count();

    // c10::DeviceType: CPU is 0, CUDA is 1; the index is in the low half.
    internal int Code => ((IsCuda ? 1 : 0) << 16) | Index;

    internal static Device FromCode(int code) => new(code >> 16 == 1, code & 0xffff);

    /// <inheritdoc/>
    public override string ToString() => IsCuda ? $"cuda:{Index}" : "cpu";
}

/// <summary>
/// Facts and switches of the libtorch in use. The switches are the whole process's: only a program's face or a bench
/// sets them, never a library.
/// </summary>
public static unsafe class TorchRuntime
{
    /// <summary>libtorch's version, such as <c>1.13.1</c>.</summary>
    public static string Version => Native.Text(Native.ft_version());

    /// <summary>libtorch's own description of how it was built and which instructions it uses.</summary>
    public static string Configuration => Native.Text(Native.ft_config());

    /// <summary>Threads that one operator may use; at least 1.</summary>
    public static int Threads
    {
        get => Native.ft_threads(0);
        set => Native.ft_threads(value);
    }

    /// <summary>Treats denormal numbers as zero: they make convolutions of nearly dead channels very slow.</summary>
    public static void FlushDenormals(bool on) =>
        Native.Check(Native.ft_flush_denormals(on ? 1 : 0), "flush denormals");

    /// <summary>Turns oneDNN's kernels on or off (on is libtorch's default).</summary>
    public static void UseMkldnn(bool on) => Native.Check(Native.ft_use_mkldnn(on ? 1 : 0), "switch oneDNN");

    /// <summary>Lets CUDA round fp32 products to TF32; off by default here, so that goldens hold.</summary>
    public static void AllowTf32(bool on) => Native.Check(Native.ft_allow_tf32(on ? 1 : 0), "switch TF32");
}
