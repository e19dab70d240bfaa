using Forno.Pocket.Data;
using Forno.Pocket.Training;
using Forno.Torch;

namespace Forno.Pocket.Measures;

/// <summary>How well captions and pictures find each other within batches.</summary>
/// <param name="Pictures">How many pictures were tried.</param>
/// <param name="Batch">Pairs that a caption or picture was found among.</param>
/// <param name="CaptionToPicture">Share of captions whose own picture is the nearest.</param>
/// <param name="PictureToCaption">Share of pictures whose own caption is the nearest.</param>
public sealed record ClipMeasure(int Pictures, int Batch, double CaptionToPicture, double PictureToCaption)
{
    private const ulong Seed = 60;

    /// <summary>
    /// Tries pictures in random batches (the remainder is left out), with captions drawn as in training. Nothing keeps
    /// two pictures of one concept out of a batch.
    /// </summary>
    /// <param name="clip">The towers.</param>
    /// <param name="data">Pictures and captions.</param>
    /// <param name="pictures">Their numbers; at least a batch of them.</param>
    /// <param name="batch">Pairs of a batch.</param>
    public static ClipMeasure Of(PocketClip clip, PocketData data, int[] pictures, int batch = 128)
    {
        if (pictures.Length < batch)
        {
            throw new FornoException($"{pictures.Length} pictures are too few for batches of {batch}");
        }

        using var scope = new Scope();
        int[] order = [.. pictures];
        new Random((int)Seed).Shuffle(order);
        int batches = order.Length / batch;
        double found = 0,
            told = 0;
        for (int i = 0; i < batches; i++)
        {
            using var one = new Scope();
            int[] chosen = order[(i * batch)..((i + 1) * batch)];
            Tensor texts = clip.Texts(Array.ConvertAll(chosen, p => data.Records[p].DrawCaption(Seed, 0, p)));
            Tensor cosines = texts.MatMul(clip.Pictures(data, chosen).Transpose(0, 1));
            found += ClipPairTraining.Top1(cosines);
            told += ClipPairTraining.Top1(cosines.Transpose(0, 1));
        }

        return new ClipMeasure(batches * batch, batch, found / batches, told / batches);
    }
}
