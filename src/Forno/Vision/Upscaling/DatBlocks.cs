using Forno.Nn;
using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>A residual group of DAT: blocks of two kinds by turns, convolved in the end. Tokens [B, H·W, C].</summary>
internal sealed class DatGroup
{
    private readonly DatBlock[] blocks;
    private readonly Conv2d[] end;

    public DatGroup(
        Weights weights,
        int index,
        int depth,
        int width,
        int heads,
        int hidden,
        (int High, int Wide) split,
        bool bias
    )
    {
        blocks =
        [
            .. Enumerable
                .Range(0, depth)
                .Select(b =>
                {
                    // Windows are shifted in every other window block, beginning with the first in odd groups.
                    bool shifted = index % 2 == 0 ? b > 0 && (b - 2) % 4 == 0 : b % 4 == 0;
                    return new DatBlock(
                        weights["blocks"][b],
                        width,
                        heads,
                        hidden,
                        b % 2 == 0 ? split : null,
                        shifted,
                        bias
                    );
                }),
        ];
        end = End(weights, "conv", width);
    }

    public Tensor Forward(Tensor x, int height, int width)
    {
        using var scope = new Scope();
        Tensor y = x.Clone();
        foreach (DatBlock block in blocks)
        {
            block.Run(y, height, width);
        }
        return scope.Keep(Dat.Tokens(Convolve(end, Dat.Plane(y, height, width))) + x);
    }

    /// <summary>One convolution, or three with a narrow middle.</summary>
    public static Conv2d[] End(Weights weights, string name, int width) =>
        weights.Has($"{name}.weight")
            ? [new Conv2d(weights[name], width, width, 3, padding: 1)]
            :
            [
                new Conv2d(weights[$"{name}.0"], width, width / 4, 3, padding: 1),
                new Conv2d(weights[$"{name}.2"], width / 4, width / 4, 1),
                new Conv2d(weights[$"{name}.4"], width / 4, width, 3, padding: 1),
            ];

    /// <summary>Runs <see cref="End"/>'s layers.</summary>
    public static Tensor Convolve(Conv2d[] layers, Tensor x)
    {
        using var scope = new Scope();
        Tensor y = layers[0].Forward(x);
        foreach (Conv2d layer in layers.Skip(1))
        {
            Ops.LeakyRelu_(y, 0.2);
            y = layer.Forward(y);
        }
        return scope.Keep(y);
    }
}

/// <summary>
/// Attention, of windows or of channels, beside a depthwise convolution, each gated by the other; then a gated
/// feed-forward.
/// </summary>
internal sealed class DatBlock
{
    private readonly LayerNorm norm1,
        norm2,
        gateNorm;
    private readonly Linear qkv,
        merge,
        widen,
        narrow;
    private readonly DepthwiseConv local,
        gate;
    private readonly StoredBatchNorm localNorm,
        channelNorm,
        spatialNorm;
    private readonly Conv2d channel1,
        channel2,
        spatial1,
        spatial2;
    private readonly DatWindows[] windows;
    private readonly Tensor? temperature;
    private readonly int heads;

    /// <param name="weights">The block's place.</param>
    /// <param name="width">Channels.</param>
    /// <param name="heads">Heads, both halves together.</param>
    /// <param name="hidden">Width of the feed-forward.</param>
    /// <param name="split">Size of the windows; null: channels attend to each other.</param>
    /// <param name="shifted">Whether windows are shifted by half of their size.</param>
    /// <param name="bias">Whether queries, keys and values have a bias.</param>
    public DatBlock(
        Weights weights,
        int width,
        int heads,
        int hidden,
        (int High, int Wide)? split,
        bool shifted,
        bool bias
    )
    {
        this.heads = heads;
        Weights attention = weights["attn"],
            feed = weights["ffn"];
        norm1 = new LayerNorm(weights["norm1"], width);
        qkv = new Linear(attention["qkv"], width, 3L * width, bias);
        merge = new Linear(attention["proj"], width, width);
        local = new DepthwiseConv(attention["dwconv.0"], width, bias: true);
        localNorm = new StoredBatchNorm(attention["dwconv.1"], width);
        channel1 = new Conv2d(attention["channel_interaction.1"], width, width / 8, 1);
        channelNorm = new StoredBatchNorm(attention["channel_interaction.2"], width / 8);
        channel2 = new Conv2d(attention["channel_interaction.4"], width / 8, width, 1);
        spatial1 = new Conv2d(attention["spatial_interaction.0"], width, width / 16, 1);
        spatialNorm = new StoredBatchNorm(attention["spatial_interaction.1"], width / 16);
        spatial2 = new Conv2d(attention["spatial_interaction.3"], width / 16, 1, 1);
        windows = split is { } s
            ?
            [
                new DatWindows(attention["attns.0"], s.High, s.Wide, heads / 2, shifted),
                new DatWindows(attention["attns.1"], s.Wide, s.High, heads / 2, shifted),
            ]
            : [];
        temperature = split is null ? attention.Take("temperature", Init.Ones, heads, 1, 1) : null;
        norm2 = new LayerNorm(weights["norm2"], width);
        widen = new Linear(feed["fc1"], width, hidden);
        gateNorm = new LayerNorm(feed["sg.norm"], hidden / 2);
        gate = new DepthwiseConv(feed["sg.conv"], hidden / 2, bias: true);
        narrow = new Linear(feed["fc2"], hidden / 2, width);
    }

