using Forno.Models.Clip;
using Forno.Pocket.Data;
using Forno.Torch;
using Forno.Training;

namespace Forno.Pocket.Training;

/// <summary>Captions and pictures are to find each other in a batch; the note is how many do.</summary>
/// <param name="pair">The towers, the text tower's vocabulary cut down to the captions'.</param>
/// <param name="data">Pictures and captions.</param>
/// <param name="pictures">Numbers of those to train on.</param>
/// <param name="vocabulary">The captions' tokens.</param>
/// <param name="recipe">Sizes of batches.</param>
/// <param name="seed">The training's seed.</param>
internal sealed class ClipPairObjective(
    ClipPair pair,
    PocketData data,
    int[] pictures,
    CaptionVocabulary vocabulary,
    ClipPairRecipe recipe,
    ulong seed
) : SteppedObjective
{
    private const int Reach = 6;
    private const double MostNoise = 0.15;

    private readonly ClipBatches batches = new(data, pictures);

    /// <summary>
    /// A third softened and a third, half of them the same ones, noisy, so that what a network has drawn is judged by
    /// what it shows and not by how sharp it is. Changes <paramref name="x"/>; normalised for the image tower.
    /// </summary>
    public static Tensor Worn(Tensor x, Random random, Generator noise)
    {
        using var scope = new Scope();
        int third = (int)x.Size(0) / 3;
        if (third > 0)
        {
            Tensor soft = x.Slice(0, 0, third),
                noisy = x.Slice(0, third / 2, (third / 2) + third);
            soft.Lerp_(
                Ops.UpsampleBilinear(Ops.AvgPool(soft, 2), PocketData.Side, PocketData.Side),
                random.NextDouble()
            );
            noisy.Add_(noise.Randn(noisy.Shape), random.NextDouble() * MostNoise);
        }

        return scope.Keep(ClipPreprocess.Normalise((x.Clamp(-1, 1) + 1) * 0.5));
    }

    /// <summary>Pictures, each moved by a few pixels.</summary>
    public static Tensor Shifted(PocketData data, ReadOnlySpan<int> chosen, Random random) =>
        PictureBatch.Shifted(data, chosen, Reach, random);

    protected override StepLoss Loss(int step)
    {
        using var scope = new Scope();
        var random = new Random(unchecked((int)Rng.Key(seed, "clip", step)));
        int[] chosen = batches.Draw(recipe.Batch, recipe.Twins, random);
        string[] captions = Array.ConvertAll(chosen, p => data.Records[p].DrawCaption(seed, (ulong)step, p));
        Tensor text = pair.Text.Encode(vocabulary.Encode(captions));
        using Generator noise = Rng.For(seed, "clip noise", step);
        Tensor images = pair.Vision.Encode(Worn(Shifted(data, chosen, random), random, noise));
        Tensor loss = pair.Loss(text, images);
        return new StepLoss(scope.Keep(loss))
        {
            Note = Invariant.Text($"top-1 {ClipPairTraining.Top1(pair.Logits(text, images).Detach()):0.000}"),
        };
    }
}
