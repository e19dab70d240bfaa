using System.Runtime.InteropServices;

namespace Forno.Vision.Onnx;

/// <summary>
/// Something of ONNX Runtime's that has to be given back, by the function of the table that takes it.
/// </summary>
internal sealed unsafe class OnnxHandle : SafeHandle
{
    private static long live;
    private readonly OnnxApi.Slot release;

    /// <summary>Takes it.</summary>
    public OnnxHandle(nint handle, OnnxApi.Slot release)
        : base(0, ownsHandle: true)
    {
        this.release = release;
        SetHandle(handle);
        if (handle != 0)
        {
            Interlocked.Increment(ref live);
        }
    }

    /// <summary>How many there are in the process: sessions, options, values, descriptions, statuses.</summary>
    public static long Live => Interlocked.Read(ref live);

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        ((delegate* unmanaged[Cdecl]<nint, void>)OnnxApi.At(release))(handle);
        Interlocked.Decrement(ref live);
        return true;
    }

    /// <summary>Keeps a handle from being given back while it is used.</summary>
    public readonly ref struct Use
    {
        private readonly OnnxHandle? held;

        /// <summary>Begins the use; null stands for the null pointer.</summary>
        public Use(OnnxHandle? handle)
        {
            bool done = false;
            handle?.DangerousAddRef(ref done);
            held = done ? handle : null;
        }

        /// <summary>The pointer.</summary>
        public nint Pointer => held?.DangerousGetHandle() ?? 0;

        /// <summary>Ends the use.</summary>
        public void Dispose() => held?.DangerousRelease();
    }
}
