namespace Forno.Torch;

/// <summary>A failure of libtorch: the operator, the shapes it was given and libtorch's own message.</summary>
public class TorchException : Exception
{
    /// <summary>Creates the exception with its whole message and, from a callback, its cause.</summary>
    public TorchException(string message, Exception? inner = null)
        : base(message, inner) { }
}

/// <summary>libtorch could not get the memory that an operator needed.</summary>
public sealed class TorchOutOfMemoryException : TorchException
{
    /// <summary>Creates the exception with its whole message.</summary>
    public TorchOutOfMemoryException(string message)
        : base(message) { }
}
