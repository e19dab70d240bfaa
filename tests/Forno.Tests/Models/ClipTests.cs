using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Tests.Models;

public class ClipTests
{
    private static readonly ClipTextConfig SmallText = new()
    {
        Width = 32,
        Layers = 3,
        Heads = 2,
        MlpWidth = 64,
        ContextLength = 12,
        VocabSize = 60,
        ProjectionDim = 24,
    };

    private static readonly ClipVisionConfig SmallVision = new()
    {
        ImageSize = 16,
        PatchSize = 8,
        Width = 32,
        Layers = 2,
        Heads = 2,
        MlpWidth = 64,
        ProjectionDim = 24,
    };

    [Fact]
    public void EveryFamilysTextLayersStandUnderHuggingFacesNames()
    {
        foreach (ModelFamily family in ModelFamily.All.Values)
        {
            var keys = ClipKeys.Unify(Entries(family.FullSizeKeys()));
            foreach (TextEncoderSpec encoder in family.TextEncoders)
            {
                string tower = ClipTextConfig.TowerPath(encoder.Prefix) + ".",
                    layers = tower + "text_model.encoder.layers.";
                long width = encoder.FullSize.Width;
                for (int i = 0; i < encoder.FullSize.Layers; i++)
                {
                    foreach (string part in (string[])["q", "k", "v", "out"])
                    {
                        Assert.Equal([width, width], keys[$"{layers}{i}.self_attn.{part}_proj.weight"].Shape);
                        Assert.Equal([width], keys[$"{layers}{i}.self_attn.{part}_proj.bias"].Shape);
                    }
                    Assert.Equal([encoder.FullSize.MlpWidth, width], keys[$"{layers}{i}.mlp.fc1.weight"].Shape);
                    Assert.True(
                        keys.ContainsKey($"{layers}{i}.mlp.fc2.bias")
                            && keys.ContainsKey($"{layers}{i}.layer_norm2.bias")
                    );
                }
                Assert.True(keys.ContainsKey(tower + "text_model.final_layer_norm.weight"));
                Assert.True(keys.ContainsKey(tower + "text_model.embeddings.position_embedding.weight"));
            }
            Assert.DoesNotContain(
                keys.Keys,
                key =>
                    key.Contains("resblocks", StringComparison.Ordinal)
                    || key.Contains("in_proj", StringComparison.Ordinal)
            );
            Assert.Equal(
                family.FullSizeKeys().Keys.Count(key => !key.StartsWith("cond", StringComparison.Ordinal)),
                keys.Keys.Count(key => !key.StartsWith("cond", StringComparison.Ordinal))
            );
        }
    }

    [Fact]
    public void AWholeClipOfOpenAiIsUnderstoodAndCutLazily()
    {
        using var scope = new Scope();
        Tensor joint = Tensor.Arange(0, 24).Reshape(6, 4),
            projection = Tensor.Arange(0, 12).Reshape(4, 3);
        var entries = new Dictionary<string, WeightEntry>(
            Entries(
                new Dictionary<string, long[]>
                {
                    ["ln_final.weight"] = [4],
                    ["positional_embedding"] = [77, 4],
                    ["token_embedding.weight"] = [9, 4],
                    ["logit_scale"] = [],
                    ["visual.class_embedding"] = [4],
                    ["visual.ln_post.weight"] = [4],
                    ["visual.ln_pre.bias"] = [4],
                    ["visual.conv1.weight"] = [4, 3, 8, 8],
                    ["visual.positional_embedding"] = [5, 4],
                    ["visual.transformer.resblocks.1.attn.in_proj_bias"] = [12],
                }
            )
        )
        {
            ["visual.proj"] = new([4, 3], projection.Alias),
            ["transformer.resblocks.0.attn.in_proj_weight"] = new([6, 4], joint.Alias),
        };
        var keys = ClipKeys.Unify(entries);
        Assert.Equal(
            [
                "logit_scale",
                "text_model.embeddings.position_embedding.weight",
                "text_model.embeddings.token_embedding.weight",
                "text_model.encoder.layers.0.self_attn.k_proj.weight",
                "text_model.encoder.layers.0.self_attn.q_proj.weight",
                "text_model.encoder.layers.0.self_attn.v_proj.weight",
                "text_model.final_layer_norm.weight",
                "vision_model.embeddings.class_embedding",
                "vision_model.embeddings.patch_embedding.weight",
                "vision_model.embeddings.position_embedding.weight",
                "vision_model.encoder.layers.1.self_attn.k_proj.bias",
                "vision_model.encoder.layers.1.self_attn.q_proj.bias",
                "vision_model.encoder.layers.1.self_attn.v_proj.bias",
                "vision_model.post_layernorm.weight",
                "vision_model.pre_layrnorm.bias",
                "visual_projection.weight",
            ],
            keys.Keys.Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            [8f, 9, 10, 11, 12, 13, 14, 15],
            keys["text_model.encoder.layers.0.self_attn.k_proj.weight"].Load().ToArray<float>()
        );
        Assert.Equal([0f, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11], keys["visual_projection.weight"].Load().ToArray<float>());
        Assert.Equal([3, 4], keys["visual_projection.weight"].Shape);
    }

