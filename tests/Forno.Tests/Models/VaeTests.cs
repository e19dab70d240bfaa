using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models;
using Forno.Models.Autoencoders;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Nn;
using Forno.TestKit;
using Forno.Torch;

namespace Forno.Tests.Models;

public class VaeTests
{
    private static readonly VaeLayout Layout = TinyModels.Vae.Layout;

    [Fact]
    public void LatentsAreScaledOutside()
    {
        using var scope = new Scope();
        using Autograd.Mode mode = Autograd.NoGrad();
        using WeightStore store = TinyModels.Weights(Layout.Keys(ModelFamily.VaePrefix));
        var vae = new Vae(store.At("first_stage_model"), TinyModels.Vae, 0.5);
        using Generator g = Rng.For(1, "pictures");
        Tensor x = g.Rand(2, 3, 16, 12) * 2 - 1.0,
            noise = g.Randn(2, 4, 4, 3);
        (Tensor mean, Tensor logVariance) = vae.EncodeMoments(x);
        Assert.Equal([2L, 4, 4, 3], mean.Shape.ToArray());
        Same(mean * 0.5, vae.Encode(x));
        Same((mean + (logVariance * 0.5).Exp() * noise) * 0.5, vae.Encode(x, noise));
        Same(vae.DecodeRaw(mean).Clamp(-1, 1), vae.Decode(mean * 0.5));
        Assert.Equal([2L, 3, 16, 12], vae.Decode(noise).Shape.ToArray());
    }

    [Fact]
    public void EveryNamingGivesTheSameNetwork()
    {
        using var scope = new Scope();
        using Autograd.Mode mode = Autograd.NoGrad();
        using Generator g = Rng.For(1, "latent");
        Tensor z = g.Randn(1, 4, 3, 2);
        float[]? first = null;
        IReadOnlyDictionary<string, long[]> keys = Layout.Keys("");
        foreach (
            Func<string, string> rename in (Func<string, string>[])
                [
                    k => ModelFamily.VaePrefix + k,
                    k => k,
                    k => KeyMap.VaeToDiffusers(k, 3),
                    k => Old(KeyMap.VaeToDiffusers(k, 3)),
                    k => "state_dict/" + k,
                ]
        )
        {
            using WeightStore source = TinyModels.Weights(keys);
            string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".safetensors");
            try
            {
                // Training leftovers that stand-alone files are known to hold.
                SafetensorsWriter.Write(
                    path,
                    [
                        .. keys.Select(k => TensorToWrite.From(rename(k.Key), Stored(source, k.Key, k.Value, rename))),
                        TensorToWrite.From(rename("loss.logvar"), Tensor.Zeros([])),
                    ],
                    TinyModels.Vae.Metadata()
                );
                using ITensorSource file = Checkpoint.Open(path);
                using WeightStore store = CheckpointWeights.Open([file]);
                var config = VaeConfig.Detect(CheckpointWeights.Shapes(file), file.Metadata);
                Assert.Equal(
                    (TinyModels.Vae.Layout.Channels, 3, 1, 4),
                    (
                        config.Layout.Channels,
                        config.Layout.ChannelMult.Count,
                        config.Layout.NumResBlocks,
                        config.NormGroups
                    )
                );
                var vae = new Vae(store.At("first_stage_model"), config);
                store.RequireAllTaken("", KeyMap.IsHarmless);
                float[] y = vae.DecodeRaw(z).ToArray<float>();
                first ??= y;
                Assert.Equal(first, y);
            }
            finally
            {
                File.Delete(path);
            }
        }
    }

    [Fact]
    public void WhatHasNoPlaceIsAnError()
    {
        IEnumerable<KeyValuePair<string, long[]>> keys = Layout
            .Keys(ModelFamily.VaePrefix)
            .Append(new("first_stage_model.encoder.down.0.attn.0.q.weight", [16, 16, 1, 1]));
        using WeightStore store = TinyModels.Weights(keys.ToDictionary(), DType.Float32);
        _ = new Vae(store.At("first_stage_model"), TinyModels.Vae);
        var e = Assert.Throws<FornoException>(() => store.RequireAllTaken(ModelFamily.VaePrefix, KeyMap.IsHarmless));
        Assert.Contains("down.0.attn.0", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BothHalvesLearn()
    {
        using var scope = new Scope();
        using var store = WeightStore.Random(4);
        var vae = new Vae(store.At("first_stage_model"), TinyModels.Vae);
        foreach (Tensor w in store.Tensors.Values)
        {
            w.RequiresGrad = true;
        }
        using Generator g = Rng.For(1, "pictures");
        Tensor x = g.Rand(2, 3, 16, 16) * 2 - 1.0;
        (Tensor mean, Tensor logVariance) = vae.EncodeMoments(x);
        Tensor z = mean + (logVariance * 0.5).Exp() * g.Randn(mean.Shape);
        Autograd.Backward((vae.DecodeRaw(z) - x).Square().Mean());
        Assert.All(store.Tensors, w => Assert.True(w.Value.Grad is { } grad && grad.AllFinite(), w.Key));
    }

    private static string Old(string key) =>
        key.Replace(".to_q.", ".query.")
            .Replace(".to_k.", ".key.")
            .Replace(".to_v.", ".value.")
            .Replace(".to_out.0.", ".proj_attn.");

    // diffusers keeps the attention's projections as matrices.
    private static Tensor Stored(WeightStore source, string key, long[] shape, Func<string, string> rename) =>
        source.Take(
            key,
            Init.FanIn,
            DType.Float32,
            key.Contains(".attn_1.", StringComparison.Ordinal)
            && shape.Length == 4
            && rename(key).Contains("mid_block", StringComparison.Ordinal)
                ? shape[..2]
                : shape
        );

    private static void Same(Tensor a, Tensor b) => Assert.InRange((a - b).Abs().Max().Item(), 0, 1e-6);
}
