using Forno.Nn;
using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>
/// DAT (Chen et al. 2023, Dual Aggregation Transformer): blocks that attend within windows and blocks whose channels
/// attend to each other over the whole picture, by turns. So tiles are close to the whole picture, not equal.
/// </summary>
internal sealed class Dat : UpscaleNetwork
{
    private static readonly float[] Mean = [0.4488f, 0.4371f, 0.4040f];

    private readonly Conv2d first;
    private readonly LayerNorm before,
        after;
    private readonly DatGroup[] groups;
    private readonly Conv2d[] end,
        ups;
    private readonly Conv2d? beforeUps,
        last;

    public Dat(Weights weights)
    {
        int width = Side(weights, "conv_first.weight", 0),
            channels = Side(weights, "conv_first.weight", 1);
        if (channels != 3)
        {
            throw new FornoException($"{weights.Store.Origin}: a DAT of {channels} channels; only RGB is known.");
        }
        int[] depth =
        [
            .. Enumerable.Range(0, Count(weights["layers"])).Select(i => Count(weights["layers"][i]["blocks"])),
        ];
        Weights block = weights["layers"][0]["blocks"][0];
        (int High, int Wide) split = SplitSize(block["attn.attns.0"]);
        // A group of one block alone tells half of its heads.
        int[] heads = [.. depth.Select((n, i) => Heads(weights["layers"][i]["blocks"], n))];
        int hidden = Side(block, "ffn.fc1.weight", 0);
        bool bias = block.Has("attn.qkv.bias"),
            direct = !weights.Has("conv_last.weight");
        first = Conv3(weights["conv_first"], channels, width);
        before = new LayerNorm(weights["before_RG.1"], width);
        groups =
        [
            .. depth.Select((n, i) => new DatGroup(weights["layers"][i], i, n, width, heads[i], hidden, split, bias)),
        ];
        after = new LayerNorm(weights["norm"], width);
        end = DatGroup.End(weights, "conv_after_body", width);
        int scale;
        if (direct)
        {
            int outputs = Side(weights, "upsample.0.weight", 0);
            scale = ShuffleScale(weights, "upsample.0.weight", outputs, channels);
            ups = [Conv3(weights["upsample.0"], width, outputs)];
        }
        else
        {
            int features = Side(weights, "conv_last.weight", 1);
            beforeUps = Conv3(weights["conv_before_upsample.0"], width, features);
            // Convolution and shuffle by turns.
            int[] factors =
            [
                .. Enumerable
                    .Range(0, 4)
                    .Where(k => weights.HasBelow($"upsample.{2 * k}"))
                    .Select(k =>
                        ShuffleScale(
                            weights,
                            $"upsample.{2 * k}.weight",
                            Side(weights, $"upsample.{2 * k}.weight", 0),
                            features
                        )
                    ),
            ];
            ups = [.. factors.Select((f, k) => Conv3(weights[$"upsample.{2 * k}"], features, (long)features * f * f))];
            last = Conv3(weights["conv_last"], features, channels);
            scale = factors.Aggregate(1, (a, f) => a * f);
        }
        int window = split.High * split.Wide,
            step = Math.Max(split.High, split.Wide);
        Info = new UpscalerInfo
        {
            Architecture = "DAT",
            Scale = scale,
            InputChannels = channels,
            OutputChannels = channels,
            MinimumSize = 16,
            TileStep = step,
            Context = Math.Max(32, 2 * step),
            BytesPerPixel =
                4L
                * ((16 * width) + (3 * hidden) + (3L * window * heads.Max() / 2) + (direct ? 0 : 160L * scale * scale)),
            Measures = new Dictionary<string, object?>
            {
                ["embed_dim"] = width,
                ["split_size"] = (int[])[split.High, split.Wide],
                ["depth"] = depth,
                ["num_heads"] = heads,
                ["expansion_factor"] = (double)hidden / width,
                ["qkv_bias"] = bias,
                ["resi_connection"] = end.Length == 1 ? "1conv" : "3conv",
                ["upsampler"] = direct ? "pixelshuffledirect" : "pixelshuffle",
            },
        };
    }

