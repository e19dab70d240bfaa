using System.Text.Json;
using Forno.Checkpoints;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.TestKit;

namespace Forno.Tests.Models;

public class ModelFamilyTests
{
    // Counts of the published models (tensors, parameters).
    [Theory]
    [InlineData("sd15", 686, 859_520_964, 196, 123_060_480)]
    [InlineData("sd15-inpainting", 686, 859_535_364, 196, 123_060_480)]
    [InlineData("sd21", 686, 865_910_724, 294, 354_032_641)]
    [InlineData("sdxl", 1680, 2_567_463_684, 196 + 390, 123_060_480 + 694_659_841)]
    public void FullSizeCountsAreThePublishedOnes(
        string name,
        int unetTensors,
        long unetParameters,
        int textTensors,
        long textParameters
    )
    {
        var family = ModelFamily.All[name];
        var unet = family.FullSizeUNet.Keys(ModelFamily.UNetPrefix);
        var vae = family.FullSizeVae.Keys(ModelFamily.VaePrefix);
        var text = family.TextEncoders.SelectMany(encoder => encoder.FullSize.Keys(encoder.Prefix)).ToArray();
        Assert.Equal((unetTensors, unetParameters), (unet.Count, unet.Values.Sum(Count)));
        Assert.Equal((248, 83_653_863), (vae.Count, vae.Values.Sum(Count)));
        Assert.Equal((textTensors, textParameters), (text.Length, text.Sum(pair => Count(pair.Value))));
        Assert.Equal(family, ModelFamily.Detect(Of(family.FullSizeKeys())));
    }

    [GoldenFact]
    public void EveryGoldenUNetIsDetectedAndLaidOut()
    {
        foreach (string folder in Directory.GetDirectories(Goldens.Suite("unet")))
        {
            using var file = SafetensorsFile.Open(Path.Combine(folder, "checkpoint.safetensors"));
            using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json")));
            Assert.Equal(
                json.RootElement.GetProperty("params").GetProperty("family").GetString(),
                ModelFamily.Detect(file).Name
            );
            var keys = UNetLayout.Detect(TensorShapes.Of(file), ModelFamily.UNetPrefix).Keys(ModelFamily.UNetPrefix);
            Assert.Equal(
                Lines(file.Tensors.Select(pair => (pair.Key, pair.Value.Shape))),
                Lines(keys.Select(pair => (pair.Key, (IReadOnlyList<long>)pair.Value)))
            );
        }
    }

    [GoldenFact]
    public void EveryGoldenVaeIsLaidOutUnderAllItsNames()
    {
        foreach (string folder in Directory.GetDirectories(Goldens.Suite("vae")))
        {
            using var file = SafetensorsFile.Open(Path.Combine(folder, "checkpoint.safetensors"));
            using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json")));
            var parameters = json.RootElement.GetProperty("params");
            string prefix = parameters.GetProperty("key_layout").GetString() == "ldm" ? ModelFamily.VaePrefix : "";
            int levels = parameters.GetProperty("config").GetProperty("ch_mult").GetArrayLength();
            var single = file.Tensors.ToDictionary(
                pair => prefix + KeyMap.VaeToSingle(pair.Key[prefix.Length..], levels),
                pair => pair.Value.Shape
            );
            var keys = VaeLayout.Detect(new TensorShapes(single, file.Path), prefix).Keys(prefix);
            Assert.Equal(single.Keys.Order(StringComparer.Ordinal), keys.Keys.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void VariantsOfKeysAreUnderstood()
    {
        var bare = ModelFamily
            .Sd15.FullSizeKeys()
            .ToDictionary(pair => "state_dict/" + pair.Key.Replace("text_model.", ""), pair => pair.Value);
        bare["optimizer_states/0/state/0/exp_avg"] = [3];
        Assert.Equal(ModelFamily.Sd15, ModelFamily.Detect(Of(bare)));
        Assert.Equal(
            ModelFamily.Sd15.FullSizeKeys().Keys.Order(StringComparer.Ordinal),
            KeyMap.Canonical(Of(bare)).Keys.Order(StringComparer.Ordinal)
        );

        var asXl = ModelFamily
            .Sd21.FullSizeKeys()
            .ToDictionary(
                pair => pair.Key.Replace("cond_stage_model.model.", "conditioner.embedders.0.model."),
                pair => pair.Value
            );
        Assert.Equal(ModelFamily.Sd21, ModelFamily.Detect(Of(asXl)));
        Assert.True(KeyMap.Canonical(Of(asXl)).Has("cond_stage_model.model.ln_final.weight"));
    }

    [Fact]
    public void PartsAloneAreEnough()
    {
        foreach (var family in new[] { ModelFamily.Sd15, ModelFamily.Sd21, ModelFamily.Sdxl })
        {
            var texts = family.FullSizeKeys().Where(pair => pair.Key.StartsWith("cond", StringComparison.Ordinal));
            Assert.Equal(family, ModelFamily.Detect(Of(texts)));
        }
    }

    [Theory]
    [InlineData("refiner")]
    [InlineData("pix2pix")]
    [InlineData("depth")]
    [InlineData("LoRA")]
    [InlineData("VAE")]
    [InlineData("unknown")]
    public void OtherFilesAreRefusedByName(string kind)
    {
        var keys = kind switch
        {
            "refiner" => (
                ModelFamily.Sdxl.FullSizeUNet with
                {
                    ModelChannels = 384,
                    ChannelMult = [1, 2, 4, 4],
                    Depth = [0, 4, 4, 0],
                    MiddleDepth = 4,
                    ContextDim = 1280,
                    VectorDim = 2560,
                }
            ).Keys(ModelFamily.UNetPrefix),
            "pix2pix" => (ModelFamily.Sd15.FullSizeUNet with { InChannels = 8 }).Keys(ModelFamily.UNetPrefix),
            "depth" => (ModelFamily.Sd21.FullSizeUNet with { InChannels = 5 }).Keys(ModelFamily.UNetPrefix),
            "LoRA" => new Dictionary<string, long[]>
            {
                ["lora_unet_mid_block_attentions_0_proj_in.lora_down.weight"] = [4, 320],
            },
            "VAE" => new VaeLayout().Keys(""),
            _ => new Dictionary<string, long[]> { ["something.weight"] = [1] },
        };
        var e = Assert.Throws<FornoException>(() => ModelFamily.Detect(Of(keys)));
        Assert.Contains(kind, e.Message, StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith("a file", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HarmlessIsNotEverything()
    {
        Assert.All(
            new[]
            {
                "betas",
                "alphas_cumprod",
                "model_ema.decay",
                "model_ema.diffusion_modelout2bias",
                "v_pred",
                "denoiser.sigmas",
            },
            key => Assert.True(KeyMap.IsHarmless(key), key)
        );
        Assert.All(
            new[]
            {
                "model.diffusion_model.out.2.bias",
                "control_model.input_blocks.0.0.weight",
                "first_stage_model.quant_conv.weight",
                "alphas",
            },
            key => Assert.False(KeyMap.IsHarmless(key), key)
        );
    }

    private static TensorShapes Of(IEnumerable<KeyValuePair<string, long[]>> keys) =>
        new(keys.ToDictionary(pair => pair.Key, IReadOnlyList<long> (pair) => pair.Value), "a file");

    private static long Count(long[] shape) => shape.Aggregate(1L, (product, side) => product * side);

    private static IEnumerable<string> Lines(IEnumerable<(string Key, IReadOnlyList<long> Shape)> keys) =>
        keys.Select(pair => $"{pair.Key} {string.Join(",", pair.Shape)}").Order(StringComparer.Ordinal);
}
