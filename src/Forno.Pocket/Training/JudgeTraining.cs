using System.Globalization;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models.Clip;
using Forno.Models.Layouts;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Pocket.Data;
using Forno.Text;
using Forno.Torch;

namespace Forno.Pocket.Training;

/// <summary>
/// Makes a finished pair a better judge of drawings: the image tower and both projections are trained on, half of each
/// batch showing its concepts in other styles, and half of the pictures as the autoencoder gives them back, since every
/// drawing comes out of its decoder. The text tower stays as it is, so that a UNet conditioned on it stays valid.
/// </summary>
public static class JudgeTraining
{
    private const int Batch = 128,
        Twins = 64,
        Variants = 4,
        CaptionChunk = 64;
    private const string Projection = "text_projection";

    /// <summary>The recipe's defaults.</summary>
    public static PocketFitOptions Defaults { get; } =
        new()
        {
            Steps = 1000,
            LearningRate = 4e-4,
            Warmup = 50,
            Ema = 0.99,
            WeightDecay = 0.05,
        };

    /// <summary>
    /// Trains, or goes on, in a run folder; writes <see cref="ClipPairTraining.ClipFile"/> in half precision.
    /// </summary>
    /// <param name="data">Pictures and captions; only the training split is used.</param>
    /// <param name="parts">Files of the finished autoencoder, text tower and pair.</param>
    /// <param name="folder">The run folder; the pictures as the autoencoder gives them back are kept there too.</param>
    /// <param name="options">How to train.</param>
    /// <param name="progress">Told every few steps; its note is the batch's accuracy.</param>
    /// <param name="preparing">Told the share done while pictures go through the autoencoder.</param>
    /// <param name="stop">Ends the sitting, its state saved.</param>
    /// <exception cref="FornoException">A part is missing or damaged.</exception>
    public static void Run(
        PocketData data,
        PocketPartFiles parts,
        string folder,
        PocketFitOptions options,
        IProgress<PocketFitProgress>? progress = null,
        IProgress<double>? preparing = null,
        CancellationToken stop = default
    )
    {
        using PocketData returned = RoundTrip.Open(Path.Combine(folder, "returned"), data, parts.Vae, preparing, stop);
        using Loaded<TextConditioning> text = PocketParts.Text(parts.Text);
        using ITensorSource file = Checkpoint.Open(parts.Clip);
        using var store = WeightStore.From(ForTraining(file), parts.Clip);
        var vision = new ClipVision(
            store.At(""),
            ClipVisionConfig.Detect(
                TensorShapes.Of(file),
                heads: UNetConfig.Number(file.Metadata, ClipVisionConfig.HeadsKey)
            )
        );
        var projection = new Linear(
            store.At(Projection),
            text.Part.Encoders[0].Config.Width,
            vision.Config.ProjectionDim,
            bias: false
        );
        Tensor logScale = store.At("").TakeFloat32("logit_scale", Init.Zeros);
        var captions = new PooledCaptions(text.Part.Encoders[0]);
        int[] pictures = data.Indices(PocketSplit.Training);
        var batches = new ClipBatches(returned, [.. Enumerable.Range(0, returned.Count)]);

        (Tensor, string) Loss(int step)
        {
            using var scope = new Scope();
            var random = new Random(unchecked((int)Rng.Key(options.Seed, "judge", step)));
            int[] chosen = batches.Draw(Batch, Twins, random); // numbers in `returned`
            int half = chosen.Length / 2;
            using Generator noise = Rng.For(options.Seed, "judge noise", step);
            Tensor x = Ops.Cat([
                PictureBatch.Shifted(returned, chosen.AsSpan(0, half), ClipPairTraining.Reach, random),
                PictureBatch.Shifted(
                    data,
                    Array.ConvertAll(chosen[half..], i => pictures[i]),
                    ClipPairTraining.Reach,
                    random
                ),
            ]);
            Tensor images = vision.Encode(ClipPairTraining.Worn(x, random, noise));
            Tensor texts = projection.Forward(
                captions.Of(
                    Array.ConvertAll(
                        chosen,
                        i => returned.Records[i].DrawCaption(options.Seed, (ulong)random.Next(Variants), i)
                    )
                )
            );
            Tensor loss = ClipPair.Loss(texts, images, logScale);
            string note = Invariant.Text(
                $"top-1 {ClipPairTraining.Top1(ClipPair.Logits(texts, images, logScale).Detach()):0.000}"
            );
            return (scope.Keep(loss), note);
        }

        using var fit = new PocketFit(store, folder, options);
        fit.Run(Loss, progress, stop);
        SafetensorsWriter.Write(
            Path.Combine(folder, ClipPairTraining.ClipFile),
            fit.Averages,
            vision.Config.Metadata(),
            DType.Float16
        );
    }

    // Copies in fp32, since a mapped file's tensors cannot be trained.
    private static Dictionary<string, WeightEntry> ForTraining(ITensorSource file) =>
        file.Tensors.Values.ToDictionary(
            info => info.Name,
            info => new WeightEntry([.. info.Shape], () => file.Load(info.Name).To(DType.Float32).Clone()),
            StringComparer.Ordinal
        );

    /// <summary>The text tower's pooled output for captions, each computed once.</summary>
    private sealed class PooledCaptions(ClipText tower)
    {
        private readonly Dictionary<string, float[]> known = new(StringComparer.Ordinal);

        // [N, width]
        public Tensor Of(string[] captions)
        {
            using var scope = new Scope();
            using var mode = Autograd.NoGrad();
            foreach (
                string[] part in captions
                    .Where(c => !known.ContainsKey(c))
                    .Distinct(StringComparer.Ordinal)
                    .Chunk(CaptionChunk)
            )
            {
                long[] ids =
                [
                    .. part.SelectMany(c => ClipTokenizer.Default.EncodePadded(c, ClipTokenizer.EndOfText))
                        .Select(id => (long)id),
                ];
                Tensor pooled = tower.Encode(
                    Tensor.From(ids, part.Length, ClipTokenizer.SequenceLength),
                    ClipTokenizer.EndOfText
                );
                for (int i = 0; i < part.Length; i++)
                {
                    known[part[i]] = pooled.Select(0, i).ToArray<float>();
                }
            }

            return scope.Keep(
                Tensor.From<float>([.. captions.SelectMany(c => known[c])], captions.Length, tower.Config.Width)
            );
        }
    }
}
