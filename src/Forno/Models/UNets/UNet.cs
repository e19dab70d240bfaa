using Forno.Models.Layouts;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Models.UNets;

/// <summary>
/// The denoising UNet of SD 1.x, inpainting, 2.x and XL. Reads like its checkpoint: the numbers of input and output
/// blocks are those of the keys. Computes in the type of its weights; time embedding, norms and softmax in fp32.
/// </summary>
public sealed class UNet
{
    private readonly Linear time0,
        time2;
    private readonly Linear? label0,
        label2;
    private readonly Conv2d input,
        output;
    private readonly List<Stage> down = [],
        middle = [],
        up = [];
    private readonly GroupNorm norm;

    /// <summary>Takes the network's place in a tree of weights.</summary>
    /// <param name="weights">The place <c>model.diffusion_model</c>.</param>
    /// <param name="config">Its sizes.</param>
    public UNet(Weights weights, UNetConfig config)
    {
        Config = config;
        UNetLayout layout = config.Layout;
        int m = layout.ModelChannels;
        time0 = new Linear(weights["time_embed.0"], m, 4 * m);
        time2 = new Linear(weights["time_embed.2"], 4 * m, 4 * m);
        if (layout.VectorDim is { } vector)
        {
            label0 = new Linear(weights["label_emb.0.0"], vector, 4 * m);
            label2 = new Linear(weights["label_emb.0.2"], 4 * m, 4 * m);
        }
        input = new Conv2d(weights["input_blocks.0.0"], layout.InChannels, m, 3, padding: 1);

        int channels = m,
            index = 1;
        var skips = new Stack<int>([m]);
        for (int level = 0; level < layout.ChannelMult.Count; level++)
        {
            int wider = m * layout.ChannelMult[level];
            for (int j = 0; j < layout.NumResBlocks; j++, index++)
            {
                down.Add(new Stage(weights["input_blocks"][index], config, channels, wider, layout.Depth[level]));
                skips.Push(channels = wider);
            }
            if (level < layout.ChannelMult.Count - 1)
            {
                down.Add(
                    new Stage(
                        new Conv2d(
                            weights["input_blocks"][index++]["0.op"],
                            channels,
                            channels,
                            3,
                            stride: 2,
                            padding: 1
                        )
                    )
                );
                skips.Push(channels);
            }
        }

        Weights mid = weights["middle_block"];
        middle.Add(
            new Stage(
                new UNetResBlock(mid[0], config, channels, channels),
                new SpatialTransformer(mid[1], config, channels, layout.MiddleDepth)
            )
        );
        middle.Add(new Stage(new UNetResBlock(mid[2], config, channels, channels), null));

        index = 0;
        for (int level = layout.ChannelMult.Count - 1; level >= 0; level--)
        {
            int narrower = m * layout.ChannelMult[level];
            for (int j = 0; j <= layout.NumResBlocks; j++, index++)
            {
                Weights block = weights["output_blocks"][index];
                var stage = new Stage(block, config, channels + skips.Pop(), narrower, layout.Depth[level]);
                channels = narrower;
                if (level > 0 && j == layout.NumResBlocks)
                {
                    stage.Up = new Conv2d(
                        block[layout.Depth[level] > 0 ? 2 : 1]["conv"],
                        channels,
                        channels,
                        3,
                        padding: 1
                    );
                }
                up.Add(stage);
            }
        }
        norm = new GroupNorm(weights["out.0"], m, config.NormGroups);
        output = new Conv2d(weights["out.2"], m, layout.OutChannels, 3, padding: 1, init: Init.Zeros);
    }

    /// <summary>The network's sizes.</summary>
    public UNetConfig Config { get; }

    /// <summary>
    /// Forget activations inside blocks and compute them again in backward: less memory, a third more time.
    /// </summary>
    public bool GradientCheckpointing { get; set; }