    /// <summary>Changes the tokens [B, H·W, C] in place.</summary>
    public void Run(Tensor x, int height, int width)
    {
        using (var attention = new Scope())
        {
            x.Add_(Attend(norm1.Forward(x), height, width));
        }
        using var feed = new Scope();
        Tensor[] parts = Ops.Gelu(widen.Forward(norm2.Forward(x))).Chunk(2, -1);
        Tensor gated =
            parts[0] * Dat.Tokens(gate.Forward(Dat.Plane(gateNorm.Forward(parts[1].Contiguous()), height, width)));
        x.Add_(narrow.Forward(gated));
    }

    private Tensor Attend(Tensor x, int height, int width)
    {
        using var scope = new Scope();
        Tensor[] parts = qkv.Forward(x).Chunk(3, -1); // [B, H·W, C]
        Tensor convolved = Ops.Gelu(localNorm.Forward(local.Forward(Dat.Plane(parts[2], height, width))));
        Tensor attended = windows.Length > 0 ? InWindows(parts, height, width) : OfChannels(parts);
        // Each branch is weighed by what the other one found: window attention by channels, channel attention by
        // places.
        Tensor plane = Dat.Plane(attended, height, width);
        (Tensor byChannel, Tensor byPlace) = windows.Length > 0 ? (convolved, plane) : (plane, convolved);
        Tensor channels = Ops.Sigmoid(
            channel2.Forward(Ops.Gelu(channelNorm.Forward(channel1.Forward(byChannel.Mean([2, 3], keepDim: true)))))
        );
        Tensor places = Ops.Sigmoid(spatial2.Forward(Ops.Gelu(spatialNorm.Forward(spatial1.Forward(byPlace)))));
        Tensor sum =
            windows.Length > 0 ? (plane * channels) + (convolved * places) : (plane * places) + (convolved * channels);
        return scope.Keep(merge.Forward(Dat.Tokens(sum)));
    }

    private Tensor InWindows(Tensor[] parts, int height, int width)
    {
        using var scope = new Scope();
        long half = parts[0].Size(2) / 2;
        Tensor Part(int which) =>
            windows[which].Forward([.. parts.Select(p => p.Slice(2, which * half, (which + 1) * half))], height, width);
        return scope.Keep(Ops.Cat([Part(0), Part(1)], 2));
    }

    private Tensor OfChannels(Tensor[] parts)
    {
        using var scope = new Scope();
        (long b, long n, long c) = (parts[0].Size(0), parts[0].Size(1), parts[0].Size(2));
        Tensor Split(Tensor t) => t.Reshape(b, n, heads, c / heads).Permute(0, 2, 3, 1); // [B, h, d, N]
        Tensor o = WindowAttention.OfChannels(Split(parts[0]), Split(parts[1]), Split(parts[2]), temperature!);
        return scope.Keep(o.Permute(0, 3, 1, 2).Reshape(b, n, c));
    }
}

/// <summary>
/// One half of the channels attending within windows of high × wide, with a learnt bias for each offset.
/// </summary>
internal sealed class DatWindows
{
    private readonly int high,
        wide,
        heads;
    private readonly bool shifted;
    private readonly Linear first;
    private readonly (LayerNorm Norm, Linear Layer)[] layers;

