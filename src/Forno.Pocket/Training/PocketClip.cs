using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Pocket.Data;
using Forno.Text;
using Forno.Torch;

namespace Forno.Pocket.Training;

/// <summary>
/// Pocket's two CLIP towers, ready to compare captions with pictures: the text tower of a checkpoint, and beside it the
/// file with image tower and projections.
/// </summary>
public sealed class PocketClip : IDisposable
{
    private const int Chunk = 64;

    private readonly WeightStore store;

    private PocketClip(WeightStore store, ClipPair pair)
    {
        this.store = store;
        Pair = pair;
    }

    /// <summary>The towers.</summary>
    public ClipPair Pair { get; }

    /// <summary>Loads both towers.</summary>
    /// <param name="checkpoint">A file with a text tower under the single-file keys, such as
    /// <c>pocket/pocket.safetensors</c>.</param>
    /// <param name="clip">The file beside it, such as <c>pocket/pocket-clip.safetensors</c>.</param>
    /// <exception cref="FornoException">A file is missing, or the two do not belong together.</exception>
    public static PocketClip Load(string checkpoint, string clip)
    {
        using ITensorSource textFile = Checkpoint.Open(checkpoint);
        using ITensorSource clipFile = Checkpoint.Open(clip);
        var entries = new Dictionary<string, WeightEntry>(StringComparer.Ordinal);
        foreach (
            (string key, WeightEntry entry) in CheckpointWeights
                .Entries(textFile)
                .Where(e => e.Key.StartsWith(PocketParts.TextPath + ".", StringComparison.Ordinal))
        )
        {
            entries.Add(key, entry);
        }

        foreach ((string key, WeightEntry entry) in clipFile.Entries())
        {
            // In the tree of weights the text projection stands beside its tower.
            entries[key == "text_projection.weight" ? $"{PocketParts.TextPath}.{key}" : key] = entry;
        }

        var store = WeightStore.From(entries, clip);
        try
        {
            var vision = ClipVisionConfig.Detect(
                TensorShapes.Of(clipFile),
                heads: UNetConfig.Number(clipFile.Metadata, ClipVisionConfig.HeadsKey)
            );
            string prefix = PocketParts.TextPath + ".text_model.";
            var text = ClipTextConfig.Detect(
                KeyMap.Canonical(TensorShapes.Of(textFile)),
                prefix,
                ClipTextConfig.HeadsOf(textFile.Metadata, 1, checkpoint)[0]
            );
            var pair = new ClipPair(
                new ClipText(store.At(PocketParts.TextPath), text with { ProjectionDim = vision.ProjectionDim }),
                new ClipVision(store.At(""), vision),
                store.At("")
            );
            store.RequireAllTaken("", KeyMap.IsHarmless);
            return new PocketClip(store, pair);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Captions as unit vectors [N, D], in the current scope.</summary>
    /// <param name="captions">Texts; beyond 75 tokens they are cut.</param>
    public Tensor Texts(IReadOnlyList<string> captions) =>
        Each(
            captions.Count,
            (from, to) =>
            {
                long[] ids =
                [
                    .. captions
                        .Skip(from)
                        .Take(to - from)
                        .SelectMany(c => ClipTokenizer.Default.EncodePadded(c, ClipTokenizer.EndOfText))
                        .Select(id => (long)id),
                ];
                return Pair.Text.Encode(
                    Tensor.From(ids, to - from, ClipTokenizer.SequenceLength),
                    ClipTokenizer.EndOfText
                );
            }
        );

    /// <summary>Pictures as unit vectors [N, D], in the current scope.</summary>
    /// <param name="pictures">[N, 3, S, S] in [−1, 1], S the tower's side (128).</param>
    public Tensor Pictures(Tensor pictures) =>
        Each(
            (int)pictures.Size(0),
            (from, to) => Pair.Vision.Encode(ClipPreprocess.Normalise((pictures.Slice(0, from, to) + 1) * 0.5))
        );

    /// <summary>Pictures of the data as unit vectors [N, D], in the current scope.</summary>
    /// <param name="data">The data.</param>
    /// <param name="indices">Numbers of the pictures.</param>
    public Tensor Pictures(PocketData data, IReadOnlyList<int> indices) =>
        Each(
            indices.Count,
            (from, to) =>
                Pair.Vision.Encode(
                    ClipPreprocess.Normalise(
                        (PictureBatch.Whole(data, [.. indices.Skip(from).Take(to - from)]) + 1) * 0.5
                    )
                )
        );

    /// <summary>Pictures of any size as unit vectors [N, D], in the current scope.</summary>
    /// <param name="pictures">8-bit RGB, row by row.</param>
    public Tensor Pictures(IReadOnlyList<(byte[] Rgb, int Width, int Height)> pictures) =>
        Each(
            pictures.Count,
            (from, to) =>
                Pair.Vision.Encode(
                    Ops.Stack([
                        .. pictures
                            .Skip(from)
                            .Take(to - from)
                            .Select(p => ClipPreprocess.Pixels(p.Rgb, p.Width, p.Height, Pair.Vision.Config.ImageSize)),
                    ])
                )
        );

    /// <inheritdoc/>
    public void Dispose() => store.Dispose();

    private static Tensor Each(int count, Func<int, int, Tensor> encode)
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        var parts = new List<Tensor>();
        for (int from = 0; from < count; from += Chunk)
        {
            using var chunk = new Scope();
            parts.Add(chunk.Keep(ClipPair.Unit(encode(from, Math.Min(from + Chunk, count)))));
        }

        return scope.Keep(Ops.Cat([.. parts]));
    }
}
