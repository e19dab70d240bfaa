using Forno.Nn;
using Forno.Torch;

namespace Forno.Adapters.Kinds;

/// <summary>
/// LoRA (Hu et al. 2021, arXiv 2106.09685) on linear layers and convolutions (LoCon): ΔW = alpha/rank · up · down.
/// Linear: down [r, in], up [out, r]. Convolution: down [r, in, k, k] with the layer's stride and padding,
/// up [out, r, 1, 1]; with <c>lora_mid</c> (Tucker) down [r, in, 1, 1], mid [r, r, k, k]. Tensors of linear layers may
/// stand as 1×1 convolutions and the other way round.
/// </summary>
public sealed class LoraAdapter : Adapter
{
    internal const string DownKey = "lora_down.weight",
        UpKey = "lora_up.weight",
        MidKey = "lora_mid.weight";
    private readonly Tensor down,
        up;
    private readonly Tensor? mid;

    /// <summary>
    /// LoRA as the registry lists it. LyCORIS' options: <c>use_tucker</c> for kernels larger than 1×1;
    /// <c>rs_lora</c>: scale alpha/√rank, kept in files as an alpha that is √rank times as large.
    /// </summary>
    public static AdapterKind Kind { get; } =
        new("LoRA")
        {
            Marks = [DownKey, UpKey],
            Required = [DownKey, UpKey],
            Optional = [MidKey],
            NetworkModules = ["networks.lora"],
            Algorithms = ["lora", "locon"],
            Options = ["use_tucker", "rs_lora"],
            Read = (name, tensors, alpha) => new LoraAdapter(name, tensors, alpha),
            New = New,
        };

    /// <summary>Takes over the tensors of a file or of <see cref="New"/>.</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="tensors"><c>lora_down.weight</c>, <c>lora_up.weight</c> and perhaps <c>lora_mid.weight</c>,
    /// fp32.</param>
    /// <param name="alpha">The alpha; null: none is given.</param>
    public LoraAdapter(string name, IReadOnlyDictionary<string, Tensor> tensors, double? alpha)
        : base(name, checked((int)tensors[DownKey].Size(0)), alpha, tensors)
    {
        (down, up, mid) = (tensors[DownKey], tensors[UpKey], tensors.GetValueOrDefault(MidKey));
        if (
            up.Dims < 2
            || down.Dims < 2
            || up.Size(1) != Rank
            || (mid is not null && (mid.Size(0) != Rank || mid.Size(1) != Rank))
        )
        {
            throw new FornoException($"{name}: lora_down {down} and lora_up {up} do not fit together");
        }
    }

    /// <summary>A new module that changes nothing yet: down and mid uniform in ±1/√fan_in, up zero.</summary>
    public static LoraAdapter New(NewModule asked)
    {
        using var scope = new Scope();
        (long rank, IReadOnlyList<long> shape) = (asked.Module.Rank, asked.Shape);
        bool tucker = asked.Options.Flag("use_tucker") && asked.Module.Target.IsSpatial;
        (long[] down, long[] up) = Shapes(shape, asked.Module.Rank);
        var tensors = new Dictionary<string, Tensor>
        {
            [DownKey] = asked.Uniform("lora_down", tucker ? [rank, shape[1], 1, 1] : down),
            [UpKey] = asked.Zeros(up),
        };
        if (tucker)
        {
            tensors[MidKey] = asked.Uniform("lora_mid", rank, rank, shape[2], shape[3]);
        }
        double alpha = asked.Module.Alpha * (asked.Options.Flag("rs_lora") ? Math.Sqrt(rank) : 1);
        return new LoraAdapter(asked.Module.Target.Name, tensors, alpha) { Dropout = asked.Dropout };
    }

    /// <summary>Shapes of down and up for a layer's weight.</summary>
    public static (long[] Down, long[] Up) Shapes(IReadOnlyList<long> weight, int rank) =>
        weight.Count == 2
            ? ([rank, weight[1]], [weight[0], rank])
            : ([rank, weight[1], weight[2], weight[3]], [weight[0], rank, 1, 1]);

    /// <inheritdoc/>
    protected override bool Fits(ReadOnlySpan<long> weight)
    {
        Tensor kernel = mid ?? down;
        static long Side(Tensor t, int dim) => t.Dims > dim ? t.Size(dim) : 1;
        return weight.Length is 2 or 4
            && down.Size(1) == weight[1]
            && up.Size(0) == weight[0]
            && Side(up, 2) * Side(up, 3) == 1
            && Side(kernel, 2) == (weight.Length == 4 ? weight[2] : 1)
            && Side(kernel, 3) == (weight.Length == 4 ? weight[3] : 1)
            && (mid is null || Side(down, 2) * Side(down, 3) == 1);
    }

    /// <inheritdoc/>
    public override Tensor Delta(Tensor weight)
    {
        using var scope = new Scope();
        Tensor product;
        if (mid is null)
        {
            product = up.Flatten(1).MatMul(down.Flatten(1));
        }
        else
        {
            // up[o, a] mid[a, b, k] down[b, i]: over b first, then over a.
            long kernel = mid.Size(2) * mid.Size(3),
                inputs = down.Size(1);
            Tensor inner = mid.Flatten(2).Transpose(1, 2).MatMul(down.Flatten(1)); // [a, k, i]
            product = up.Flatten(1)
                .MatMul(inner.Reshape(Rank, kernel * inputs))
                .Reshape(-1, kernel, inputs)
                .Transpose(1, 2);
        }
        return scope.Keep(product.Reshape(weight.Shape) * Scale);
    }

    /// <inheritdoc/>
    public override Tensor? Branch(PatchableLayer layer, Tensor x)
    {
        if (Multiplier == 0 || IsDropped())
        {
            return null;
        }
        using var scope = new Scope();
        DType type = layer.Weight.DType;
        Tensor input = x.To(type);
        Tensor hidden;
        if (layer is Conv2d conv && mid is not null)
        {
            hidden = Ops.Conv2d(
                Ops.Conv2d(input, Kernel(down, type)),
                Kernel(mid, type),
                null,
                conv.Stride,
                conv.Padding
            );
        }
        else
        {
            hidden = layer.Apply(input, As(down, layer.Weight.Dims, type), null);
        }
        hidden = Drop(hidden, channelsLast: layer.Weight.Dims == 2) * (Multiplier * Scale);
        return scope.Keep(layer is Conv2d ? Ops.Conv2d(hidden, Kernel(up, type)) : Ops.Linear(hidden, As(up, 2, type)));
    }

    // hidden: [B, …, r], or [B, r, H, W] of a convolution.
    private Tensor Drop(Tensor hidden, bool channelsLast)
    {
        if (Draw is null)
        {
            return hidden;
        }
        if (Dropout.Network > 0)
        {
            hidden = hidden * Mask("network", Dropout.Network, hidden.Shape, hidden);
        }
        if (Dropout.Rank > 0)
        {
            long[] shape = new long[hidden.Dims];
            Array.Fill(shape, 1);
            shape[0] = hidden.Size(0);
            shape[channelsLast ? hidden.Dims - 1 : 1] = Rank;
            hidden = hidden * Mask("rank", Dropout.Rank, [hidden.Size(0), Rank], hidden).View(shape);
        }
        return hidden;
    }

    private static Tensor Kernel(Tensor t, DType type) => As(t, 4, type);

    private static Tensor As(Tensor t, int dims, DType type)
    {
        Tensor typed = t.To(type);
        return typed.Dims == dims ? typed
            : dims == 2 ? typed.Flatten(1)
            : typed.View(typed.Size(0), typed.Size(1), 1, 1);
    }
}
