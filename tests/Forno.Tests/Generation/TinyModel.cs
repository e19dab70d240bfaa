using Forno.Io;
using Forno.Models;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Tests.Generation;

/// <summary>A checkpoint of SD 1.x's family at toy widths with random weights, for tests that draw.</summary>
internal sealed class TinyModel : IDisposable
{
    private static readonly UNetConfig UNet = new()
    {
        Layout = new UNetLayout { ModelChannels = 16, ChannelMult = [1, 2], NumResBlocks = 1, Depth = [1, 1], MiddleDepth = 1, ContextDim = 32 },
        Heads = 2,
        NormGroups = 8,
    };

    private static readonly ClipTextConfig Text = new() { Width = 32, Layers = 2, Heads = 2, MlpWidth = 64 };

    private static readonly VaeConfig Vae = new() { Channels = 8, Multipliers = [1, 1, 2, 2], BlocksPerLevel = 1, NormGroups = 8 };

    public TinyModel(ulong seed = 1, IReadOnlyDictionary<string, string>? metadata = null)
    {
        File = Path.Combine(Folder, "tiny.safetensors");
        Write(File, seed, metadata ?? new Dictionary<string, string>());
    }

    /// <summary>A folder of this model's own, deleted in the end.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("forno-tiny-").FullName;

    public string File { get; }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Writes such a checkpoint.</summary>
    public static void Write(string path, ulong seed, IReadOnlyDictionary<string, string> metadata, Func<string, bool>? keep = null)
    {
        using var scope = new Scope();
        using var store = WeightStore.Random(seed);
        _ = new ClipText(store.At("cond_stage_model.transformer"), Text);
        _ = new UNet(store.At("model.diffusion_model"), UNet);
        _ = new Vae(store.At("first_stage_model"), Vae);
        foreach ((string key, Tensor weight) in store.Tensors)
        {
            // Layers that begin at zero would hide everything behind them, and a last norm that begins plain has a mean of 0.
            using Generator random = Rng.For(seed, key);
            if (weight.Dims == 1 || weight.Abs().Max().Item() == 0)
            {
                weight.Add_(random.Randn(weight.Shape) * 0.2);
            }
        }

        var all = new Dictionary<string, string>([.. UNet.Metadata(), .. Text.Metadata(), .. metadata]);
        SafetensorsWriter.Write(
            path, [.. store.Tensors.Where(t => keep?.Invoke(t.Key) != false).Select(t => TensorToWrite.From(t.Key, t.Value))], all);
    }
}
