using Forno.Torch;

namespace Forno.Adapters.Kinds;

/// <summary>
/// LoKr (Edalati et al. 2022, KronA, arXiv 2212.10650) as LyCORIS has it: ΔW = alpha/rank · C1 ⊗ C2 with C1 [a, c] and
/// C2 [b, d, kh, kw] for a weight [a·b, c·d, kh, kw]. Each side is whole (<c>lokr_w1</c>, <c>lokr_w2</c>) or a product
/// of two (<c>…_a</c>, <c>…_b</c>), the second one perhaps with a core (<c>lokr_t2</c>: w2_a [r, b], w2_b [r, d]).
/// Where both are whole a file's scale is 1 whatever its alpha says.
/// </summary>
public sealed class LokrAdapter : Adapter
{
    private const string W1 = "lokr_w1",
        W1A = "lokr_w1_a",
        W1B = "lokr_w1_b",
        W2 = "lokr_w2",
        W2A = "lokr_w2_a",
        W2B = "lokr_w2_b",
        T2 = "lokr_t2";

    /// <summary>Takes over a module's tensors.</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="tensors">Its tensors, fp32.</param>
    /// <param name="alpha">The alpha; null: none is given.</param>
    /// <exception cref="FornoException">They do not go together.</exception>
    public LokrAdapter(string name, IReadOnlyDictionary<string, Tensor> tensors, double? alpha)
        : base(name, RankOf(tensors), alpha, tensors)
    {
        bool tucker = tensors.ContainsKey(T2);
        bool complete = Complete(W1, W1A, W1B) && Complete(W2, W2A, W2B) && !(tucker && tensors.ContainsKey(W2));
        if (!complete || !Fit(W1A, W1B, 1) || !Fit(W2A, W2B, tucker ? 0 : 1) || !FitsCore())
        {
            throw new FornoException(
                $"{name}: {string.Join(", ", tensors.Select(t => $"{t.Key} {t.Value}"))} do not fit together"
            );
        }

        bool Complete(string whole, string a, string b) =>
            tensors.ContainsKey(a) == tensors.ContainsKey(b) && tensors.ContainsKey(a) != tensors.ContainsKey(whole);
        bool Fit(string a, string b, int axis) =>
            !tensors.TryGetValue(a, out Tensor? left)
            || (left.Dims == 2 && tensors[b].Dims == 2 && left.Size(axis) == tensors[b].Size(0));
        bool FitsCore() =>
            !tensors.TryGetValue(T2, out Tensor? core)
            || (core.Dims == 4 && core.Size(0) == tensors[W2A].Size(0) && core.Size(1) == tensors[W2B].Size(0));
    }

    /// <summary>
    /// LoKr as the registry lists it. <c>factor</c> is the size that the smaller side aims at (−1: as square as can
    /// be), <c>decompose_both</c> lets the first side be a product too, <c>full_matrix</c> keeps both whole,
    /// <c>unbalanced_factorization</c> swaps the output's two factors; <c>use_tucker</c>, <c>rs_lora</c> as for LoHa.
    /// </summary>
    public static AdapterKind Kind { get; } =
        new("LoKr")
        {
            Marks = ["lokr_"],
            Optional = [W1, W1A, W1B, W2, W2A, W2B, T2],
            Algorithms = ["lokr"],
            Options = ["factor", "decompose_both", "full_matrix", "unbalanced_factorization", "use_tucker", "rs_lora"],
            Read = (name, tensors, alpha) => new LokrAdapter(name, tensors, alpha),
            New = New,
        };

    /// <inheritdoc/>
    public override double Scale => IsWhole(Tensors) ? WholeScale : base.Scale;

    /// <summary>
    /// A file cannot tell the scale of <c>rs_lora</c> where both sides are whole: it goes into the first one.
    /// </summary>
    public override IReadOnlyDictionary<string, Tensor> Saved =>
        WholeScale == 1
            ? Tensors
            : new Dictionary<string, Tensor>(Tensors) { [W1] = Tensors[W1].Detach() * WholeScale };

    // The scale in training where both sides are whole.
    private double WholeScale { get; init; } = 1;

    /// <inheritdoc/>
    public override Tensor Delta(Tensor weight)
    {
        using var scope = new Scope();
        Tensor c1 = Tensors.TryGetValue(W1, out Tensor? w1) ? w1 : Tensors[W1A].MatMul(Tensors[W1B]);
        Tensor c2 = Second();
        (long a, long c, long b) = (c1.Size(0), c1.Size(1), c2.Size(0));
        long kernel = weight.Dims == 4 ? weight.Size(2) * weight.Size(3) : 1,
            d = c2.Size(1) / kernel;
        Tensor product = c1.Reshape(a, 1, c, 1, 1) * c2.Reshape(1, b, 1, d, kernel);
        return scope.Keep(product.Reshape(weight.Shape) * Scale);
    }

