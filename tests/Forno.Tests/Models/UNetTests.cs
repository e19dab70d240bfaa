using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models;
using Forno.Models.Families;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.TestKit;
using Forno.Torch;

namespace Forno.Tests.Models;

public class UNetTests
{
    private const string Prefix = "model.diffusion_model";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void GradientCheckpointingChangesNothing(bool trainWeights)
    {
        using var scope = new Scope();
        Dictionary<string, Tensor> plain = Gradients(
            TinyModels.UNet,
            DType.Float32,
            checkpointing: false,
            trainWeights
        );
        Dictionary<string, Tensor> again = Gradients(TinyModels.UNet, DType.Float32, checkpointing: true, trainWeights);
        Assert.Equal(plain.Keys.Order(StringComparer.Ordinal), again.Keys.Order(StringComparer.Ordinal));
        Assert.All(plain, p => Assert.True(Distance(p.Value, again[p.Key]) < 1e-5, p.Key));
    }

    [Fact]
    public void Bf16AgreesWithFp32()
    {
        foreach (UNetConfig config in (UNetConfig[])[TinyModels.UNet, TinyModels.Sdxl])
        {
            using var scope = new Scope();
            Dictionary<string, Tensor> full = Gradients(config, DType.Float32, false, trainWeights: true);
            Dictionary<string, Tensor> half = Gradients(config, DType.BFloat16, false, trainWeights: true);
            Assert.Equal(full.Keys.Order(StringComparer.Ordinal), half.Keys.Order(StringComparer.Ordinal));
            Assert.True(Cosine(full["out"], half["out"]) > 0.995, $"output: {Cosine(full["out"], half["out"])}");
            Assert.True(Cosine(All(full), All(half)) > 0.99, $"all gradients: {Cosine(All(full), All(half))}");
            // Gradients that all but cancel are mostly rounding and are left out.
            double largest = full.Values.Max(t => t.Norm().Item());
            Assert.All(
                full.Where(p => p.Value.Norm().Item() > 0.01 * largest),
                p => Assert.True(Cosine(p.Value, half[p.Key]) > 0.97, $"{p.Key}: {Cosine(p.Value, half[p.Key])}")
            );
        }
    }

    [Fact]
    public void APatchInTheFirstBlockLearnsThroughFrozenWeights()
    {
        foreach (bool checkpointing in (bool[])[false, true])
        {
            using var scope = new Scope();
            using WeightStore store = TinyModels.Weights(TinyModels.UNet.Layout.Keys(Prefix + "."));
            var unet = new UNet(store.At(Prefix), TinyModels.UNet) { GradientCheckpointing = checkpointing };
            var gain = Tensor.Ones([1]);
            gain.RequiresGrad = true;
            store.Layers[Prefix + ".input_blocks.1.1.transformer_blocks.0.attn1.to_q"].Patch = new Gain(gain);
            (Tensor x, Tensor t, Tensor context, _) = Inputs(TinyModels.UNet);
            Tensor Loss() => unet.Forward(x, t, context).Square().Mean();
            Autograd.Backward(Loss());
            double slope = gain.Grad!.Item();
            using Autograd.Mode mode = Autograd.NoGrad();
            const double h = 1e-2;
            gain.Fill_(1 + h);
            double above = Loss().Item();
            gain.Fill_(1 - h);
            double below = Loss().Item();
            Assert.InRange(slope / ((above - below) / (2 * h)), 0.98, 1.02);
        }
    }

