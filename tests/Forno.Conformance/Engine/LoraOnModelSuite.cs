using System.Text.Json;
using Forno.Adapters;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Conformance.Engine;

/// <summary>
/// Suite <c>lora_on_model</c>: adapter files on a small text encoder and UNet, at several multipliers.
/// </summary>
internal sealed class LoraOnModelSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "lora_on_model";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        JsonElement p = golden.Params;
        JsonElement[] runs = [.. p.GetProperty("runs").EnumerateArray()];
        string[] files = [.. runs.SelectMany(Loras).Select(l => l.GetProperty("file").GetString()!).Distinct()];
        foreach (string name in files)
        {
            using ITensorSource adapter = Checkpoint.Open(golden.PathOf(name));
            if (AdapterFile.UnknownKinds(adapter) is { Count: > 0 } kinds)
            {
                return CaseResult.Unknown($"adapter {string.Join(", ", kinds)}");
            }
        }

        ModelFamily? family = p.GetProperty("arch").GetString() switch
        {
            "sd1" => ModelFamily.Sd15,
            "sd2" => ModelFamily.Sd21,
            "sdxl" => ModelFamily.Sdxl,
            _ => null,
        };
        if (family is null)
        {
            return CaseResult.Unknown($"arch {p.GetProperty("arch").GetString()}");
        }

        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        using var tensors = new GoldenTensors(golden);
        var sources = new List<ITensorSource>();
        try
        {
            sources.AddRange(
                p.GetProperty("checkpoint").EnumerateArray().Select(f => Checkpoint.Open(golden.PathOf(f.GetString()!)))
            );
            using WeightStore store = CheckpointWeights.Open(sources);
            UNetConfig config = UNetSuite.ConfigOf(p.GetProperty("unet"));
            var unet = new UNet(store.At(ModelFamily.UNetPrefix.TrimEnd('.')), config);
            ClipTextConfig? textConfig = p.TryGetProperty("text_encoder", out JsonElement text) ? TextOf(text) : null;
            var encoder = textConfig is null
                ? null
                : new ClipText(store.At(ClipTextConfig.TowerPath(family.TextEncoders[0].Prefix)), textConfig);
            IReadOnlyList<PatchTarget> targets = PatchTargets.Of(
                family,
                config.Layout,
                textConfig is null ? [] : [textConfig]
            );
            var comparison = new Comparison(golden);
            for (int run = 0; run < runs.Length; run++)
            {
                using var each = new Scope();
                Check(golden, comparison, tensors, run, runs[run], targets, store, unet, encoder);
            }

            return comparison.Result();
        }
        finally
        {
            sources.ForEach(s => s.Dispose());
        }
    }

    private static void Check(
        GoldenCase golden,
        Comparison comparison,
        GoldenTensors tensors,
        int run,
        JsonElement json,
        IReadOnlyList<PatchTarget> targets,
        WeightStore store,
        UNet unet,
        ClipText? encoder
    )
    {
        AdapterFile[] adapters =
        [
            .. Loras(json).Select(l => AdapterFile.Load(golden.PathOf(l.GetProperty("file").GetString()!), targets)),
        ];
        try
        {
            foreach ((AdapterFile file, JsonElement lora) in adapters.Zip(Loras(json)))
            {
                file.Network.SetMultipliers(lora.GetProperty("unet").GetDouble(), lora.GetProperty("te").GetDouble());
                comparison.Same(
                    $"modules of {lora.GetProperty("file")} without a layer",
                    string.Join(" ", file.Strangers),
                    ""
                );
                comparison.Same("modules that did not fit", file.Network.Apply(store.Layers).Count, 0);
            }

            Outputs("in its patch slots");
            foreach (AdapterFile file in adapters)
            {
                file.Network.Remove();
                file.Network.Merge(store.Layers);
            }

            Outputs("merged");
            foreach (AdapterFile file in adapters.Reverse())
            {
                file.Network.Unmerge(store.Layers);
            }
        }
        finally
        {
            Array.ForEach(adapters, a => a.Dispose());
        }

        void Outputs(string how)
        {
            using var scope = new Scope();
            Tensor context = encoder is null ? tensors.Load("in.context") : Encode(encoder, golden.Params, tensors);
            if (encoder is not null)
            {
                tensors.Compare(comparison, $"out.context.{run}", context);
            }

            Tensor sample = unet.Forward(
                tensors.Load("in.sample"),
                tensors.Load("in.timesteps"),
                context,
                tensors.Has("in.y") ? tensors.Load("in.y") : null
            );
            tensors.Compare(comparison, $"out.sample.{run}", sample);
            if (!comparison.Agrees)
            {
                comparison.Fail($"(with the adapters {how})");
            }
        }
    }

    private static Tensor Encode(ClipText encoder, JsonElement p, GoldenTensors tensors)
    {
        int skip =
            p.TryGetProperty("clip_skip", out JsonElement s) && s.ValueKind == JsonValueKind.Number ? s.GetInt32() : 1;
        return encoder.Hidden(tensors.Load("in.input_ids"), skip);
    }

    internal static ClipTextConfig TextOf(JsonElement json) =>
        new()
        {
            Width = json.GetProperty("hidden_size").GetInt32(),
            Layers = json.GetProperty("num_hidden_layers").GetInt32(),
            Heads = json.GetProperty("num_attention_heads").GetInt32(),
            MlpWidth = json.GetProperty("intermediate_size").GetInt32(),
            ContextLength = json.GetProperty("max_position_embeddings").GetInt32(),
            VocabSize = json.GetProperty("vocab_size").GetInt32(),
            Activation =
                json.GetProperty("hidden_act").GetString() == "quick_gelu"
                    ? ClipActivation.QuickGelu
                    : ClipActivation.Gelu,
        };

    private static IEnumerable<JsonElement> Loras(JsonElement run) => run.GetProperty("loras").EnumerateArray();
}
