using Forno.Checkpoints;
using Forno.Models.Autoencoders;
using Forno.Nn;
using Forno.Pocket.Data;
using Forno.Torch;

namespace Forno.Pocket.Training;

/// <summary>
/// Makes a trained autoencoder one of SD's family: the factor 0.18215 must give latents of mean 0 and deviation 1.
/// Each channel's mean and deviation are folded into the 1×1 convolutions on both sides of the latent, which changes
/// no picture.
/// </summary>
public static class VaeFinish
{
    private const int Sample = 512,
        Batch = 16;

    /// <summary>Writes the single-file half-precision weights of the averages of a run.</summary>
    /// <param name="averages">Tensors by single-file key.</param>
    /// <param name="data">Pictures to measure latents on.</param>
    /// <param name="path">The file to write.</param>
    public static void Write(IReadOnlyDictionary<string, Tensor> averages, PocketData data, string path)
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        var weights = averages.ToDictionary(t => t.Key, t => t.Value.Clone());
        (Tensor mean, Tensor deviation) = Measure(weights, data);
        Fold(weights, mean, deviation);
        SafetensorsWriter.Write(
            path,
            [.. weights.Select(w => TensorToWrite.From(w.Key, w.Value, DType.Float16))],
            VaeTraining.Config.Metadata()
        );
    }

    // Per channel over raw latents of training pictures: [4] each.
    private static (Tensor Mean, Tensor Deviation) Measure(Dictionary<string, Tensor> weights, PocketData data)
    {
        using var scope = new Scope();
        using var store = WeightStore.From(
            weights.ToDictionary(w => w.Key, w => new WeightEntry(w.Value.Shape.ToArray(), w.Value.Alias)),
            "the trained autoencoder"
        );
        var vae = new Vae(store.At(VaeTraining.Prefix), VaeTraining.Config);
        int[] all = data.Indices(PocketSplit.Training);
        int[] chosen =
        [
            .. Enumerable.Range(0, Math.Min(Sample, all.Length)).Select(i => all[(int)((long)i * all.Length / Sample)]),
        ];
        var latents = new List<Tensor>();
        foreach (int[] part in chosen.Chunk(Batch))
        {
            using var batch = new Scope();
            latents.Add(batch.Keep(vae.EncodeMoments(PictureBatch.Whole(data, part)).Mean));
        }
        Tensor z = Ops.Cat([.. latents]); // [N, 4, h, w]
        Tensor mean = z.Mean([0, 2, 3]);
        Tensor centred = z - mean.View(1, -1, 1, 1);
        return (scope.Keep(mean), scope.Keep(centred.Square().Mean([0, 2, 3]).Sqrt()));
    }

    private static void Fold(Dictionary<string, Tensor> weights, Tensor mean, Tensor deviation)
    {
        using var scope = new Scope();
        const string p = VaeTraining.Prefix;
        long z = mean.Count;
        Tensor gain = (deviation * 0.18215).Reciprocal();
        Tensor quantWeight = weights[$"{p}.quant_conv.weight"],
            quantBias = weights[$"{p}.quant_conv.bias"];
        Tensor postWeight = weights[$"{p}.post_quant_conv.weight"],
            postBias = weights[$"{p}.post_quant_conv.bias"];
        // The decoder takes back what the encoder now does: z = z'/gain + mean.
        postBias.Add_(postWeight.View(z, z).MatMul(mean.View(z, 1)).View(z));
        postWeight.Div_(gain.View(1, z, 1, 1));
        quantWeight.Slice(0, 0, z).Mul_(gain.View(z, 1, 1, 1));
        quantBias.Slice(0, 0, z).Add_(mean, -1);
        quantBias.Slice(0, 0, z).Mul_(gain);
        quantBias.Slice(0, z, 2 * z).Add_(gain.Log(), 2);
    }
}
