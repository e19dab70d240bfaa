using Forno.Torch;

namespace Forno.Adapters.Kinds;

/// <summary>
/// LoHa (Hyeon-Woo et al. 2021, FedPara, arXiv 2108.06098) as LyCORIS has it: the elementwise product of two
/// factorisations, ΔW = alpha/rank · (w1_a·w1_b) ∘ (w2_a·w2_b), w?_a [out, r], w?_b [r, in·kh·kw]. With
/// <c>hada_t1</c>, <c>hada_t2</c> [r, r, kh, kw] (Tucker) w?_a is [r, out], w?_b [r, in] and each side
/// R[o, i, k] = Σ t[a, b, k] · w_a[a, o] · w_b[b, i].
/// </summary>
public sealed class LohaAdapter : Adapter
{
    private const string A1 = "hada_w1_a",
        B1 = "hada_w1_b",
        T1 = "hada_t1",
        A2 = "hada_w2_a",
        B2 = "hada_w2_b",
        T2 = "hada_t2";
    private readonly Tensor[] factors; // w1_a, w1_b, w2_a, w2_b and perhaps t1, t2
    private readonly bool tucker;

    /// <summary>Takes over a module's tensors.</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="tensors">The four matrices and perhaps both cores, fp32.</param>
    /// <param name="alpha">The alpha; null: none is given.</param>
    /// <exception cref="FornoException">They do not go together.</exception>
    public LohaAdapter(string name, IReadOnlyDictionary<string, Tensor> tensors, double? alpha)
        : base(name, checked((int)tensors[B1].Size(0)), alpha, tensors)
    {
        tucker = tensors.ContainsKey(T1);
        factors = [.. ((string[])[A1, B1, A2, B2, .. tucker ? [T1, T2] : (string[])[]]).Select(Factor)];
        bool fits =
            Fit(factors[0], factors[1])
            && Fit(factors[2], factors[3])
            && (
                !tucker
                || Array.TrueForAll(factors[4..], t => t.Dims == 4 && t.Size(0) == Rank && t.Size(1) == Rank)
                    && factors[4].Shape.SequenceEqual(factors[5].Shape)
            );
        if (!fits || tensors.ContainsKey(T2) != tucker)
        {
            throw new FornoException(
                $"{name}: {string.Join(", ", tensors.Select(t => $"{t.Key} {t.Value}"))} do not fit together"
            );
        }

        Tensor Factor(string suffix) =>
            tensors.GetValueOrDefault(suffix) ?? throw new FornoException($"{name} has {T1} but no {suffix}");
        bool Fit(Tensor a, Tensor b) =>
            a.Dims == 2 && b.Dims == 2 && a.Size(tucker ? 0 : 1) == Rank && b.Size(0) == Rank;
    }

    /// <summary>
    /// LoHa as the registry lists it. <c>use_tucker</c> is for kernels larger than 1×1; with <c>rs_lora</c> the scale
    /// is alpha/√rank, kept in files as an alpha that is √rank times as large.
    /// </summary>
    public static AdapterKind Kind { get; } =
        new("LoHa")
        {
            Marks = ["hada_"],
            Required = [A1, B1, A2, B2],
            Optional = [T1, T2],
            Algorithms = ["loha"],
            Options = ["use_tucker", "rs_lora"],
            Read = (name, tensors, alpha) => new LohaAdapter(name, tensors, alpha),
            New = New,
        };

    /// <inheritdoc/>
    public override Tensor Delta(Tensor weight)
    {
        using var scope = new Scope();
        // Only the factors stay for backward, not the two products, each as large as the weight.
        Tensor product = Autograd.Checkpoint(
            f => tucker ? Core(f[0], f[1], f[4]) * Core(f[2], f[3], f[5]) : f[0].MatMul(f[1]) * f[2].MatMul(f[3]),
            factors
        );
        return scope.Keep(product.Reshape(weight.Shape) * Scale);
    }

    /// <inheritdoc/>
    protected override bool Fits(ReadOnlySpan<long> weight)
    {
        if (tucker)
        {
            Tensor core = factors[4];
            return weight.SequenceEqual([factors[0].Size(1), factors[1].Size(1), core.Size(2), core.Size(3)])
                && factors[2].Size(1) == weight[0]
                && factors[3].Size(1) == weight[1];
        }
        long inputs = 1;
        foreach (long side in weight[1..])
        {
            inputs *= side;
        }
        return weight.Length is 2 or 4
            && factors[0].Size(0) == weight[0]
            && factors[1].Size(1) == inputs
            && factors[2].Size(0) == weight[0]
            && factors[3].Size(1) == inputs;
    }

    // LyCORIS' start: one of the four matrices is zero, so that nothing changes yet; the others are normal.
    private static LohaAdapter New(NewModule asked)
    {
        using var scope = new Scope();
        (long rank, IReadOnlyList<long> shape) = (asked.Module.Rank, asked.Shape);
        bool tucker = asked.Options.Flag("use_tucker") && asked.Module.Target.IsSpatial;
        long outputs = shape[0],
            inputs = tucker ? shape[1] : shape.Skip(1).Aggregate(1L, (a, b) => a * b);
        long[] a = tucker ? [rank, outputs] : [outputs, rank],
            core = tucker ? [rank, rank, shape[2], shape[3]] : [];
        var tensors = new Dictionary<string, Tensor>();
        if (tucker)
        {
            tensors[T1] = asked.Normal(T1, 0.1, core);
        }
        tensors[A1] = asked.Normal(A1, 0.1, a);
        tensors[B1] = asked.Normal(B1, 1, rank, inputs);
        if (tucker)
        {
            tensors[T2] = asked.Normal(T2, 0.1, core);
        }
        tensors[A2] = asked.Zeros(a);
        tensors[B2] = asked.Normal(B2, 1, rank, inputs);
        double alpha = asked.Module.Alpha * (asked.Options.Flag("rs_lora") ? Math.Sqrt(rank) : 1);
        return new LohaAdapter(asked.Module.Target.Name, tensors, alpha) { Dropout = asked.Dropout };
    }

    // [out, in, k]: over b first, then over a.
    private static Tensor Core(Tensor a, Tensor b, Tensor t)
    {
        long rank = t.Size(0),
            kernel = t.Size(2) * t.Size(3),
            inputs = b.Size(1);
        Tensor inner = t.Flatten(2).Transpose(1, 2).MatMul(b); // [a, k, in]
        return a.Transpose(0, 1)
            .MatMul(inner.Reshape(rank, kernel * inputs))
            .Reshape(-1, kernel, inputs)
            .Transpose(1, 2);
    }
}
