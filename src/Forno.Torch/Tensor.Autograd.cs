namespace Forno.Torch;

/// <content>The tensor as part of a graph.</content>
public sealed unsafe partial class Tensor
{
    /// <summary>Whether gradients flow through this tensor; may be set on leaves only.</summary>
    public bool RequiresGrad
    {
        get
        {
            int value;
            Native.Check(Native.ft_requires_grad(Handle, &value), "requires_grad");
            return value != 0;
        }
        set => Native.Check(Native.ft_set_requires_grad(Handle, value ? 1 : 0), $"requires_grad of {this}");
    }

    /// <summary>
    /// The gradient that backward added up, in the current scope; null: none. It shares the leaf's storage.
    /// </summary>
    public Tensor? Grad
    {
        get
        {
            nint raw;
            Native.Check(Native.ft_grad_of(Handle, &raw), "grad");
            return raw == 0 ? null : FromHandle(raw);
        }
        set => Native.Check(Native.ft_set_grad(Handle, value?.Handle ?? 0), "grad");
    }

    // Another reference to the same tensor (the same node of the graph), in the current scope.
    internal static Tensor Share(nint raw)
    {
        nint counted = raw;
        Native.Check(Native.ft_tensor_share(raw, &counted), "share");
        return FromHandle(counted);
    }

    // A reference for the other side of the border, which frees it.
    internal nint Release()
    {
        nint counted;
        Native.Check(Native.ft_tensor_share(Handle, &counted), "share");
        return counted;
    }

    /// <summary>References to this tensor that libtorch and handles hold; for leak tests.</summary>
    internal long UseCount
    {
        get
        {
            long n;
            Native.Check(Native.ft_tensor_use_count(Handle, &n), "use count");
            return n;
        }
    }
}
