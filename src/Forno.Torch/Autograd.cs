using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Forno.Torch;

/// <summary>Gradients: the mode, backward, and segments whose backward is written in C#.</summary>
public static unsafe class Autograd
{
    [ThreadStatic]
    private static Exception? callbackFailure;

    /// <summary>Whether operators of this thread record a graph (libtorch's default: yes).</summary>
    public static bool Enabled => Native.ft_grad_mode(-1) != 0;

    /// <summary>No graph is recorded until the result is disposed.</summary>
    public static Mode NoGrad() => new(false);

    /// <summary>A graph is recorded until the result is disposed.</summary>
    public static Mode WithGrad() => new(true);

    /// <summary>Adds the gradients of <paramref name="output"/> to the leaves' <see cref="Tensor.Grad"/>.</summary>
    /// <param name="output">A scalar, or any tensor if <paramref name="grad"/> is given.</param>
    /// <param name="grad">The gradient with respect to the output; null: 1.</param>
    /// <param name="retainGraph">Keep the graph for another backward.</param>
    public static void Backward(Tensor output, Tensor? grad = null, bool retainGraph = false)
    {
        nint o = output.Handle;
        nint g = grad?.Handle ?? 0;
        CallClock.Enter();
        int code = Native.ft_backward_run(&o, grad is null ? null : &g, 1, retainGraph ? 1 : 0);
        CallClock.Leave();
        Native.Check(code, $"backward of {output}");
    }

