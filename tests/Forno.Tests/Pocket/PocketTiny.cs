using Forno.Checkpoints;
using Forno.Models.Autoencoders;
using Forno.Models.Layouts;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Pocket.Training;
using Forno.Torch;
using Forno.Training.Logs;

namespace Forno.Tests.Pocket;

/// <summary>Tiny parts of a Pocket over made-up data: an autoencoder of random weights, and short trainings.</summary>
public sealed class PocketTiny : IDisposable
{
    internal static readonly UNetRecipe Recipe = new()
    {
        Network = new UNetConfig
        {
            Layout = new UNetLayout
            {
                ModelChannels = 16,
                ChannelMult = [1, 2],
                NumResBlocks = 1,
                Depth = [1, 0],
                MiddleDepth = 1,
                ContextDim = 32,
            },
            Heads = 2,
            NormGroups = 8,
        },
        Batch = 8,
        Captions = 2,
    };

    public PocketTiny()
    {
        Directory.CreateDirectory(Fake.Run("vae"));
        using (var store = WeightStore.Random(3))
        {
            var config = new VaeConfig
            {
                Layout = new VaeLayout
                {
                    Channels = 8,
                    ChannelMult = [1, 1, 1, 1],
                    NumResBlocks = 1,
                },
                NormGroups = 8,
            };
            _ = new Vae(store.At("first_stage_model"), config);
            SafetensorsWriter.Write(Parts.Vae, store.Tensors, config.Metadata(), DType.Float16);
        }

        ClipPairTraining.Run(Fake.Data, Fake.Run("clip"), ClipPairTrainingTests.Options(2), ClipPairTrainingTests.Tiny);
        Train("unet", 100, First.Tell);
    }

    internal PocketFake Fake { get; } = new();

    internal Kept First { get; } = new();

    internal PocketPartFiles Parts => PocketPartFiles.Below(Fake.Folder);

    internal void Train(string run, int steps, Action<TrainEvent>? report = null, CancellationToken stop = default) =>
        UNetTraining.Run(
            Fake.Data,
            Parts.Vae,
            Parts.Text,
            Fake.Run(run),
            UNetTraining.Defaults with
            {
                Steps = steps,
                Warmup = 5,
                Ema = 0.9,
                LearningRate = 3e-3,
            },
            Recipe,
            report,
            stop
        );

    public void Dispose() => Fake.Dispose();
}