    [Fact]
    public void WhatShapesCannotTellComesFromTheMetadata()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".safetensors");
        try
        {
            TinyModels.Write(path, TinyModels.UNet.Layout.Keys(Prefix + "."), TinyModels.UNet.Metadata());
            using ITensorSource file = Checkpoint.Open(path);
            var found = UNetConfig.Detect(CheckpointWeights.Shapes(file), file.Metadata, ModelFamily.Detect(file));
            Assert.Equal((4, 8), (found.Heads, found.NormGroups));
            using var scope = new Scope();
            using WeightStore store = CheckpointWeights.Open([file]),
                other = TinyModels.Weights(TinyModels.UNet.Layout.Keys(Prefix + "."));
            (Tensor x, Tensor t, Tensor context, _) = Inputs(found);
            Tensor a = new UNet(store.At(Prefix), found).Forward(x, t, context);
            Tensor b = new UNet(other.At(Prefix), TinyModels.UNet).Forward(x, t, context);
            Assert.Equal(b.ToArray<float>(), a.ToArray<float>());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void HeadsMustDivideTheChannels()
    {
        using WeightStore store = TinyModels.Weights(TinyModels.Sdxl.Layout.Keys(Prefix + "."));
        var e = Assert.Throws<FornoException>(() =>
            new UNet(store.At(Prefix), TinyModels.Sdxl with { HeadChannels = 48 })
        );
        Assert.Contains(UNetConfig.HeadsKey, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void VectorConditioningIsDemandedAndRefused()
    {
        using var scope = new Scope();
        using WeightStore store = TinyModels.Weights(TinyModels.UNet.Layout.Keys(Prefix + ".")),
            xl = TinyModels.Weights(TinyModels.Sdxl.Layout.Keys(Prefix + "."));
        (Tensor x, Tensor t, Tensor context, _) = Inputs(TinyModels.UNet);
        Assert.Throws<FornoException>(() =>
            new UNet(store.At(Prefix), TinyModels.UNet).Forward(x, t, context, Tensor.Ones([2, 20]))
        );
        Assert.Throws<FornoException>(() => new UNet(xl.At(Prefix), TinyModels.Sdxl).Forward(x, t, context));
    }

    [Fact]
    public void TimestepsBecomeCosinesThenSines()
    {
        using var scope = new Scope();
        float[] e = UNet.TimestepEmbedding(Tensor.From<float>([250.5f], 1), 4).ToArray<float>();
        Assert.All(
            e.Zip([Math.Cos(250.5), Math.Cos(2.505), Math.Sin(250.5), Math.Sin(2.505)]),
            p => Assert.Equal(p.Second, p.First, 1e-4)
        );
    }

    private static (Tensor X, Tensor Timesteps, Tensor Context, Tensor? Vector) Inputs(UNetConfig config)
    {
        using Generator g = Rng.For(7, "inputs");
        return (
            g.Randn(2, 4, 8, 6),
            Tensor.From<float>([3, 900.5f], 2),
            g.Randn(2, 11, config.Layout.ContextDim),
            config.Layout.VectorDim is { } v ? g.Randn(2, v) : null
        );
    }

    // The output and all gradients of a fixed loss, by name.
    private static Dictionary<string, Tensor> Gradients(
        UNetConfig config,
        DType type,
        bool checkpointing,
        bool trainWeights
    )
    {
        WeightStore store = TinyModels.Weights(config.Layout.Keys(Prefix + "."), type);
        using var owner = store;
        var unet = new UNet(store.At(Prefix), config) { GradientCheckpointing = checkpointing };
        (Tensor x, Tensor t, Tensor context, Tensor? vector) = Inputs(config);
        x.RequiresGrad = context.RequiresGrad = true;
        foreach (Tensor w in store.Tensors.Values)
        {
            w.RequiresGrad = trainWeights;
        }
        using Generator g = Rng.For(8, "cotangent");
        Tensor y = unet.Forward(x, t, context, vector);
        Autograd.Backward(y, g.Randn(y.Shape));
        var found = new Dictionary<string, Tensor>
        {
            ["out"] = y.Detach().Clone(),
            ["x"] = x.Grad!,
            ["context"] = context.Grad!,
        };
        foreach ((string key, Tensor w) in store.Tensors)
        {
            if (trainWeights)
            {
                found[key] = w.Grad!.To(DType.Float32).Clone();
            }
        }
        return found;
    }

    private static Tensor All(Dictionary<string, Tensor> gradients) =>
        Ops.Cat([
            .. gradients
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .Where(g => g.Key != "out")
                .Select(g => g.Value.Flatten()),
        ]);

    private static double Distance(Tensor a, Tensor b)
    {
        using var scope = new Scope();
        return (a - b).Norm().Item() / Math.Max(a.Norm().Item(), 1e-3);
    }

    private static double Cosine(Tensor a, Tensor b)
    {
        using var scope = new Scope();
        return (a * b).Sum().Item() / (a.Norm().Item() * b.Norm().Item());
    }

    private sealed class Gain(Tensor gain) : IPatch
    {
        public Tensor Forward(PatchableLayer layer, Tensor x)
        {
            using var scope = new Scope();
            return scope.Keep(layer.Base(x) * gain);
        }
    }
}
