using System.Text.Json;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Conformance.Engine;

/// <summary>Suite <c>unet</c>: one forward and one backward of tiny UNets with the keys of real checkpoints.</summary>
internal sealed class UNetSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "unet";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        using var scope = new Scope();
        using var tensors = new GoldenTensors(golden);
        using ITensorSource file = Checkpoint.Open(golden.CheckpointPath);
        using WeightStore store = CheckpointWeights.Open([file]);
        var unet = new UNet(store.At("model.diffusion_model"), ConfigOf(golden.Params.GetProperty("config")));
        store.RequireAllTaken(ModelFamily.UNetPrefix);
        string[] trained = [.. golden.Params.GetProperty("grad_weights").EnumerateArray().Select(k => k.GetString()!)];
        foreach (string key in trained)
        {
            store.Tensors[key].RequiresGrad = true;
        }
        var inputs = new Dictionary<string, Tensor>();
        foreach (string name in (string[])["x", "context", "y"])
        {
            if (tensors.Has("in." + name))
            {
                inputs[name] = tensors.Load("in." + name);
                inputs[name].RequiresGrad = true;
            }
        }

        Tensor sample = unet.Forward(
            inputs["x"],
            tensors.Load("in.timesteps"),
            inputs["context"],
            inputs.GetValueOrDefault("y")
        );
        var comparison = new Comparison(golden);
        tensors.Compare(comparison, "out.sample", sample);
        Autograd.Backward((sample * tensors.Load("in.cotangent")).Sum());
        foreach ((string name, Tensor input) in inputs)
        {
            tensors.Compare(comparison, "grad." + name, input.Grad!);
        }
        foreach (string key in trained)
        {
            tensors.Compare(comparison, "grad." + key, store.Tensors[key].Grad!);
        }
        return comparison.Result();
    }

    /// <summary>A network from UNetModel's arguments, which some suites give beside the weights.</summary>
    public static UNetConfig ConfigOf(JsonElement config)
    {
        int[] mult = [.. config.GetProperty("channel_mult").EnumerateArray().Select(v => v.GetInt32())];
        int[] attention = [.. config.GetProperty("attention_resolutions").EnumerateArray().Select(v => v.GetInt32())];
        JsonElement depth = config.GetProperty("transformer_depth");
        int[] depths =
            depth.ValueKind == JsonValueKind.Array
                ? [.. depth.EnumerateArray().Select(v => v.GetInt32())]
                : [.. mult.Select(_ => depth.GetInt32())];
        int headChannels = Number(config, "num_head_channels") ?? -1;
        return new UNetConfig
        {
            Layout = new UNetLayout
            {
                InChannels = config.GetProperty("in_channels").GetInt32(),
                OutChannels = config.GetProperty("out_channels").GetInt32(),
                ModelChannels = config.GetProperty("model_channels").GetInt32(),
                ChannelMult = mult,
                NumResBlocks = config.GetProperty("num_res_blocks").GetInt32(),
                Depth = [.. depths.Select((d, level) => attention.Contains(1 << level) ? d : 0)],
                MiddleDepth = depths[^1],
                ContextDim = config.GetProperty("context_dim").GetInt32(),
                LinearProjections =
                    config.TryGetProperty("use_linear_in_transformer", out JsonElement linear) && linear.GetBoolean(),
                VectorDim = Number(config, "adm_in_channels"),
            },
            Heads = headChannels == -1 ? config.GetProperty("num_heads").GetInt32() : null,
            HeadChannels = headChannels == -1 ? null : headChannels,
        };
    }

    private static int? Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.Number ? v.GetInt32() : null;
}