    /// <summary>Backward from several outputs with their gradients (null: none for that output).</summary>
    public static void Backward(ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Tensor?> grads)
    {
        // Outputs without a gradient take no part.
        nint[] o = new nint[outputs.Length],
            g = new nint[outputs.Length];
        int n = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            if (grads[i] is { } grad && outputs[i].RequiresGrad)
            {
                (o[n], g[n]) = (outputs[i].Handle, grad.Handle);
                n++;
            }
        }
        if (n == 0)
        {
            return;
        }
        fixed (
            nint* po = o,
                pg = g
        )
        {
            Native.Check(Native.ft_backward_run(po, pg, n, 0), "backward");
        }
    }

    /// <summary>
    /// Gradients of one output with respect to given inputs; null where the output does not depend on one.
    /// </summary>
    public static Tensor?[] Grad(
        Tensor output,
        ReadOnlySpan<Tensor> inputs,
        Tensor? grad = null,
        bool retainGraph = false
    )
    {
        nint o = output.Handle,
            g = grad?.Handle ?? 0;
        nint[] ins = new nint[inputs.Length],
            outs = new nint[inputs.Length];
        for (int i = 0; i < ins.Length; i++)
        {
            ins[i] = inputs[i].Handle;
        }
        fixed (
            nint* pi = ins,
                po = outs
        )
        {
            int code = Native.ft_grad_run(&o, grad is null ? null : &g, 1, pi, ins.Length, retainGraph ? 1 : 0, po);
            Native.Check(code, $"gradient of {output}");
        }
        return Array.ConvertAll(outs, h => h == 0 ? null : Tensor.FromHandle(h));
    }

    /// <summary>
    /// Runs <paramref name="segment"/> without keeping its inner activations and runs it again in backward
    /// (gradient checkpointing). Gradients flow to <paramref name="inputs"/> and to every leaf the segment uses.
    /// The segment must compute the same both times, and must not return one of its inputs.
    /// </summary>
    public static Tensor Checkpoint(Func<Tensor[], Tensor> segment, params Tensor[] inputs)
    {
        if (!Enabled)
        {
            using var plain = new Scope();
            return plain.Keep(segment(inputs));
        }
        using var scope = new Scope();
        Tensor result;
        using (NoGrad())
        {
            result = segment(inputs);
        }
        return scope.Keep(Attach(inputs, [result], (kept, grads) => Recompute(segment, kept, grads[0]))[0]);
    }

    /// <summary>
    /// Gives finished <paramref name="outputs"/> (computed without a graph) a backward of their own: it gets the
    /// inputs, kept alive by the graph, and the gradients of the outputs (null: zero), and returns those of the
    /// inputs (null: none). Returns tensors that share the outputs' storage.
    /// </summary>
    public static Tensor[] Attach(Tensor[] inputs, Tensor[] outputs, Func<Tensor[], Tensor?[], Tensor?[]> backward) =>
        Attach(inputs, inputs, outputs, backward);

    /// <summary>
    /// The same for a backward that needs other tensors than the inputs: only <paramref name="kept"/> stay alive.
    /// </summary>
    /// <param name="inputs">What gradients flow to.</param>
    /// <param name="kept">What backward gets.</param>
    /// <param name="outputs">Computed without a graph.</param>
    /// <param name="backward">From the kept tensors and the outputs' gradients to the inputs' gradients.</param>
    public static Tensor[] Attach(
        Tensor[] inputs,
        Tensor[] kept,
        Tensor[] outputs,
        Func<Tensor[], Tensor?[], Tensor?[]> backward
    )
    {
        var node = new Node(backward, kept);
        var context = GCHandle.Alloc(node);
        nint[] ins = Array.ConvertAll(inputs, t => t.Handle),
            outs = Array.ConvertAll(outputs, t => t.Handle);
        nint[] results = new nint[outs.Length];
        fixed (
            nint* pi = ins,
                po = outs,
                pr = results
        )
        {
            int code = Native.ft_node_attach(
                pi,
                ins.Length,
                po,
                outs.Length,
                &RunBackward,
                &ReleaseNode,
                GCHandle.ToIntPtr(context),
                pr
            );
            if (code != 0)
            {
                context.Free();
                node.Dispose();
                throw Native.Failure(code, "attach a backward");
            }
        }
        return Array.ConvertAll(results, Tensor.FromHandle);
    }

    internal static Exception? TakeCallbackFailure()
    {
        Exception? e = callbackFailure;
        callbackFailure = null;
        return e is null ? null : new TorchException($"in backward: {e.Message}", e);
    }

    private static Tensor?[] Recompute(Func<Tensor[], Tensor> segment, Tensor[] inputs, Tensor? grad)
    {
        if (grad is null)
        {
            return new Tensor?[inputs.Length];
        }
        using var scope = new Scope();
        using var mode = WithGrad();
        Tensor[] leaves = Array.ConvertAll(
            inputs,
            t =>
            {
                Tensor leaf = t.Detach();
                leaf.RequiresGrad = t.RequiresGrad;
                return leaf;
            }
        );
        Tensor again = segment(leaves);
        if (again.RequiresGrad)
        {
            Backward(again, grad);
        }
        var grads = new Tensor?[leaves.Length];
        for (int i = 0; i < leaves.Length; i++)
        {
            grads[i] = leaves[i].RequiresGrad && leaves[i].Grad is { } g ? scope.Keep(g) : null;
        }
        return grads;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int RunBackward(nint context, int outputCount, nint* grads, int inputCount, nint* results)
    {
        CallClock.Leave();
        try
        {
            using var scope = new Scope();
            var node = (Node)GCHandle.FromIntPtr(context).Target!;
            var given = new Tensor?[outputCount];
            for (int i = 0; i < outputCount; i++)
            {
                given[i] = grads[i] == 0 ? null : Tensor.Share(grads[i]);
            }
            Tensor?[] found = node.Run(given);
            for (int i = 0; i < inputCount; i++)
            {
                results[i] = found[i]?.Release() ?? 0;
            }
            return 0;
        }
        catch (Exception e)
        {
            callbackFailure = e;
            return 3;
        }
        finally
        {
            CallClock.Enter();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReleaseNode(nint context)
    {
        var handle = GCHandle.FromIntPtr(context);
        ((Node)handle.Target!).Dispose();
        handle.Free();
    }

    /// <summary>A grad mode that lasts until it is disposed.</summary>
    public readonly ref struct Mode
    {
        private readonly int before;

        internal Mode(bool enabled) => before = Native.ft_grad_mode(enabled ? 1 : 0);

        /// <summary>Puts the mode back as it was.</summary>
        public void Dispose() => Native.ft_grad_mode(before);
    }

    // Holds references of its own to what is kept, so that the caller's scopes may end before backward.
    private sealed class Node(Func<Tensor[], Tensor?[], Tensor?[]> backward, Tensor[] tensors) : IDisposable
    {
        private readonly Tensor[] kept = Array.ConvertAll(tensors, t => Tensor.Share(t.Handle).Own());

        public Tensor?[] Run(Tensor?[] grads) => backward(kept, grads);

        public void Dispose()
        {
            foreach (Tensor t in kept)
            {
                t.Dispose();
            }
        }
    }
}
