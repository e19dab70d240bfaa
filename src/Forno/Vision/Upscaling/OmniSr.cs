using Forno.Nn;
using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>
/// Omni-SR (Wang et al. 2023): groups of blocks that attend within windows, over a grid, and between channels. The grid
/// reaches over the whole picture, so tiles are close to it, not equal.
/// </summary>
internal sealed class OmniSr : UpscaleNetwork
{
    private readonly Conv2d input,
        output,
        up;
    private readonly OmniGroup[] groups;
    private readonly int window;

    public OmniSr(Weights weights)
    {
        int features = Side(weights, "input.weight", 0),
            channels = Side(weights, "input.weight", 1),
            outputs = Side(weights, "up.0.weight", 0);
        bool bias = weights.Has("input.bias");
        int scale = ShuffleScale(weights, "up.0.weight", outputs, channels);
        int count = Count(weights["residual_layer"]),
            blocks = Count(weights["residual_layer"][0]["residual_layer"]) - 1;
        const string Positions = "residual_layer.0.residual_layer.0.layer.2.fn.rel_pos_bias.weight";
        // A table of (2w − 1)² offsets.
        window = weights.Has(Positions) ? (int)(Math.Sqrt(Side(weights, Positions, 0)) + 1) / 2 : 8;
        if (features % 4 != 0 || blocks < 1)
        {
            throw new FornoException(
                $"{weights.Store.Origin}: an OmniSR of {features} features and {blocks} blocks is not known. "
                    + "The file is damaged or of another kind."
            );
        }
        input = new Conv2d(weights["input"], channels, features, 3, padding: 1, bias: bias);
        groups =
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new OmniGroup(weights["residual_layer"][i], features, blocks, window, bias)),
        ];
        output = new Conv2d(weights["output"], features, features, 3, padding: 1, bias: bias);
        up = new Conv2d(weights["up.0"], features, outputs, 3, padding: 1, bias: bias);
        Info = new UpscalerInfo
        {
            Architecture = "OmniSR",
            Scale = scale,
            InputChannels = channels,
            OutputChannels = channels,
            MinimumSize = 16,
            TileStep = window,
            Context = 4 * window,
            BytesPerPixel = 4L * ((24 * features) + (4 * outputs)),
            Measures = new Dictionary<string, object?>
            {
                ["nf"] = features,
                ["res_num"] = count,
                ["block_num"] = blocks,
                ["window_size"] = window,
            },
        };
    }

    public override UpscalerInfo Info { get; }

    public static bool Knows(Func<string, bool> has) =>
        has("residual_layer.0.residual_layer.0.layer.0.fn.0.weight") && has("input.weight") && has("up.0.weight");

    /// <summary>What a profiler leaves in files.</summary>
    public static bool IsHarmless(string key) =>
        key.EndsWith("total_ops", StringComparison.Ordinal) || key.EndsWith("total_params", StringComparison.Ordinal);

    public override Tensor Forward(Tensor x, Margins margins)
    {
        using var scope = new Scope();
        long right = (window - (x.Size(3) % window)) % window,
            bottom = (window - (x.Size(2) % window)) % window;
        Tensor f = input.Forward(right + bottom > 0 ? Ops.Pad(x, [0, right, 0, bottom]) : x),
            y = f;
        foreach (OmniGroup group in groups)
        {
            using var step = new Scope();
            Tensor next = step.Keep(group.Forward(y));
            if (y != f)
            {
                y.Dispose();
            }
            y = next;
        }
        y = output.Forward(y);
        y.Add_(f);
        return scope.Keep(
            Cut(
                Ops.PixelShuffle(up.Forward(y), Info.Scale),
                margins with
                {
                    Right = margins.Right + (int)right,
                    Bottom = margins.Bottom + (int)bottom,
                },
                Info.Scale
            )
        );
    }

    private static int Count(Weights weights)
    {
        int n = 0;
        while (weights.HasBelow(Invariant.Text($"{n}")))
        {
            n++;
        }
        return n;
    }

    /// <summary>Blocks, a 1×1 convolution, a skip, and spatial attention over a small copy (ESA).</summary>
    private sealed class OmniGroup(Weights weights, int features, int blocks, int window, bool bias)
    {
        private readonly OmniBlock[] blocks =
        [
            .. Enumerable
                .Range(0, blocks)
                .Select(j => new OmniBlock(weights["residual_layer"][j]["layer"], features, window)),
        ];
        private readonly Conv2d end = new(weights["residual_layer"][blocks], features, features, 1, bias: bias);
        private readonly Conv2d conv1 = new(weights["esa.conv1"], features, Math.Max(features / 4, 16), 1);
        private readonly Conv2d convF = new(
            weights["esa.conv_f"],
            Math.Max(features / 4, 16),
            Math.Max(features / 4, 16),
            1
        );
        private readonly Conv2d conv2 = new(
            weights["esa.conv2"],
            Math.Max(features / 4, 16),
            Math.Max(features / 4, 16),
            3,
            stride: 2
        );
        private readonly Conv2d conv3 = Conv3(
            weights["esa.conv3"],
            Math.Max(features / 4, 16),
            Math.Max(features / 4, 16)
        );
        private readonly Conv2d conv4 = new(weights["esa.conv4"], Math.Max(features / 4, 16), features, 1);

        public Tensor Forward(Tensor x)
        {
            using var scope = new Scope();
            Tensor y = x;
            foreach (OmniBlock block in blocks)
            {
                y = block.Forward(y);
            }
            y = end.Forward(y);
            y.Add_(x);
            Tensor small = conv1.Forward(y);
            Tensor pooled = conv3.Forward(Ops.MaxPool(conv2.Forward(small), 7, 3));
            Tensor gate = conv4.Forward(Ops.UpsampleBilinear(pooled, x.Size(2), x.Size(3)) + convF.Forward(small));
            Ops.Sigmoid_(gate);
            return scope.Keep(y * gate);
        }
    }

    /// <summary>
    /// Local convolution, window attention, channel attention, grid attention, grid channel attention, each with its
    /// gate.
    /// </summary>
    private sealed class OmniBlock(Weights layer, int features, int window)
    {
        private readonly MobileConv local = new(layer["0.fn"], features);
        private readonly TokenAttention inWindows = new(layer[2], features, window, grid: false),
            onGrid = new(layer[8], features, window, grid: true);
        private readonly GatedConv[] gates =
        [
            .. ((int[])[4, 6, 10, 12]).Select(i => new GatedConv(layer[i], features)),
        ];
        private readonly ChannelAttention channels = new(layer[5], features, window, grid: false),
            gridChannels = new(layer[11], features, window, grid: true);

        public Tensor Forward(Tensor x)
        {
            using var scope = new Scope();
            Func<Tensor, Tensor>[] steps =
            [
                local.Forward,
                inWindows.Forward,
                gates[0].Forward,
                channels.Forward,
                gates[1].Forward,
                onGrid.Forward,
                gates[2].Forward,
                gridChannels.Forward,
                gates[3].Forward,
            ];
            Tensor y = x.Clone();
            foreach (Func<Tensor, Tensor> step in steps)
            {
                using var each = new Scope();
                y.Add_(step(y)); // every step has a skip
            }
            return scope.Keep(y);
        }
    }

    /// <summary>1×1, depthwise 3×3, squeeze and excitation, 1×1.</summary>
    private sealed class MobileConv(Weights weights, int features)
    {
        private readonly Conv2d first = new(weights[0], features, features, 1),
            last = new(weights[5], features, features, 1);
        private readonly DepthwiseConv middle = new(weights[2], features, bias: true);
        private readonly Linear squeeze = new(weights["4.gate.1"], features, features / 4, bias: false);
        private readonly Linear excite = new(weights["4.gate.3"], features / 4, features, bias: false);

        public Tensor Forward(Tensor x)
        {
            using var scope = new Scope();
            Tensor y = Ops.Gelu(middle.Forward(Ops.Gelu(first.Forward(x))));
            Tensor gate = Ops.Sigmoid(excite.Forward(Ops.Silu(squeeze.Forward(y.Mean([2, 3]))))); // [B, C]
            return scope.Keep(last.Forward(y * gate.Unsqueeze(-1).Unsqueeze(-1)));
        }
    }

    /// <summary>
    /// Attention of places within windows, or of places that lie a window's number of steps apart (the grid).
    /// </summary>
    private sealed class TokenAttention(Weights weights, int features, int window, bool grid)
    {
        private readonly LayerNorm norm = new(weights["norm"], features);
        private readonly Linear qkv = new(weights["fn.to_qkv"], features, 3L * features, bias: false),
            merge = new(weights["fn.to_out.0"], features, features, bias: false);

        private readonly Tensor? positions = weights.Has("fn.rel_pos_bias.weight")
            ? weights["fn.rel_pos_bias"].Take("weight", Init.Normal, ((2L * window) - 1) * ((2L * window) - 1), 4)
            : null;

        public Tensor Forward(Tensor x)
        {
            using var scope = new Scope();
            (long b, long c, long h, long w, long s) = (x.Size(0), x.Size(1), x.Size(2), x.Size(3), window);
            Tensor cut = grid
                ? x.View(b, c, s, h / s, s, w / s).Permute(0, 3, 5, 2, 4, 1)
                : x.View(b, c, h / s, s, w / s, s).Permute(0, 2, 4, 3, 5, 1);
            Tensor tokens = norm.Forward(cut.Reshape(-1, s * s, c)); // [windows, w·w, C]
            Tensor[] parts = qkv.Forward(tokens).Chunk(3, -1);
            Tensor? bias = positions is null
                ? null
                : Ops.Embedding(positions, WindowAttention.Offsets(window, window).To(x.Device))
                    .View(s * s, s * s, 4)
                    .Permute(2, 0, 1);
            Tensor o = merge
                .Forward(WindowAttention.Forward(parts[0], parts[1], parts[2], 4, bias))
                .View(b, h / s, w / s, s, s, c);
            return scope.Keep((grid ? o.Permute(0, 5, 3, 1, 4, 2) : o.Permute(0, 5, 1, 3, 2, 4)).Reshape(b, c, h, w));
        }
    }

    /// <summary>Attention of channels within windows, or over the grid.</summary>
    private sealed class ChannelAttention(Weights weights, int features, int window, bool grid)
    {
        private readonly ChannelNorm norm = new(weights["norm"], features);
        private readonly Conv2d qkv = new(weights["fn.qkv"], features, 3L * features, 1, bias: false),
            merge = new(weights["fn.project_out"], features, features, 1, bias: false);
        private readonly DepthwiseConv local = new(weights["fn.qkv_dwconv"], 3L * features, bias: false);
        private readonly Tensor temperature = weights["fn"].Take("temperature", Init.Ones, 4, 1, 1);

        public Tensor Forward(Tensor x)
        {
            using var scope = new Scope();
            (long b, long c, long h, long w, long s) = (x.Size(0), x.Size(1), x.Size(2), x.Size(3), window);
            Tensor[] parts = local.Forward(qkv.Forward(norm.Forward(x))).Chunk(3, 1);
            Tensor Split(Tensor t)
            {
                Tensor v = t.Reshape(b, 4, c / 4, h / s, s, w / s, s);
                return grid
                    ? v.Permute(0, 4, 6, 1, 2, 3, 5).Reshape(b * s * s, 4, c / 4, h / s * (w / s))
                    : v.Permute(0, 3, 5, 1, 2, 4, 6).Reshape(b * (h / s) * (w / s), 4, c / 4, s * s);
            }
            Tensor o = WindowAttention.OfChannels(Split(parts[0]), Split(parts[1]), Split(parts[2]), temperature);
            o = grid
                ? o.View(b, s, s, 4, c / 4, h / s, w / s).Permute(0, 3, 4, 5, 1, 6, 2)
                : o.View(b, h / s, w / s, 4, c / 4, s, s).Permute(0, 3, 4, 1, 5, 2, 6);
            return scope.Keep(merge.Forward(o.Reshape(b, c, h, w)));
        }
    }

    /// <summary>A feed-forward of convolutions in which one half gates the other.</summary>
    private sealed class GatedConv(Weights weights, int features)
    {
        private readonly ChannelNorm norm = new(weights["norm"], features);
        private readonly Conv2d widen = new(weights["fn.project_in"], features, 2L * features, 1, bias: false),
            merge = new(weights["fn.project_out"], features, features, 1, bias: false);
        private readonly DepthwiseConv local = new(weights["fn.dwconv"], 2L * features, bias: false);

        public Tensor Forward(Tensor x)
        {
            using var scope = new Scope();
            Tensor[] parts = local.Forward(widen.Forward(norm.Forward(x))).Chunk(2, 1);
            return scope.Keep(merge.Forward(Ops.Gelu(parts[0]) * parts[1]));
        }
    }

    /// <summary>Layer normalisation over the channels of each pixel.</summary>
    private sealed class ChannelNorm(Weights weights, int features)
    {
        private readonly LayerNorm norm = new(weights, features, 1e-6);

        public Tensor Forward(Tensor x)
        {
            using var scope = new Scope();
            return scope.Keep(norm.Forward(x.Permute(0, 2, 3, 1).Contiguous()).Permute(0, 3, 1, 2).Contiguous());
        }
    }
}
