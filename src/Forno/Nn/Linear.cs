using Forno.Torch;

namespace Forno.Nn;

/// <summary>x Wᵀ + b over the last dimension: x [.., in] → [.., out]. Computes in the weight's type.</summary>
public sealed class Linear : PatchableLayer
{
    /// <summary>Reads <c>weight</c> [out, in] and, unless told otherwise, <c>bias</c> [out].</summary>
    public Linear(Weights weights, long inputs, long outputs, bool bias = true, Init init = Init.FanIn)
        : base(
            weights,
            weights.Take("weight", init, outputs, inputs),
            bias ? weights.Take("bias", Init.Zeros, outputs) : null
        ) { }

    /// <inheritdoc/>
    public override Tensor Apply(Tensor x, Tensor weight, Tensor? bias)
    {
        if (x.DType == weight.DType)
        {
            return Ops.Linear(x, weight, bias);
        }
        using var scope = new Scope();
        return scope.Keep(Ops.Linear(x.To(weight.DType), weight, bias));
    }
}

/// <summary>2-dimensional convolution: x [B, in, H, W] → [B, out, H', W']. Computes in the weight's type.</summary>
public sealed class Conv2d : PatchableLayer
{
    /// <summary>Reads <c>weight</c> [out, in, k, k] and, unless told otherwise, <c>bias</c> [out].</summary>
    public Conv2d(
        Weights weights,
        long inputs,
        long outputs,
        long kernel,
        long stride = 1,
        long padding = 0,
        bool bias = true,
        Init init = Init.FanIn
    )
        : base(
            weights,
            weights.Take("weight", init, outputs, inputs, kernel, kernel),
            bias ? weights.Take("bias", Init.Zeros, outputs) : null
        )
    {
        Stride = stride;
        Padding = padding;
    }

    /// <summary>Step of the window in pixels.</summary>
    public long Stride { get; }

    /// <summary>Zeros added on every side, in pixels.</summary>
    public long Padding { get; }

    /// <inheritdoc/>
    public override Tensor Apply(Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = new Scope();
        Tensor input = x.DType == weight.DType ? x : x.To(weight.DType);
        bool frozen = !weight.RequiresGrad && bias is not { RequiresGrad: true };
        if (!frozen || !Autograd.Enabled || !x.RequiresGrad)
        {
            return scope.Keep(Ops.Conv2d(input, weight, bias, Stride, Padding));
        }
        // libtorch would keep the input for the gradient of a kernel that is not trained.
        Tensor output;
        using (Autograd.NoGrad())
        {
            output = Ops.Conv2d(input, weight, bias, Stride, Padding);
        }
        long[] shape = x.Shape.ToArray();
        return scope.Keep(
            Autograd.Attach(
                [input],
                [weight],
                [output],
                (kept, grads) =>
                    [grads[0] is { } grad ? Ops.ConvInputGrad(grad, shape, kept[0], Stride, Padding) : null]
            )[0]
        );
    }
}

/// <summary>A table of vectors: int64 indices [..] → [.., width].</summary>
public sealed class Embedding
{
    /// <summary>Reads <c>weight</c> [count, width].</summary>
    public Embedding(Weights weights, long count, long width) =>
        Weight = weights.Take("weight", Init.Normal, count, width);

    /// <summary>The table; belongs to the store.</summary>
    public Tensor Weight { get; }

    /// <summary>The rows of the given indices.</summary>
    public Tensor Forward(Tensor indices) => Ops.Embedding(Weight, indices);
}
