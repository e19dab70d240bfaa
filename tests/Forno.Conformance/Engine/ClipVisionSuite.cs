using System.Text.Json;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Conformance.Engine;

/// <summary>The CLIP image tower in both forms of keys, and the preparation of pictures for it.</summary>
public sealed class ClipVisionSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "clip_vision";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        using var scope = new Scope();
        using var tensors = new GoldenTensors(golden);
        var comparison = new Comparison(golden);
        switch (golden.Params.GetProperty("kind").GetString())
        {
            case "encode":
                Encode(golden, tensors, comparison);
                break;
            case "preprocess":
                Preprocess(golden, tensors, comparison);
                break;
            case var kind:
                return CaseResult.Unknown($"clip_vision {kind}");
        }

        return comparison.Result();
    }

    private static void Encode(GoldenCase golden, GoldenTensors tensors, Comparison comparison)
    {
        using ITensorSource file = Checkpoint.Open(golden.CheckpointPath);
        using var store = WeightStore.From(ClipKeys.Unify(file.Entries()), file.Path);
        JsonElement want = golden.Params.GetProperty("config");
        var config = ClipVisionConfig.Detect(TensorShapes.Of(file), heads: want.GetProperty("heads").GetInt32());
        comparison.Same("image_size", config.ImageSize, want.GetProperty("image_size").GetInt32());
        comparison.Same("patch_size", config.PatchSize, want.GetProperty("patch_size").GetInt32());
        comparison.Same("width", config.Width, want.GetProperty("width").GetInt32());
        comparison.Same("layers", config.Layers, want.GetProperty("layers").GetInt32());
        comparison.Same("mlp_width", config.MlpWidth, want.GetProperty("mlp_width").GetInt32());
        comparison.Same("projection_dim", config.ProjectionDim, want.GetProperty("projection_dim").GetInt32());
        var vision = new ClipVision(store.At(""), config);
        store.RequireAllTaken("", KeyMap.IsHarmless);
        tensors.Compare(comparison, "out.embedding", vision.Encode(tensors.Load("in.image")).Detach());
    }

    private static void Preprocess(GoldenCase golden, GoldenTensors tensors, Comparison comparison)
    {
        comparison.Json("mean", ClipPreprocess.Mean, golden.Params.GetProperty("mean"));
        comparison.Json("std", ClipPreprocess.Deviation, golden.Params.GetProperty("std"));
        Tensor rgb = tensors.Load("in.rgb");
        Tensor pixels = ClipPreprocess.Pixels(
            rgb.ToArray<byte>(),
            (int)rgb.Size(1),
            (int)rgb.Size(0),
            golden.Params.GetProperty("n_px").GetInt32()
        );
        tensors.Compare(comparison, "out.pixels", pixels);
    }
}
