using Forno.Models.Clip;
using Forno.Nn;
using Forno.Pocket.Data;
using Forno.Text;
using Forno.Torch;
using Forno.Training;

namespace Forno.Pocket.Training;

/// <summary>What judges: image tower and both projections, which learn, and the text tower, which does not.</summary>
/// <param name="Vision">The image tower with its projection.</param>
/// <param name="Projection">Of the text tower's pooled output.</param>
/// <param name="LogScale">The logarithm of the temperature's inverse.</param>
/// <param name="Text">The text tower.</param>
internal sealed record JudgeTowers(ClipVision Vision, Linear Projection, Tensor LogScale, ClipText Text);

/// <summary>
/// As <see cref="ClipPairObjective"/>, half of each batch showing its concepts in other styles, and half of the
/// pictures as the autoencoder gives them back.
/// </summary>
/// <param name="towers">What judges.</param>
/// <param name="data">Pictures and captions.</param>
/// <param name="vae">File of the finished autoencoder.</param>
/// <param name="returnedFolder">The pictures that it gives back are kept here.</param>
/// <param name="seed">The training's seed.</param>
internal sealed class JudgeObjective(JudgeTowers towers, PocketData data, string vae, string returnedFolder, ulong seed)
    : SteppedObjective
{
    private const int Batch = 128,
        Twins = 64,
        Variants = 4,
        CaptionChunk = 64;

    private readonly PooledCaptions captions = new(towers.Text);
    private readonly int[] pictures = data.Indices(PocketSplit.Training);
    private PocketData? returned;
    private ClipBatches? batches;

    public override void Prepare(Action<string, int, int> progress, CancellationToken cancel)
    {
        returned = RoundTrip.Open(returnedFolder, data, vae, new Shares("prepare", progress), cancel);
        batches = new ClipBatches(returned, [.. Enumerable.Range(0, returned.Count)]);
    }

    public override void Dispose() => returned?.Dispose();

    protected override StepLoss Loss(int step)
    {
        using var scope = new Scope();
        PocketData given = returned ?? throw new InvalidOperationException("the objective is not prepared");
        var random = new Random(unchecked((int)Rng.Key(seed, "judge", step)));
        int[] chosen = batches!.Draw(Batch, Twins, random); // numbers in `given`
        int half = chosen.Length / 2;
        using Generator noise = Rng.For(seed, "judge noise", step);
        Tensor x = Ops.Cat([
            ClipPairObjective.Shifted(given, chosen.AsSpan(0, half), random),
            ClipPairObjective.Shifted(data, Array.ConvertAll(chosen[half..], i => pictures[i]), random),
        ]);
        Tensor images = towers.Vision.Encode(ClipPairObjective.Worn(x, random, noise));
        Tensor texts = towers.Projection.Forward(
            captions.Of(
                Array.ConvertAll(chosen, i => given.Records[i].DrawCaption(seed, (ulong)random.Next(Variants), i))
            )
        );
        Tensor loss = ClipPair.Loss(texts, images, towers.LogScale);
        Tensor logits = ClipPair.Logits(texts, images, towers.LogScale).Detach();
        return new StepLoss(scope.Keep(loss)) { Note = Invariant.Text($"top-1 {ClipPairTraining.Top1(logits):0.000}") };
    }

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
