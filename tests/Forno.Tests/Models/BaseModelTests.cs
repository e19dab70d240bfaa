using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Diffusion;
using Forno.Models;
using Forno.Models.Families;
using Forno.Nn;
using Forno.TestKit;
using Forno.Torch;

namespace Forno.Tests.Models;

public sealed class BaseModelTests : IDisposable
{
    private readonly TinyBaseModel tiny = new();

    public void Dispose() => tiny.Dispose();

    [Fact]
    public void EveryTargetHasItsLayerAndTheFileIsNotCopied()
    {
        using var model = BaseModel.Load(tiny.File);
        Assert.Equal(
            (ModelFamily.Sd15, Prediction.Epsilon, 512, "tiny"),
            (model.Family, model.Prediction, model.NativeSize, model.Name)
        );
        Assert.Equal(8, model.UNet.Config.NormGroups);
        Assert.NotEmpty(model.Targets);
        Assert.All(model.Targets, t => Assert.True(model.Layers.ContainsKey(t.Key), t.Key));
        Assert.Equal(
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(tiny.File))),
            model.Hash
        );
        using ITensorSource source = Checkpoint.Open(tiny.File);
        using var scope = new Scope();
        foreach ((string key, PatchableLayer layer) in model.Layers)
        {
            Assert.Equal(source.Load(key + ".weight").ToArray<float>(), layer.Weight.ToArray<float>());
        }
    }

    [Fact]
    public void WeightsTakeTheWantedTypeAndTheAutoencoderStaysWhole()
    {
        using var model = BaseModel.Load(
            tiny.File,
            new BaseModelOptions { Type = DType.BFloat16, Prediction = Prediction.Velocity }
        );
        Assert.Equal(Prediction.Velocity, model.Prediction);
        Assert.All(model.Targets, t => Assert.Equal(DType.BFloat16, model.Layers[t.Key].Weight.DType));
        using var scope = new Scope();
        Assert.Equal(DType.Float32, model.Vae.Decode(Tensor.Zeros([1, 4, 2, 2])).DType);
    }

    [Fact]
    public void AnotherFilesAutoencoderStandsIn()
    {
        string other = Path.Combine(tiny.Folder, "vae.safetensors");
        TinyBaseModel.Write(
            other,
            7,
            new Dictionary<string, string>(),
            key => key.StartsWith("first_stage_model.", StringComparison.Ordinal)
        );
        using BaseModel own = BaseModel.Load(tiny.File),
            changed = BaseModel.Load(tiny.File, new BaseModelOptions { VaePath = other });
        using var scope = new Scope();
        var latents = Tensor.Ones([1, 4, 2, 2]);
        Assert.NotEqual(own.Vae.Decode(latents).ToArray<float>(), changed.Vae.Decode(latents).ToArray<float>());
        Assert.Equal(64, changed.VaeHash!.Length);
        Assert.Null(own.VaeHash);
    }

    [Fact]
    public void ANativeSizeInTheMetadataCounts()
    {
        using var pocket = new TinyBaseModel(
            metadata: new Dictionary<string, string> { ["modelspec.resolution"] = "128x128" }
        );
        using var model = BaseModel.Load(pocket.File);
        Assert.Equal(128, model.NativeSize);
    }

    [Fact]
    public void WhatIsMissingOrTooMuchIsNamed()
    {
        string path = Path.Combine(tiny.Folder, "broken.safetensors");
        TinyBaseModel.Write(
            path,
            1,
            new Dictionary<string, string>(),
            key => key != "model.diffusion_model.out.2.weight"
        );
        Assert.Contains(
            "model.diffusion_model.out.2.weight is missing",
            Assert.Throws<FornoException>(() => BaseModel.Load(path)).Message
        );

        TinyBaseModel.Write(
            path,
            1,
            new Dictionary<string, string>(),
            key => !key.StartsWith("first_stage_model.", StringComparison.Ordinal)
        );
        using (var blind = BaseModel.Load(path))
        {
            Assert.Contains("no autoencoder", Assert.Throws<FornoException>(() => blind.Vae).Message);
        }

        using ITensorSource source = Checkpoint.Open(tiny.File);
        using var scope = new Scope();
        var tensors = source.Tensors.Keys.Select(k => TensorToWrite.From(k, source.Load(k))).ToList();
        tensors.Add(TensorToWrite.From("model.diffusion_model.more.weight", Tensor.Ones([2])));
        tensors.Add(TensorToWrite.From("alphas_cumprod", Tensor.Ones([1000]))); // a known extra
        SafetensorsWriter.Write(path, tensors);
        string message = Assert.Throws<FornoException>(() => BaseModel.Load(path, new BaseModelOptions())).Message;
        Assert.Contains("1 tensors have no place in this model, such as model.diffusion_model.more.weight", message);

        Assert.Contains(
            "no such file",
            Assert
                .Throws<FornoException>(() =>
                    BaseModel.Load(tiny.File, new BaseModelOptions { VaePath = "/no/such.vae" })
                )
                .Message
        );
    }
}
