using System.Text.Json;
using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Conformance.Engine;

/// <summary>Suite <c>adapters</c>: one adapted layer each: output, merged weight, gradients.</summary>
internal sealed class AdaptersSuite : IConformanceSuite
{
    private const string Prefix = "in.adapter.";

    /// <inheritdoc/>
    public string Name => "adapters";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        JsonElement p = golden.Params;
        if (!p.TryGetProperty("adapter", out JsonElement kind))
        {
            return p.GetProperty("kind").GetString() switch
            {
                "shapes" => NewAdapterShapes.Run(golden),
                "factorization" => NewAdapterShapes.Factors(golden),
                var table => CaseResult.Unknown($"table of {table}"),
            };
        }

        using var scope = new Scope();
        using var tensors = new GoldenTensors(golden);
        string[] suffixes = [.. Suffixes(tensors)];
        if (AdapterKinds.Unreadable(suffixes) is not null || !tensors.Has("out.y"))
        {
            return CaseResult.Unknown($"adapter {kind.GetString()}");
        }
        using WeightStore store = Store(tensors, golden.Folder);
        PatchableLayer layer = Layer(p.GetProperty("layer"), store.At("base"));
        using Adapter adapter = Adapter(tensors, golden.Folder);
        string[] trainable = p.GetProperty("trainable").EnumerateArray().Select(t => t.GetString()!).ToArray();
        foreach (string suffix in trainable)
        {
            adapter.Tensors[suffix].RequiresGrad = true;
        }

        adapter.Multiplier = p.GetProperty("multiplier").GetDouble();
        var comparison = new Comparison(golden);
        if (p.TryGetProperty("scale", out JsonElement scale))
        {
            comparison.Number("scale", adapter.Scale, scale.GetDouble());
        }
        AdapterPatch.Add(layer, adapter);
        Tensor x = tensors.Load("in.x");
        x.RequiresGrad = true;
        Tensor y = layer.Forward(x);
        tensors.Compare(comparison, "out.y", y.Detach());
        Autograd.Backward(y, tensors.Load("in.cotangent"));
        tensors.Compare(comparison, "grad.x", x.Grad!);
        foreach (string suffix in trainable)
        {
            tensors.Compare(comparison, $"grad.adapter.{suffix}", adapter.Tensors[suffix].Grad!);
        }

        using (Autograd.NoGrad())
        {
            tensors.Compare(comparison, "out.delta_weight", adapter.Delta(layer.Weight) * adapter.Multiplier);
            AdapterPatch.Remove(layer, adapter);
            adapter.Merge(layer);
            tensors.Compare(comparison, "out.weight", layer.Weight);
            if (tensors.Has("out.bias"))
            {
                tensors.Compare(comparison, "out.bias", layer.Bias!);
            }
            tensors.Compare(comparison, "out.y", layer.Forward(x));
            adapter.Unmerge(layer);
            tensors.Compare(comparison, "in.base.weight", layer.Weight);
        }

        return comparison.Result();
    }

    private static Adapter Adapter(GoldenTensors tensors, string origin) =>
        AdapterKinds.Read(
            origin,
            "module",
            Suffixes(tensors).ToDictionary(s => s, s => tensors.Load(Prefix + s), StringComparer.Ordinal)
        );

    private static IEnumerable<string> Suffixes(GoldenTensors tensors) =>
        tensors.Names.Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Select(n => n[Prefix.Length..]);

    private static WeightStore Store(GoldenTensors tensors, string origin) =>
        WeightStore.From(
            tensors
                .Names.Where(n => n.StartsWith("in.base.", StringComparison.Ordinal))
                .ToDictionary(
                    n => n["in.".Length..],
                    n =>
                    {
                        using var scope = new Scope();
                        return new WeightEntry(tensors.Load(n).Shape.ToArray(), () => tensors.Load(n));
                    },
                    StringComparer.Ordinal
                ),
            origin
        );

    private static PatchableLayer Layer(JsonElement json, Weights weights) =>
        json.GetProperty("layer").GetString() switch
        {
            "linear" => new Linear(
                weights,
                json.GetProperty("in_features").GetInt64(),
                json.GetProperty("out_features").GetInt64(),
                json.GetProperty("bias").GetBoolean()
            ),
            "layernorm" => new LayerNorm(
                weights,
                json.GetProperty("channels").GetInt64(),
                json.GetProperty("eps").GetDouble()
            ),
            "groupnorm" => new GroupNorm(
                weights,
                json.GetProperty("channels").GetInt64(),
                json.GetProperty("num_groups").GetInt64(),
                json.GetProperty("eps").GetDouble()
            ),
            _ => new Conv2d(
                weights,
                json.GetProperty("in_channels").GetInt64(),
                json.GetProperty("out_channels").GetInt64(),
                Square(json, "kernel_size"),
                Square(json, "stride"),
                Square(json, "padding"),
                json.GetProperty("bias").GetBoolean()
            ),
        };

    private static long Square(JsonElement json, string name)
    {
        JsonElement pair = json.GetProperty(name);
        return pair[0].GetInt64() == pair[1].GetInt64()
            ? pair[0].GetInt64()
            : throw new FornoException($"{name}: no layer of the models has {pair}");
    }
}
