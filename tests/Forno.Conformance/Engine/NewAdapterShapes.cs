using System.Text.Json;
using Forno.Adapters.Kinds;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Conformance.Engine;

/// <summary>
/// The table of suite <c>adapters</c> with the tensors that new modules have on full-size layers. The case is known
/// when every kind in it can be trained; rows of those that can are checked before.
/// </summary>
internal static class NewAdapterShapes
{
    public static CaseResult Run(GoldenCase golden)
    {
        var comparison = new Comparison(golden);
        var unknown = new SortedSet<string>(StringComparer.Ordinal);
        foreach (JsonElement row in golden.Expect.GetProperty("rows").EnumerateArray())
        {
            string algorithm = row.GetProperty("adapter").GetString()!;
            Dictionary<string, string> options = row.TryGetProperty("options", out JsonElement json)
                ? json.EnumerateObject().ToDictionary(o => o.Name, o => o.Value.ToString(), StringComparer.Ordinal)
                : [];
            AdapterKind? kind = AdapterKinds.All.FirstOrDefault(k =>
                k.New is not null && k.Algorithms.Contains(algorithm)
            );
            if (kind is null || options.Keys.FirstOrDefault(o => !kind.Options.Contains(o)) is not null)
            {
                unknown.Add($"{algorithm}({string.Join(",", options.Keys)})");
                continue;
            }
            Check(comparison, row, kind, new AdapterOptions(options));
        }
        return comparison.Agrees && unknown.Count > 0
            ? CaseResult.Unknown($"new {string.Join(", ", unknown)}")
            : comparison.Result();
    }

    /// <summary>The table of LoKr's factors; that of BOFT's, which is not there yet, stays unknown.</summary>
    public static CaseResult Factors(GoldenCase golden)
    {
        var comparison = new Comparison(golden);
        foreach (JsonElement row in golden.Expect.GetProperty("factorization").EnumerateArray())
        {
            long[] want = [.. row.EnumerateArray().Select(v => v.GetInt64())];
            comparison.Same($"{want[0]} by {want[1]}", LokrAdapter.Factors(want[0], want[1]), (want[2], want[3]));
        }
        return comparison.Agrees ? CaseResult.Unknown("BOFT's factors") : comparison.Result();
    }

    private static void Check(Comparison comparison, JsonElement row, AdapterKind kind, AdapterOptions options)
    {
        using var scope = new Scope();
        var module = new AdapterModule(
            Target(row.GetProperty("layer")),
            row.GetProperty("dim").GetInt32(),
            row.GetProperty("alpha").GetDouble()
        );
        using Adapter adapter = kind.New!(new NewModule(module, 1, AdapterDropout.None, default, options));
        string what = row.GetRawText().ReplaceLineEndings("");
        // org_module: the layer itself, which some of the reference's classes hold
        IEnumerable<string> want = row.GetProperty("shapes")
            .EnumerateObject()
            .Where(t => !t.Name.StartsWith("org_module.", StringComparison.Ordinal))
            .Select(t => $"{t.Name} {string.Join("x", t.Value.EnumerateArray())}");
        IEnumerable<string> got =
        [
            .. adapter.Tensors.Select(t => $"{t.Key} {string.Join("x", t.Value.Shape.ToArray())}"),
            .. adapter.Constants.Keys.Select(c => $"{c} "),
        ];
        comparison.Same($"tensors of {what}", Sorted(got), Sorted(want));
        string[] zeros = [.. row.GetProperty("zero_at_init").EnumerateArray().Select(z => z.GetString()!)];
        if (zeros.Length > 0) // the README alone says so of full differences
        {
            comparison.Same(
                $"zeros of {what}",
                Sorted(adapter.Tensors.Where(t => t.Value.Norm().Item() == 0).Select(t => t.Key)),
                Sorted(zeros)
            );
        }
        comparison.Number($"change of {what}", adapter.Delta(Tensor.Ones([.. module.Target.Shape])).Norm().Item(), 0);
        if (row.TryGetProperty("alpha_saved", out JsonElement alpha))
        {
            comparison.Number($"alpha of {what}", adapter.Constants[AdapterKinds.AlphaKey], alpha.GetDouble());
        }
        if (row.TryGetProperty("scale", out JsonElement scale))
        {
            comparison.Number($"scale of {what}", adapter.Scale, scale.GetDouble());
        }
    }

    private static PatchTarget Target(JsonElement layer)
    {
        long Number(string name) => layer.GetProperty(name).GetInt64();
        return new PatchTarget
        {
            Name = "module",
            Key = "module",
            Shape =
                layer.GetProperty("layer").GetString() == "linear"
                    ? [Number("out_features"), Number("in_features")]
                    :
                    [
                        Number("out_channels"),
                        Number("in_channels"),
                        .. layer.GetProperty("kernel_size").EnumerateArray().Select(k => k.GetInt64()),
                    ],
            HasBias = layer.GetProperty("bias").GetBoolean(),
            Part = TargetPart.Residual,
        };
    }

    private static string Sorted(IEnumerable<string> items) => string.Join(", ", items.Order(StringComparer.Ordinal));
}
