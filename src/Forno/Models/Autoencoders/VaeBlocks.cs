using Forno.Nn;
using Forno.Torch;

namespace Forno.Models.Autoencoders;

/// <summary>The autoencoder's residual block, without a time embedding.</summary>
internal sealed class VaeResBlock
{
    private readonly GroupNorm norm1,
        norm2;
    private readonly Conv2d conv1,
        conv2;
    private readonly Conv2d? shortcut;

    public VaeResBlock(Weights weights, int inputs, int outputs, int groups)
    {
        norm1 = new GroupNorm(weights["norm1"], inputs, groups, 1e-6);
        conv1 = new Conv2d(weights["conv1"], inputs, outputs, 3, padding: 1);
        norm2 = new GroupNorm(weights["norm2"], outputs, groups, 1e-6);
        conv2 = new Conv2d(weights["conv2"], outputs, outputs, 3, padding: 1);
        shortcut = inputs == outputs ? null : new Conv2d(weights["nin_shortcut"], inputs, outputs, 1);
    }

    public Tensor Forward(Tensor x)
    {
        using var scope = new Scope();
        Tensor h = conv1.Forward(norm1.ForwardSilu(x));
        h = conv2.Forward(norm2.ForwardSilu(h));
        return scope.Keep(h + (shortcut?.Forward(x) ?? x));
    }
}

/// <summary>One head of attention over all positions, by 1×1 convolutions.</summary>
internal sealed class VaeAttention
{
    private readonly GroupNorm norm;
    private readonly Conv2d q,
        k,
        v,
        output;

    public VaeAttention(Weights weights, int channels, int groups)
    {
        norm = new GroupNorm(weights["norm"], channels, groups, 1e-6);
        q = new Conv2d(weights["q"], channels, channels, 1);
        k = new Conv2d(weights["k"], channels, channels, 1);
        v = new Conv2d(weights["v"], channels, channels, 1);
        output = new Conv2d(weights["proj_out"], channels, channels, 1);
    }

    public Tensor Forward(Tensor x)
    {
        using var scope = new Scope();
        (long b, long c, long height, long width) = (x.Size(0), x.Size(1), x.Size(2), x.Size(3));
        Tensor h = norm.Forward(x);
        Tensor o = Attention.Forward(Tokens(q.Forward(h)), Tokens(k.Forward(h)), Tokens(v.Forward(h)), 1);
        return scope.Keep(x + output.Forward(o.Transpose(1, 2).Reshape(b, c, height, width)));
    }

    // [B, C, H, W] → [B, H·W, C]
    private static Tensor Tokens(Tensor x) => x.Flatten(2).Transpose(1, 2);
}

/// <summary>Residual block, attention, residual block: the middle of encoder and decoder.</summary>
internal sealed class VaeMiddle(Weights weights, int channels, int groups)
{
    private readonly VaeResBlock first = new(weights["block_1"], channels, channels, groups);
    private readonly VaeAttention attention = new(weights["attn_1"], channels, groups);
    private readonly VaeResBlock second = new(weights["block_2"], channels, channels, groups);

    public Tensor Forward(Tensor x)
    {
        using var scope = new Scope();
        return scope.Keep(second.Forward(attention.Forward(first.Forward(x))));
    }
}
