using System.Text.Json;
using Forno.Adapters;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Diffusion;
using Forno.Diffusion.Losses;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Optim;
using Forno.Optim.Optimizers;
using Forno.Python;
using Forno.Torch;
using Forno.Training;
using Forno.Training.Recipes;

namespace Forno.Conformance.Engine;

/// <summary>Suite <c>train_loop</c>: some optimizer steps of adapter training with every draw given.</summary>
internal sealed class TrainLoopSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "train_loop";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        JsonElement p = golden.Params,
            config = p.GetProperty("config");
        string optimizer = config.GetProperty("optimizer_type").GetString()!;
        if (!OptimizerRegistry.Has(optimizer))
        {
            return CaseResult.Unknown($"optimizer {optimizer}");
        }
        using (ITensorSource init = Checkpoint.Open(golden.PathOf(p.GetProperty("lora_init").GetString()!)))
        {
            if (AdapterFile.UnknownKinds(init) is { Count: > 0 } kinds)
            {
                return CaseResult.Unknown($"adapter {string.Join(", ", kinds)}");
            }
        }

        var sources = new List<ITensorSource>();
        try
        {
            sources.AddRange(
                p.GetProperty("checkpoint").EnumerateArray().Select(f => Checkpoint.Open(golden.PathOf(f.GetString()!)))
            );
            using WeightStore store = CheckpointWeights.Open(sources);
            using var scope = new Scope();
            using var tensors = new GoldenTensors(golden);
            using var loop = new Loop(golden, store, tensors);
            var comparison = new Comparison(golden);
            loop.Run(comparison);
            return comparison.Result();
        }
        finally
        {
            sources.ForEach(s => s.Dispose());
        }
    }

    private sealed class Loop : IDisposable
    {
        private readonly JsonElement p,
            config;
        private readonly GoldenTensors tensors;
        private readonly UNet unet;
        private readonly ClipText? text;
        private readonly AdapterFile adapter;
        private readonly Optimizer optimizer;
        private readonly TrainStep step;
        private readonly bool xl;

        public Loop(GoldenCase golden, WeightStore store, GoldenTensors tensors)
        {
            p = golden.Params;
            config = p.GetProperty("config");
            this.tensors = tensors;
            xl = p.GetProperty("arch").GetString() == "sdxl";
            ModelFamily family =
                xl ? ModelFamily.Sdxl
                : p.GetProperty("arch").GetString() == "sd2" ? ModelFamily.Sd21
                : ModelFamily.Sd15;
            UNetConfig layout = UNetSuite.ConfigOf(p.GetProperty("unet"));
            unet = new UNet(store.At(ModelFamily.UNetPrefix.TrimEnd('.')), layout);
            ClipTextConfig? textConfig = p.TryGetProperty("text_encoder", out JsonElement t)
                ? LoraOnModelSuite.TextOf(t)
                : null;
            text = textConfig is null
                ? null
                : new ClipText(store.At(ClipTextConfig.TowerPath(family.TextEncoders[0].Prefix)), textConfig);
            IReadOnlyList<PatchTarget> targets = PatchTargets.Of(
                family,
                layout.Layout,
                textConfig is null ? [] : [textConfig]
            );
            adapter = AdapterFile.Load(golden.PathOf(p.GetProperty("lora_init").GetString()!), targets);
            adapter.Network.Apply(store.Layers);
            foreach ((_, Tensor tensor) in adapter.Network.Tensors)
            {
                tensor.RequiresGrad = true;
            }
            optimizer = NewOptimizer();
            TrainRecipe recipe = OptionLanding.Land(config);
            step = new TrainStep(unet, recipe.Loss, recipe.Model.ZeroTerminalSnr);
        }

        public void Run(Comparison comparison)
        {
            int steps = p.GetProperty("steps").GetInt32(),
                accumulation = (int)(Number("gradient_accumulation_steps") ?? 1);
            var losses = new List<float>();
            var d = new List<float>();
            Tensor[] trained = [.. optimizer.Parameters.Select(x => x.Tensor)];
            for (int s = 0; s < steps; s++)
            {
                using var scope = new Scope();
                LossResult result = step.Loss(Batch(s, comparison));
                losses.Add((float)result.Loss.Item());
                Autograd.Backward(result.Loss / accumulation);
                foreach ((string key, Tensor tensor) in s == 0 ? adapter.Network.Tensors : [])
                {
                    if (tensors.Has("grad." + key))
                    {
                        tensors.Compare(comparison, "grad." + key, tensor.Grad!);
                    }
                }
                if ((s + 1) % accumulation == 0)
                {
                    GradClip.ByNorm(trained, Number("max_grad_norm") ?? 1);
                    optimizer.Step();
                    optimizer.ZeroGrad();
                    d.Add((float)(optimizer.D ?? double.NaN));
                }
            }

            using var end = new Scope();
            tensors.Compare(comparison, "out.loss", Tensor.From(losses.ToArray(), losses.Count));
            if (tensors.Has("out.d"))
            {
                tensors.Compare(comparison, "out.d", Tensor.From(d.ToArray(), d.Count));
            }
            var final = adapter.Network.Tensors.ToDictionary(t => t.Key, t => t.Tensor);
            foreach (string name in tensors.Names.Where(n => n.StartsWith("out.final.", StringComparison.Ordinal)))
            {
                string key = name["out.final.".Length..];
                if (final.TryGetValue(key, out Tensor? tensor))
                {
                    tensors.Compare(comparison, name, tensor.Detach());
                }
                else if (!key.EndsWith(".alpha", StringComparison.Ordinal))
                {
                    comparison.Fail($"{name} has no tensor here");
                }
            }
        }

        public void Dispose()
        {
            optimizer.Dispose();
            adapter.Dispose();
        }

        private TrainBatch Batch(int s, Comparison comparison)
        {
            Tensor At(string name)
            {
                Tensor all = tensors.Load(name);
                return all.Select(0, s % all.Size(0)).Contiguous();
            }
            Tensor latents = At("in.latents"),
                noise = At("in.noise");
            int[] times = [.. At("in.timesteps").ToArray<long>().Select(t => (int)t)];
            Conditioning words = xl
                ? new Conditioning(
                    Ops.Cat([At("in.hidden1"), At("in.hidden2")], -1),
                    At("in.pool2"),
                    Ops.Cat([At("in.original_sizes_hw"), At("in.crop_top_lefts"), At("in.target_sizes_hw")], -1)
                        .To(DType.Float32)
                )
                : new Conditioning(
                    text is not null && tensors.Has("in.input_ids")
                        ? text.Hidden(At("in.input_ids"), (int)(Number("clip_skip") ?? 1))
                        : At("in.context")
                );
            Tensor? vector = words.Vector();
            if (s == 0 && xl)
            {
                tensors.Compare(comparison, "out.size_embeddings.0", Conditioning.EmbedSizes(words.SizeIds!));
                tensors.Compare(comparison, "out.y.0", vector!);
                tensors.Compare(comparison, "out.context.0", words.Context);
            }
            return new TrainBatch
            {
                Latents = latents,
                Noise = noise,
                Noisy = Forward.AddNoise(step.Schedule, latents, noise, times),
                Timesteps = times,
                Context = words.Context,
                Vector = vector,
                Weights = At("in.loss_weights").ToArray<float>(),
                Mask = tensors.Has("in.alpha_masks") && Flag("masked_loss") ? At("in.alpha_masks") : null,
            };
        }

        // kohya's groups: text encoder and UNet, each divided once more where LoRA+ gives lora_up a rate of its own.
        private Optimizer NewOptimizer()
        {
            double lr = Number("learning_rate")!.Value;
            JsonElement args = p.GetProperty("network").TryGetProperty("args", out JsonElement a) ? a : default;
            double? ratio =
                args.ValueKind == JsonValueKind.Object && args.TryGetProperty("loraplus_lr_ratio", out JsonElement r)
                    ? r.ValueKind == JsonValueKind.String
                        ? double.Parse(r.GetString()!, System.Globalization.CultureInfo.InvariantCulture)
                        : r.GetDouble()
                    : null;
            IEnumerable<ParameterGroup> groups = adapter
                .Network.Adapters.SelectMany(m =>
                    m.Tensors.Select(t => (Name: $"{m.Name}.{t.Key}", t.Value, adapter.Network.TargetOf(m).IsText))
                )
                .GroupBy(t =>
                    (t.IsText, Plus: ratio is not null && t.Name.Contains("lora_up", StringComparison.Ordinal))
                )
                .Select(g => new ParameterGroup
                {
                    Parameters = [.. g.Select(t => new Parameter(t.Name, t.Value))],
                    Options = new Dictionary<string, object?>
                    {
                        ["lr"] =
                            (Number(g.Key.IsText ? "text_encoder_lr" : "unet_lr") ?? lr)
                            * (g.Key.Plus ? ratio!.Value : 1),
                    },
                });
            IReadOnlyDictionary<string, object?> options = config.TryGetProperty("optimizer_args", out JsonElement list)
                ? PythonLiteral.Arguments([.. list.EnumerateArray().Select(v => v.GetString()!)], "optimizer_args")
                : new Dictionary<string, object?>();
            return OptimizerRegistry.Create(config.GetProperty("optimizer_type").GetString()!, [.. groups], options);
        }

        private double? Number(string name) =>
            config.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.Number
                ? v.GetDouble()
                : null;

        private string? Text(string name) =>
            config.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.String
                ? v.GetString()
                : null;

        private bool Flag(string name) =>
            config.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.True;
    }
}
