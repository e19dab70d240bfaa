using Forno.Io;
using Forno.Models;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Tests;

/// <summary>
/// A whole SD1.5 checkpoint of very small widths with random weights, for tests that need a model but not its skill.
/// Written once per process.
/// </summary>
public static class TinyModel
{
    private static readonly Lazy<string> Written = new(Write);

    /// <summary>The file.</summary>
    public static string FilePath => Written.Value;

    private static string Write()
    {
        string path = Path.Combine(Path.GetTempPath(), $"forno-tiny-{Environment.ProcessId}.safetensors");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(path);
        using var scope = new Scope();
        using WeightStore store = WeightStore.Random(11);
        var unet = new UNetConfig
        {
            Layout = new UNetLayout { ModelChannels = 32, ChannelMult = [1, 2], NumResBlocks = 1, Depth = [1, 1], MiddleDepth = 1, ContextDim = 64 },
            Heads = 4,
            NormGroups = 8,
        };
        _ = new UNet(store.At("model.diffusion_model"), unet);
        var vae = new VaeConfig { Channels = 16, Multipliers = [1, 1, 2, 2], BlocksPerLevel = 1, NormGroups = 8 };
        _ = new Vae(store.At("first_stage_model"), vae);
        var text = new ClipTextConfig { Width = 64, Layers = 2, Heads = 1, MlpWidth = 128 };
        _ = new ClipText(store.At("cond_stage_model.transformer"), text);
        // Zero-initialised outputs would hide everything in front of them.
        foreach ((string key, Tensor t) in store.Tensors.Where(t => t.Key.EndsWith("weight", StringComparison.Ordinal)))
        {
            if (t.Abs().Max().Item() == 0)
            {
                using Generator g = Rng.For(3, key);
                t.Copy_(g.Randn(t.Shape) * 0.05);
            }
        }
        Dictionary<string, string> metadata = unet.Metadata();
        foreach ((string key, string value) in text.Metadata())
        {
            metadata[key] = value;
        }
        SafetensorsWriter.Write(path, [.. store.Tensors.Select(t => TensorToWrite.From(t.Key, t.Value, DType.Float16))], metadata);
        return path;
    }
}
