using System.Runtime.InteropServices;

namespace Forno.Torch;

/// <summary>
/// Threads that one matrix product may use, where the library of products is OpenBLAS: a setting of the whole process,
/// so it is only lent, to whoever runs a job for as long as it runs. No model, layer or loop takes it. Products too
/// small to share take several times longer on two threads than on one.
/// </summary>
public static unsafe class ProductThreads
{
    private static readonly Lock @lock = new();
    private static readonly List<Lease> leases = [];
    private static readonly Lazy<(nint Get, nint Set)> library = new(Find);
    private static int original;

    /// <summary>Threads in use now; 0: the library of products is not OpenBLAS.</summary>
    public static int Count => library.Value.Get == 0 ? 0 : ((delegate* unmanaged[Cdecl]<int>)library.Value.Get)();

    /// <summary>
    /// Uses so many until the result is disposed. Of several at a time the last one counts; with the last to go the
    /// setting is again what it was before the first, whatever the order.
    /// </summary>
    /// <param name="count">At least 1.</param>
    public static IDisposable Use(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var lease = new Lease(count);
        lock (@lock)
        {
            if (leases.Count == 0)
            {
                original = Count;
            }
            leases.Add(lease);
            Set(count);
        }
        return lease;
    }

    private static void Return(Lease lease)
    {
        lock (@lock)
        {
            if (leases.Remove(lease))
            {
                Set(leases.Count > 0 ? leases[^1].Count : original);
            }
        }
    }

    private static void Set(int count)
    {
        if (library.Value.Set != 0)
        {
            ((delegate* unmanaged[Cdecl]<int, void>)library.Value.Set)(count);
        }
    }

    private static (nint Get, nint Set) Find() =>
        NativeLibrary.TryLoad("libopenblas.so.0", out nint openBlas)
        && NativeLibrary.TryGetExport(openBlas, "openblas_get_num_threads", out nint get)
        && NativeLibrary.TryGetExport(openBlas, "openblas_set_num_threads", out nint set)
            ? (get, set)
            : default;

    private sealed class Lease(int count) : IDisposable
    {
        public int Count { get; } = count;

        public void Dispose() => Return(this);
    }
}