    /// <inheritdoc/>
    protected override bool Fits(ReadOnlySpan<long> weight)
    {
        if (weight.Length is not (2 or 4))
        {
            return false;
        }
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        long kernel = weight.Length == 4 ? weight[2] * weight[3] : 1;
        (long a, long c) = Tensors.TryGetValue(W1, out Tensor? w1)
            ? (w1.Size(0), w1.Size(1))
            : (Tensors[W1A].Size(0), Tensors[W1B].Size(1));
        Tensor c2 = Second();
        Tensor? core = Tensors.GetValueOrDefault(T2) ?? Tensors.GetValueOrDefault(W2);
        bool sameKernel =
            core is not { Dims: 4 }
            || (weight.Length == 4 ? (weight[2], weight[3]) : (1, 1)) == (core.Size(2), core.Size(3));
        return sameKernel && a * c2.Size(0) == weight[0] && c * c2.Size(1) == weight[1] * kernel;
    }

    private static int RankOf(IReadOnlyDictionary<string, Tensor> tensors) =>
        (tensors.GetValueOrDefault(W2B) ?? tensors.GetValueOrDefault(W1B)) is { Dims: > 0 } b ? (int)b.Size(0) : 1;

    private static LokrAdapter New(NewModule asked)
    {
        using var scope = new Scope();
        (long rank, IReadOnlyList<long> shape, AdapterOptions options) = (
            asked.Module.Rank,
            asked.Shape,
            asked.Options
        );
        int factor = options.Whole("factor", -1);
        bool whole = options.Flag("full_matrix");
        long[] kernel = [.. shape.Skip(2)];
        (long a, long b) = Factors(shape[0], factor);
        (long c, long d) = Factors(shape[1], factor);
        if (options.Flag("unbalanced_factorization"))
        {
            (a, b) = (b, a);
        }
        var tensors = new Dictionary<string, Tensor>();
        if (options.Flag("decompose_both") && 2 * rank < Math.Max(a, c) && !whole)
        {
            tensors[W1A] = asked.Uniform(W1A, a, rank);
            tensors[W1B] = asked.Uniform(W1B, rank, c);
        }
        else
        {
            tensors[W1] = asked.Uniform(W1, a, c);
        }
        if (2 * rank >= Math.Max(b, d) || whole)
        {
            tensors[W2] = asked.Zeros([b, d, .. kernel]);
        }
        else if (options.Flag("use_tucker") && asked.Module.Target.IsSpatial)
        {
            tensors[T2] = asked.Uniform(T2, [rank, rank, .. kernel]);
            tensors[W2A] = asked.Uniform(W2A, rank, b);
            tensors[W2B] = asked.Zeros(rank, d);
        }
        else
        {
            tensors[W2A] = asked.Uniform(W2A, b, rank);
            tensors[W2B] = asked.Zeros(rank, kernel.Aggregate(d, (x, y) => x * y));
        }
        double root = options.Flag("rs_lora") ? Math.Sqrt(rank) : 1;
        double alpha = (IsWhole(tensors) ? rank : asked.Module.Alpha) * root;
        return new LokrAdapter(asked.Module.Target.Name, tensors, alpha)
        {
            Dropout = asked.Dropout,
            WholeScale = IsWhole(tensors) ? root : 1,
        };
    }

    private static bool IsWhole(IReadOnlyDictionary<string, Tensor> tensors) =>
        tensors.ContainsKey(W1) && tensors.ContainsKey(W2);

    /// <summary>
    /// Two factors of a layer's side, the smaller one first: the wanted one and its partner where it divides the side;
    /// otherwise the nearest to a square whose smaller factor is not above the wanted one (−1: any).
    /// </summary>
    internal static (long Small, long Large) Factors(long side, long wanted)
    {
        if (wanted > 0 && side % wanted == 0)
        {
            return (Math.Min(wanted, side / wanted), Math.Max(wanted, side / wanted));
        }
        long limit = wanted < 0 ? side : wanted,
            small = 1;
        for (long m = 2; m * m <= side && m <= limit; m++)
        {
            if (side % m == 0)
            {
                small = m;
            }
        }
        return (small, side / small);
    }

    // C2 as [b, d·kh·kw].
    private Tensor Second()
    {
        using var scope = new Scope();
        if (Tensors.TryGetValue(W2, out Tensor? whole))
        {
            return scope.Keep(whole.Flatten(1));
        }
        (Tensor a, Tensor b) = (Tensors[W2A], Tensors[W2B]);
        if (!Tensors.TryGetValue(T2, out Tensor? core))
        {
            return scope.Keep(a.MatMul(b));
        }
        // t[p, q, k] a[p, b] b[q, d]: over q first, then over p.
        (long rank, long kernel, long d) = (a.Size(0), core.Size(2) * core.Size(3), b.Size(1));
        Tensor inner = core.Flatten(2).Transpose(1, 2).MatMul(b).Reshape(rank, kernel * d);
        return scope.Keep(a.Transpose(0, 1).MatMul(inner).Reshape(-1, kernel, d).Transpose(1, 2).Flatten(1));
    }
}
