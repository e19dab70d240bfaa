using System.Security.Cryptography;
using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Checkpoints;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Tests.Adapters;

public sealed class AdapterFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-adapters-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void ASavedAdapterIsReadBackWhole()
    {
        using var scope = new Scope();
        PatchTarget[] targets = [.. PatchTargets.FullSize(ModelFamily.Sd15).Take(14)];
        AdapterModule[] modules = [.. new LoraSettings { Dim = 2, Alpha = 3 }.Choose(targets)];
        using var network = AdapterNetwork.New(LoraAdapter.Kind, modules, 5, AdapterDropout.None);
        string path = Path.Combine(folder, "a.safetensors");
        var metadata = new Dictionary<string, string> { ["ss_network_dim"] = "2", ["modelspec.title"] = "brød \"x\"" };
        AdapterFile.Save(path, network, metadata, DType.Float32);

        using var file = AdapterFile.Load(path, PatchTargets.FullSize(ModelFamily.Sd15));
        Assert.Empty(file.Strangers);
        Assert.Equal("brød \"x\"", file.Metadata["modelspec.title"]);
        var read = file.Network.Tensors.ToDictionary(t => t.Key, t => t.Tensor);
        Assert.Equal(network.Tensors.Count(), read.Count);
        foreach ((string key, Tensor t) in network.Tensors)
        {
            Assert.Equal(t.Shape.ToArray(), read[key].Shape.ToArray());
            Assert.Equal(t.ToArray<float>(), read[key].ToArray<float>());
        }
        Assert.All(file.Network.Adapters, a => Assert.Equal(1.5, a.Scale));

        using var raw = SafetensorsFile.Open(path);
        Assert.Empty(raw.Tensors[modules[0].Target.Name + ".alpha"].Shape);
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan((int)raw.DataOffset))),
            file.Metadata["sshs_model_hash"]
        );
        Assert.Equal("e3b0c442", file.Metadata["sshs_legacy_hash"]);
    }

    [Fact]
    public void AnAdapterOfAnotherFamilyIsRefusedAndStrangersAreTold()
    {
        using var scope = new Scope();
        PatchTarget[] xl = [.. PatchTargets.FullSize(ModelFamily.Sdxl).Where(t => !t.IsText).Take(3)];
        PatchTarget[] sd = [.. PatchTargets.FullSize(ModelFamily.Sd15).Take(2)];
        string only = Path.Combine(folder, "xl.safetensors"),
            mixed = Path.Combine(folder, "mixed.safetensors");
        Save(only, xl);
        Save(mixed, [.. xl, .. sd]);
        Assert.Contains(
            only,
            Assert
                .Throws<FornoException>(() => AdapterFile.Load(only, PatchTargets.FullSize(ModelFamily.Sd15)))
                .Message,
            StringComparison.Ordinal
        );
        using var file = AdapterFile.Load(mixed, PatchTargets.FullSize(ModelFamily.Sd15));
        Assert.Equal(
            xl.Select(t => t.Name).Order(StringComparer.Ordinal),
            file.Strangers.Order(StringComparer.Ordinal)
        );
        Assert.Equal(2, file.Network.Adapters.Count);

        void Save(string path, PatchTarget[] targets)
        {
            using var network = AdapterNetwork.New(
                LoraAdapter.Kind,
                targets.Select(t => new AdapterModule(t, 1, 1)),
                1,
                AdapterDropout.None
            );
            AdapterFile.Save(path, network, new Dictionary<string, string>(), DType.Float16);
        }
    }

    [Fact]
    public void UnknownNetworkArgumentsAreRefused()
    {
        var e = Assert.Throws<FornoException>(() =>
            LoraSettings.Read(false, 4, 1, null, new Dictionary<string, string> { ["conv_dmi"] = "4" })
        );
        Assert.Contains("conv_dim", e.Message, StringComparison.Ordinal);
        Assert.Throws<FornoException>(() =>
            LoraSettings.Read(false, 4, 1, null, new Dictionary<string, string> { ["block_dims"] = "1,2" })
        );
        Assert.Throws<FornoException>(() =>
            LoraSettings.Read(false, 4, 1, null, new Dictionary<string, string> { ["up_lr_weight"] = "tangent" })
        );
        Assert.Throws<FornoException>(() => LoraSettings.Read(false, 0, 1, null, new Dictionary<string, string>()));
    }

    [Fact]
    public void Sd2HasOneTextLayerLessAndConvolutionProjections()
    {
        AdapterModule[] modules = [.. new LoraSettings().Choose(PatchTargets.FullSize(ModelFamily.Sd21))];
        Assert.Equal(23 * 6, modules.Count(m => m.Target.IsText));
        PatchTarget projection = modules.First(m => m.Target.Part == TargetPart.Projection).Target;
        Assert.Equal([320, 320, 1, 1], projection.Shape);
        Assert.Equal("model.diffusion_model.input_blocks.1.1.proj_in", projection.Key);
    }

    [Theory]
    [InlineData("sd15")]
    [InlineData("sd15-inpainting")]
    [InlineData("sd21")]
    [InlineData("sdxl")]
    public void EveryTargetIsALayerOfItsModel(string name)
    {
        ModelFamily family = ModelFamily.All[name];
        var weights = ClipKeys.Unify(
            family
                .FullSizeKeys()
                .ToDictionary(k => k.Key, k => new WeightEntry(k.Value, () => throw new InvalidOperationException()))
        );
        IReadOnlyList<PatchTarget> targets = PatchTargets.FullSize(family);
        Assert.Equal(targets.Count, targets.Select(t => t.Key).Distinct().Count());
        foreach (PatchTarget target in targets)
        {
            Assert.Equal(target.Shape.Where(s => s != 1), weights[target.Key + ".weight"].Shape.Where(s => s != 1));
            Assert.Equal(target.HasBias, weights.ContainsKey(target.Key + ".bias"));
        }
    }
}
