namespace Forno.Torch;

/// <summary>
/// Holds the temporaries of a stretch of work and frees them at its end. Every new tensor belongs to the innermost
/// scope of its thread; creating one without a scope throws. <see cref="Keep(Tensor)"/> hands a result to the scope
/// outside, <see cref="Tensor.Own"/> takes a tensor out of all scopes.
/// </summary>
/// <example><code>
/// using var scope = new Scope();
/// Tensor y = x * 2 + 1;
/// return scope.Keep(y);
/// </code></example>
public readonly ref struct Scope
{
    private readonly Frame? frame;

    /// <summary>Opens a scope inside the current one.</summary>
    public Scope()
    {
        frame = new Frame(Current);
        Current = frame;
    }

    [ThreadStatic]
    internal static Frame? Current;

    /// <summary>Hands a tensor to the scope outside this one, in constant time, and returns it.</summary>
    /// <exception cref="InvalidOperationException">There is no scope outside: use <see cref="Tensor.Own"/>.</exception>
    public Tensor Keep(Tensor tensor)
    {
        Frame outer =
            frame!.Parent
            ?? throw new InvalidOperationException("no scope outside this one to keep a tensor in; use Own()");
        tensor.MoveTo(outer);
        return tensor;
    }

    /// <summary>Hands several tensors to the scope outside.</summary>
    public Tensor[] Keep(Tensor[] tensors)
    {
        foreach (Tensor t in tensors)
        {
            Keep(t);
        }
        return tensors;
    }

    /// <summary>Frees what is left in the scope and closes it.</summary>
    public void Dispose()
    {
        if (frame is null)
        {
            return;
        }
        if (Current != frame)
        {
            throw new InvalidOperationException("scopes are closed in the order opposite to their opening");
        }
        Current = frame.Parent;
        frame.Free();
    }

    /// <summary>A list of tensors; each knows its place in it, so that leaving it is O(1).</summary>
    internal sealed class Frame(Frame? parent)
    {
        private Tensor?[] items = new Tensor?[16];
        private int count;

        public Frame? Parent { get; } = parent;

        public int Add(Tensor t)
        {
            if (count == items.Length)
            {
                Array.Resize(ref items, count * 2);
            }
            items[count] = t;
            return count++;
        }

        public void Remove(int index)
        {
            items[index] = null;
            while (count > 0 && items[count - 1] is null)
            {
                count--;
            }
        }

        public void Free()
        {
            for (int i = count - 1; i >= 0; i--)
            {
                items[i]?.FreeFromScope();
                items[i] = null;
            }
            count = 0;
        }
    }
}
