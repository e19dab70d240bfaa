using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Nn;
using Forno.TestKit;
using Forno.Torch;

namespace Forno.Tests.Models;

public class TextConditioningTests
{
    private static readonly ClipTextConfig First = new()
    {
        Width = 32,
        Layers = 3,
        Heads = 2,
        MlpWidth = 64,
        ContextLength = 8,
        VocabSize = 60,
    };

    private static readonly ClipTextConfig Second = First with
    {
        Width = 48,
        Heads = 3,
        Activation = ClipActivation.Gelu,
        ProjectionDim = 20,
    };

    private static readonly TextConditioningOptions Options = new() { EndOfText = 59 };

    [Fact]
    public void EachFamilyTakesItsOwnHiddenState()
    {
        using var scope = new Scope();
        using var store = WeightStore.Random(1);
        var first = new ClipText(store.At("a"), First);
        var second = new ClipText(store.At("b"), Second);
        Tensor ids = Ids(2, 1).Select(1, 0),
            padded = Ids(2, 1).Select(1, 0);

        var sd1 = new TextConditioning(ModelFamily.Sd15, [first]);
        Same(first.Hidden(ids), sd1.Encode([ids], Options).Context);
        Same(first.Hidden(ids, 2), sd1.Encode([ids], Options with { ClipSkip = 2 }).Context);
        Assert.Null(sd1.Encode([ids], Options).Pooled);

        var sd2 = new TextConditioning(ModelFamily.Sd21, [second]);
        Same(second.Hidden(ids, 2), sd2.Encode([ids], Options).Context);
        Same(second.Hidden(ids, 3), sd2.Encode([ids], Options with { ClipSkip = 2 }).Context);

        var xl = new TextConditioning(ModelFamily.Sdxl, [first, second]);
        Conditioning joined = xl.Encode([ids, padded], Options with { ClipSkip = 1 });
        Same(
            Ops.Cat([first.Hidden(ids, 2, finalNorm: false), second.Hidden(padded, 2, finalNorm: false)], -1),
            joined.Context
        );
        Same(second.Encode(padded, 59), joined.Pooled!);
        Assert.Throws<ArgumentException>(() => xl.Encode([ids]));
        Assert.Throws<FornoException>(() => sd1.Encode([ids], Options with { ClipSkip = 9 }));
    }

    [Fact]
    public void ChunksAreJoinedAsTheWebUiOrTheTrainerDoes()
    {
        using var scope = new Scope();
        using var store = WeightStore.Random(2);
        var first = new ClipText(store.At("a"), First);
        var second = new ClipText(store.At("b"), Second);
        Tensor ids = Ids(2, 3);
        var sd1 = new TextConditioning(ModelFamily.Sd15, [first]);
        Tensor[] chunks = [.. Enumerable.Range(0, 3).Select(i => first.Hidden(ids.Select(1, i)))];
        Same(Ops.Cat(chunks, 1), sd1.Encode([ids], Options).Context);
        Tensor inner = Ops.Cat([chunks[0].Slice(1, 0, 7), chunks[1].Slice(1, 1, 7), chunks[2].Slice(1, 1, 8)], 1);
        Same(inner, sd1.Encode([ids], Options with { Join = ChunkJoin.Inner }).Context);
        Assert.Equal(3 * 6 + 2, inner.Size(1));
        Same(
            first.Hidden(ids.Select(1, 0)),
            sd1.Encode([ids.Slice(1, 0, 1)], Options with { Join = ChunkJoin.Inner }).Context
        );

        var xl = new TextConditioning(ModelFamily.Sdxl, [first, second]);
        Same(second.Encode(ids.Select(1, 0), 59), xl.Encode([ids, ids], Options).Pooled!);
    }

