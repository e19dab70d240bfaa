using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models;
using Forno.Models.Families;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Bench;

/// <summary>Opening a 2 GB file until its UNet stands ready; pages are read when they are first used.</summary>
internal static class LoadBench
{
    public static void Run(BenchOptions options)
    {
        string path = RandomCheckpoint.Ensure(options.Folder, DType.BFloat16);
        Console.WriteLine($"libtorch {TorchRuntime.Version}"); // its own loading is not the file's
        for (int i = 0; i < 3; i++)
        {
            var time = Clock.Of(() =>
            {
                using ITensorSource file = Checkpoint.Open(path);
                using WeightStore store = CheckpointWeights.Open([file], DType.BFloat16);
                _ = new UNet(
                    store.At(ModelFamily.UNetPrefix.TrimEnd('.')),
                    UNetConfig.Detect(CheckpointWeights.Shapes(file), file.Metadata, ModelFamily.Sd15)
                );
            });
            Console.WriteLine($"load {new FileInfo(path).Length / (double)(1 << 30):f2} GiB   {time}");
        }
    }
}
