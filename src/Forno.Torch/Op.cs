using System.Collections.Concurrent;
using System.Text;

namespace Forno.Torch;

/// <summary>
/// An ATen operator, found by name at run time: <c>Op.Find("aten::add", "Tensor")</c>. Arguments go in the order of
/// its schema; missing ones at the end take the schema's defaults.
/// </summary>
public sealed unsafe class Op
{
    private const int FewResults = 64,
        MostResults = 4096;
    private static readonly ConcurrentDictionary<(string, string), Op?> Known = new();
    private readonly void* op;

    private Op(string name, void* op)
    {
        Name = name;
        this.op = op;
    }

    /// <summary>Name and overload, such as <c>aten::add.Tensor</c>.</summary>
    public string Name { get; }

    /// <summary>The operator.</summary>
    /// <exception cref="TorchException">This libtorch does not have it.</exception>
    public static Op Find(string name, string overload = "") =>
        TryFind(name, overload)
        ?? throw new TorchException($"libtorch {TorchRuntime.Version} has no operator {name}.{overload}");

    /// <summary>The operator, or null where this libtorch does not have it.</summary>
    public static Op? TryFind(string name, string overload = "") =>
        Known.GetOrAdd(
            (name, overload),
            static key =>
            {
                Native.Check(Native.ft_op_find(key.Item1, key.Item2, out void* found), "find operator");
                return found == null
                    ? null
                    : new Op(key.Item2.Length == 0 ? key.Item1 : $"{key.Item1}.{key.Item2}", found);
            }
        );

    /// <summary>Calls the operator; its first result.</summary>
    public Tensor Call(params ReadOnlySpan<Arg> args)
    {
        int capacity = Capacity(args);
        Native.Value* results = stackalloc Native.Value[capacity];
        int n = Invoke(args, results, capacity);
        for (int i = 1; i < n; i++)
        {
            Discard(results[i]);
        }
        return n > 0 && results[0].Tag == Native.Tag.Tensor
            ? Tensor.FromHandle((nint)results[0].Pointer)
            : throw new TorchException($"{Name} gave no tensor");
    }

    /// <summary>Calls the operator; all its results, lists laid flat. Undefined ones are null.</summary>
    public Tensor[] CallMany(params ReadOnlySpan<Arg> args)
    {
        int capacity = Capacity(args);
        Native.Value* results = stackalloc Native.Value[capacity];
        int n = Invoke(args, results, capacity);
        var tensors = new Tensor[n];
        for (int i = 0; i < n; i++)
        {
            tensors[i] = results[i].Tag == Native.Tag.Tensor ? Tensor.FromHandle((nint)results[i].Pointer) : null!;
        }
        return tensors;
    }

    /// <summary>Calls an operator for its effect, such as one that works in place.</summary>
    public void Run(params ReadOnlySpan<Arg> args)
    {
        int capacity = Capacity(args);
        Native.Value* results = stackalloc Native.Value[capacity];
        int n = Invoke(args, results, capacity);
        for (int i = 0; i < n; i++)
        {
            Discard(results[i]);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static void Discard(Native.Value v)
    {
        if (v.Tag == Native.Tag.Tensor)
        {
            Native.ft_tensor_free((nint)v.Pointer);
        }
    }

    // Operators over lists of tensors return as many.
    private static int Capacity(ReadOnlySpan<Arg> args)
    {
        int most = FewResults;
        foreach (ref readonly Arg a in args)
        {
            most = Math.Max(most, Math.Min(a.Words, MostResults));
        }
        return most;
    }

    private int Invoke(ReadOnlySpan<Arg> args, Native.Value* results, int capacity)
    {
        int words = 0;
        foreach (ref readonly Arg a in args)
        {
            words += a.Words;
        }
        Native.Value* values = stackalloc Native.Value[args.Length + 1];
        Span<long> scratch = words <= 128 ? stackalloc long[words + 1] : new long[words + 1];
        int count;
        fixed (long* lists = scratch)
        {
            long* free = lists;
            for (int i = 0; i < args.Length; i++)
            {
                free = args[i].Fill(&values[i], free);
            }
            CallClock.Enter();
            int code = Native.ft_op_call(op, values, args.Length, results, capacity, &count);
            CallClock.Leave();
            if (code != 0)
            {
                throw Native.Failure(code, Describe(args));
            }
        }
        return count;
    }

    private string Describe(ReadOnlySpan<Arg> args)
    {
        var text = new StringBuilder(Name).Append('(');
        for (int i = 0; i < args.Length; i++)
        {
            text.Append(i == 0 ? "" : ", ").Append(args[i].ToString());
        }
        return text.Append(')').ToString();
    }
}