    [Fact]
    public void PoolingLooksForTheEndMarkWhereOneIsNamed()
    {
        using var scope = new Scope();
        using var store = WeightStore.Random(1);
        var text = new ClipText(store.At(""), SmallText with { ProjectionDim = null });
        var ids = Tensor.From<long>([50, 3, 59, 7, 51, 51, 0, 0, 50, 51, 59, 59, 0, 0, 0, 0], 2, 8);
        Tensor last = text.HiddenStates(text.Embed(ids))[^1];
        Tensor normed = text.Normalise(last);
        Close(Ops.Stack([normed.Select(0, 0).Select(0, 2), normed.Select(0, 1).Select(0, 2)]), text.Pooled(last, ids));
        Close(
            Ops.Stack([normed.Select(0, 0).Select(0, 4), normed.Select(0, 1).Select(0, 1)]),
            text.Pooled(last, ids, 51)
        );
    }

    [Fact]
    public void SkippedLayersAreNotRunAndDroppedOnesStillCount()
    {
        using var scope = new Scope();
        using var store = WeightStore.Random(2);
        var text = new ClipText(store.At(""), SmallText);
        Tensor ids = Ids(2, 12);
        Tensor[] states = text.HiddenStates(text.Embed(ids));
        Assert.Equal(4, states.Length);
        foreach (int skip in (int[])[1, 2, 3, 4])
        {
            Close(states[^skip], text.Hidden(ids, skip, finalNorm: false));
            Close(text.Normalise(states[^skip]), text.Hidden(ids, skip));
        }
        Assert.Throws<FornoException>(() => text.Hidden(ids, 0));
        Assert.Throws<FornoException>(() => text.Hidden(ids, 5));

        var weights = store.Tensors.ToDictionary(
            pair => pair.Key,
            pair => new WeightEntry([.. pair.Value.Shape], pair.Value.Clone)
        );
        using var shorter = WeightStore.From(weights, "a file");
        var cut = new ClipText(shorter.At(""), SmallText with { Layers = 2, DroppedLayers = 1 });
        Close(text.Hidden(ids, 2), cut.Hidden(ids, 2));
        Assert.Throws<FornoException>(() => cut.Hidden(ids, 1));
        Assert.Throws<FornoException>(() => cut.Encode(ids));
    }

    [Fact]
    public void ATokenSeesOnlyWhatCameBefore()
    {
        using var scope = new Scope();
        using var store = WeightStore.Random(3);
        var text = new ClipText(store.At(""), SmallText);
        long[] row = [50, 1, 2, 3, 4, 5, 51, 51, 51, 51, 51, 51],
            changed = [.. row];
        changed[7] = 9;
        Tensor a = text.Hidden(Tensor.From(row, 1, 12)),
            b = text.Hidden(Tensor.From(changed, 1, 12));
        Close(a.Slice(1, 0, 7), b.Slice(1, 0, 7));
        Assert.True((a.Slice(1, 7, 12) - b.Slice(1, 7, 12)).Abs().Max().Item() > 1e-3);
    }