    public DatWindows(Weights weights, int high, int wide, int heads, bool shifted)
    {
        (this.high, this.wide, this.heads, this.shifted) = (high, wide, heads, shifted);
        long inner = weights.ShapeOf("pos.pos_proj.weight") is [var n, ..] ? n : 0;
        first = new Linear(weights["pos.pos_proj"], 2, inner);
        layers =
        [
            .. Enumerable
                .Range(1, 3)
                .Select(i =>
                    (
                        new LayerNorm(weights[$"pos.pos{i}.0"], inner),
                        new Linear(weights[$"pos.pos{i}.2"], inner, i == 3 ? heads : inner)
                    )
                ),
        ];
    }

    /// <summary>q, k and v [B, H·W, C] → [B, H·W, C].</summary>
    public Tensor Forward(Tensor[] parts, int height, int width)
    {
        using var scope = new Scope();
        (long b, long c) = (parts[0].Size(0), parts[0].Size(2));
        int most = Math.Max(high, wide),
            fullHeight = (height + most - 1) / most * most,
            fullWidth = (width + most - 1) / most * most;
        long down = high / 2,
            right = wide / 2;
        Tensor Cut(Tensor t)
        {
            Tensor plane = Ops.Pad(
                t.Reshape(b, height, width, c),
                [0, 0, 0, fullWidth - width, 0, fullHeight - height]
            );
            plane = shifted ? Ops.Roll(plane, [-down, -right], [1, 2]) : plane;
            return plane
                .Reshape(b, fullHeight / high, high, fullWidth / wide, wide, c)
                .Permute(0, 1, 3, 2, 4, 5)
                .Reshape(-1, (long)high * wide, c);
        }
        Tensor o = WindowAttention.Forward(
            Cut(parts[0]),
            Cut(parts[1]),
            Cut(parts[2]),
            heads,
            Bias(parts[0].Device),
            shifted ? Mask(fullHeight, fullWidth).To(parts[0].Device) : null
        );
        o = o.View(b, fullHeight / high, fullWidth / wide, high, wide, c)
            .Permute(0, 1, 3, 2, 4, 5)
            .Reshape(b, fullHeight, fullWidth, c);
        o = shifted ? Ops.Roll(o, [down, right], [1, 2]) : o;
        return scope.Keep(o.Slice(1, 0, height).Slice(2, 0, width).Reshape(b, (long)height * width, c));
    }

    // [heads, T, T]: a small network of the offset between two places.
    private Tensor Bias(Device device)
    {
        using var scope = new Scope();
        float[] offsets =
        [
            .. Enumerable
                .Range(1 - high, (2 * high) - 1)
                .SelectMany(y => Enumerable.Range(1 - wide, (2 * wide) - 1).SelectMany(x => (float[])[y, x])),
        ];
        Tensor y = first.Forward(Tensor.From(offsets, offsets.Length / 2, 2).To(device));
        foreach ((LayerNorm norm, Linear layer) in layers)
        {
            y = layer.Forward(Ops.Relu(norm.Forward(y)));
        }
        int t = high * wide;
        return scope.Keep(
            Ops.Embedding(y, WindowAttention.Offsets(high, wide).To(device))
                .View(t, t, heads)
                .Permute(2, 0, 1)
                .Contiguous()
        );
    }

    // [windows, T, T]: after the shift a window at the end holds parts that are no neighbours; they do not see each
    // other.
    private Tensor Mask(int height, int width)
    {
        using var scope = new Scope();
        int Region(int at, int length, int window) =>
            at < length - window ? 0
            : at < length - (window / 2) ? 1
            : 2;
        int t = high * wide,
            windowsDown = height / high,
            windowsAcross = width / wide;
        var mask = Tensor.Empty([(long)windowsDown * windowsAcross, t, t]);
        Span<float> values = mask.AsSpan<float>();
        values.Clear();
        int[] regions = new int[t];
        for (int window = 0; window < windowsDown * windowsAcross; window++)
        {
            (int top, int left) = (window / windowsAcross * high, window % windowsAcross * wide);
            if (top < height - high && left < width - wide)
            {
                continue; // whole windows inside
            }
            for (int i = 0; i < t; i++)
            {
                regions[i] = (3 * Region(top + (i / wide), height, high)) + Region(left + (i % wide), width, wide);
            }
            for (int i = 0; i < t * t; i++)
            {
                values[(window * t * t) + i] = regions[i / t] == regions[i % t] ? 0 : -100;
            }
        }
        return scope.Keep(mask);
    }
}
