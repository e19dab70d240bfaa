using System.Text.Json;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Conformance.Engine;

/// <summary>
/// Text towers of all families: hidden states with and without final norm, pooled outputs, gradients.
/// </summary>
public sealed class ClipTextSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "clip_text";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        using var scope = new Scope();
        using ITensorSource file = Checkpoint.Open(golden.CheckpointPath);
        Dictionary<string, WeightEntry> entries = new(file.Entries());
        Dictionary<string, Tensor> leaves = [];
        foreach (
            string key in golden.Params.GetProperty("grad_weights").EnumerateArray().Select(key => key.GetString()!)
        )
        {
            leaves[key] = Leaf(file, key, entries);
        }

        using var store = WeightStore.From(ClipKeys.Unify(entries), file.Path);
        using var tensors = new GoldenTensors(golden);
        var comparison = new Comparison(golden);
        Dictionary<string, Tensor> outputs = [];
        List<Tensor> context = [];
        foreach (JsonElement encoder in golden.Params.GetProperty("encoders").EnumerateArray())
        {
            string prefix = encoder.GetProperty("checkpoint_prefix").GetString()!;
            var config = ClipTextConfig.Detect(TensorShapes.Of(file), prefix, encoder.GetProperty("heads").GetInt32());
            CompareConfig(comparison, config, encoder);
            var text = new ClipText(store.At(ClipTextConfig.TowerPath(prefix)), config);
            context.Add(Outputs(text, encoder, golden.Params.GetProperty("clip_skips"), tensors, outputs));
        }

        store.RequireAllTaken("", KeyMap.IsHarmless);
        if (context.Count > 1)
        {
            outputs["out.context"] = Ops.Cat([.. context], -1);
        }

        foreach (string name in tensors.Names.Where(name => name.StartsWith("out.", StringComparison.Ordinal)))
        {
            if (outputs.TryGetValue(name, out Tensor? got))
            {
                tensors.Compare(comparison, name, got.Detach());
            }
            else
            {
                comparison.Fail($"{name}: not computed");
            }
        }

        Autograd.Backward(
            outputs[golden.Params.GetProperty("cotangent_of").GetString()!],
            tensors.Load("in.cotangent")
        );
        foreach ((string key, Tensor leaf) in leaves)
        {
            if (leaf.Grad is { } grad)
            {
                tensors.Compare(comparison, $"grad.{key}", grad);
            }
            else
            {
                comparison.Fail($"grad.{key}: no gradient");
            }
        }

        return comparison.Result();
    }

    /// <summary>
    /// A weight as the file holds it, with gradients, and in the file's place: what the model makes of it (a third of
    /// it, its transpose) stays part of the graph, so that the gradient comes out in the file's form.
    /// </summary>
    private static Tensor Leaf(ITensorSource file, string key, Dictionary<string, WeightEntry> entries)
    {
        Tensor leaf = file.Load(key, DType.Float32);
        leaf.RequiresGrad = true;
        entries[key] = new WeightEntry([.. leaf.Shape], leaf.Alias);
        return leaf;
    }

    private static void CompareConfig(Comparison comparison, ClipTextConfig config, JsonElement want)
    {
        comparison.Same("width", config.Width, want.GetProperty("width").GetInt32());
        comparison.Same("layers", config.Layers, want.GetProperty("layers").GetInt32());
        comparison.Same("mlp_width", config.MlpWidth, want.GetProperty("mlp_width").GetInt32());
        comparison.Same("context_length", config.ContextLength, want.GetProperty("context_length").GetInt32());
        comparison.Same("vocab_size", config.VocabSize, want.GetProperty("vocab_size").GetInt32());
        JsonElement projection = want.GetProperty("projection_dim");
        comparison.Same(
            "projection_dim",
            config.ProjectionDim,
            projection.ValueKind == JsonValueKind.Null ? null : projection.GetInt32()
        );
        comparison.Same(
            "activation",
            config.Activation == ClipActivation.Gelu ? "gelu" : "quick_gelu",
            want.GetProperty("activation").GetString()
        );
    }

    /// <summary>Adds every output of one encoder; returns the one that XL joins into its context.</summary>
    private static Tensor Outputs(
        ClipText text,
        JsonElement encoder,
        JsonElement skips,
        GoldenTensors tensors,
        Dictionary<string, Tensor> outputs
    )
    {
        string tag = "out." + encoder.GetProperty("tag").GetString();
        Tensor ids = tensors.Load(encoder.GetProperty("ids").GetString()!);
        Tensor[] states = text.HiddenStates(text.Embed(ids));
        foreach (int skip in skips.EnumerateArray().Select(skip => skip.GetInt32()))
        {
            outputs[$"{tag}hidden_skip{skip}_raw"] = states[text.LayersFor(skip)];
            outputs[$"{tag}hidden_skip{skip}_ln"] = text.Normalise(states[text.LayersFor(skip)]);
        }

        outputs[$"{tag}pooled"] = text.Pooled(states[^1], ids);
        return states[text.LayersFor(2)];
    }
}