    [Fact]
    public void EmphasisWeighsEachChunkOfEachEncoderByItself()
    {
        using var scope = new Scope();
        using var store = WeightStore.Random(3);
        var first = new ClipText(store.At("a"), First);
        var second = new ClipText(store.At("b"), Second);
        Tensor ids = Ids(1, 2);
        using Generator g = Rng.For(3, "weights");
        Tensor weights = g.Rand(1, 2, 8) + 0.5;
        ApplyEmphasis original = Emphasis.Named("Original");
        Conditioning got = new TextConditioning(ModelFamily.Sdxl, [first, second]).Encode(
            [ids, ids],
            Options with
            {
                Emphasis = original,
            },
            weights
        );
        Tensor[] chunks =
        [
            .. Enumerable
                .Range(0, 2)
                .Select(i =>
                    Ops.Cat(
                        [
                            .. new[] { first, second }.Select(text =>
                                original(text.Hidden(ids.Select(1, i), 2, finalNorm: false), weights.Select(1, i))
                            ),
                        ],
                        -1
                    )
                ),
        ];
        Same(Ops.Cat(chunks, 1), got.Context);
    }

    [GoldenFact]
    public void SizesAreEmbeddedAsTheTrainerDoes()
    {
        int compared = 0;
        foreach (
            string path in Directory.GetFiles(
                Goldens.Suite("train_loop"),
                "tensors.safetensors",
                SearchOption.AllDirectories
            )
        )
        {
            using var scope = new Scope();
            using ITensorSource file = Checkpoint.Open(path);
            if (!file.Tensors.ContainsKey("out.size_embeddings.0"))
            {
                continue;
            }
            Tensor sizes = Ops.Cat(
                [
                    .. new[] { "original_sizes_hw", "crop_top_lefts", "target_sizes_hw" }.Select(name =>
                        file.Load("in." + name).Select(0, 0)
                    ),
                ],
                1
            );
            Same(file.Load("out.size_embeddings.0"), Conditioning.EmbedSizes(sizes), 2e-5);
            var conditioning = new Conditioning(file.Load("out.context.0"), file.Load("in.pool2").Select(0, 0), sizes);
            Same(file.Load("out.y.0"), conditioning.Vector()!, 2e-5);
            compared++;
        }
        Assert.True(compared > 0);
    }

    [GoldenFact]
    public void ASingleFileOpensWholeAndGivesXlsContext()
    {
        int compared = 0;
        foreach (string folder in Directory.GetDirectories(Goldens.Suite("clip_text")))
        {
            using var scope = new Scope();
            using ITensorSource file = Checkpoint.Open(Path.Combine(folder, "checkpoint.safetensors")),
                tensors = Checkpoint.Open(Path.Combine(folder, "tensors.safetensors"));
            if (!tensors.Tensors.ContainsKey("out.context"))
            {
                continue;
            }
            TensorShapes shapes = KeyMap.Canonical(TensorShapes.Of(file));
            using WeightStore store = CheckpointWeights.Open([file]);
            // The heads of this tiny model are not 64 wide: 4 and 5, as its case.json says.
            var text = TextConditioning.Open(
                ModelFamily.Detect(shapes),
                shapes,
                new Dictionary<string, string> { [ClipTextConfig.HeadsKey] = "4,5" },
                store
            );
            Conditioning got = text.Encode(
                [tensors.Load("in.ids"), tensors.Load("in.ids_2")],
                new() { EndOfText = null }
            );
            Same(tensors.Load("out.context"), got.Context, 1e-4);
            Same(tensors.Load("out.te2.pooled"), got.Pooled!, 1e-4);
            compared++;
        }
        Assert.True(compared > 0);
    }

    // [rows, chunks, 8]: start mark 58, five tokens, end mark 59, padding 0.
    private static Tensor Ids(int rows, int chunks)
    {
        using Generator g = Rng.For(4, "ids");
        using var scope = new Scope();
        Tensor body = Ops.RandInt(1, 50, [rows, chunks, 5], g);
        return scope.Keep(
            Ops.Cat(
                [
                    Tensor.Full([rows, chunks, 1], 58, DType.Int64),
                    body,
                    Tensor.Full([rows, chunks, 1], 59, DType.Int64),
                    Tensor.Zeros([rows, chunks, 1], DType.Int64),
                ],
                2
            )
        );
    }

    private static void Same(Tensor want, Tensor got, double within = 1e-5)
    {
        using var scope = new Scope();
        Assert.Equal(want.Shape.ToArray(), got.Shape.ToArray());
        Assert.InRange((want.Detach() - got.Detach()).Abs().Max().Item(), 0, within);
    }
}