    public override UpscalerInfo Info { get; }

    public static bool Knows(Func<string, bool> has) =>
        has("conv_first.weight")
        && has("before_RG.1.weight")
        && has("layers.0.blocks.0.ffn.sg.norm.weight")
        && has("layers.0.blocks.0.attn.attns.0.rpe_biases")
        && has("layers.0.blocks.0.attn.attns.0.pos.pos3.0.weight");

    /// <summary>Tables that follow from the window's size, and what training counts.</summary>
    public static bool IsHarmless(string key) =>
        key.EndsWith(".rpe_biases", StringComparison.Ordinal)
        || key.EndsWith(".relative_position_index", StringComparison.Ordinal)
        || key.EndsWith(".attn_mask_0", StringComparison.Ordinal)
        || key.EndsWith(".attn_mask_1", StringComparison.Ordinal)
        || key.EndsWith(".num_batches_tracked", StringComparison.Ordinal);

    public override Tensor Forward(Tensor x, Margins margins)
    {
        using var scope = new Scope();
        Tensor mean = Tensor.From(Mean, 1, 3, 1, 1).To(x.Device);
        (int height, int width) = ((int)x.Size(2), (int)x.Size(3));
        Tensor f = first.Forward(x - mean),
            tokens = before.Forward(Tokens(f));
        foreach (DatGroup group in groups)
        {
            using var step = new Scope();
            Tensor next = step.Keep(group.Forward(tokens, height, width));
            tokens.Dispose();
            tokens = next;
        }
        Tensor y = DatGroup.Convolve(end, Plane(after.Forward(tokens), height, width)) + f;
        if (beforeUps is not null)
        {
            y = beforeUps.Forward(y);
            Ops.LeakyRelu_(y, 0.01);
        }
        foreach (Conv2d up in ups)
        {
            int factor = last is null
                ? Info.Scale
                : (int)Math.Round(Math.Sqrt((double)up.Weight.Size(0) / up.Weight.Size(1)));
            y = Ops.PixelShuffle(up.Forward(y), factor);
        }
        y = last?.Forward(y) ?? y;
        return scope.Keep(Cut(y, margins, Info.Scale) + mean);
    }

    /// <summary>[B, C, H, W] → [B, H·W, C].</summary>
    internal static Tensor Tokens(Tensor x)
    {
        using var scope = new Scope();
        return scope.Keep(x.Flatten(2).Transpose(1, 2).Contiguous());
    }

    /// <summary>[B, H·W, C] → [B, C, H, W].</summary>
    internal static Tensor Plane(Tensor x, long height, long width)
    {
        using var scope = new Scope();
        return scope.Keep(x.Transpose(1, 2).Contiguous().View(x.Size(0), x.Size(2), height, width));
    }

    // The last row of the table of offsets is the window's height and width less one.
    private static (int High, int Wide) SplitSize(Weights weights)
    {
        using var scope = new Scope();
        float[] table = weights
            .TakeFloat32("rpe_biases", Init.Zeros, Side(weights, "rpe_biases", 0), 2)
            .ToArray<float>();
        (int high, int wide) = ((int)table[^2] + 1, (int)table[^1] + 1);
        return
            high is > 0 and <= 256 && wide is > 0 and <= 256 && table.Length == 2 * ((2 * high) - 1) * ((2 * wide) - 1)
            ? (high, wide)
            : throw new FornoException(
                $"{weights.Store.Origin}: its table of window offsets makes no sense. The file is damaged."
            );
    }

    private static int Heads(Weights blocks, int depth) =>
        depth > 1 ? Side(blocks[1], "attn.temperature", 0) : 2 * Side(blocks[0], "attn.attns.0.pos.pos3.2.weight", 0);

    private static int Count(Weights weights)
    {
        int n = 0;
        while (weights.HasBelow($"{n}"))
        {
            n++;
        }
        return n;
    }
}
