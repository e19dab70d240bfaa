using System.Globalization;
using System.Text.Json;
using Forno.Adapters;
using Forno.Diffusion;
using Forno.Diffusion.Losses;
using Forno.Diffusion.Noise;
using Forno.Torch;

namespace Forno.Conformance.Engine;

/// <summary>
/// Suite <c>loss_weights</c>: from the network's output to the loss, the noise of training, max-norm.
/// </summary>
internal sealed class LossWeightsSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "loss_weights";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        using var scope = new Scope();
        using var tensors = new GoldenTensors(golden);
        var c = new Comparison(golden);
        JsonElement p = golden.Params;
        NoiseSchedule original = NoiseSchedule.Training;
        NoiseSchedule schedule = Flag(p, "zero_terminal_snr") ? original.ZeroTerminalSnr() : original;
        string op = p.GetProperty("op").GetString()!;
        switch (op)
        {
            case "snr_weight" or "scale_v_pred" or "v_pred_like" or "debiased":
                Weights(op, p, original, tensors, c);
                break;
            case "conditional_loss":
                Elementwise(OptionLanding.Land(p).Loss, schedule, tensors, c);
                break;
            case "noise_offset":
                Tensor offset = TrainingNoise.AddOffset(
                    tensors.Load("in.noise"),
                    tensors.Load("in.latents"),
                    p.GetProperty("noise_offset").GetDouble(),
                    Flag(p, "random_strength"),
                    Number(p, "adaptive_noise_scale"),
                    new RecordedDraws(golden, tensors, c)
                );
                tensors.Compare(c, "out.noise", offset);
                break;
            case "multires_noise":
                Tensor pyramid = TrainingNoise.AddPyramid(
                    tensors.Load("in.noise"),
                    p.GetProperty("iterations").GetInt32(),
                    p.GetProperty("discount").GetDouble(),
                    new RecordedDraws(golden, tensors, c)
                );
                tensors.Compare(c, "out.noise", pyramid);
                break;
            case "noise_pipeline":
                NoisedBatch batch = TrainingNoise.Apply(
                    tensors.Load("in.latents"),
                    OptionLanding.Land(p.GetProperty("args")).Noise,
                    schedule,
                    new RecordedDraws(golden, tensors, c)
                );
                tensors.Compare(c, "out.noise", batch.Noise);
                tensors.Compare(c, "out.noisy_latents", batch.Noisy);
                c.Json("timesteps", batch.Timesteps, golden.Expect.GetProperty("timesteps"));
                break;
            case "masked_loss":
                Tensor loss = tensors.Load("in.loss"),
                    mask = Mask(p, tensors)!,
                    masked = LossFunctions.Masked(loss, mask);
                tensors.Compare(c, "out.loss", masked);
                tensors.Compare(c, "out.mask_resized", LossFunctions.ResizeMask(mask, loss.Size(2), loss.Size(3)));
                tensors.Compare(c, "out.loss_per_sample", masked.Flatten(1).Mean([1]));
                break;
            case "full_loss":
                Full(p, schedule, original, tensors, c);
                break;
            case "max_norm":
                MaxNorms(golden, tensors, c);
                break;
            default:
                return CaseResult.Unknown($"op {op}");
        }

        return c.Result();
    }

    private static void Weights(string op, JsonElement p, NoiseSchedule original, GoldenTensors tensors, Comparison c)
    {
        int[] t = Timesteps(tensors);
        Prediction prediction = Flag(p, "v_prediction") ? Prediction.Velocity : Prediction.Epsilon;
        LossRecipe recipe = op switch
        {
            "snr_weight" => new LossRecipe
            {
                MinSnrGamma = p.GetProperty("gamma").GetDouble(),
                Prediction = prediction,
            },
            "scale_v_pred" => new LossRecipe { ScaleVPredLoss = true },
            "v_pred_like" => new LossRecipe { VPredLikeLoss = p.GetProperty("v_pred_like_loss").GetDouble() },
            _ => new LossRecipe { Debiased = true, Prediction = prediction },
        };
        float[] weights = Array.ConvertAll(t, v => (float)LossWeights.Of(recipe, original, v));
        var w = Tensor.From(weights, weights.Length);
        tensors.Compare(c, "out.weight", w);
        tensors.Compare(c, "out.loss", tensors.Load("in.loss") * w);
        if (tensors.Has("out.snr"))
        {
            tensors.Compare(c, "out.snr", Tensor.From(Array.ConvertAll(t, original.Snr), t.Length));
        }
    }

    private static void Elementwise(LossRecipe recipe, NoiseSchedule schedule, GoldenTensors tensors, Comparison c)
    {
        int[] t = Timesteps(tensors);
        Tensor prediction = tensors.Load("in.pred");
        prediction.RequiresGrad = true;
        Tensor loss = LossFunctions.Elementwise(prediction, tensors.Load("in.target"), recipe, schedule, t),
            mean = loss.Mean();
        Autograd.Backward(mean);
        tensors.Compare(c, "out.loss", loss.Detach());
        tensors.Compare(c, "out.loss_mean", mean.Detach().Reshape(1));
        tensors.Compare(c, "grad.pred", prediction.Grad!);
        if (tensors.Has("out.huber_c"))
        {
            float[] thresholds = Array.ConvertAll(t, v => (float)LossWeights.HuberThreshold(recipe, schedule, v));
            tensors.Compare(c, "out.huber_c", Tensor.From(thresholds, t.Length));
        }
    }

    private static void Full(
        JsonElement p,
        NoiseSchedule schedule,
        NoiseSchedule original,
        GoldenTensors tensors,
        Comparison c
    )
    {
        JsonElement args = p.GetProperty("args");
        Tensor prediction = tensors.Load("in.pred");
        prediction.RequiresGrad = true;
        // Alpha masks apply whether or not masked_loss is on; conditioning pictures only with it.
        bool masked = Flag(args, "masked_loss") || Text(p, "mask_kind") == "alpha_masks";
        LossResult result = LossFunctions.Batch(
            prediction,
            tensors.Load("in.target"),
            OptionLanding.Land(args).Loss,
            schedule,
            original,
            Timesteps(tensors),
            tensors.Load("in.loss_weights").ToArray<float>(),
            masked ? Mask(p, tensors) : null
        );
        Autograd.Backward(result.Loss);
        tensors.Compare(c, "out.loss", result.Loss.Detach().Reshape(1));
        tensors.Compare(c, "out.loss_weighted_per_sample", result.PerSample.Detach());
        tensors.Compare(c, "out.loss_after_post_process", result.Weighted.Detach());
        tensors.Compare(c, "grad.pred", prediction.Grad!);
    }

    private static void MaxNorms(GoldenCase golden, GoldenTensors tensors, Comparison c)
    {
        const string downEnd = ".lora_down.weight",
            prefix = "in.";
        string[] modules =
        [
            .. tensors
                .Names.Where(n =>
                    n.StartsWith(prefix, StringComparison.Ordinal) && n.EndsWith(downEnd, StringComparison.Ordinal)
                )
                .Select(n => n[prefix.Length..^downEnd.Length]),
        ];
        (Tensor Down, Tensor Up, double Alpha)[] factors = Array.ConvertAll(
            modules,
            m =>
                (
                    tensors.Load($"in.{m}{downEnd}"),
                    tensors.Load($"in.{m}.lora_up.weight"),
                    tensors.Load($"in.{m}.alpha").Item()
                )
        );
        MaxNormReport report = MaxNorm.Apply(factors, golden.Params.GetProperty("max_norm_value").GetDouble());
        for (int i = 0; i < modules.Length; i++)
        {
            tensors.Compare(c, $"out.{modules[i]}{downEnd}", factors[i].Down);
            tensors.Compare(c, $"out.{modules[i]}.lora_up.weight", factors[i].Up);
        }

        c.Same("keys_scaled", report.KeysScaled, golden.Expect.GetProperty("keys_scaled").GetInt32());
        c.Number("mean_norm", report.MeanNorm, golden.Expect.GetProperty("mean_norm").GetDouble());
        c.Number("max_norm", report.MaximumNorm, golden.Expect.GetProperty("max_norm").GetDouble());
    }

    private static Tensor? Mask(JsonElement p, GoldenTensors tensors) =>
        Text(p, "mask_kind") switch
        {
            null => null,
            "conditioning_images" => LossFunctions.MaskFromPictures(tensors.Load("in.mask")),
            "alpha_masks" => tensors.Load("in.mask"),
            var other => throw new FornoException(
                $"mask_kind {other} is unknown; valid: conditioning_images, alpha_masks"
            ),
        };

    private static int[] Timesteps(GoldenTensors tensors) =>
        Array.ConvertAll(tensors.Load("in.timesteps").ToArray<long>(), t => (int)t);

    private static bool Flag(JsonElement from, string name) =>
        from.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.True;

    private static string? Text(JsonElement from, string name) =>
        from.TryGetProperty(name, out JsonElement v) ? v.GetString() : null;

    private static double? Number(JsonElement from, string name) =>
        from.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.Number ? v.GetDouble() : null;

    // The recorded numbers in order; a draw of another kind or shape than the reference's is a difference.
    private sealed class RecordedDraws(GoldenCase golden, GoldenTensors tensors, Comparison c) : INoiseDraws
    {
        private int next;

        public Tensor Normal(ReadOnlySpan<long> sizes) => Next("torch.randn", sizes.ToArray());

        public double Uniform() => Next(null, [1]).Item();

        public int[] Timesteps(int low, int high, int count)
        {
            int[] t = Array.ConvertAll(Next("torch.randint", [count]).ToArray<long>(), v => (int)v);
            c.Same("timesteps within range", t.All(v => v >= low && v < high), true);
            return t;
        }

        private Tensor Next(string? kind, long[] shape)
        {
            JsonElement draw = golden.Expect.GetProperty("draws")[next++];
            string drawn = draw.GetProperty("kind").GetString()!;
            c.Same($"kind of draw {next - 1}", drawn, kind ?? (drawn == "torch.rand" ? drawn : "python random.random"));
            c.Json($"shape of draw {next - 1}", shape, draw.GetProperty("shape"));
            return tensors.Load(draw.GetProperty("name").GetString() ?? Invariant.Text($"in.draw_{next - 1:000}"));
        }
    }
}