    [Fact]
    public void PatchesReachTheNamesOfAdapters()
    {
        using var scope = new Scope();
        using var store = WeightStore.Random(4);
        var text = new ClipText(store.At("cond_stage_model.model"), SmallText);
        Tensor ids = Ids(1, 12),
            before = text.Hidden(ids);
        Assert.Equal(
            SmallText.Layers * 6,
            store.Layers.Keys.Count(key =>
                key.StartsWith("cond_stage_model.model.text_model.encoder.layers.", StringComparison.Ordinal)
                && store.Layers[key] is Linear
            )
        );
        store.Layers["cond_stage_model.model.text_model.encoder.layers.0.self_attn.v_proj"].Patch = new Doubled();
        Assert.True((text.Hidden(ids) - before).Abs().Max().Item() > 1e-3);
    }

    [Fact]
    public void CheckpointingGivesTheSameGradients()
    {
        using var scope = new Scope();
        float[][] Gradients(bool checkpointing)
        {
            using var inner = new Scope();
            using var store = WeightStore.Random(5);
            ClipPair pair = Pair(store);
            pair.Text.GradientCheckpointing = pair.Vision.GradientCheckpointing = checkpointing;
            Autograd.Backward(pair.Loss(pair.Text.Encode(Ids(3, 12)), pair.Vision.Encode(Pictures(3))));
            return
            [
                .. store
                    .Tensors.OrderBy(t => t.Key, StringComparer.Ordinal)
                    .Select(t => t.Value.Grad!.ToArray<float>()),
            ];
        }
        float[][] plain = Gradients(false),
            again = Gradients(true);
        Assert.All(plain, gradient => Assert.Contains(gradient, value => value != 0));
        for (int i = 0; i < plain.Length; i++)
        {
            Assert.All(plain[i].Zip(again[i]), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
        }
    }

    [Fact]
    public void APairLearnsWhichCaptionBelongsToWhichPicture()
    {
        using var scope = new Scope();
        using var store = WeightStore.Random(6);
        ClipPair pair = Pair(store);
        Assert.Equal(Math.Log(1 / 0.07), pair.LogScale.Item(), 1e-5);
        Tensor ids = Ids(6, 12),
            pictures = Pictures(6);
        double first = 0,
            last = 0;
        for (int step = 0; step < 40; step++)
        {
            using var iteration = new Scope();
            Tensor loss = pair.Loss(pair.Text.Encode(ids), pair.Vision.Encode(pictures));
            last = loss.Item();
            first = step == 0 ? last : first;
            Autograd.Backward(loss);
            using var mode = Autograd.NoGrad();
            foreach (Tensor weight in store.Tensors.Values)
            {
                weight.Add_(weight.Grad!.Sign(), -0.002);
                weight.Grad = null;
            }
        }
        Assert.True(last < 0.3 * first, $"loss fell from {first} to {last} only");
        using var done = Autograd.NoGrad();
        Tensor best = pair.Logits(pair.Text.Encode(ids), pair.Vision.Encode(pictures)).ArgMax(1);
        Assert.Equal([0L, 1, 2, 3, 4, 5], best.ToArray<long>());
    }

    [Fact]
    public void TheLossIsTheMeanOfBothCrossEntropies()
    {
        using var scope = new Scope();
        using var store = WeightStore.Random(7);
        ClipPair pair = Pair(store);
        using Generator g = Rng.For(7, "test");
        Tensor a = g.Randn(4, 24),
            b = g.Randn(4, 24);
        float[] logits = pair.Logits(a, b).ToArray<float>();
        double expected = 0;
        for (int i = 0; i < 4; i++)
        {
            double row = Enumerable.Range(0, 4).Sum(j => Math.Exp(logits[(i * 4) + j])),
                column = Enumerable.Range(0, 4).Sum(j => Math.Exp(logits[(j * 4) + i]));
            expected += (Math.Log(row) + Math.Log(column) - (2 * logits[(i * 4) + i])) / 8;
        }
        Assert.Equal(expected, pair.Loss(a, b).Item(), 1e-4);
    }

    [Fact]
    public void ConfigurationsComeFromShapesAndMetadata()
    {
        var xl = ClipTextConfig.Detect(Shapes(ModelFamily.Sdxl), ModelFamily.Sdxl.TextEncoders[1].Prefix);
        Assert.Equal(
            (1280, 32, 20, 5120, 1280, ClipActivation.Gelu, 0),
            (xl.Width, xl.Layers, xl.Heads, xl.MlpWidth, xl.ProjectionDim, xl.Activation, xl.DroppedLayers)
        );
        var sd1 = ClipTextConfig.Detect(Shapes(ModelFamily.Sd15), ModelFamily.Sd15.TextEncoders[0].Prefix);
        Assert.Equal(
            (768, 12, 12, (int?)null, ClipActivation.QuickGelu),
            (sd1.Width, sd1.Layers, sd1.Heads, sd1.ProjectionDim, sd1.Activation)
        );

        var cut = ModelFamily
            .Sd21.FullSizeKeys()
            .Where(pair => !pair.Key.Contains("resblocks.23.", StringComparison.Ordinal))
            .ToDictionary();
        var sd2 = ClipTextConfig.Detect(Shapes(cut), ModelFamily.Sd21.TextEncoders[0].Prefix);
        Assert.Equal((23, 1, 16), (sd2.Layers, sd2.DroppedLayers, sd2.Heads));

        Assert.Equal(
            [4, 5],
            ClipTextConfig.HeadsOf(new Dictionary<string, string> { [ClipTextConfig.HeadsKey] = "4, 5" }, 2, "a file")
        );
        Assert.Equal([null, null], ClipTextConfig.HeadsOf(new Dictionary<string, string>(), 2, "a file"));
        Assert.Throws<FornoException>(() =>
            ClipTextConfig.HeadsOf(new Dictionary<string, string> { [ClipTextConfig.HeadsKey] = "4" }, 2, "a file")
        );
        using var store = WeightStore.Random(8);
        Assert.Throws<FornoException>(() => new ClipText(store.At(""), SmallText with { Heads = 3 }));
    }

    private static ClipPair Pair(WeightStore store)
    {
        var pair = new ClipPair(
            new ClipText(store.At(""), SmallText),
            new ClipVision(store.At(""), SmallVision),
            store.At("")
        );
        foreach (Tensor weight in store.Tensors.Values)
        {
            weight.RequiresGrad = true;
        }
        return pair;
    }

    private static Tensor Ids(int rows, int length)
    {
        using Generator g = Rng.For(9, "ids");
        using var scope = new Scope();
        Tensor body = Ops.RandInt(0, 50, [rows, length - 2], g);
        return scope.Keep(
            Ops.Cat([Tensor.Full([rows, 1], 58, DType.Int64), body, Tensor.Full([rows, 1], 59, DType.Int64)], 1)
        );
    }

    private static Tensor Pictures(int count)
    {
        using Generator g = Rng.For(9, "pictures");
        return g.Randn(count, 3, 16, 16);
    }

    private static TensorShapes Shapes(ModelFamily family) => Shapes(family.FullSizeKeys());

    private static TensorShapes Shapes(IReadOnlyDictionary<string, long[]> keys) =>
        new(keys.ToDictionary(pair => pair.Key, IReadOnlyList<long> (pair) => pair.Value), "a file");

    private static Dictionary<string, WeightEntry> Entries(IReadOnlyDictionary<string, long[]> keys) =>
        keys.ToDictionary(
            pair => pair.Key,
            pair => new WeightEntry(pair.Value, () => throw new InvalidOperationException("read too early"))
        );

    private static void Close(Tensor a, Tensor b)
    {
        using var scope = new Scope();
        Assert.Equal(a.Shape.ToArray(), b.Shape.ToArray());
        Assert.InRange((a.Detach() - b.Detach()).Abs().Max().Item(), 0, 1e-5);
    }

    private sealed class Doubled : IPatch
    {
        public Tensor Forward(PatchableLayer layer, Tensor x)
        {
            using var scope = new Scope();
            return scope.Keep(layer.Base(x) * 2);
        }
    }
}
