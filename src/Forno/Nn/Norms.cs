using Forno.Torch;

namespace Forno.Nn;

/// <summary>
/// Group normalisation of [B, C, …] in fp32 whatever the input's type (bf16 backward of libtorch 1.13 is wrong in
/// channels-last order); the output has the input's type.
/// </summary>
public sealed class GroupNorm : PatchableLayer
{
    private readonly long groups;
    private readonly double epsilon;

    /// <summary>Reads <c>weight</c> and <c>bias</c> [channels].</summary>
    public GroupNorm(Weights weights, long channels, long groups = 32, double epsilon = 1e-5)
        : base(weights, weights.TakeFloat32("weight", Init.Ones, channels), weights.TakeFloat32("bias", Init.Zeros, channels))
    {
        this.groups = groups;
        this.epsilon = epsilon;
    }

    /// <inheritdoc/>
    public override Tensor Apply(Tensor x, Tensor weight, Tensor? bias)
    {
        if (x.DType == DType.Float32)
        {
            return Ops.GroupNorm(x, groups, weight, bias, epsilon);
        }
        using var scope = new Scope();
        return scope.Keep(Ops.GroupNorm(x.To(DType.Float32), groups, weight, bias, epsilon).To(x.DType));
    }
}

/// <summary>Layer normalisation over the last dimension, in fp32; the output has the input's type.</summary>
public sealed class LayerNorm : PatchableLayer
{
    private readonly double epsilon;

    /// <summary>Reads <c>weight</c> and <c>bias</c> [width].</summary>
    public LayerNorm(Weights weights, long width, double epsilon = 1e-5)
        : base(weights, weights.TakeFloat32("weight", Init.Ones, width), weights.TakeFloat32("bias", Init.Zeros, width)) =>
        this.epsilon = epsilon;

    /// <inheritdoc/>
    public override Tensor Apply(Tensor x, Tensor weight, Tensor? bias)
    {
        if (x.DType == DType.Float32)
        {
            return Ops.LayerNorm(x, weight, bias, epsilon);
        }
        using var scope = new Scope();
        return scope.Keep(Ops.LayerNorm(x.To(DType.Float32), weight, bias, epsilon).To(x.DType));
    }
}
