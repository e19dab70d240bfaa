using Forno.Models.Layouts;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Models.Autoencoders;

/// <summary>Pictures → moments before <c>quant_conv</c>: [B, 3, H, W] → [B, 2·latent, H/f, W/f].</summary>
internal sealed class VaeEncoder
{
    private readonly Conv2d input,
        output;
    private readonly List<VaeResBlock[]> levels = [];
    private readonly List<Conv2d> downs = [];
    private readonly VaeMiddle middle;
    private readonly GroupNorm norm;

    public VaeEncoder(Weights weights, VaeConfig config)
    {
        VaeLayout layout = config.Layout;
        int channels = layout.Channels;
        input = new Conv2d(weights["conv_in"], 3, channels, 3, padding: 1);
        for (int i = 0; i < layout.ChannelMult.Count; i++)
        {
            int wider = layout.Channels * layout.ChannelMult[i];
            Weights level = weights["down"][i];
            var blocks = new VaeResBlock[layout.NumResBlocks];
            for (int j = 0; j < blocks.Length; j++)
            {
                blocks[j] = new VaeResBlock(level["block"][j], channels, wider, config.NormGroups);
                channels = wider;
            }
            levels.Add(blocks);
            if (i < layout.ChannelMult.Count - 1)
            {
                downs.Add(new Conv2d(level["downsample.conv"], channels, channels, 3, stride: 2));
            }
        }
        middle = new VaeMiddle(weights["mid"], channels, config.NormGroups);
        norm = new GroupNorm(weights["norm_out"], channels, config.NormGroups, 1e-6);
        output = new Conv2d(weights["conv_out"], channels, 2 * layout.LatentChannels, 3, padding: 1);
    }

    public Tensor Forward(Tensor x)
    {
        using var scope = new Scope();
        Tensor h = input.Forward(x);
        for (int i = 0; i < levels.Count; i++)
        {
            using var level = new Scope();
            Tensor t = h;
            foreach (VaeResBlock block in levels[i])
            {
                t = block.Forward(t);
            }
            // One column on the right and one row at the bottom, nothing on the other sides.
            h = level.Keep(i < downs.Count ? downs[i].Forward(Ops.Pad(t, [0, 1, 0, 1])) : t);
        }
        h = middle.Forward(h);
        return scope.Keep(output.Forward(norm.ForwardSilu(h)));
    }
}

/// <summary>
/// Latents after <c>post_quant_conv</c> → pictures: [B, latent, h, w] → [B, 3, f·h, f·w], not clamped.
/// </summary>
internal sealed class VaeDecoder
{
    private readonly Conv2d input,
        output;
    private readonly VaeMiddle middle;
    private readonly List<(VaeResBlock[] Blocks, Conv2d? Up)> levels = [];
    private readonly GroupNorm norm;

    public VaeDecoder(Weights weights, VaeConfig config)
    {
        VaeLayout layout = config.Layout;
        int channels = layout.Channels * layout.ChannelMult[^1];
        input = new Conv2d(weights["conv_in"], layout.LatentChannels, channels, 3, padding: 1);
        middle = new VaeMiddle(weights["mid"], channels, config.NormGroups);
        for (int i = layout.ChannelMult.Count - 1; i >= 0; i--)
        {
            int narrower = layout.Channels * layout.ChannelMult[i];
            Weights level = weights["up"][i];
            var blocks = new VaeResBlock[layout.NumResBlocks + 1];
            for (int j = 0; j < blocks.Length; j++)
            {
                blocks[j] = new VaeResBlock(level["block"][j], channels, narrower, config.NormGroups);
                channels = narrower;
            }
            Conv2d? up = i > 0 ? new Conv2d(level["upsample.conv"], channels, channels, 3, padding: 1) : null;
            levels.Add((blocks, up));
        }
        norm = new GroupNorm(weights["norm_out"], channels, config.NormGroups, 1e-6);
        output = new Conv2d(weights["conv_out"], channels, 3, 3, padding: 1);
    }

    public Tensor Forward(Tensor z)
    {
        using var scope = new Scope();
        Tensor h = middle.Forward(input.Forward(z));
        foreach ((VaeResBlock[] blocks, Conv2d? up) in levels)
        {
            using var level = new Scope();
            Tensor t = h;
            foreach (VaeResBlock block in blocks)
            {
                t = block.Forward(t);
            }
            h = level.Keep(up is null ? t : up.Forward(Ops.UpsampleNearest(t, t.Size(2) * 2, t.Size(3) * 2)));
        }
        return scope.Keep(output.Forward(norm.ForwardSilu(h)));
    }
}
