using System.Text.Json;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models;
using Forno.Models.Autoencoders;
using Forno.Models.Families;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Conformance.Engine;

/// <summary>Suite <c>vae</c>: encode and decode by tiny autoencoders under every naming that files use.</summary>
internal sealed class VaeSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "vae";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        using var scope = new Scope();
        using Autograd.Mode mode = Autograd.NoGrad();
        using var tensors = new GoldenTensors(golden);
        using ITensorSource file = Checkpoint.Open(golden.CheckpointPath);
        using WeightStore store = CheckpointWeights.Open([file]);
        // Neither naming nor measures are told: both are found out, and held against what the case says.
        var config = VaeConfig.Detect(CheckpointWeights.Shapes(file), file.Metadata);
        var vae = new Vae(store.At("first_stage_model"), config);
        store.RequireAllTaken("", KeyMap.IsHarmless);

        var comparison = new Comparison(golden);
        JsonElement said = golden.Params.GetProperty("config");
        comparison.Same("ch", config.Layout.Channels, said.GetProperty("ch").GetInt32());
        comparison.Json("ch_mult", config.Layout.ChannelMult, said.GetProperty("ch_mult"));
        comparison.Same("num_res_blocks", config.Layout.NumResBlocks, said.GetProperty("num_res_blocks").GetInt32());
        comparison.Same("z_channels", config.Layout.LatentChannels, said.GetProperty("z_channels").GetInt32());
        (Tensor mean, Tensor logVariance) = vae.EncodeMoments(tensors.Load("in.image"));
        tensors.Compare(comparison, "out.mean", mean);
        tensors.Compare(comparison, "out.logvar", logVariance);
        tensors.Compare(comparison, "out.decoded", vae.DecodeRaw(tensors.Load("in.latent")));
        return comparison.Result();
    }
}