    /// <summary>The raw prediction (eps or v).</summary>
    /// <param name="x">Latents, scaled as the schedule demands [B, in, H, W].</param>
    /// <param name="timesteps">[B], not necessarily whole numbers.</param>
    /// <param name="context">Text conditioning [B, T, D].</param>
    /// <param name="vector">XL's vector conditioning [B, V]; null for the others.</param>
    /// <returns>[B, out, H, W], fp32.</returns>
    public Tensor Forward(Tensor x, Tensor timesteps, Tensor context, Tensor? vector = null)
    {
        using var scope = new Scope();
        Tensor embedding = Embed(timesteps, vector);
        var inputs = new UNetInputs(Ops.Silu(embedding), context.To(input.Weight.DType));
        var skips = new Stack<Tensor>();
        Tensor h = input.Forward(x);
        skips.Push(h);
        foreach (Stage stage in down)
        {
            skips.Push(h = Run(stage, h, inputs));
        }
        foreach (Stage stage in middle)
        {
            h = Run(stage, h, inputs);
        }
        foreach (Stage stage in up)
        {
            Tensor skip = skips.Pop();
            // An upsampling leads to the next skip's size: twice its own, or one less where an odd side was halved.
            (long, long) size = skips.TryPeek(out Tensor? next) ? (next.Size(2), next.Size(3)) : default;
            h = Run(stage, Ops.Cat([h, skip], 1), inputs, size);
            if (!Autograd.Enabled)
            {
                skip.Dispose();
            }
        }
        return scope.Keep(output.Forward(norm.ForwardSilu(h)).To(DType.Float32));
    }

    /// <summary>
    /// Cosines, then sines, of the timesteps at width/2 frequencies from 1 down to 1/10000: [B, width], fp32.
    /// </summary>
    public static Tensor TimestepEmbedding(Tensor timesteps, int width)
    {
        using var scope = new Scope();
        int half = width / 2;
        Tensor frequencies = (
            Tensor.Arange(0, half, 1, DType.Float32, timesteps.Device) * (-Math.Log(10000) / half)
        ).Exp();
        Tensor angles = timesteps.To(DType.Float32).Unsqueeze(1) * frequencies.Unsqueeze(0);
        return scope.Keep(Ops.Cat([angles.Cos(), angles.Sin()], 1));
    }

    private Tensor Embed(Tensor timesteps, Tensor? vector)
    {
        if (vector is null != label0 is null)
        {
            throw new FornoException(
                label0 is null
                    ? "this UNet takes no vector conditioning"
                    : "this UNet needs a vector conditioning (SDXL)"
            );
        }
        using var scope = new Scope();
        Tensor e = TimestepEmbedding(timesteps, Config.Layout.ModelChannels);
        e = time2.Forward(Ops.Silu(time0.Forward(e)));
        return scope.Keep(vector is null ? e : e + label2!.Forward(Ops.Silu(label0!.Forward(vector))));
    }

    private Tensor Run(Stage stage, Tensor x, UNetInputs inputs, (long, long) upTo = default) =>
        GradientCheckpointing && Autograd.Enabled
            ? Autograd.Checkpoint(
                v => stage.Forward(v[0], new UNetInputs(v[1], v[2]), upTo),
                x,
                inputs.Embedding,
                inputs.Context
            )
            : stage.Forward(x, inputs, upTo);

    /// <summary>
    /// One numbered block: a convolution, or a residual block, perhaps a transformer, perhaps an upsampling.
    /// </summary>
    private sealed class Stage
    {
        private readonly Conv2d? plain;
        private readonly UNetResBlock? residual;
        private readonly SpatialTransformer? transformer;

        public Stage(Conv2d plain) => this.plain = plain;

        public Stage(UNetResBlock residual, SpatialTransformer? transformer)
        {
            this.residual = residual;
            this.transformer = transformer;
        }

        public Stage(Weights weights, UNetConfig config, int inputs, int outputs, int depth)
            : this(
                new UNetResBlock(weights[0], config, inputs, outputs),
                depth > 0 ? new SpatialTransformer(weights[1], config, outputs, depth) : null
            ) { }

        public Conv2d? Up { get; set; }

        public Tensor Forward(Tensor x, UNetInputs inputs, (long Height, long Width) upTo)
        {
            using var scope = new Scope();
            if (plain is not null)
            {
                return scope.Keep(plain.Forward(x));
            }
            Tensor h = residual!.Forward(x, inputs.Embedding);
            if (transformer is not null)
            {
                h = transformer.Forward(h, inputs.Context);
            }
            if (Up is not null)
            {
                h = Up.Forward(Ops.UpsampleNearest(h, upTo.Height, upTo.Width));
            }
            return scope.Keep(h);
        }
    }
}
