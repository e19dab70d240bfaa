using System.Globalization;
using Forno.Checkpoints;
using Forno.Models.Clip;
using Forno.Nn;
using Forno.Pocket.Data;
using Forno.Text;
using Forno.Torch;
using Forno.Training.Logs;
using Forno.Training.Targets;

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
    /// <summary>File of the text tower, under the single-file checkpoint's keys.</summary>
    public const string TextFile = "text.safetensors";

    /// <summary>File of everything else: image tower, both projections, temperature.</summary>
    public const string ClipFile = "clip.safetensors";

    /// <summary>The recipe's defaults.</summary>
    public static PocketTrainOptions Defaults { get; } =
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
    /// <param name="report">Told of events; the note of a step is the batch's accuracy.</param>
    /// <param name="stop">Ends the sitting, its state saved.</param>
    public static void Run(
        PocketData data,
        string folder,
        PocketTrainOptions options,
        ClipPairRecipe? recipe = null,
        Action<TrainEvent>? report = null,
        CancellationToken stop = default
    )
    {
        recipe ??= new ClipPairRecipe();
        int[] pictures = data.Indices(PocketSplit.Training);
        var vocabulary = new CaptionVocabulary(data, pictures);
        using var store = WeightStore.Random(options.Seed);
        var pair = new ClipPair(
            new ClipText(store.At(PocketParts.TextPath), recipe.Text with { VocabSize = vocabulary.Count }),
            new ClipVision(store.At(""), recipe.Vision),
            store.At("")
        );
        PocketTrainer.Run(
            new WeightsTarget(
                store,
                "clip",
                write: (weights, path, _, type) => Write(weights, vocabulary, recipe, options.Seed, path, type)
            ),
            new ClipPairObjective(pair, data, pictures, vocabulary, recipe, options.Seed),
            new PocketRunFiles(
                folder,
                ClipFile,
                Invariant.Text($"clip {data.Sha256} {recipe.Batch} {recipe.Twins} {recipe.Text.Heads}")
            ),
            options,
            report,
            stop
        );
    }

    /// <summary>How many rows have their greatest value on the diagonal, 0 … 1.</summary>
    /// <param name="logits">[N, N].</param>
    public static double Top1(Tensor logits) =>
        logits.ArgMax(1).ToArray<long>().Where((best, row) => best == row).Count() / (double)logits.Size(0);

    // The text tower beside the file of everything else.
    private static void Write(
        IReadOnlyDictionary<string, Tensor> weights,
        CaptionVocabulary vocabulary,
        ClipPairRecipe recipe,
        ulong seed,
        string clipPath,
        DType type
    )
    {
        using var scope = new Scope();
        var text = new List<TensorToWrite>();
        var clip = new List<TensorToWrite>();
        foreach ((string key, Tensor value) in weights)
        {
            if (key.StartsWith(PocketParts.TextPath + ".text_model.", StringComparison.Ordinal))
            {
                bool table = key.EndsWith(".token_embedding.weight", StringComparison.Ordinal);
                text.Add(TensorToWrite.From(key, table ? vocabulary.Expand(value, seed) : value, type));
            }
            else
            {
                string bare = key.StartsWith(PocketParts.TextPath + ".", StringComparison.Ordinal)
                    ? key[(PocketParts.TextPath.Length + 1)..]
                    : key;
                clip.Add(TensorToWrite.From(bare, value, type));
            }
        }

        ClipTextConfig whole = recipe.Text with { VocabSize = ClipTokenizer.VocabularySize };
        string textPath = Path.Combine(Path.GetDirectoryName(clipPath)!, TextFile);
        SafetensorsWriter.Write(textPath, text, whole.Metadata());
        SafetensorsWriter.Write(clipPath, clip, recipe.Vision.Metadata());
    }
}
