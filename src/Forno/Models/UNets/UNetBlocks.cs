using Forno.Nn;
using Forno.Torch;

namespace Forno.Models.UNets;

/// <summary>What every block of a UNet sees beside the picture: the embedded time, and the text.</summary>
/// <param name="Embedding">SiLU of the time embedding [B, 4M], already applied.</param>
/// <param name="Context">Text conditioning [B, T, D].</param>
internal readonly record struct UNetInputs(Tensor Embedding, Tensor Context);

/// <summary>Residual block with the time embedding added between its convolutions.</summary>
internal sealed class UNetResBlock
{
    private readonly GroupNorm norm1,
        norm2;
    private readonly Conv2d conv1,
        conv2;
    private readonly Linear time;
    private readonly Conv2d? skip;

    public UNetResBlock(Weights weights, UNetConfig config, int inputs, int outputs)
    {
        norm1 = new GroupNorm(weights["in_layers.0"], inputs, config.NormGroups);
        conv1 = new Conv2d(weights["in_layers.2"], inputs, outputs, 3, padding: 1);
        time = new Linear(weights["emb_layers.1"], 4 * config.Layout.ModelChannels, outputs);
        norm2 = new GroupNorm(weights["out_layers.0"], outputs, config.NormGroups);
        conv2 = new Conv2d(weights["out_layers.3"], outputs, outputs, 3, padding: 1, init: Init.Zeros);
        skip = inputs == outputs ? null : new Conv2d(weights["skip_connection"], inputs, outputs, 1);
    }

    public Tensor Forward(Tensor x, Tensor embedding)
    {
        using var scope = new Scope();
        Tensor h = conv1.Forward(norm1.ForwardSilu(x));
        h = h + time.Forward(embedding).Unsqueeze(-1).Unsqueeze(-1); // [B, C, 1, 1]
        h = conv2.Forward(norm2.ForwardSilu(h));
        return scope.Keep((skip?.Forward(x) ?? x) + h);
    }
}

/// <summary>Attention of positions to themselves or to the text.</summary>
internal sealed class CrossAttention
{
    private readonly Linear q,
        k,
        v,
        output;
    private readonly int heads;

    public CrossAttention(Weights weights, int channels, int contextChannels, int heads)
    {
        this.heads = heads;
        q = new Linear(weights["to_q"], channels, channels, bias: false);
        k = new Linear(weights["to_k"], contextChannels, channels, bias: false);
        v = new Linear(weights["to_v"], contextChannels, channels, bias: false);
        output = new Linear(weights["to_out.0"], channels, channels);
    }

    public Tensor Forward(Tensor x, Tensor context)
    {
        using var scope = new Scope();
        return scope.Keep(
            output.Forward(Attention.Forward(q.Forward(x), k.Forward(context), v.Forward(context), heads))
        );
    }
}

/// <summary>Gated feed-forward: the first half of <c>net.0.proj</c> times the GELU of the second.</summary>
internal sealed class GatedFeedForward
{
    private readonly Linear wide,
        narrow;

    public GatedFeedForward(Weights weights, int channels)
    {
        wide = new Linear(weights["net.0.proj"], channels, 8 * channels);
        narrow = new Linear(weights["net.2"], 4 * channels, channels);
    }

    public Tensor Forward(Tensor x)
    {
        using var scope = new Scope();
        return scope.Keep(narrow.Forward(Gates.Geglu(wide.Forward(x))));
    }
}

/// <summary>Self-attention, cross-attention, feed-forward, each behind a norm and added to its input.</summary>
internal sealed class TransformerBlock
{
    private readonly LayerNorm norm1,
        norm2,
        norm3;
    private readonly CrossAttention self,
        cross;
    private readonly GatedFeedForward feed;

    public TransformerBlock(Weights weights, int channels, int contextChannels, int heads)
    {
        self = new CrossAttention(weights["attn1"], channels, channels, heads);
        feed = new GatedFeedForward(weights["ff"], channels);
        cross = new CrossAttention(weights["attn2"], channels, contextChannels, heads);
        norm1 = new LayerNorm(weights["norm1"], channels);
        norm2 = new LayerNorm(weights["norm2"], channels);
        norm3 = new LayerNorm(weights["norm3"], channels);
    }

    public Tensor Forward(Tensor x, Tensor context)
    {
        using var scope = new Scope();
        Tensor h = norm1.Forward(x);
        x = x + self.Forward(h, h);
        x = x + cross.Forward(norm2.Forward(x), context);
        return scope.Keep(x + feed.Forward(norm3.Forward(x)));
    }
}

/// <summary>Transformer blocks over the positions of a picture, between two projections.</summary>
internal sealed class SpatialTransformer
{
    private readonly GroupNorm norm;
    private readonly PatchableLayer input,
        output;
    private readonly TransformerBlock[] blocks;
    private readonly bool linear;

    public SpatialTransformer(Weights weights, UNetConfig config, int channels, int depth)
    {
        linear = config.Layout.LinearProjections;
        norm = new GroupNorm(weights["norm"], channels, config.NormGroups, 1e-6);
        input = Projection(weights["proj_in"], channels, Init.FanIn);
        blocks = new TransformerBlock[depth];
        for (int i = 0; i < depth; i++)
        {
            blocks[i] = new TransformerBlock(
                weights["transformer_blocks"][i],
                channels,
                config.Layout.ContextDim,
                config.HeadsAt(channels)
            );
        }
        output = Projection(weights["proj_out"], channels, Init.Zeros);
    }

    public Tensor Forward(Tensor x, Tensor context)
    {
        using var scope = new Scope();
        (long b, long c, long height, long width) = (x.Size(0), x.Size(1), x.Size(2), x.Size(3));
        Tensor h = norm.Forward(x);
        h = linear ? input.Forward(Tokens(h)) : Tokens(input.Forward(h));
        foreach (TransformerBlock block in blocks)
        {
            h = block.Forward(h, context);
        }
        h = linear ? Picture(output.Forward(h), b, c, height, width) : output.Forward(Picture(h, b, c, height, width));
        return scope.Keep(x + h);
    }

    private PatchableLayer Projection(Weights weights, int channels, Init init) =>
        linear
            ? new Linear(weights, channels, channels, init: init)
            : new Conv2d(weights, channels, channels, 1, init: init);

    // [B, C, H, W] → [B, H·W, C]
    private static Tensor Tokens(Tensor x) => x.Flatten(2).Transpose(1, 2).Contiguous();

    // [B, H·W, C] → [B, C, H, W]
    private static Tensor Picture(Tensor x, long b, long c, long height, long width) =>
        x.Transpose(1, 2).Reshape(b, c, height, width);
}
