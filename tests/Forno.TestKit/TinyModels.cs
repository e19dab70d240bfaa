using Forno.Checkpoints;
using Forno.Models.Autoencoders;
using Forno.Models.Layouts;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Torch;

namespace Forno.TestKit;

/// <summary>Networks of real structure at widths that tests can afford.</summary>
internal static class TinyModels
{
    public static UNetConfig UNet { get; } =
        new()
        {
            Layout = new UNetLayout
            {
                ModelChannels = 32,
                ChannelMult = [1, 2],
                NumResBlocks = 1,
                Depth = [1, 0],
                MiddleDepth = 1,
                ContextDim = 24,
            },
            Heads = 4,
            NormGroups = 8,
        };

    public static UNetConfig Sdxl { get; } =
        new()
        {
            Layout = new UNetLayout
            {
                ModelChannels = 32,
                ChannelMult = [1, 2],
                NumResBlocks = 1,
                Depth = [0, 2],
                MiddleDepth = 2,
                ContextDim = 24,
                LinearProjections = true,
                VectorDim = 20,
            },
            HeadChannels = 16,
            NormGroups = 8,
        };

    public static VaeConfig Vae { get; } =
        new()
        {
            Layout = new VaeLayout
            {
                Channels = 16,
                ChannelMult = [1, 2, 2],
                NumResBlocks = 1,
            },
            NormGroups = 4,
        };

    /// <summary>A store with random weights everywhere: also where a new network begins with zeros.</summary>
    public static WeightStore Weights(
        IReadOnlyDictionary<string, long[]> keys,
        DType type = DType.Float32,
        ulong seed = 3
    ) =>
        WeightStore.From(
            keys.ToDictionary(k => k.Key, k => new WeightEntry(k.Value, () => Random(k.Key, k.Value, seed))),
            "a tiny model",
            type
        );

    /// <summary>A file of such weights, with the metadata given.</summary>
    public static void Write(
        string path,
        IReadOnlyDictionary<string, long[]> keys,
        Dictionary<string, string> metadata,
        ulong seed = 3
    )
    {
        using var scope = new Scope();
        SafetensorsWriter.Write(
            path,
            [.. keys.Select(k => TensorToWrite.From(k.Key, Random(k.Key, k.Value, seed)))],
            metadata
        );
    }

    private static Tensor Random(string key, long[] shape, ulong seed)
    {
        using var scope = new Scope();
        using Generator g = Rng.For(seed, key);
        long fan = shape.Skip(1).Aggregate(1L, (a, b) => a * b);
        bool gain = shape.Length == 1 && key.EndsWith("weight", StringComparison.Ordinal);
        return scope.Keep(
            gain ? g.Randn(shape) * 0.1 + 1 : g.Randn(shape) * (shape.Length == 1 ? 0.1 : 1 / Math.Sqrt(fan))
        );
    }
}
