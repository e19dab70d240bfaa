using System.Globalization;
using Forno.Checkpoints;
using Forno.Models.Clip;
using Forno.Nn;
using Forno.Pocket.Data;
using Forno.Text;
using Forno.Torch;

namespace Forno.Pocket.Training;

/// <summary>Sizes and batches of a contrastive training.</summary>
public sealed record ClipPairRecipe
{
    /// <summary>The text tower; its vocabulary is cut down to the captions' while it trains.</summary>
    public ClipTextConfig Text { get; init; } =
        new()
        {
            Width = 192,
            Layers = 4,
            Heads = 3,
            MlpWidth = 768,
            ProjectionDim = 192,
        };

    /// <summary>The image tower.</summary>
    public ClipVisionConfig Vision { get; init; } =
        new()
        {
            ImageSize = PocketData.Side,
            PatchSize = 16,
            Width = 192,
            Layers = 4,
            Heads = 3,
            MlpWidth = 768,
            ProjectionDim = 192,
        };

    /// <summary>Pairs of a batch.</summary>
    public int Batch { get; init; } = 128;

    /// <summary>How many of them show a concept of the batch in another style.</summary>
    public int Twins { get; init; } = 32;
}

/// <summary>
/// Pocket's CLIP: a text and an image tower trained to find each other's halves of (caption, picture) pairs. The text
/// tower then conditions the UNet; both together judge what it draws.
/// </summary>
public static class ClipPairTraining
{
    internal const int Reach = 6;
    private const double MostNoise = 0.15;

    /// <summary>File of the text tower, under the single-file checkpoint's keys.</summary>
    public const string TextFile = "text.safetensors";

    /// <summary>File of everything else: image tower, both projections, temperature.</summary>
    public const string ClipFile = "clip.safetensors";

    /// <summary>The recipe's defaults.</summary>
    public static PocketFitOptions Defaults { get; } =
        new()
        {
            Steps = 1250,
            LearningRate = 1e-3,
            Warmup = 200,
            Ema = 0.995,
            WeightDecay = 0.05,
        };

    /// <summary>
    /// Trains, or goes on with a training, in a run folder; writes the averaged weights in half precision.
    /// </summary>
    /// <param name="data">Pictures and captions; only the training split is used.</param>
    /// <param name="folder">The run folder.</param>
    /// <param name="options">How to train.</param>
    /// <param name="recipe">Sizes; null: Pocket's.</param>
    /// <param name="progress">Told every few steps; its note is the batch's accuracy.</param>
    /// <param name="stop">Ends the sitting, its state saved.</param>
    public static void Run(
        PocketData data,
        string folder,
        PocketFitOptions options,
        ClipPairRecipe? recipe = null,
        IProgress<PocketFitProgress>? progress = null,
        CancellationToken stop = default
    )
    {
        recipe ??= new ClipPairRecipe();
        int[] pictures = data.Indices(PocketSplit.Training);
        var vocabulary = new CaptionVocabulary(data, pictures);
        var batches = new ClipBatches(data, pictures);
        using var store = WeightStore.Random(options.Seed);
        var pair = new ClipPair(
            new ClipText(store.At(PocketParts.TextPath), recipe.Text with { VocabSize = vocabulary.Count }),
            new ClipVision(store.At(""), recipe.Vision),
            store.At("")
        );
        using var fit = new PocketFit(store, folder, options);
        fit.Run(step => Loss(pair, data, batches, vocabulary, recipe, step, options), progress, stop);
        Write(fit.Averages, vocabulary, recipe, options.Seed, folder);
    }

    /// <summary>How many rows have their greatest value on the diagonal, 0 … 1.</summary>
    /// <param name="logits">[N, N].</param>
    public static double Top1(Tensor logits) =>
        logits.ArgMax(1).ToArray<long>().Where((best, row) => best == row).Count() / (double)logits.Size(0);

    private static (Tensor Loss, string Note) Loss(
        ClipPair pair,
        PocketData data,
        ClipBatches batches,
        CaptionVocabulary vocabulary,
        ClipPairRecipe recipe,
        int step,
        PocketFitOptions options
    )
    {
        using var scope = new Scope();
        var random = new Random(unchecked((int)Rng.Key(options.Seed, "clip", step)));
        int[] chosen = batches.Draw(recipe.Batch, recipe.Twins, random);
        string[] captions = Array.ConvertAll(chosen, p => data.Records[p].DrawCaption(options.Seed, (ulong)step, p));
        Tensor text = pair.Text.Encode(vocabulary.Encode(captions));
        using Generator noise = Rng.For(options.Seed, "clip noise", step);
        Tensor images = pair.Vision.Encode(Worn(PictureBatch.Shifted(data, chosen, Reach, random), random, noise));
        Tensor loss = pair.Loss(text, images);
        string note = Invariant.Text($"top-1 {Top1(pair.Logits(text, images).Detach()):0.000}");
        return (scope.Keep(loss), note);
    }

    // A third softened and a third, half of them the same ones, noisy, so that what a network has drawn is judged by
    // what
    // it shows and not by how sharp it is. Changes x; normalised for the image tower.
    internal static Tensor Worn(Tensor x, Random random, Generator noise)
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

    private static void Write(
        IReadOnlyDictionary<string, Tensor> averages,
        CaptionVocabulary vocabulary,
        ClipPairRecipe recipe,
        ulong seed,
        string folder
    )
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        var text = new List<TensorToWrite>();
        var clip = new List<TensorToWrite>();
        foreach ((string key, Tensor value) in averages)
        {
            if (key.StartsWith(PocketParts.TextPath + ".text_model.", StringComparison.Ordinal))
            {
                bool table = key.EndsWith(".token_embedding.weight", StringComparison.Ordinal);
                text.Add(TensorToWrite.From(key, table ? vocabulary.Expand(value, seed) : value, DType.Float16));
            }
            else
            {
                string bare = key.StartsWith(PocketParts.TextPath + ".", StringComparison.Ordinal)
                    ? key[(PocketParts.TextPath.Length + 1)..]
                    : key;
                clip.Add(TensorToWrite.From(bare, value, DType.Float16));
            }
        }

        ClipTextConfig whole = recipe.Text with { VocabSize = ClipTokenizer.VocabularySize };
        SafetensorsWriter.Write(Path.Combine(folder, TextFile), text, whole.Metadata());
        SafetensorsWriter.Write(Path.Combine(folder, ClipFile), clip, recipe.Vision.Metadata());
    }
}
