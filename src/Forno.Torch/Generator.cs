namespace Forno.Torch;

/// <summary>
/// libtorch's CPU generator (Mersenne Twister), the source of A1111's CPU noise: <c>manual_seed(seed)</c>, then
/// <c>randn</c>. Belongs to whoever made it. There is no global generator.
/// </summary>
public sealed unsafe class Generator : IDisposable
{
    private nint handle;

    /// <summary>A generator seeded like <c>torch.manual_seed(seed)</c>.</summary>
    public Generator(ulong seed) => Native.Check(Native.ft_generator_new(seed, out handle), "new generator");

    internal nint Handle => handle != 0 ? handle : throw new ObjectDisposedException(nameof(Generator));

    /// <summary>Normal numbers of mean 0 and variance 1, drawn on the processor as fp32.</summary>
    public Tensor Randn(params ReadOnlySpan<long> sizes) => Ops.Randn(sizes, this);

    /// <summary>Uniform numbers in [0, 1), drawn on the processor as fp32.</summary>
    public Tensor Rand(params ReadOnlySpan<long> sizes) => Ops.Rand(sizes, this);

    /// <summary>Whole numbers in [<paramref name="low"/>, <paramref name="high"/>), int64.</summary>
    public Tensor RandInt(long low, long high, params ReadOnlySpan<long> sizes) => Ops.RandInt(low, high, sizes, this);

    /// <summary>The generator's whole state as bytes.</summary>
    public byte[] State
    {
        get
        {
            using var scope = new Scope();
            nint raw;
            Native.Check(Native.ft_generator_state(Handle, &raw), "generator state");
            return Tensor.FromHandle(raw).AsSpan<byte>().ToArray();
        }
        set
        {
            using var scope = new Scope();
            var state = Tensor.From((ReadOnlySpan<byte>)value, value.Length);
            Native.Check(Native.ft_generator_set_state(Handle, state.Handle), "generator state");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (handle != 0)
        {
            Native.ft_generator_free(handle);
            handle = 0;
        }
    }
}
